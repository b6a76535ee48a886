"""The hostile corpus: every file that is made to break a reader, by format and by what is wrong with it.

Nothing of it is committed: it is made anew each time, the same bytes each time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from forty.formats import formats
from fuzzing import small
from hostile import (
    delimited_texts,
    fhir_documents,
    hl7_messages,
    json_texts,
    mapping_files,
    roster_files,
    workbooks,
    xml_texts,
)
from hostile.damage import Kinds, told


@dataclass(frozen=True)
class HostileFile:
    """One file."""

    #: What it pretends to be.
    format: str
    #: What is wrong with it in general: files are counted by it.
    kind: str
    #: What is wrong with it in particular.
    label: str
    content: bytes = field(repr=False)

    @property
    def mapping(self) -> str | None:
        """The name of the mapping that it is read with; None where it needs none."""
        if self.format == "delimited":
            return self._dialect()
        return {"json": "json", "xml": "xml", "hl7v2": "hl7v2", "workbook": "workbook"}.get(self.format)

    def _dialect(self) -> str:
        if self.kind == "cut off whole":
            return "wide"
        named = self.label.partition(":")[0]
        return named if named in delimited_texts.DIALECTS else "long" if self.label.endswith(" key") else "delimited"


#: By format, the kinds of it.
FORMATS: Mapping[str, Kinds] = {
    "fhir": fhir_documents.KINDS,
    "delimited": delimited_texts.KINDS,
    "workbook": workbooks.KINDS,
    "json": json_texts.KINDS,
    "xml": xml_texts.KINDS,
    "hl7v2": hl7_messages.KINDS,
    "mapping": mapping_files.KINDS,
    "roster": roster_files.KINDS,
}


def corpus() -> Iterator[HostileFile]:
    """Yield every file, one in memory at a time."""
    for format_, kinds in FORMATS.items():
        for kind, label, content in told(kinds):
            yield HostileFile(format_, kind, label, content)


@cache
def mapping_text(name: str) -> str:
    """Return the mapping of a name as its author wrote it."""
    if name == "wide":
        return next(one.mapping for one in formats() if one.name == "CSV, UTF-8") or ""
    if name == "cbhi":
        return (small.ROOT / "samples/cbhi/cans-export.toml").read_text("utf-8")
    return small.text_of(name)
