"""What is coming: certificates that lapse, accounts that wait for approval, and who is named in held submissions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from canonical.assessment import Assessment
from canonical.errors import NoSpecInForce
from canonical.finding import HoldCause
from canonical.submission import State
from service.outbox.outbox import Entry
from service.roster.person import Certificate, Person
from specs.due import due
from specs.spec import Spec
from validators.certificate import Term, last_day, term
from validators.certification import KEY_ITEM, NAME_ITEM
from validators.roster import AccountStatus, masked

#: The causes of a hold that concern an assessor.
_ABOUT_ASSESSORS = frozenset(
    {
        HoldCause.UNKNOWN_KEY,
        HoldCause.NAME_CHANGE,
        HoldCause.APPROVAL,
        HoldCause.DUPLICATE_KEY,
        HoldCause.KEY_REFUSED,
    }
)
#: What was certainly made by the assessor whom it names; a void takes it back, but somebody assessed the child.
_MADE = frozenset(State) - {State.BLOCKED, State.CANCELLED}


class Coming(StrEnum):
    """What sort of thing is coming."""

    #: The certificate ends, and nothing suspends that.
    LAPSES = "lapses"
    #: It ends, and stays good as long as testing is suspended.
    WAIVED = "waived"
    AWAITS_APPROVAL = "awaits_approval"
    HELD = "held"


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """One thing that somebody should see to."""

    what: Coming
    #: Our own name of the certificate; empty where the roster has none.
    id: str = ""
    name: str = field(repr=False)
    #: Masked.
    key: str
    #: The certificate's last day.
    on: date | None = None
    #: The first reassessment that falls due after it, of a child whom this person assessed last.
    next_due: date | None = None
    #: How many such reassessments, or held submissions.
    count: int = 0
    #: What is waited for, and since when.
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What the forecast needs of one submission."""

    entry: Entry
    assessment: Assessment = field(repr=False)


def foresee(
    people: Iterable[Person],
    submissions: Iterable[Made],
    spec_on: Callable[[date], Spec],
    *,
    today: date,
    days: int,
) -> tuple[Foreseen, ...]:
    """Return what is coming within so many days, the earliest first; a certificate that has lapsed already is told too."""
    people, made = list(people), list(submissions)
    dues = _dues(made, spec_on)
    horizon = today + timedelta(days=days)
    found = [*_lapses(people, dues, spec_on(today), horizon), *_approvals(people), *_held(people, made)]
    return tuple(sorted(found, key=lambda one: (one.on or date.max, one.what, one.name, one.id)))


def _lapses(people: Iterable[Person], dues: dict[str, list[date]], spec: Spec, horizon: date) -> Iterator[Foreseen]:
    for person, certificate in _in_use(people):
        line = person.line(certificate)
        last = last_day(line, spec.certification)
        if last is None or last > horizon:
            continue
        after = sorted(day for day in dues.get(certificate.key, ()) if day > last)
        until = after[0] if after else last + timedelta(days=1)
        waived = term(line, spec.certification, until) is Term.WAIVED
        yield Foreseen(
            what=Coming.WAIVED if waived else Coming.LAPSES,
            id=certificate.id,
            name=person.name,
            key=certificate.masked,
            on=last,
            next_due=after[0] if after else None,
            count=len(after),
        )


def _approvals(people: Iterable[Person]) -> Iterator[Foreseen]:
    for person, certificate in _in_use(people):
        line = person.line(certificate)
        waits = line.out_of_state or certificate.status is AccountStatus.AWAITING_APPROVAL
        if waits and certificate.approved_on is None:
            yield Foreseen(
                what=Coming.AWAITS_APPROVAL, id=certificate.id, name=person.name, key=certificate.masked, why="approval"
            )


def _held(people: Iterable[Person], made: Iterable[Made]) -> Iterator[Foreseen]:
    """Yield one line for each assessor and cause: how many wait, since when, and whether that was escalated."""
    known = {one.key: (person, one) for person in people for one in person.certificates}
    waiting: dict[tuple[str, str, HoldCause], list[Entry]] = defaultdict(list)
    for one in made:
        if one.entry.state is State.HELD:
            key, name = one.assessment.text(KEY_ITEM) or "", one.assessment.text(NAME_ITEM) or ""
            for cause in _ABOUT_ASSESSORS.intersection(one.entry.holds):
                waiting[key, name, cause].append(one.entry)
    for (key, name, cause), entries in waiting.items():
        person, certificate = known.get(key, (None, None))
        since = min(entry.received_at for entry in entries).date().isoformat()
        escalated = ", escalated" if any(entry.escalated_at for entry in entries) else ""
        yield Foreseen(
            what=Coming.HELD,
            id=certificate.id if certificate else "",
            name=person.name if person and cause is not HoldCause.NAME_CHANGE else name,
            key=masked(key),
            count=len(entries),
            why=f"{cause.value} since {since}{escalated}",
        )


def _in_use(people: Iterable[Person]) -> Iterator[tuple[Person, Certificate]]:
    return ((person, one) for person in people for one in person.certificates if not one.archived)


def _dues(made: Iterable[Made], spec_on: Callable[[date], Spec]) -> dict[str, list[date]]:
    """Return by key when the next assessments are due of the children whom its holder assessed last."""
    latest: dict[tuple[str, str], tuple[date, datetime, Assessment]] = {}
    for one in made:
        on = _day(one.assessment.text("ASSESSMENT_DATE"))
        if on is None or one.entry.state not in _MADE:
            continue
        child = one.assessment.text("MEMBER_ID") or one.assessment.text("MEMBER_LOCAL_ID") or one.entry.id
        lane = (child, one.assessment.text("INSTRUMENT") or "")
        if lane not in latest or latest[lane][:2] < (on, one.entry.received_at):
            latest[lane] = (on, one.entry.received_at, one.assessment)
    dues: dict[str, list[date]] = defaultdict(list)
    for (_, instrument), (on, _, assessment) in latest.items():
        try:
            form = spec_on(on).instruments.get(instrument)
        except NoSpecInForce:
            continue
        next_ = None if form is None else due(form, assessment.text("SERVICE"), on)
        if next_ is not None:
            dues[assessment.text(KEY_ITEM) or ""].append(next_)
    return dues


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None
