"""Which place is which item: scored, assigned for all of them together, and filled up by order where names say nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from service.drafting.assignment import assignment
from service.drafting.sample import Place, Sample
from service.drafting.scores import Scores, is_rating
from service.drafting.shapes import Shape, fit
from service.drafting.targets import Target, Targets
from specs.spec import Spec

#: A worse likeness is none.
LEAST: Final = 0.55
#: Two candidates that are no further apart than this are told both.
_CLOSE: Final = 0.1
#: What is only known by its order is no surer than this.
_BY_ORDER: Final = 0.5
_FEWEST_IN_ORDER: Final = 3
#: One instrument alone is asked by a form if it has this share of what says anything about it.
_NEARLY_ALL: Final = 0.85
#: … and fewer items than this tell nothing.
_FEWEST_VOTES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One item and its place."""

    target: Target
    place: Place
    shape: Shape
    #: From 0 to 1.
    confidence: float
    #: Another place that it could be nearly as well.
    rival: Place | None = None
    #: Whether nothing but the order says so.
    by_order: bool = False


class Matching:
    """The matches of one sample with one package."""

    def __init__(self, spec: Spec, sample: Sample) -> None:
        """Compare everything with everything."""
        self._spec = spec
        self._sample = sample
        self._targets = Targets(spec)
        self._scores = Scores(spec, self._targets, sample)
        every = frozenset(spec.instruments)
        first = self._scores.matrix(every)
        #: The instruments that the sample is of, as far as its items tell.
        self.instruments = self._voted(first, assignment(first, LEAST)) or every
        self._matrix = first if self.instruments == every else self._scores.matrix(self.instruments)
        self._chosen = assignment(self._matrix, LEAST)

    @cached_property
    def found(self) -> tuple[Match, ...]:
        """What was found, in the order of the dictionary."""
        named = {row: self._match(row, column) for row, column in self._chosen.items()}
        ordered = {row: self._in_order(row, column) for row, column in self._orders().items()}
        return tuple(match for _, match in sorted({**named, **ordered}.items()))

    @cached_property
    def left(self) -> tuple[Place, ...]:
        """The places that nothing was found for, in the sample's order."""
        taken = {match.place.path for match in self.found}
        return tuple(place for place in self._sample.places if place.path not in taken)

    def nearest(self, item: str) -> tuple[Place, ...]:
        """Return the two places that are most like an item which was not found; fewer where hardly any is."""
        rows = [row for row, target in enumerate(self._targets.all) if target.item.code == item and not target.half]
        left = {place.path for place in self.left}
        scored = [
            (-self._matrix[row][at], at)
            for row in rows
            for at, place in enumerate(self._sample.places)
            if self._matrix[row][at] >= LEAST / 2 and place.path in left
        ]
        return tuple(self._sample.places[at] for _, at in sorted(scored)[:2])

    def _match(self, row: int, column: int) -> Match:
        score = self._matrix[row][column]
        rival = self._rival(row, column)
        return Match(
            target=self._targets.all[row],
            place=self._sample.places[column],
            shape=self._scores.shapes[column],
            confidence=round(score * (0.8 if rival else 1.0), 2),
            rival=rival,
        )

    def _rival(self, row: int, column: int) -> Place | None:
        """Return the place that the item could be nearly as well, and that is not clearly something else."""
        held = {at: self._matrix[other][at] for other, at in self._chosen.items()}
        scores = self._matrix[row]
        close = [
            (-scores[at], at)
            for at in range(len(scores))
            if at != column
            and scores[at] >= max(LEAST, scores[column] - _CLOSE)
            and held.get(at, 0.0) < scores[at] + _CLOSE
        ]
        return self._sample.places[min(close)[1]] if close else None

    def _voted(self, matrix: Sequence[Sequence[float]], chosen: Mapping[int, int]) -> frozenset[str] | None:
        """Return the only instrument that the items belong to; None where they belong to several, or nothing tells."""
        votes: dict[str, float] = defaultdict(float)
        for row, column in chosen.items():
            instruments = self._targets.all[row].item.instruments
            if len(instruments) == 1:
                votes[instruments[0]] += matrix[row][column] ** 2
        first = max(votes, key=lambda code: votes[code], default="")
        tells = first and votes[first] >= max(_FEWEST_VOTES, _NEARLY_ALL * sum(votes.values()))
        return frozenset({first}) if tells else None

    def _orders(self) -> dict[int, int]:
        """Return what the order tells of places whose names are numbers: ``LDF_01``, ``q17``.

        Only where as many places follow one another as items of one section are left, all of which they could answer.
        """
        taken, done = set(self._chosen.values()), set(self._chosen)
        found: dict[int, int] = {}
        for section, run in self._runs(taken):
            fitting = [
                rows
                for code in ([section] if section else self._targets.sections)
                if len(rows := self._left(code, done)) == len(run) and self._fit(rows, run)
            ]
            if len(fitting) == 1:
                found.update(zip(fitting[0], run, strict=True))
                done.update(fitting[0])
        return found

    def _runs(self, taken: Iterable[int]) -> Iterable[tuple[str, list[int]]]:
        """Yield the places of the same beginning that have numbers for names, and their section if it is known."""
        runs: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for at, (head, rest) in enumerate(self._scores.parts):
            words = rest or head
            if at not in set(taken) and words and all(word.isdigit() for word in words):
                runs[head if rest else ()].append(at)
        for run in runs.values():
            if len(run) >= _FEWEST_IN_ORDER:
                yield self._scores.sections[run[0]], run

    def _left(self, section: str, done: Iterable[int]) -> list[int]:
        return [
            row
            for row, target in enumerate(self._targets.all)
            if target.item.section == section
            and row not in set(done)
            and is_rating(target)
            and any(map(target.item.belongs_to, self.instruments))
        ]

    def _fit(self, rows: Sequence[int], run: Sequence[int]) -> bool:
        items = [self._targets.all[row].item for row in rows]
        return all(fit(i, self._scores.shapes[at], self._spec) == 1 for i, at in zip(items, run, strict=True))

    def _in_order(self, row: int, column: int) -> Match:
        return Match(
            target=self._targets.all[row],
            place=self._sample.places[column],
            shape=self._scores.shapes[column],
            confidence=_BY_ORDER,
            by_order=True,
        )
