"""The agency's roster of assessors and their certification keys: all that anyone can know about a key without the state."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from canonical.errors import ConfigurationError
from validators.days import read_day
from validators.names import MatchKey, match_key

#: The columns of a roster file, in any order.
COLUMNS: Final = (
    "key", "last_name", "first_name", "former_names", "agencies", "state", "certified_on", "issued_on", "expires_on",
    "status", "approved_on",
)  # fmt: skip
_MANDATORY: Final = ("key", "last_name")
_DATED_NAME: Final = re.compile(r"(?P<name>.*\S)\s+until\s+(?P<day>\d\S*)", re.IGNORECASE | re.DOTALL)
_HOME: Final = frozenset({"", "MA", "MASSACHUSETTS"})


class RosterDefect(ConfigurationError):
    """The roster cannot be used; nothing was read from it."""

    def __init__(self, message: str = "", *, defects: tuple[str, ...] = ()) -> None:
        """List every defect as ``file, row, column: sentence``; never the content of a cell."""
        super().__init__("\n".join(filter(None, (message, *defects))))
        self.defects = defects


class AccountStatus(StrEnum):
    """What the roster says about an account, where it says more than dates do."""

    ACTIVE = "active"
    #: A duplicate that the help desk has put away.
    ARCHIVED = "archived"
    #: An out-of-state account that may not begin training yet.
    AWAITING_APPROVAL = "awaiting_approval"
    #: The person has a new name, and the change has not been confirmed yet.
    AWAITING_NAME_CHANGE = "awaiting_name_change"


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerName:
    """A name that a person has given up."""

    #: Folded for comparison.
    known_as: MatchKey = field(repr=False)
    #: The last day on which it was in use; None where the roster does not say.
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessor:
    """One line of the roster: a person, a key, and what is known of both."""

    #: The certification key: a credential.
    key: str = field(repr=False)
    last_name: str = field(repr=False)
    #: Empty for a person with a single name.
    first_name: str = field(default="", repr=False)
    #: ``LAST, FIRST``, or a former last name alone; each may end with ``until YYYY-MM-DD``, its last day.
    former_names: tuple[str, ...] = field(default=(), repr=False)
    #: The agencies that the person works for; empty where the roster does not say: then for any.
    agencies: frozenset[str] = frozenset()
    #: The state of practice, as written; empty is Massachusetts.
    state: str = ""
    certified_on: date | None = None
    #: When the key was issued.
    issued_on: date | None = None
    #: The last day on which the certificate is good.
    expires_on: date | None = None
    status: AccountStatus = AccountStatus.ACTIVE
    #: When an out-of-state account was approved.
    approved_on: date | None = None
    #: The present name, folded for comparison.
    known_as: MatchKey = field(init=False, repr=False)
    #: The former names likewise.
    formerly: tuple[FormerName, ...] = field(init=False, repr=False)
    #: The letters of each name, present and former: by them the roster finds who may be the same person.
    letters: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Fold the names once: a roster is read once and asked often."""
        object.__setattr__(self, "known_as", match_key(f"{self.last_name}, {self.first_name}"))
        formerly = (_former_name(text, self.first_name) for text in self.former_names)
        object.__setattr__(self, "formerly", tuple(formerly))
        object.__setattr__(self, "letters", frozenset({self.known_as.letters, *(n.letters for n in self.was_known_as)}))

    @property
    def was_known_as(self) -> tuple[MatchKey, ...]:
        """The former names, whenever they were in use."""
        return tuple(name.known_as for name in self.formerly)

    @property
    def in_use(self) -> bool:
        """False for a duplicate that was put away."""
        return self.status is not AccountStatus.ARCHIVED

    @property
    def out_of_state(self) -> bool:
        """True where the account needed approval before training."""
        return self.state.upper() not in _HOME

    @property
    def masked(self) -> str:
        """The key as it may be shown."""
        return masked(self.key)

    def serves(self, agency: str | None) -> bool:
        """Return whether that agency may see this line; no agency asks for the whole roster."""
        return agency is None or not self.agencies or agency in self.agencies

    def goes_by(self, name: MatchKey, on: date) -> bool:
        """Return whether the name is the present one, or was the person's on that day by the roster's own dates."""
        return self.known_as.agrees(name) or any(
            former.until is not None and on <= former.until and former.known_as.agrees(name) for former in self.formerly
        )

    def is_same_person(self, other: Assessor) -> bool:
        """Return whether two lines name one person, a change of name included."""
        mine, theirs = (self.known_as, *self.was_known_as), (other.known_as, *other.was_known_as)
        return any(name.agrees(their) for name in mine for their in theirs)


def masked(key: str) -> str:
    """Return a key as it may be shown: its last two characters, and nothing of its length."""
    return "•" * 6 + (key[-2:] if len(key) > 6 else "")  # noqa: PLR2004  two of so few would tell too much


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """All lines, found by key."""

    #: The digest of what it was read from, ``sha-256:<hex>``: reports name it.
    digest: str
    assessors: tuple[Assessor, ...] = field(repr=False)
    _by_key: Mapping[str, tuple[Assessor, ...]] = field(init=False, repr=False)
    #: By the letters of each name, former ones too.
    _by_letters: Mapping[str, tuple[Assessor, ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Index the lines by key and by name; a key may stand on several (two agencies, a renewal, a conflict)."""
        by_key = _index((line.key, line) for line in self.assessors)
        by_letters = _index((letters, line) for line in self.assessors for letters in line.letters)
        object.__setattr__(self, "_by_key", by_key)
        object.__setattr__(self, "_by_letters", by_letters)

    def __len__(self) -> int:
        """Return the number of lines."""
        return len(self.assessors)

    def lines_of(self, key: str) -> tuple[Assessor, ...]:
        """Return the lines that carry exactly this key."""
        return self._by_key.get(key, ())

    def other_keys_of(self, line: Assessor) -> tuple[Assessor, ...]:
        """Return the lines in use that name the same person under another key."""
        found = [self._by_letters.get(letters, ()) for letters in line.letters]
        if all(len(lines) < 2 for lines in found):  # noqa: PLR2004 - itself and no other: almost everybody
            return ()
        return tuple(
            other
            for lines in found
            for other in lines
            if other.key != line.key and other.in_use and other.is_same_person(line)
        )

    def lines_named(self, name: MatchKey) -> tuple[Assessor, ...]:
        """Return the lines in use whose present name this is."""
        lines = self._by_letters.get(name.letters, ())
        return tuple(line for line in lines if line.in_use and line.known_as.agrees(name))

    @classmethod
    def from_csv(cls, content: bytes, name: str) -> Roster:
        """Read a roster file: UTF-8, comma, a header of ``COLUMNS``; lists by ``;``, ISO dates, empty is unknown.

        Raises:
            RosterDefect: naming every row and column that is wrong, and no content.
        """
        lines = _Lines(name)
        assessors = tuple(lines.read(content))
        if lines.defects:
            raise RosterDefect(f"{name} cannot be used as a roster; nothing was read.", defects=tuple(lines.defects))
        return cls(digest=f"sha-256:{hashlib.sha256(content).hexdigest()}", assessors=assessors)


def _index(entries: Iterable[tuple[str, Assessor]]) -> Mapping[str, tuple[Assessor, ...]]:
    """Return the lines under each word."""
    index: defaultdict[str, list[Assessor]] = defaultdict(list)
    for word, line in entries:
        index[word].append(line)
    return MappingProxyType({word: tuple(lines) for word, lines in index.items()})


class _Lines:
    """Reads a file line by line and gathers its defects."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.defects: list[str] = []

    def read(self, content: bytes) -> Iterator[Assessor]:
        """Yield the lines that can be read; the others become defects."""
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as wrong:
            line = content.count(b"\n", 0, wrong.start) + 1
            self._refuse(f"line {line}", "The file is not UTF-8; save it as CSV UTF-8.")
            return
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        try:
            header = [column.strip().casefold() for column in next(reader, [])]
            if not self._header_fits(header):
                return
            for row in reader:
                if any(cell.strip() for cell in row):
                    yield from self._assessor(header, row, reader.line_num)
        except csv.Error:
            self._refuse(f"line {reader.line_num}", "The quotation marks do not match; the rest cannot be read.")

    def _header_fits(self, header: list[str]) -> bool:
        missing = [column for column in COLUMNS if column not in header]
        if missing:
            self._refuse("row 1", f"The header lacks {', '.join(missing)}.")
        for position, column in enumerate(header, 1):
            if column not in COLUMNS:
                self._refuse(f"row 1, column {position}", "A roster has no column of this name.")
            elif column in header[: position - 1]:
                self._refuse(f"row 1, column {column}", "The column stands there twice.")
        return not self.defects

    def _assessor(self, header: list[str], row: list[str], line: int) -> Iterator[Assessor]:
        place = f"row {line}"
        if len(row) != len(header):
            self._refuse(place, f"The row has {len(row)} cells, the header {len(header)}.")
            return
        cells = dict(zip(header, map(str.strip, row), strict=True))
        known = len(self.defects)
        for column in _MANDATORY:
            if not cells[column]:
                self._refuse(f"{place}, column {column}", "The cell must not be empty.")
        assessor = Assessor(
            key=cells["key"],
            last_name=cells["last_name"],
            first_name=cells["first_name"],
            former_names=self._former_names(cells["former_names"], place),
            agencies=frozenset(_parts(cells["agencies"])),
            state=cells["state"],
            certified_on=self._day(cells, "certified_on", place),
            issued_on=self._day(cells, "issued_on", place),
            expires_on=self._day(cells, "expires_on", place),
            status=self._status(cells["status"], place),
            approved_on=self._day(cells, "approved_on", place),
        )
        if len(self.defects) == known:
            yield assessor

    def _day(self, cells: dict[str, str], column: str, place: str) -> date | None:
        if not cells[column]:
            return None
        try:
            return read_day(cells[column])
        except ValueError:
            self._refuse(f"{place}, column {column}", "The cell is not a date of the form YYYY-MM-DD.")
            return None

    def _former_names(self, cell: str, place: str) -> tuple[str, ...]:
        names = _parts(cell)
        try:
            for name in names:
                _former_name(name, "")
        except ValueError:
            self._refuse(f"{place}, column former_names", "What follows “until” is not a date of the form YYYY-MM-DD.")
            return ()
        return names

    def _status(self, cell: str, place: str) -> AccountStatus:
        try:
            return AccountStatus(cell.casefold().replace("-", "_").replace(" ", "_") or AccountStatus.ACTIVE)
        except ValueError:
            self._refuse(f"{place}, column status", f"The status is none of {', '.join(AccountStatus)}.")
            return AccountStatus.ACTIVE

    def _refuse(self, place: str, sentence: str) -> None:
        self.defects.append(f"{self.name}, {place}: {sentence}")


def _former_name(text: str, first_name: str) -> FormerName:
    """Read ``LAST, FIRST until YYYY-MM-DD``; first name and date may be missing. ValueError where the date is none."""
    dated = _DATED_NAME.fullmatch(text)
    name, until = (dated["name"], read_day(dated["day"])) if dated else (text, None)
    return FormerName(known_as=match_key(name if "," in name else f"{name}, {first_name}"), until=until)


def _parts(cell: str) -> tuple[str, ...]:
    """Return the parts of a list in a cell."""
    return tuple(part.strip() for part in cell.split(";") if part.strip())
