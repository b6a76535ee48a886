"""What is wrong with the exports themselves, before anything is compared."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """What it is, the gravest first."""

    #: The file could not be read, or not this record of it, or not all of that.
    NOT_READ = "not_read"
    #: No MassHealth ID of twelve digits, and no number of the agency's own where there is none.
    NO_ID = "no_id"
    #: No assessment date.
    NO_DATE = "no_date"
    #: No file covers these days.
    GAP = "gap"
    #: Two files cover the same days.
    OVERLAP = "overlap"
    #: It covers more days than an export can.
    TOO_LONG = "too_long"
    #: Byte for byte the same as a file before it; it is read once.
    SAME_FILE = "same_file"
    #: A record is of a day that its file does not cover.
    OUT_OF_PERIOD = "out_of_period"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A record of an export; never what is in it."""

    file: str
    #: None where the format has no lines.
    line: int | None = None
    #: What people of that format call the place, where there is no line.
    label: str = ""

    def __str__(self) -> str:
        """Tell it as compilers do."""
        return f"{self.file}:{self.line}" if self.line else f"{self.file}, {self.label}" if self.label else self.file


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A fault, and where."""

    fault: Fault
    #: None for days that are in no file.
    place: Place | None = None
    #: The other file, the days, or the rule of the reading.
    about: str = ""
