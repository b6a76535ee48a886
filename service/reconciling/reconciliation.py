"""The story: *read the exports, look at what is here, put both together*."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Final

from service.clock import to_milliseconds
from service.reconciling.coverage import Coverage
from service.reconciling.export import Export, Row
from service.reconciling.match import Category, Match, matches
from service.reconciling.matter import Matter, Matters
from service.reconciling.our_submission import OurSubmission, Seen, submissions
from service.reconciling.period import MOST_DAYS, Period
from service.reconciling.remark import Fault, Place, Remark
from service.reconciling.result import FileRead, Left, Result
from service.reconciling.whereabouts import Whereabouts

_GRAVITY: Final = {category: place for place, category in enumerate(Category)}
_FAULTS: Final = {fault: place for place, fault in enumerate(Fault)}
#: Nobody asks where these are.
_OVER: Final = frozenset({Whereabouts.REFUSED, Whereabouts.GIVEN_UP})


class Reconciliation:
    """One comparison of exports with an agency's submissions; of each record a few dozen bytes are kept, and no answer."""

    def __init__(self, matters: Matters) -> None:
        """Begin with nothing."""
        self._matters = matters
        self._rows: defaultdict[bytes, list[Row]] = defaultdict(list)
        #: By content of a record, the file that it was first met in.
        self._first_in: dict[bytes, str] = {}
        self._ours: defaultdict[bytes, list[OurSubmission]] = defaultdict(list)
        self._files: list[FileRead] = []
        self._remarks: list[Remark] = []
        #: By digest, the first file of that content.
        self._contents: dict[str, Place] = {}
        self._left: list[Left] = []
        #: Of each document, the last accepted version that took the place of others.
        self._replaced: dict[bytes, int] = {}
        self._outside = self._undecided = 0

    def run(self, exports: Iterable[Export]) -> Result:
        """Compare; the exports are read one by one."""
        for export in exports:
            self._read(export)
        coverage = Coverage(file.period for file in self._files if file.read and file.period is not None)
        self._stitch(coverage)
        for seen in submissions(self._matters):
            self._look_at(seen, coverage)
        return Result(
            agency=self._matters.agency,
            files=tuple(self._files),
            coverage=coverage,
            remarks=tuple(sorted(self._remarks, key=_order_of_remarks)),
            matches=tuple(sorted(self._matches(), key=_order_of_matches)),
            left=tuple(self._left),
            outside=self._outside,
            undecided=self._undecided,
        )

    def _read(self, export: Export) -> None:
        """Read one export, unless the same bytes were read before."""
        name, place = export.payload.name, Place(file=export.payload.name)
        told = FileRead(name=name, period=export.period, stated=export.stated, compared=0, not_compared=0)
        first = self._contents.setdefault(export.payload.digest, place)
        if first is not place:
            self._remarks.append(Remark(fault=Fault.SAME_FILE, place=place, about=first.file))
            self._files.append(replace(told, read=False))
            return
        if export.period and not export.stated and export.period.days > MOST_DAYS:
            self._remarks.append(Remark(fault=Fault.TOO_LONG, place=place, about=str(export.period.days)))
        counts = Counter(self._take(one, export) for one in export.rows(self._matters))
        read = counts[True] > 0 or not counts[False]
        self._files.append(replace(told, compared=counts[True], not_compared=counts[False], read=read))

    def _take(self, one: tuple[Row, Matter] | Remark, export: Export) -> bool:
        """Keep what is compared of a record; False where it cannot be compared."""
        if isinstance(one, Remark):
            self._remarks.append(one)
            return False
        row, matter = one
        if matter.key is None or matter.day is None:
            self._remarks.append(Remark(fault=matter.lacks or Fault.NO_ID, place=row.place))
            return False
        if export.period is not None and matter.day not in export.period:
            self._remarks.append(Remark(fault=Fault.OUT_OF_PERIOD, place=row.place))
        first = self._first_in.setdefault(row.content, row.place.file)
        self._rows[matter.key].append(row if first == row.place.file else replace(row, repeats=True))
        return True

    def _stitch(self, coverage: Coverage) -> None:
        """Remark on gaps, and on files that cover the same days."""
        self._remarks += [Remark(fault=Fault.GAP, about=str(gap)) for gap in coverage.gaps]
        dated = sorted(
            (file.period, file.name) for file in self._files if file.read and file.period and not file.stated
        )
        reach: tuple[Period, str] | None = None
        for period, name in dated:
            if reach is not None and reach[0].overlaps(period):
                self._remarks.append(Remark(fault=Fault.OVERLAP, place=Place(file=name), about=reach[1]))
            if reach is None or period.last > reach[0].last:
                reach = (period, name)

    def _look_at(self, seen: Seen, coverage: Coverage) -> None:
        """Put one submission where it belongs."""
        ours, matter = seen.ours, seen.matter
        if seen.replaces:
            self._replaced[ours.document] = ours.seq
        if matter is None or matter.key is None or matter.day is None:
            self._set_aside(seen, coverage)
        elif matter.key in self._rows or matter.day in coverage:
            self._ours[matter.key].append(ours)
        elif self._dated or ours.where in _OVER:
            self._outside += 1
        else:
            self._undecided += 1

    def _set_aside(self, seen: Seen, coverage: Coverage) -> None:
        """Leave out what cannot be compared; an assessment is never of a day after the one on which it came."""
        whole, where = coverage.whole, seen.ours.where
        before = whole is not None and seen.received_at < to_milliseconds(datetime.combine(whole.first, time(), UTC))
        over = where is Whereabouts.GIVEN_UP or (seen.matter is None and where is Whereabouts.REFUSED)
        if over or (before and self._dated):
            self._outside += 1
        else:
            self._left.append(Left(ours=seen.ours, lacks=seen.matter.lacks if seen.matter else None))

    @property
    def _dated(self) -> bool:
        """Whether of every file that was read somebody says which days it covers."""
        return all(file.period is not None for file in self._files if file.read)

    def _matches(self) -> Iterator[Match]:
        """Yield what belongs together, and let go of it here."""
        while self._rows:
            key, rows = self._rows.popitem()
            yield from matches(rows, [self._now(one) for one in self._ours.pop(key, ())])
        while self._ours:
            _, ours = self._ours.popitem()
            yield from matches((), [self._now(one) for one in ours])

    def _now(self, ours: OurSubmission) -> OurSubmission:
        """Return a submission as it stands after later versions of its document."""
        if self._replaced.get(ours.document, 0) > ours.seq:
            return replace(ours, where=Whereabouts.GIVEN_UP)
        return ours


def _order_of_matches(match: Match) -> tuple[int, int, str, int, int]:
    """Order by gravity, then as the exports stand, then as the submissions came."""
    first = match.rows[0] if match.rows else None
    oldest = min((one.seq for one in match.ours), default=0)
    return (
        _GRAVITY[match.category],
        first is None,
        first.place.file if first else "",
        first.nth if first else 0,
        oldest,
    )


def _order_of_remarks(remark: Remark) -> tuple[int, str, int, str]:
    place = remark.place
    return (_FAULTS[remark.fault], place.file if place else "", (place.line or 0) if place else 0, remark.about)
