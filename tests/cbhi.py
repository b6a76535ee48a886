"""Exports of the CBHI CANS application with invented children, as its mapping reads them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from adapters.mapping import load_mapping
from canonical.payload import Payload
from service.reconciling.export import Export
from service.reconciling.period import Period
from service.sample_files import SAMPLES

AGENCY = "riverbend"
MAPPING = load_mapping(SAMPLES / "cbhi/cans-export.toml")
FIELDS = 254
NAME = "20261012-20261018.txt"
#: How the application writes what the dictionary calls otherwise.
TOOLS = {"five-through-twenty": "5Over", "birth-through-four": "Under5", "": ""}
STATUSES = {"complete": "COMPLETE", "paper": "DOCUMENTED ON PAPER", "incomplete-final": "INCOMPLETE BUT FINAL", "": ""}
OLDER, YOUNGER = "five-through-twenty", "birth-through-four"


def line(member: str, day: date | str, instrument: str = OLDER, status: str = "complete", **other: str) -> str:
    """Return one record; ``other`` fields by number, as f3 and f4."""
    fields = [""] * FIELDS
    fields[1], fields[2], fields[3] = member, "Delphine ", "Ostrowski"
    fields[5] = STATUSES[status]
    fields[31] = day if isinstance(day, str) else f"{day.month}/{day.day}/{day.year}"
    fields[52] = TOOLS[instrument]
    fields[-1] = "^"
    for name, text in other.items():
        fields[int(name.removeprefix("f")) - 1] = text
    return "|".join(fields) + "\n"


def content(*lines: str) -> bytes:
    return "".join(lines).encode()


def export(*lines: str, name: str = NAME, stated: Period | None = None) -> Export:
    """Return an export of these records, as the command line opens it."""
    named = Period.named(name)
    payload = Payload(content=content(*lines), name=name, agency=AGENCY)
    return Export(payload=payload, format=None, mapping=MAPPING, period=named or stated, stated=named is None)


def numbered(numbers: Iterable[int]) -> list[str]:
    """Return MassHealth IDs of twelve digits."""
    return [f"{100_000_000_000 + number}" for number in numbers]
