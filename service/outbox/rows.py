"""The rows of the outbox: how they are read, how a submission moves, how a lane is woken."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, LargeBinary, RowMapping, bindparam, insert, select, update

from canonical.assessment import Assessment
from canonical.finding import HoldCause, Report
from canonical.submission import State, StuckCause, check_move
from canonical.verdict import Verdict
from service.audit.audit import Audit
from service.audit.deed import moved
from service.clock import Clock, from_milliseconds, to_milliseconds
from service.identifiers import NewId
from service.outbox import records
from service.outbox import schema as t
from service.outbox.announcing import announce
from service.outbox.lanes import heads, set_due
from service.outbox.outbox import Draft, Entry
from service.tenants.connections import own
from service.vault import Vault
from specs.patience import USUAL, Patience

#: States from which a lane's head may be taken out.
MOVING: Final = (State.READY, State.SENDING, State.IN_DOUBT)


#: An event is of the agency whose submission it is about, whoever tells it.
_TELL: Final = insert(t.event).values(
    agency=select(t.submission.c.agency).where(t.submission.c.id == bindparam("of")).scalar_subquery(),
    submission=bindparam("of"),
    sealed_note=bindparam("note", type_=LargeBinary()),
)


#: Tells the time within a transaction.
Moment = Callable[[Connection], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadRules:
    """What holds for the road to the destination today, over all nodes together."""

    #: Under way at once, at most.
    max_in_flight: int = 64
    #: Begun in a second, at most; None for any number.
    per_second: float | None = None
    patience: Patience = USUAL
    #: Whether the next of a lane waits for a pending verdict.
    behind_pending: bool = False


class Rows:
    """What every part of the outbox shares: how rows are read, how a submission moves, how a lane is woken."""

    def __init__(
        self,
        engine: Engine,
        vault: Vault,
        *,
        destination: str,
        clock: Clock,
        new_id: NewId,
        moment: Moment | None = None,
        rules: Callable[[], RoadRules] = RoadRules,
        rng: random.Random | None = None,
    ) -> None:
        """Work on this engine, already at the schema of this release."""
        self._engine = engine
        self._vault = vault
        self._destination = destination
        self._moment = moment or (lambda _: to_milliseconds(clock()))
        self._new_id = new_id
        self._rules = rules
        self._audit = Audit(vault, self._now)
        self._rng = rng or random.Random()  # noqa: S311 - whose turn it is; guards nothing

    def _lane_row(self, connection: Connection, lane: int) -> RowMapping:
        """Lock and return a lane: whoever settles it and whoever adds to it must see each other's work."""
        query = select(t.lane).where(t.lane.c.id == lane, *own(connection, t.lane))
        return connection.execute(query.with_for_update()).mappings().one()

    def _row(self, connection: Connection, id_: str, *, lock: bool = False) -> RowMapping:
        query = select(t.submission).where(t.submission.c.id == id_, *own(connection, t.submission))
        return connection.execute(query.with_for_update() if lock else query).mappings().one()

    def _own(self, connection: Connection, id_: str) -> RowMapping | None:
        """Lock a submission and return it; None where the tenant has none of that id. Its lane first: everybody locks so."""
        mine = select(t.submission.c.lane).where(t.submission.c.id == id_, *own(connection, t.submission))
        found = connection.execute(mine).first()
        if found is None:
            return None
        if found.lane is not None:
            self._lane_row(connection, found.lane)
        return self._row(connection, id_, lock=True)

    def _locked(self, connection: Connection, id_: str) -> RowMapping:
        """Lock a submission that is there, and return it."""
        row = self._own(connection, id_)
        if row is None:
            raise LookupError
        return row

    def _wake(self, connection: Connection, lane: int) -> None:
        """Let the lane's head leave, unless a worker holds the lane, it is due already, or its head must stay."""
        row = self._lane_row(connection, lane)
        found = heads(connection, [lane], behind_pending=self._rules().behind_pending)
        head = found.get(lane)
        if row["owner"] is not None:
            return
        if row["due_at"] is None and head is not None and head.state in MOVING:
            set_due(connection, {lane: self._now(connection)}, found)
        elif head is not None and head.deadline_at != row["deadline_at"]:
            mine = (t.lane.c.id == lane, *own(connection, t.lane))
            connection.execute(update(t.lane).where(*mine).values(deadline_at=head.deadline_at))

    def _move(
        self,
        connection: Connection,
        id_: str,
        was: State,
        then: State,
        actor: str,
        why: str,
        sealed_note: bytes | None = None,
    ) -> None:
        """Make one legal move and tell it."""
        check_move(was, then)
        now = self._now(connection)
        since = {} if was is then else {"since": now}
        mine = (t.submission.c.id == id_, *own(connection, t.submission))
        connection.execute(update(t.submission).where(*mine).values(state=then, updated_at=now, **since))
        self._tell(connection, id_, was, then, actor, why, sealed_note)

    def _tell(
        self,
        connection: Connection,
        id_: str,
        was: State | None,
        then: State,
        actor: str,
        why: str,
        sealed_note: bytes | None = None,
    ) -> None:
        event = {"of": id_, "at": self._now(connection), "was": was, "became": then, "actor": actor, "why": why}
        self._add_events(connection, [{**event, "note": sealed_note}])
        self._audit.note(connection, moved(id_, was, then, actor, sealed_note))

    def _add_events(self, connection: Connection, events: Sequence[Mapping[str, Any]]) -> None:
        """Add to histories, and announce it to whoever wants to know: nothing else writes an event."""
        connection.execute(_TELL, events)
        announce(connection, events, self._new_id)

    def _clocks(
        self, connection: Connection, row: RowMapping | None, holds: Iterable[HoldCause]
    ) -> dict[str, int | None]:
        """Return since when a name change is waited for; other causes have no such clock."""
        if HoldCause.NAME_CHANGE not in holds:
            return {"name_change_since": None, "escalated_at": None}
        since = None if row is None else row["name_change_since"]
        return {"name_change_since": self._now(connection) if since is None else since}

    def _judged(self, connection: Connection, row: RowMapping, draft: Draft) -> dict[str, object]:
        """Return what a new judgement changes in a submission's row."""
        return {
            "sealed_report": self._sealed_report(row, draft.report),
            "holds": write_holds(draft.holds),
            "spec": draft.report.judged_by.spec if draft.report.judged_by else None,
            **self._clocks(connection, row, draft.holds),
        }

    def _report(self, row: RowMapping) -> Report:
        sealed = row["sealed_report"]
        return records.read_report(self._vault.open(sealed, "report", row["agency"], row["id"], key=row["data_key"]))

    def _sealed_report(self, row: RowMapping, report: Report) -> bytes:
        plain = records.write_report(report)
        return self._vault.seal(plain, "report", row["agency"], row["id"], key=row["data_key"])

    def _entry(self, connection: Connection, agency: str, id_: str) -> Entry:
        row = self._row(connection, id_)
        if row["agency"] != agency:
            raise LookupError
        return self._as_entry(row)

    def _as_entry(self, row: RowMapping) -> Entry:
        return as_entry(row, self._document(row).decode())

    def _document(self, row: RowMapping) -> bytes:
        """Return the agency's own name of the document; nothing, where the record was erased."""
        if row["erased_at"] is not None:
            return b""
        return self._vault.open(row["sealed_document_id"], "document", row["agency"], row["id"], key=row["data_key"])

    def _assessment(self, row: RowMapping) -> Assessment:
        plain = self._vault.open(row["sealed_assessment"], "assessment", row["agency"], row["id"], key=row["data_key"])
        return records.read_assessment(plain)

    def _now(self, connection: Connection) -> int:
        """Return the moment in milliseconds: the database's own where many hosts share it, else this host's."""
        return self._moment(connection)


def as_entry(row: Mapping[str, Any] | RowMapping, document_id: str) -> Entry:
    """Return a submission's row, with what the agency calls its document, as it is told."""
    return Entry(
        id=row["id"],
        agency=row["agency"],
        document_id=document_id,
        payload=row["payload"],
        ordinal=row["ordinal"],
        state=State(row["state"]),
        holds=read_holds(row["holds"]),
        attempts=row["attempts"],
        verdict=Verdict(row["verdict"]) if row["verdict"] else None,
        receipt=row["tracking_id"],
        received_at=from_milliseconds(row["received_at"]),
        updated_at=from_milliseconds(row["updated_at"]),
        vouched=read_holds(row["vouched"] or ""),
        name_change_since=_moment(row["name_change_since"]),
        escalated_at=_moment(row["escalated_at"]),
        since=_moment(row["since"]),
        cause=StuckCause(row["cause"]) if row["cause"] else None,
        programme=row["programme"],
        deadline=_moment(row["deadline_at"]),
        corrects=row["corrects"],
    )


def _moment(at: int | None) -> datetime | None:
    return None if at is None else from_milliseconds(at)


def milliseconds(span: timedelta) -> int:
    """Return a span in the unit of the outbox's times."""
    return round(span.total_seconds() * 1000)


def write_holds(holds: Iterable[HoldCause]) -> str:
    """Return the causes as one column holds them."""
    return " ".join(holds)


def read_holds(text: str) -> tuple[HoldCause, ...]:
    """Return what ``write_holds`` wrote."""
    return tuple(HoldCause(cause) for cause in text.split())
