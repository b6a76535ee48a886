"""What came of a comparison: every record and every submission is in exactly one place of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from service.reconciling.coverage import Coverage
from service.reconciling.match import SETTLED, Category, Match
from service.reconciling.our_submission import OurSubmission
from service.reconciling.period import Period
from service.reconciling.remark import Fault, Remark
from service.reports.run import Exit


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRead:
    """An export, as far as it was read."""

    name: str
    #: None where nobody says which days it covers.
    period: Period | None
    #: True where it is a person who says so, not the name.
    stated: bool
    #: Records that could be compared.
    compared: int
    #: Records that could not, those that could not be read among them.
    not_compared: int
    #: False where nothing of it could be read, or it was read before under another name.
    read: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A submission that could not be compared, and why."""

    ours: OurSubmission
    #: NO_ID, NO_DATE, or None where it was erased.
    lacks: Fault | None


@dataclass(frozen=True, kw_only=True)
class Result:
    """All of it."""

    agency: str
    files: tuple[FileRead, ...]
    coverage: Coverage
    remarks: tuple[Remark, ...]
    #: The gravest first.
    matches: tuple[Match, ...]
    #: Submissions that could not be compared.
    left: tuple[Left, ...]
    #: How many submissions are of days that no export covers.
    outside: int
    #: How many are in no export, where nobody says whether they should be.
    undecided: int

    @cached_property
    def rows(self) -> Counter[Category]:
        """How many records there are of each category."""
        return _counted((match.category, len(match.rows)) for match in self.matches)

    @cached_property
    def ours(self) -> Counter[Category]:
        """How many submissions there are of each category."""
        return _counted((match.category, len(match.ours)) for match in self.matches)

    @cached_property
    def kinds(self) -> Counter[Category]:
        """How many matches there are of each category."""
        return Counter(match.category for match in self.matches)

    @property
    def not_compared(self) -> int:
        """How many records could not be compared."""
        return sum(file.not_compared for file in self.files)

    @property
    def submissions(self) -> int:
        """How many submissions were looked at."""
        return self.ours.total() + len(self.left) + self.outside + self.undecided

    @property
    def open(self) -> int:
        """How many things somebody should look at."""
        differences = sum(many for category, many in self.kinds.items() if category not in SETTLED)
        return differences + len(self.remarks) + len(self.left) + (self.undecided > 0)

    @property
    def exit_code(self) -> Exit:
        """Clean where everything is settled; nothing read is nothing checked."""
        if not any(file.read for file in self.files):
            return Exit.COULD_NOT_CHECK
        return Exit.FINDINGS if self.open else Exit.CLEAN


def _counted(pairs: Iterable[tuple[Category, int]]) -> Counter[Category]:
    counts: Counter[Category] = Counter()
    for category, many in pairs:
        counts[category] += many
    return counts
