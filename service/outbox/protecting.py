"""42 CFR Part 2: what is protected leaves with the scope of a consent, or not at all. Asked inside the lease itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, bindparam, func, or_, select, update

from canonical.assessment import Assessment
from canonical.errors import EcasBridgeError
from canonical.finding import HoldCause
from canonical.notice import Notice, Protection
from canonical.submission import State
from service.clock import from_milliseconds, to_milliseconds
from service.deadlines import today, too_late_at
from service.outbox import schema as t
from service.outbox.rows import Rows, write_holds
from service.outbox.withdrawals import families
from service.tenants.connections import own, tenant_of
from service.tenants.tenant import Wide

_P, _C, _W = t.part_two.c, t.consent_scope.c, t.withdrawal.c
_WHY: Final = "42 CFR Part 2 protects it, and no consent covers sending it."
#: Asked at every intake and every exchange: laid out once.
_LINES: Final = select(t.part_two).where(_P.agency.in_(bindparam("agencies", expanding=True)))


class ScopeGone(EcasBridgeError):
    """A submission was in doubt, and meanwhile nothing allows a protected record to be sent: it is not sent again."""


class Protecting(Rows):
    """A record is protected if its programme was one on the day of the assessment, or is one at the moment of sending."""

    def _without_scope(
        self, connection: Connection, rows: Mapping[int, RowMapping], lanes: Mapping[int, RowMapping], now: int
    ) -> set[int]:
        """Hold what is ready, protected and covered by no consent, and return its lanes."""
        ready = {lane: row for lane, row in rows.items() if State(row["state"]) is State.READY}
        lines = lines_of(connection, {row["agency"] for row in ready.values()})
        found = {
            lane: self._found(connection, lines.get(row["agency"], ()), row, lanes[lane]["child"], now)
            for lane, row in ready.items()
        }
        bare = {lane for lane, protection in found.items() if protection is not None and protection.notice is None}
        for row in (ready[lane] for lane in bare):
            mine = (t.submission.c.agency == row["agency"], t.submission.c.id == row["id"])
            causes = write_holds((HoldCause.PART_TWO,))
            connection.execute(update(t.submission).where(*mine).values(holds=causes))
            self._move(connection, row["id"], State.READY, State.HELD, "part two", _WHY)
        return bare

    def _notices(
        self,
        connection: Connection,
        rows: Mapping[int, RowMapping],
        lanes: Mapping[int, Any],
        last: Mapping[str, datetime],
        now: int,
    ) -> dict[int, Notice]:
        """Return what must go with each: of what is in doubt, as of the send that is; it is that document we ask about."""
        lines = lines_of(connection, {row["agency"] for row in rows.values()})
        notices = {}
        for key, row in rows.items() if lines else ():
            at = to_milliseconds(last[row["id"]]) if row["id"] in last else now
            child = lanes[key]["child"] if key in lanes else None
            protection = self._found(connection, lines.get(row["agency"], ()), row, child, at)
            if protection is not None and protection.notice is not None:
                notices[key] = protection.notice
        return notices

    def _children_of(self, connection: Connection, rows: Sequence[RowMapping]) -> dict[int, Any]:
        """Return whose each submission is, by its sequence; of what has no lane nobody knows."""
        lanes = {row["lane"]: row["seq"] for row in rows if row["lane"] is not None}
        found = select(t.lane.c.id, t.lane.c.child).where(t.lane.c.id.in_(lanes), *own(connection, t.lane))
        by_lane = {row["id"]: row for row in connection.execute(found).mappings()}
        return {row["seq"]: by_lane[row["lane"]] for row in rows if row["lane"] in by_lane}

    def _protection_of(self, connection: Connection, row: RowMapping, child: str, at: int) -> Protection | None:
        """Return what Part 2 asks of one submission at a moment."""
        lines = lines_of(connection, {row["agency"]})
        return self._found(connection, lines.get(row["agency"], ()), row, child, at)

    def _found(
        self, connection: Connection, lines: Sequence[RowMapping], row: RowMapping, child: str | None, at: int
    ) -> Protection | None:
        if not lines or not protects(lines, row["programme"], self._assessment(row), at):
            return None
        return self._protection(connection, row["agency"], child, at)

    def _protection(self, connection: Connection, agency: str, child: str | None, at: int) -> Protection:
        """Return the newest consent that covers sending a child's record at a moment."""
        if child is None:
            return Protection(notice=None)
        family = families(connection, [child]).get(child, frozenset({child}))
        theirs = (_C.agency == agency, _C.child.in_(family), _C.recipient == self._destination)
        gone = select(func.max(_W.withdrawn_at)).where(_W.agency == agency, _W.child.in_(family), _W.withdrawn_at <= at)
        withdrawn_at = connection.execute(gone).scalar()
        day = today(from_milliseconds(at)).isoformat()
        query = (
            select(t.consent_scope)
            .where(
                *theirs,
                _C.recorded_at <= at,
                _C.recorded_at > (-1 if withdrawn_at is None else withdrawn_at),
                _C.given_on <= day,
                or_(_C.expires_on.is_(None), _C.expires_on >= day),
                _C.sealed_purpose.is_not(None),
            )
            .order_by(_C.seq.desc())
            .limit(1)
        )
        row = connection.execute(query).mappings().first()
        if row is None:
            return Protection(notice=None)
        purpose = self._vault.open(row["sealed_purpose"], "consent purpose", agency, row["id"]).decode()
        expires_on = row["expires_on"]
        return Protection(
            notice=Notice(
                purpose=purpose,
                recipient=row["recipient"],
                given_on=date.fromisoformat(row["given_on"]),
                expires_on=None if expires_on is None else date.fromisoformat(expires_on),
            )
        )


def protects(lines: Sequence[RowMapping], programme: str, assessment: Assessment, at: int) -> bool:
    """Return whether these lines of an agency protect a record that would leave at a moment.

    What was made while the programme was a Part 2 program stays protected when it is one no more. A record that names no
    programme may be of any: one protected programme protects it.
    """
    moments = [at] if (assessed := _assessed(assessment)) is None else [at, assessed]
    return any(_in_force(lines, programme, moment, known_at=at) for moment in moments)


def _in_force(lines: Sequence[RowMapping], programme: str, moment: int, *, known_at: int) -> bool:
    by_programme: dict[str, bool] = {}
    for line in sorted(lines, key=lambda line: (line["starts_at"], line["seq"])):
        if line["starts_at"] <= moment and line["set_at"] <= known_at:
            by_programme[line["programme"]] = line["protected"]
    if not programme:
        return any(by_programme.values())
    return by_programme.get(programme, by_programme.get("", False))


def _assessed(assessment: Assessment) -> int | None:
    """Return the last moment of the day of the assessment."""
    try:
        return to_milliseconds(too_late_at(date.fromisoformat(assessment.text("ASSESSMENT_DATE") or ""))) - 1
    except (ValueError, OverflowError):
        return None


def lines_of(connection: Connection, agencies: Collection[str]) -> dict[str, list[RowMapping]]:
    """Return what was said of these agencies; most deployments have none of it, and ask nothing more."""
    found: dict[str, list[RowMapping]] = {}
    tenant = tenant_of(connection)
    mine = [agency for agency in agencies if isinstance(tenant, Wide) or agency == tenant]
    if mine:
        for row in connection.execute(_LINES, {"agencies": mine}).mappings():
            found.setdefault(row["agency"], []).append(row)
    return found
