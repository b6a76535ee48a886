"""Exports of 98 columns: the CareDesk sample as one instrument fills it in, each row of another child.

The columns are those of the sample's mapping that a form for a child of 5 to 13 needs. The seed is fixed; nothing is anybody's.
"""

from __future__ import annotations

import csv
import io
import json
import random
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from adapters.mapping import AgencyMapping, load_mapping
from canonical.payload import Payload
from service.sample_files import SAMPLES
from specs.spec import Spec
from tests.workbook_file import workbook

COLUMNS: Final = 98
#: The sender's word for the instrument, and one of its children of an age between the sections for the oldest and the youngest.
_FORM: Final = "CANS 5-20"
_LEFT_OUT: Final = ("TRA_", "INCOMPLETE_REASON")
_SEED: Final = 98
_MAPPING: Final = SAMPLES / "mappings" / "riverbend-caredesk.toml"
#: The places of a line of the mapping, and each name among them.
_FROM: Final = re.compile(r"(= \{ from = )(\[[^\]]*\]|\"[^\"]*\")")
_NAME: Final = re.compile(r'"([^"]*)"')
_WORDS: Final = (
    "morning",
    "school",
    "mother",
    "asks",
    "sleeps",
    "teacher",
    "friend",
    "plans",
    "homework",
    "music",
    "again",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One format in which the same rows are written."""

    format: str
    #: What the mapping says beside its items.
    head: str
    #: The path of a column.
    path: Callable[[str], str]
    #: Writes a header and rows.
    write: Callable[[Sequence[str], Iterable[Sequence[str]]], bytes]


def payload(form: Form, spec: Spec, count: int) -> Payload:
    """Return so many rows in that form."""
    return Payload(
        content=form.write(columns(spec), rows(spec, count)), name=f"bench.{form.format}", agency="riverbend"
    )


def mapping(form: Form, spec: Spec) -> AgencyMapping:
    """Return the mapping of that form, read as any other."""
    with tempfile.TemporaryDirectory(prefix="ecas-bench-") as folder:
        file = Path(folder, "bench.toml")
        file.write_text(mapping_text(form, spec), "utf-8")
        return load_mapping(file)


def mapping_text(form: Form, spec: Spec) -> str:
    """Return the sample's mapping without the items that these exports have not, for that form."""
    lines = _MAPPING.read_text("utf-8").splitlines(keepends=True)
    kept = "".join(line for line in lines if " = { from" not in line or _is_carried(_item(line), spec))
    kept = kept.replace('format    = "delimited"', f'format = "{form.format}"\n{form.head}')
    return _FROM.sub(lambda found: f"{found[1]}{_NAME.sub(lambda name: repr(form.path(name[1])), found[2])}", kept)


def columns(spec: Spec) -> list[str]:
    """Return the header."""
    fed = ((item, column) for item, line in load_mapping(_MAPPING).items.items() for column in line.columns)
    names = list(dict.fromkeys(column for item, column in fed if _is_carried(item, spec)))
    assert len(names) == COLUMNS
    return names


def rows(spec: Spec, count: int) -> Iterator[list[str]]:
    """Yield so many rows below the header, the same in every run."""
    dice, names, base = random.Random(_SEED), columns(spec), _base()  # noqa: S311 - no secret
    codes = load_mapping(_MAPPING)
    words = {
        column: sorted(codes.codes[line.codes], key=codes.codes[line.codes].__getitem__)[:3]
        for line in codes.items.values()
        for column in line.columns
        if line.codes in ("need", "strength")
    }
    for number in range(count):
        row = {**base, "Record No": f"RB-{number:07}", "RID": str(200_000_000_000 + number), "Dx 2": "", "Dx 3": ""}
        row |= {"Last": f"Invented-{number}", "First": dice.choice(_WORDS).title()}
        row["DOB"] = f"{dice.randrange(1, 13)}/{dice.randrange(1, 29)}/{dice.randrange(2014, 2020)}"
        for name in names:
            if name in words:
                row[name] = dice.choice(words[name])
            elif name.endswith("_Notes"):
                row[name] = f"{' '.join(dice.choices(_WORDS, k=8))}, {number}."
        yield [row[name] for name in names]


def _delimited(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue().encode()


def _workbook(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    return workbook([header, *rows])


def _json(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    names = list(map(_plain, header))
    return json.dumps([dict(zip(names, row, strict=True)) for row in rows]).encode()


def _xml(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    names = list(map(_plain, header))
    records = (
        "".join(f"<{name}>{escape(text)}</{name}>" for name, text in zip(names, row, strict=True)) for row in rows
    )
    return f"<export>{''.join(f'<row>{record}</row>' for record in records)}</export>".encode()


def _messages(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    messages = [_message(dict(zip(header, row, strict=True))) for row in rows]
    return f"FHS|^~\\&\rBHS|^~\\&\r{''.join(messages)}BTS|{len(messages)}\rFTS|1\r".encode()


def _message(row: dict[str, str]) -> str:
    """Return a message of results: what HL7 has a place for stands in it, and 90 answers in OBX."""
    results = [name for name in row if name not in _PLACES]
    segments = [
        "MSH|^~\\&|BENCH|BENCH|||20261116||ORU^R01|1|P|2.5.1",
        f"PID|1||{row['RID']}^^^^MA~{row['Record No']}^^^^MR||{row['Last']}^{row['First']}||{row['DOB']}|{row['Sex']}|||^^^^{row['Zip']}",
        f"OBR|1|||CANS|||{row['Eval Date']}",
        *(f"OBX|{at}|ST|{name}^^L||{row[name]}||||||F" for at, name in enumerate(results, start=1)),
    ]
    return "".join(f"{segment}\r" for segment in segments)


def _plain(name: str) -> str:
    return name.replace(" ", "_")


#: Where HL7 has a place of its own for a column.
_PLACES: Final = {
    "RID": 'PID-3[5 = "MA"].1',
    "Record No": 'PID-3[5 = "MR"].1',
    "Last": "PID-5.1",
    "First": "PID-5.2",
    "DOB": "PID-7",
    "Sex": "PID-8",
    "Zip": "PID-11.5",
    "Eval Date": "OBR-7",
}
DELIMITED: Final = Form(format="delimited", head="", path=str, write=_delimited)
WORKBOOK: Final = Form(format="workbook", head="", path=str, write=_workbook)
JSON: Final = Form(format="json", head="", path=_plain, write=_json)
XML: Final = Form(format="xml", head='records = "export/row"', path=_plain, write=_xml)
HL7V2: Final = Form(
    format="hl7v2", head="", path=lambda name: _PLACES.get(name, f'OBX[3.1 = "{name}"]-5'), write=_messages
)


@cache
def _base() -> dict[str, str]:
    """Return the fullest row of that form in the sample."""
    with (SAMPLES / "good" / "caredesk-export.csv").open(encoding="utf-8", newline="") as file:
        found = [row for row in csv.DictReader(file) if row["Form"] == _FORM]
    return max(found, key=lambda row: sum(map(bool, row.values())))


def _is_carried(item: str, spec: Spec) -> bool:
    return not item.startswith(_LEFT_OUT) and spec.occurrences[item].belongs_to("five-through-twenty")


def _item(line: str) -> str:
    return line.partition("=")[0].strip().strip('"')
