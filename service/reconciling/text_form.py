"""A result for people, on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from service.reconciling.match import SETTLED, Category, Match
from service.reconciling.remark import Remark
from service.reconciling.result import Result
from service.reconciling.wording import CATEGORIES, FAULTS, LEFT
from service.reports.printable import printable


def write(result: Result, *, limit: int, settled: bool) -> str:
    """Return what was compared, what is wrong with the exports, the differences by gravity, and the verdict.

    Of each kind so many at most; what is settled only where it is asked for, its counts always.
    """
    return "".join(f"{line}\n" for line in _lines(result, limit, settled=settled))


def _lines(result: Result, limit: int, *, settled: bool) -> Iterator[str]:
    yield from _head(result)
    if result.remarks:
        yield f"\nwrong with the exports themselves: {len(result.remarks)}"
        yield from _some([f"  {_remark(remark)}" for remark in result.remarks], limit)
    for category, found in groupby(result.matches, key=lambda match: match.category):
        yield from _kind(category, tuple(found), limit, shown=settled or category not in SETTLED)
    if result.left:
        yield f"\nsubmissions that could not be compared: {len(result.left)}"
        yield from _some([f"  {one.ours.id} {one.ours.state}: {LEFT[one.lacks]}" for one in result.left], limit)
    yield ""
    yield _verdict(result)


def _head(result: Result) -> Iterator[str]:
    covered = ", ".join(map(str, result.coverage.spans)) or "unknown"
    yield f"exports      {len(result.files)}, covering {covered}"
    yield f"records      {result.rows.total()} compared, {result.not_compared} could not be"
    compared = result.ours.total()
    yield f"submissions  {compared} compared, {len(result.left)} could not be, {result.outside} of other days or over"
    unknown = [file.name for file in result.files if file.period is None]
    if unknown:
        yield f"{', '.join(map(printable, unknown))}: no period in the name (YYYYMMDD-YYYYMMDD.txt), and none was stated"
    if result.undecided:
        yield (
            f"{result.undecided} submissions are in no export, and nobody says whether they should be: "
            "state the period with --since and --until"
        )


def _kind(category: Category, found: Sequence[Match], limit: int, *, shown: bool) -> Iterator[str]:
    name, what_to_do = CATEGORIES[category]
    yield ""
    yield f"{name}: {len(found)}"
    if what_to_do:
        yield f"  {what_to_do}"
    if shown:
        yield from _some([_match(match) for match in found], limit)


def _match(match: Match) -> str:
    there = [f"{row.place} (again)" if row.repeats else str(row.place) for row in match.rows]
    here = [f"{one.id} {one.state}" for one in match.ours]
    differs = f" (differs: {', '.join(match.differs)})" if match.differs else ""
    return f"  {printable(', '.join((*there, *here)))}{differs}"


def _remark(remark: Remark) -> str:
    sentence = FAULTS[remark.fault].format(remark.about)
    return printable(sentence if remark.place is None else f"{remark.place}: {sentence}")


def _some(lines: Sequence[str], limit: int) -> Iterator[str]:
    yield from lines[:limit]
    if len(lines) > limit:
        yield f"  … and {len(lines) - limit} more; --limit shows more, --report json all"


def _verdict(result: Result) -> str:
    if not any(file.read for file in result.files):
        return "Could not check: nothing could be read of the exports."
    many = result.open
    return f"Not reconciled: {many} to look at." if many else "Reconciled: nothing to look at."
