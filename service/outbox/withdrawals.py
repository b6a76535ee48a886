"""Consent that was withdrawn: what of the child has not left stays here, and what comes later needs a newer consent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, RowMapping, func, insert, or_, select, update

from canonical.assessment import Assessment
from canonical.errors import EcasBridgeError
from canonical.finding import HoldCause
from canonical.submission import State
from service.audit.deed import Deed
from service.clock import from_milliseconds
from service.outbox import schema as t
from service.outbox.engine import in_turn, writing
from service.outbox.outbox import Draft
from service.outbox.rows import Rows, read_holds, write_holds
from service.refusals import withdrawn_before
from service.tenants.connections import own

#: The identifiers by which a child is known, the strongest first.
CHILD_KINDS: Final = ("MEMBER_ID", "MEMBER_LOCAL_ID")
#: Whose day it is when a consent is given or withdrawn.
_MASSACHUSETTS: Final = ZoneInfo("America/New_York")
#: What may leave whatever the member decides: demographics with identifiers, assessor and dates, and SED.
#: The package's own allow-list decides what a document holds (gateway_client/projection.py); this decides who must look.
_FOR_ALL: Final = (
    "AGENCY_ID",
    "ASSESSMENT_",
    "ASSESSOR_",
    "COMPLETION_STATUS",
    "CONSENT",
    "DOCUMENT_",
    "FINALIZED_ON",
    "INCOMPLETE_REASON",
    "INSTRUMENT",
    "MEMBER_",
    "PROVIDER_ID",
    "SED_",
    "SERVICE",
    "SUBMISSION_TYPE",
)
_COMMENT: Final = "_COMMENT"
#: Consents under which nothing but that leaves.
_WITHHELD: Final = frozenset({"refused", "withdrawn", "not-asked"})
#: Not gone, and stopped by a withdrawal.
_WITH_US: Final = (State.READY, State.HELD, State.HANDED_OFF)
#: May be with the state, and nobody knows.
_UNDER_WAY: Final = (State.SENDING, State.IN_DOUBT, State.STUCK)
_WITH_THE_STATE: Final = (State.ACCEPTED, State.PENDING, State.SUSPENDED)
_WHY: Final = "The member's consent was withdrawn."
#: Most deployments have none: then nothing else need be asked.
_ANY: Final = select(t.withdrawal.c.seq).limit(1)


class ConsentGone(EcasBridgeError):
    """A submission was in doubt, and the member's consent was withdrawn meanwhile: it is not sent again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """What a withdrawal found of the child; each part holds ids of submissions, oldest first."""

    id: str
    #: In milliseconds.
    at: int
    #: False where nothing of the child was known before: what comes later is still stopped by it.
    known: bool
    #: Stopped now.
    held: tuple[str, ...]
    #: On the wire, in doubt or stuck: it may have arrived.
    under_way: tuple[str, ...]
    #: The state has it.
    sent: tuple[str, ...]


class Withdrawals(Rows):
    """A withdrawal and a payload of the same agency are written down one after the other, never at once."""

    def withdraw(
        self, agency: str, identifiers: Mapping[str, str], *, actor: str, note: str, of: str | None = None
    ) -> Withdrawal | None:
        """Write down that a child's consent is withdrawn, and hold what has not left; None where there is no such child.

        The child is that of the submission ``of``, or is found by an identifier (``MEMBER_ID``, ``MEMBER_LOCAL_ID``).
        """
        with writing(self._engine, agency) as connection:
            in_turn(connection, agency)
            given = self._digests(agency, identifiers if of is None else self._called(connection, agency, of))
            child = self._known_child(connection, agency, given)
            known = child is not None
            if child is None:
                if not given or of is not None:
                    return None
                child = self._not_met_yet(connection, agency, given)
            id_, now = self._new_id("wdr"), self._now(connection)
            sealed = self._vault.seal(note.encode(), "note", agency, id_) if note else None
            connection.execute(
                insert(t.withdrawal).values(
                    id=id_, agency=agency, child=child, withdrawn_at=now, actor=actor, sealed_note=sealed
                )
            )
            deed = Deed(agency=agency, action="consent.withdraw", actor=actor, kind="withdrawal", about=id_, note=note)
            self._audit.note(connection, deed)
            rows = [row for row in self._of_child(connection, agency, child, given) if self._more(row)]
            held = [row["id"] for row in rows if self._stop(connection, row, actor, note)]
            return Withdrawal(
                id=id_,
                at=now,
                known=known,
                held=tuple(held),
                under_way=_ids(rows, _UNDER_WAY),
                sent=_ids(rows, _WITH_THE_STATE),
            )

    def _called(self, connection: Connection, agency: str, submission: str) -> dict[str, str]:
        c = t.submission.c
        row = connection.execute(select(t.submission).where(c.agency == agency, c.id == submission)).mappings().first()
        if row is None:
            return {}
        assessment = self._assessment(row)
        return {kind: text for kind in CHILD_KINDS if (text := assessment.text(kind))}

    def _digests(self, agency: str, identifiers: Mapping[str, str]) -> dict[str, str]:
        return {kind: self._vault.digest("child", agency, kind, text) for kind, text in identifiers.items()}

    def _known_child(self, connection: Connection, agency: str, given: Mapping[str, str]) -> str | None:
        """Return the child that one of the identifiers names, the MassHealth ID before the agency's own."""
        c = t.child_identifier.c
        for kind in CHILD_KINDS:
            if kind not in given:
                continue
            found = connection.execute(
                select(c.child).where(c.agency == agency, c.kind == kind, c.digest == given[kind])
            ).scalar()
            if found is not None:
                return str(found)
        return None

    def _not_met_yet(self, connection: Connection, agency: str, given: Mapping[str, str]) -> str:
        """Write down a child of whom nothing has come yet, so that what comes is stopped."""
        child = self._new_id("chi")
        connection.execute(insert(t.child).values(id=child, agency=agency))
        rows = [{"agency": agency, "kind": kind, "digest": mac, "child": child} for kind, mac in given.items()]
        connection.execute(insert(t.child_identifier), rows)
        return child

    def _of_child(
        self, connection: Connection, agency: str, child: str, given: Mapping[str, str]
    ) -> Iterable[RowMapping]:
        """Return the child's submissions that are not over, oldest first; their lanes are locked before they are read."""
        c = t.submission.c
        family = families(connection, [child])[child]
        lanes = connection.scalars(
            select(t.lane.c.id).where(t.lane.c.child.in_(family)).order_by(t.lane.c.id).with_for_update()
        ).all()
        alive = c.state.in_((*_WITH_US, *_UNDER_WAY, *_WITH_THE_STATE))
        query = (
            select(t.submission)
            .where(c.agency == agency, alive, c.erased_at.is_(None))
            .order_by(c.seq)
            .with_for_update()
        )
        rows = [*connection.execute(query.where(c.lane.in_(lanes))).mappings()] if lanes else []
        laneless = connection.execute(query.where(c.lane.is_(None))).mappings()
        rows += [row for row in laneless if self._names(agency, self._assessment(row), given)]
        return sorted(rows, key=lambda row: int(row["seq"]))

    def _names(self, agency: str, assessment: Assessment, given: Mapping[str, str]) -> bool:
        """Return whether an assessment that has no lane is of the child of one of these identifiers."""
        own = {kind: text for kind in CHILD_KINDS if (text := assessment.text(kind))}
        return not self._digests(agency, own).items().isdisjoint(given.items())

    def _more(self, row: RowMapping) -> bool:
        return carries_more(self._assessment(row))

    def _stop(self, connection: Connection, row: RowMapping, actor: str, note: str) -> bool:
        """Hold one submission, with a loud finding; False where it is not with us any more."""
        was, id_, agency = State(row["state"]), row["id"], row["agency"]
        if was not in _WITH_US:
            return False
        report = self._report(row)
        finding = withdrawn_before(self._assessment(row))
        report = replace(report, findings=(*(f for f in report.findings if f.rule != finding.rule), finding))
        holds = dict.fromkeys((*read_holds(row["holds"]), HoldCause.CONSENT_WITHDRAWN))
        connection.execute(
            update(t.submission)
            .where(t.submission.c.id == id_)
            .values(holds=write_holds(holds), sealed_report=self._sealed_report(row, report))
        )
        sealed = self._vault.seal(note.encode(), "note", agency, id_) if note else None
        self._move(connection, id_, was, State.HELD, actor, _WHY, sealed)
        return True


def withdrawn(connection: Connection, children: Collection[tuple[str, int]]) -> set[tuple[str, int]]:
    """Return those of the pairs (child, received at) for which a consent was withdrawn after that moment.

    Asked before every send. What came in after a withdrawal was looked at when it came (``guarded``).
    """
    if not children or connection.execute(_ANY).first() is None:
        return set()
    latest = _latest(connection, {child for child, _ in children})
    return {(child, received) for child, received in children if latest.get(child, -1) >= received}


def guarded(connection: Connection, child: str, draft: Draft) -> Draft:
    """Return what is to be written down of a draft: held where the child's consent is withdrawn and no newer one is given."""
    if draft.state not in _WITH_US or not carries_more(draft.assessment):
        return draft
    if connection.execute(_ANY).first() is None:
        return draft
    at = _latest(connection, {child}).get(child)
    if at is None or given_since(draft.assessment, at):
        return draft
    report = replace(draft.report, findings=(*draft.report.findings, withdrawn_before(draft.assessment)))
    holds = tuple(dict.fromkeys((*draft.holds, HoldCause.CONSENT_WITHDRAWN)))
    return replace(draft, report=report, state=State.HELD, holds=holds, why=_WHY)


def carries_more(assessment: Assessment) -> bool:
    """Return whether anything clinical would leave by what the record itself says of consent."""
    if assessment.text("CONSENT") in _WITHHELD:
        return False
    return any(item.endswith(_COMMENT) or not item.startswith(_FOR_ALL) for item in assessment.answers)


def given_since(assessment: Assessment, withdrawn_at: int) -> bool:
    """Return whether the record's consent was given on a later day; of the same day nobody knows which came first."""
    try:
        given = date.fromisoformat(assessment.text("CONSENT_DATE") or "")
    except ValueError:
        return False
    return given > from_milliseconds(withdrawn_at).astimezone(_MASSACHUSETTS).date()


def _latest(connection: Connection, children: Collection[str]) -> dict[str, int]:
    """Return when consent was withdrawn last, by child; under whatever id of ours the child was known then."""
    found = families(connection, children)
    everyone = {member for family in found.values() for member in family}
    c = t.withdrawal.c
    query = (
        select(c.child, func.max(c.withdrawn_at).label("at"))
        .where(c.child.in_(everyone), *own(connection, t.withdrawal))
        .group_by(c.child)
    )
    at = {row.child: int(row.at) for row in connection.execute(query)}
    return {
        child: max(at[member] for member in family if member in at)
        for child, family in found.items()
        if not family.isdisjoint(at)
    }


def families(connection: Connection, children: Collection[str]) -> dict[str, frozenset[str]]:
    """Return with each child of ours all ids under which it was known, those merged into one another."""
    c = t.child.c
    into: dict[str, str | None] = {}
    unseen = set(children)
    while unseen:
        rows = connection.execute(
            select(c.id, c.merged_into).where(
                or_(c.id.in_(unseen), c.merged_into.in_(unseen)), *own(connection, t.child)
            )
        ).all()
        before = set(into)
        into |= {row.id: row.merged_into for row in rows}
        unseen = ({*into} | {other for other in into.values() if other is not None}) - before - unseen
    roots = {id_: _root(id_, into) for id_ in into}
    return {
        child: frozenset(id_ for id_, root in roots.items() if root == roots[child])
        for child in children
        if child in roots
    }


def _root(child: str, into: Mapping[str, str | None]) -> str:
    while (other := into.get(child)) is not None:
        child = other
    return child


def _ids(rows: Iterable[RowMapping], states: Collection[State]) -> tuple[str, ...]:
    return tuple(row["id"] for row in rows if State(row["state"]) in states)
