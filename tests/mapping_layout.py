"""The frozen layouts of tests/mapping_layouts: an export, its true mapping, and what a draft makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from adapters import registry
from adapters.mapping import AgencyMapping, load_mapping
from canonical.assessment import Reading
from canonical.payload import Payload
from canonical.provenance import OURS
from service.drafting import draft_text
from service.drafting.draft import Draft, drafted
from service.drafting.line import Line
from service.drafting.names import ItemNames
from service.drafting.question import Kind
from service.drafting.samples import sample_of
from service.drafting.targets import Targets
from specs.catalog import Catalog
from specs.spec import Spec, Type

FOLDER = Path(__file__).parent / "mapping_layouts"
NAMES = sorted(folder.name for folder in FOLDER.iterdir() if folder.is_dir())


def draft_of(payload: Payload, spec: Spec, format_: str | None = None) -> Draft:
    """Return what “ecas mapping init” makes of a payload."""
    return drafted(sample_of(payload, format_, ItemNames(Targets(spec))), spec, None)


def figure(text: str) -> None:
    """Print a figure of a test, for “pytest -s”."""
    print(text)  # noqa: T201 - the issue asks for the figures


@dataclass(frozen=True)
class Layout:
    """One export with the truth about it."""

    name: str
    sample: Path
    truth: AgencyMapping
    spec: Spec

    @classmethod
    def named(cls, name: str, above: Path = FOLDER) -> Layout:
        folder = above / name
        return cls(name, next(folder.glob("sample.*")), load_mapping(folder / "truth.toml"), Catalog().named("2026.1"))

    @property
    def payload(self) -> Payload:
        return Payload(content=self.sample.read_bytes(), name=self.sample.name)

    @cached_property
    def draft(self) -> Draft:
        return draft_of(self.payload, self.spec)

    def is_right(self, line: Line) -> bool:
        """Return whether a line names the places of the truth, or its constant."""
        true = self.truth.items.get(line.item)
        if true is None:
            return False
        return line.places == (true.columns or true.questions) if true.paths else f'"{true.value}"' in line.keys[0]

    def read(self, mapping: AgencyMapping) -> Reading:
        return registry.read(self.payload, mapping=mapping)

    def drafted_mapping(self, folder: Path) -> AgencyMapping:
        file = folder / f"{self.name}.toml"
        file.write_text(draft_text.mapping(self.draft), "utf-8")
        return load_mapping(file)


def values(layout: Layout) -> set[str]:
    """Return every text of the sample that is somebody's, as it stands there and as it is read: all but words of closed sets."""
    closed = {code for code, item in layout.spec.occurrences.items() if item.codes or item.type is Type.TRISTATE}
    coded = {
        place
        for code, mapped in layout.truth.items.items()
        if code in closed
        for place in (*mapped.columns, *mapped.questions)
    }
    found = {text for place in layout.draft.sample.places if place.path not in coded for text in place.texts}
    for assessment in layout.read(layout.truth).assessments:
        answers = {code: answer for code, answer in assessment.answers.items() if code not in closed}
        found.update(answer.text for answer in answers.values() if answer.provenance != OURS)
    found.update(part for text in tuple(found) for part in text.split(", "))
    return {text for text in found if len(text) > 2}


def required_and_not_found(draft: Draft) -> set[str]:
    """Return the required items of the sample's instruments that no line reads and the format does not bring by itself."""
    known = {line.item for line in draft.lines} | draft.sample.given
    return {
        item.code
        for item in draft.spec.items.values()
        if (item.required or item.required_when)
        and item.code not in known
        and any(map(item.belongs_to, draft.matching.instruments))
    }


def asked_for(draft: Draft) -> set[str]:
    """Return the items that a question asks for."""
    return {item for one in draft.questions if one.kind in (Kind.REQUIRED, Kind.OURS) for item in one.items}
