"""Choosing what waits, by filter, and looking at what would become of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, func, literal, or_, select

from canonical.assessment import Assessment
from canonical.finding import HoldCause
from canonical.submission import LANE_WAITS_BEHIND, State, StuckCause
from service.outbox import schema as t
from service.outbox.engine import reading
from service.outbox.prospects import Candidate
from service.outbox.rows import Rows, read_holds
from service.outbox.withdrawals import CHILD_KINDS, families
from service.tenants.connections import own
from service.tenants.tenant import EVERY, whose

#: What can be chosen.
CHOSEN_AMONG: Final = (State.STUCK, State.HELD, State.REJECTED, State.BLOCKED)
#: How many are looked at in one transaction.
_PAGE: Final = 200
#: What an attempt is called whose end nobody knows.
_UNSURE: Final = "Unsure"
_NOT_THERE: Final = "NotThere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A filter over what waits; what is left empty chooses all."""

    #: None for an operator, over all agencies.
    agency: str | None = None
    states: tuple[State, ...] = ()
    #: Of those that are stuck or held for one of these.
    causes: tuple[StuckCause | HoldCause, ...] = ()
    programme: str | None = None
    #: Received from this moment on, in milliseconds.
    received_from: int | None = None
    #: Received before this moment, in milliseconds.
    received_before: int | None = None
    ids: tuple[str, ...] = ()


class Selecting(Rows):
    """One consistent look after the other, each short, however many there are."""

    def candidates(self, selection: Selection) -> Iterator[Candidate]:
        """Yield what the filter chooses, oldest first."""
        last = 0
        while True:
            with reading(self._engine, whose(selection.agency)) as connection:
                query = _chosen(selection).where(t.submission.c.seq > last).order_by(t.submission.c.seq).limit(_PAGE)
                rows = connection.execute(query).mappings().all()
                found = [self._candidate(connection, row) for row in rows]
            yield from found
            if len(rows) < _PAGE:
                return
            last = rows[-1]["seq"]

    def behind(self, submissions: Collection[str]) -> dict[str, str]:
        """Return of those that wait in a lane behind another the one at its head, by id."""
        mine, head = t.submission.alias(), t.submission.alias()
        first = (
            select(head.c.id)
            .where(head.c.lane == mine.c.lane, head.c.seq < mine.c.seq, head.c.state.in_(LANE_WAITS_BEHIND))
            .order_by(head.c.seq)
            .limit(1)
            .scalar_subquery()
        )
        query = select(mine.c.id, first.label("head")).where(
            mine.c.id.in_(submissions), mine.c.lane.is_not(None), mine.c.state.in_(LANE_WAITS_BEHIND)
        )
        with reading(self._engine, EVERY) as connection:
            rows = connection.execute(query.where(*own(connection, mine)))
            return {row.id: row.head for row in rows if row.head is not None}

    def _candidate(self, connection: Connection, row: RowMapping) -> Candidate:
        return Candidate(
            id=row["id"],
            agency=row["agency"],
            state=State(row["state"]),
            cause=StuckCause(row["cause"]) if row["cause"] else None,
            holds=read_holds(row["holds"]),
            payload=row["payload"],
            ordinal=row["ordinal"],
            received_at=row["received_at"],
            since=row["since"],
            attempts=row["attempts"],
            unsure=row["attempts"] > 0 and _unsure(connection, row),
            overtaken=self._overtaken(connection, row),
        )

    def _overtaken(self, connection: Connection, row: RowMapping) -> bool:
        """Return whether a later submission of the same child was ever sent."""
        c = t.submission.c
        lanes = self._lanes_of(connection, row)
        if not lanes:
            return False
        later = (
            select(c.seq)
            .where(c.agency == row["agency"], c.lane.in_(lanes), c.seq > row["seq"], c.attempts > 0)
            .limit(1)
        )
        return connection.execute(later).first() is not None

    def _lanes_of(self, connection: Connection, row: RowMapping) -> Collection[int]:
        """Return the lanes of the submission's child; what never had one is found by the child's identifiers."""
        if row["lane"] is not None:
            children = {
                connection.execute(
                    select(t.lane.c.child).where(t.lane.c.agency == row["agency"], t.lane.c.id == row["lane"])
                ).scalar_one()
            }
        else:
            children = self._children_named(connection, row["agency"], self._assessment(row))
        everyone = {member for family in families(connection, children).values() for member in family}
        return (
            connection.scalars(
                select(t.lane.c.id).where(t.lane.c.agency == row["agency"], t.lane.c.child.in_(everyone))
            ).all()
            if everyone
            else ()
        )

    def _children_named(self, connection: Connection, agency: str, assessment: Assessment) -> set[str]:
        c = t.child_identifier.c
        named = [
            and_(c.kind == kind, c.digest == self._vault.digest("child", agency, kind, text))
            for kind in CHILD_KINDS
            if (text := assessment.text(kind))
        ]
        if not named:
            return set()
        return set(connection.scalars(select(c.child).where(c.agency == agency, or_(*named))))


def _unsure(connection: Connection, row: RowMapping) -> bool:
    """Return whether a send since the key was last fresh may have arrived, and the state has not said since that it lacks it."""
    c = t.attempt.c
    of_it = (c.agency == row["agency"], c.submission == row["id"], c.started_at >= (row["first_sent_at"] or 0))
    ended_in_doubt = or_(c.outcome.is_(None), c.outcome == _UNSURE)
    query = select(func.max(c.seq)).where(*of_it)
    unsure = connection.execute(query.where(c.kind == "send", ended_in_doubt)).scalar()
    lacking = connection.execute(query.where(c.outcome == _NOT_THERE)).scalar()
    return unsure is not None and (lacking is None or lacking < unsure)


def _chosen(selection: Selection) -> Select[Any]:
    c = t.submission.c
    tests: list[ColumnElement[bool]] = [c.state.in_(selection.states or CHOSEN_AMONG), c.erased_at.is_(None)]
    if selection.agency is not None:
        tests.append(c.agency == selection.agency)
    if selection.causes:
        tests.append(or_(*map(caused, selection.causes)))
    if selection.programme is not None:
        tests.append(c.programme == selection.programme)
    if selection.received_from is not None:
        tests.append(c.received_at >= selection.received_from)
    if selection.received_before is not None:
        tests.append(c.received_at < selection.received_before)
    if selection.ids:
        tests.append(c.id.in_(selection.ids))
    return select(t.submission).where(*tests)


def caused(cause: StuckCause | HoldCause) -> ColumnElement[bool]:
    """Return what is stuck or held for this cause."""
    c = t.submission.c
    if isinstance(cause, StuckCause):
        return and_(c.state == State.STUCK, c.cause == cause)
    words = literal(" ") + c.holds + literal(" ")
    return and_(c.state == State.HELD, words.contains(f" {cause} ", autoescape=True))
