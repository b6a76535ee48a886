"""Adopting packages: what has not left is judged again by the packages at hand now, and what changed is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Engine, insert, select

from canonical.finding import Finding, HoldCause, Kind, Report
from canonical.submission import State
from service.clock import Clock, to_milliseconds
from service.intake import CURED_BY_JUDGING, Intake, not_live_yet
from service.judging import Judge
from service.outbox import schema as t
from service.outbox.engine import alone, reading, writing
from service.outbox.outbox import Draft, Entry, Outbox
from specs.catalog import Catalog
from specs.seal import sealed_as
from specs.spec import Status

#: What a new judgement finds by itself, and what follows from the agency's route.
_FOUND_AGAIN: Final = CURED_BY_JUDGING | {HoldCause.CONSENT, HoldCause.NOT_LIVE}
#: What the state, intake or a withdrawal found, and no judgement finds.
_FOUND_ELSEWHERE: Final = frozenset({HoldCause.KEY_REFUSED, HoldCause.IDENTITY, HoldCause.CONSENT_WITHDRAWN})
#: Findings that no judgement repeats: the adapter's, the state's, and that a document came twice.
_REMEMBERED: Final = frozenset({Kind.READING, Kind.STATE})
_SAME_DOCUMENT: Final = "X004"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejudged:
    """What came of one submission; it names rules and no value."""

    submission: str
    agency: str
    was: State
    #: Where its new report puts it. A blocked one is told about and stays blocked.
    becomes: State
    #: Rules that find something now and found nothing before, and the other way round.
    appeared: tuple[str, ...]
    disappeared: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Whether there is anything to tell."""
        return self.was is not self.becomes or bool(self.appeared or self.disappeared)

    @property
    def stopped(self) -> bool:
        """Whether it could have gone on before, and waits or is blocked now."""
        return _FREEDOM[self.becomes] < _FREEDOM[self.was]


#: How far a submission is on its way to the state.
_FREEDOM: Final = {State.BLOCKED: 0, State.HELD: 1, State.HANDED_OFF: 2, State.READY: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """One adoption, done or tried."""

    #: The packages that may judge, by version, with their digests.
    packages: Mapping[str, str]
    #: The version whose document and transport are used today.
    sending: str
    judged: int
    #: What is to be told, oldest first.
    changes: tuple[Rejudged, ...]

    @property
    def moves(self) -> Mapping[tuple[State, State], tuple[Rejudged, ...]]:
        """The changes by old and new state."""
        pairs = dict.fromkeys((change.was, change.becomes) for change in self.changes)
        return {
            pair: tuple(change for change in self.changes if (change.was, change.becomes) == pair) for pair in pairs
        }


def rules_of(changes: tuple[Rejudged, ...]) -> tuple[Counter[str], Counter[str]]:
    """Return how often each rule appeared and disappeared."""
    appeared = Counter(rule for change in changes for rule in change.appeared)
    disappeared = Counter(rule for change in changes for rule in change.disappeared)
    return appeared, disappeared


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopting:
    """Judges again, and remembers by which packages."""

    engine: Engine
    catalog: Catalog
    judge: Judge
    intake: Intake
    outbox: Outbox
    clock: Clock

    def if_changed(self) -> Adoption | None:
        """Judge everything unsent again where other packages judge than last time; None where none do."""
        with alone(self.engine, "adopt"):
            return self._adopted() if self._last() != _written(*self._at_hand()) else None

    def now(self) -> Adoption:
        """Judge everything unsent again."""
        with alone(self.engine, "adopt"):
            return self._adopted()

    def tried(self) -> Adoption:
        """Tell what ``now`` would do, and change nothing."""
        return self._told(lambda _entry, _draft: True)

    def _adopted(self) -> Adoption:
        adoption = self._told(
            lambda entry, draft: (
                entry.state is State.BLOCKED or self.outbox.rejudge(entry.agency, entry.id, draft, was=entry.state)
            )
        )
        moved = sum(change.was is not change.becomes for change in adoption.changes)
        with writing(self.engine) as connection:
            connection.execute(
                insert(t.adoption).values(
                    adopted_at=to_milliseconds(self.clock()),
                    packages=_written(adoption.packages, adoption.sending),
                    judged=adoption.judged,
                    moved=moved,
                )
            )
        return adoption

    def _told(self, done: Callable[[Entry, Draft], bool]) -> Adoption:
        """Judge each unsent submission, do what is to be done, and gather what changed; what moved meanwhile is left out."""
        packages, sending = self._at_hand()
        results = [_compared(entry, earlier, draft) for entry, earlier, draft in self._drafts() if done(entry, draft)]
        return Adoption(
            packages=packages,
            sending=sending,
            judged=len(results),
            changes=tuple(result for result in results if result.changed),
        )

    def _drafts(self) -> Iterator[tuple[Entry, Report, Draft]]:
        judges: dict[str, Judge] = {}
        for entry in self.outbox.unsent():
            assessment = self.outbox.assessment(entry.agency, entry.id)
            earlier = self.outbox.report(entry.agency, entry.id)
            if assessment is None or earlier is None:
                continue
            if entry.agency not in judges:
                judges[entry.agency] = self.intake.judge_for(entry.agency)
            ways = self.intake.routes.of(entry.agency)
            draft = self.intake.judged_again(assessment, earlier, judges[entry.agency], ways, vouched=entry.vouched)
            yield entry, earlier, with_what_stays(not_live_yet(draft, entry), entry, earlier)

    def _at_hand(self) -> tuple[Mapping[str, str], str]:
        """Return the packages that may judge, with their digests, and the one that is sent under today."""
        sending = self.judge.sending(self.clock().date())
        if self.judge.spec is not None:
            return {sending.version: sending.digest}, sending.version
        published = (package for package in self.catalog.versions() if package.status is not Status.DRAFT)
        return {package.version: sealed_as(package.directory) for package in published}, sending.version

    def _last(self) -> str | None:
        with reading(self.engine) as connection:
            newest = select(t.adoption.c.packages).order_by(t.adoption.c.seq.desc()).limit(1)
            return connection.execute(newest).scalar()


def _written(packages: Mapping[str, str], sending: str) -> str:
    """Return the packages as one column holds them; equal texts mean that nothing judges otherwise."""
    return "\n".join([*(f"{version} {digest}" for version, digest in packages.items()), f"sending {sending}"])


def with_what_stays(draft: Draft, entry: Entry, earlier: Report) -> Draft:
    """Keep what no judgement repeats: a person's hold, a key that the state refused, the state's own findings."""
    told = tuple(finding for finding in earlier.findings if _stays(finding))
    report = replace(draft.report, findings=(*draft.report.findings, *told))
    if any(finding.rule == _SAME_DOCUMENT for finding in told):
        return replace(draft, report=report, state=State.BLOCKED, holds=())
    kept = tuple(cause for cause in (*entry.holds, *_doubts(entry, told)) if cause not in _FOUND_AGAIN)
    if not kept or draft.state is State.BLOCKED:
        return replace(draft, report=report)
    holds = tuple(dict.fromkeys((*draft.holds, *kept)))
    return replace(
        draft, report=report, state=State.HELD, holds=holds, why="What it waits for is not for judging to cure."
    )


def _stays(finding: Finding) -> bool:
    return finding.kind is Kind.STATE or finding.hold in _FOUND_ELSEWHERE or finding.rule == _SAME_DOCUMENT


def _doubts(entry: Entry, told: tuple[Finding, ...]) -> tuple[HoldCause, ...]:
    """Return what did not keep an assessment from a person, who sees it on the sheet, and keeps it from a machine."""
    doubted = entry.state is State.HANDED_OFF and any(finding.hold is HoldCause.IDENTITY for finding in told)
    return (HoldCause.IDENTITY,) if doubted else ()


def _compared(entry: Entry, earlier: Report, draft: Draft) -> Rejudged:
    before, after = _rules(earlier), _rules(draft.report)
    return Rejudged(
        submission=entry.id,
        agency=entry.agency,
        was=entry.state,
        becomes=draft.state,
        appeared=tuple(sorted(after - before)),
        disappeared=tuple(sorted(before - after)),
    )


def _rules(report: Report) -> set[str]:
    return {finding.rule for finding in report.findings if finding.kind not in _REMEMBERED}
