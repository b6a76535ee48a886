"""Writing down: a payload, its submissions and the answer to its request, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, and_, bindparam, exists, insert, or_, select, update

from canonical.errors import ConfigurationError, Erased
from canonical.finding import HoldCause
from canonical.payload import Payload
from canonical.submission import LANE_WAITS_BEHIND, State
from service.audit.deed import moved
from service.clock import to_milliseconds
from service.deadlines import too_late_at
from service.outbox import schema as t
from service.outbox.children import Child, Children
from service.outbox.crowd import batched, before_in_lane
from service.outbox.engine import in_turn, reading, writing
from service.outbox.lanes import locked
from service.outbox.outbox import (
    AnswerTo,
    Draft,
    Entry,
    KeyReused,
    Reply,
    Request,
)
from service.outbox.papers import Papers, papers
from service.outbox.programmes import programme
from service.outbox.rows import MOVING, as_entry, read_holds, write_holds
from service.outbox.state_keys import key_for
from service.outbox.withdrawals import guarded
from service.refusals import another_child, taken

_INTAKE: Final = "intake"
#: What may be judged again: it waits with us, and was not given to a worker.
_NOT_GONE: Final = (State.HELD, State.READY)
#: What a person closes from here is with the state or in the Virtual Gateway: its document does not come again.
_NOT_HERE: Final = (State.STUCK, State.HANDED_OFF, State.PENDING, State.SUSPENDED)
_S, _L, _R, _E = t.submission.c, t.lane.c, t.request.c, t.event.c
# What every arrival runs is laid out once: to lay a statement out costs SQLAlchemy about as much as to run it.
_ANSWERED: Final = select(t.request).where(
    _R.agency == bindparam("agency"), _R.endpoint == bindparam("endpoint"), _R.key_digest == bindparam("key")
)
_CLOSED_THERE: Final = exists().where(
    _E.submission == _S.id, _E.became == State.CLOSED, or_(*(_E.was == state for state in _NOT_HERE))
)
#: On its way, accepted, or with the state by a person's word.
_TAKEN_IN: Final = or_(
    and_(*(_S.state != state for state in t.FREE_AGAIN)), and_(_S.state == State.CLOSED, _CLOSED_THERE)
)
#: Every submission of a document, the newest first.
_SAME_DOCUMENT: Final = (
    select(
        _S.id,
        _S.content_digest,
        _S.state,
        _S.attempts,
        _S.lane,
        _S.idempotency_key,
        _TAKEN_IN.label("taken_in"),
    )
    .where(_S.agency == bindparam("agency"), _S.document_digest == bindparam("document"))
    .order_by(_S.seq.desc())
)
_LANE: Final = select(_L.id).where(
    _L.destination == bindparam("destination"), _L.agency == bindparam("agency"), _L.child == bindparam("child")
)
_NEW_LANE: Final = insert(t.lane).returning(_L.id)
_NEXT_DUE: Final = (
    update(t.child)
    .where(t.child.c.agency == bindparam("whose"), t.child.c.id == bindparam("of"))
    .values(next_due_at=bindparam("due"))
)
_WRITE_PAYLOAD, _WRITE, _WRITE_ANSWER = insert(t.payload), insert(t.submission), insert(t.request)
#: What a row says of a submission that nothing has happened to yet.
_UNTOUCHED: Final = dict.fromkeys(("verdict", "tracking_id", "vouched", "escalated_at", "cause")) | {"attempts": 0}


@dataclass(frozen=True, slots=True)
class _Accepted:
    """What became of one draft."""

    id: str
    #: The submission as it was written down; None where its document was on its way already.
    entry: Entry | None = None
    #: True where others may wait before it in its lane.
    queues: bool = False


class Receiving(Children):
    """Nothing is answered before it is written down."""

    def put(
        self,
        payload: Payload,
        format: str,
        drafts: Sequence[Draft],
        *,
        request: Request | None,
        answer: AnswerTo,
    ) -> Reply:
        """Write down a payload, its submissions and the answer in one transaction (see ``Outbox.put``)."""
        agency = _agency_of(payload)
        payload_id = payload.name.removeprefix("payload:")
        sealed = self._sealed_payload(agency, payload)
        prepared = [(draft, papers(agency, draft, self._vault, self._new_id)) for draft in drafts]
        with writing(self._engine, agency) as connection:
            in_turn(connection, agency)
            if request and (earlier := self._answered(connection, agency, request)):
                return earlier
            self._insert_payload(connection, payload_id, agency, format, sealed)
            if len(drafts) > 1:
                locked(connection, self._lanes_to_join(connection, agency, drafts))
            done = [self._take_in(connection, payload_id, agency, n, *one) for n, one in enumerate(prepared)]
            status, content = answer(self._told(connection, agency, done))
            if request:
                self._insert_request(connection, agency, request, status, content, payload_id)
        return Reply(status=status, content=content)

    def answered(self, agency: str, request: Request) -> Reply | None:
        """Return the answer of an earlier request with this key (see ``Outbox.answered``)."""
        with reading(self._engine, agency) as connection:
            return self._answered(connection, agency, request)

    def asked_before(self, agency: str, endpoint: str, key: str) -> bool:
        """Return whether a request with this key was answered before, whatever its body was."""
        c = t.request.c
        mine = (c.agency == agency, c.endpoint == endpoint, c.key_digest == self._vault.digest("request", key))
        with reading(self._engine, agency) as connection:
            return connection.execute(select(c.status).where(*mine)).first() is not None

    def rejudge(self, agency: str, submission: str, draft: Draft, *, was: State = State.HELD) -> bool:
        """Give a submission that has not left its new report (see ``Outbox.rejudge``)."""
        with writing(self._engine, agency) as connection:
            row = self._own(connection, submission)
            if row is None or was not in _NOT_GONE or row["agency"] != agency or State(row["state"]) is not was:
                return False
            connection.execute(
                update(t.submission)
                .where(t.submission.c.id == submission)
                .values(**self._judged(connection, row, draft), programme=programme(draft))
            )
            if draft.state is not was or draft.holds != read_holds(row["holds"]):
                self._move(connection, submission, was, draft.state, _INTAKE, draft.why)
            self._wake(connection, row["lane"])
        return True

    def _answered(self, connection: Connection, agency: str, request: Request) -> Reply | None:
        named = {"agency": agency, "endpoint": request.endpoint, "key": self._vault.digest("request", request.key)}
        row = connection.execute(_ANSWERED, named).mappings().first()
        if row is None:
            return None
        if not row["sealed_answer"]:
            raise Erased
        if row["body_digest"] != self._vault.digest("body", request.body):
            raise KeyReused
        content = self._vault.open(row["sealed_answer"], "answer", agency, row["key_digest"])
        return Reply(status=row["status"], content=content, replayed=True)

    def _insert_request(
        self, connection: Connection, agency: str, request: Request, status: int, content: bytes, payload: str
    ) -> None:
        key = self._vault.digest("request", request.key)
        connection.execute(
            _WRITE_ANSWER,
            {
                "agency": agency,
                "endpoint": request.endpoint,
                "key_digest": key,
                "body_digest": self._vault.digest("body", request.body),
                "received_at": self._now(connection),
                "status": status,
                "sealed_answer": self._vault.seal(content, "answer", agency, key),
                "payload": payload,
            },
        )

    def _sealed_payload(self, agency: str, payload: Payload) -> dict[str, Any]:
        """Return the columns of a payload's row that hold it, under a data key of its own, and its day."""
        id_ = payload.name.removeprefix("payload:")
        keys = self._vault.new_key(agency, id_)
        day = None if payload.day is None else payload.day.isoformat()
        sealed = self._vault.seal(payload.content, "payload", agency, id_, key=keys["data_key"])
        return {"sealed": sealed, "day": day, **keys}

    def _insert_payload(
        self, connection: Connection, id_: str, agency: str, format_: str, sealed: Mapping[str, Any]
    ) -> None:
        connection.execute(
            _WRITE_PAYLOAD,
            {"id": id_, "agency": agency, "format": format_, "received_at": self._now(connection), **sealed},
        )

    def _accept(self, connection: Connection, payload: str, agency: str, ordinal: int, draft: Draft) -> str:
        """Write down one submission, unless its document is on its way already; return the submission's id."""
        prepared = papers(agency, draft, self._vault, self._new_id)
        return self._take_in(connection, payload, agency, ordinal, draft, prepared).id

    def _take_in(
        self, connection: Connection, payload: str, agency: str, ordinal: int, draft: Draft, own: Papers
    ) -> _Accepted:
        earlier = () if draft.state is State.BLOCKED else _same_document(connection, agency, own.document_digest)
        if known := next((row for row in earlier if row["taken_in"]), None):
            if known["content_digest"] == own.content_digest:
                return _Accepted(known["id"])
            if State(known["state"]) is State.HELD and known["attempts"] == 0:
                self._supersede(connection, known)
            else:
                draft = _refused(draft)
        lane, deadline, fresh, state_key = None, None, False, own.idempotency_key
        if draft.state is not State.BLOCKED:
            due = None if draft.next_due is None else to_milliseconds(too_late_at(draft.next_due))
            child = self._child(connection, agency, draft.assessment, due)
            deadline = self._deadline(connection, agency, child, due)
            draft = guarded(connection, child.id, _doubtful(draft) if child.doubtful else draft)
            lane, fresh = self._lane(connection, agency, child, draft.state, deadline)
            state_key = key_for(connection, self._vault, agency, own.document_digest, earlier)
        now = self._now(connection)
        row = {
            "id": own.id,
            "agency": agency,
            "payload": payload,
            "ordinal": ordinal,
            "lane": lane,
            "state": draft.state,
            "holds": write_holds(draft.holds),
            **self._clocks(connection, None, draft.holds),
            "sealed_document_id": own.sealed_document_id,
            "document_digest": own.document_digest,
            "content_digest": own.content_digest,
            "spec": draft.report.judged_by.spec if draft.report.judged_by else None,
            "idempotency_key": state_key,
            **own.keys,
            "received_at": now,
            "updated_at": now,
            "since": now,
            "programme": programme(draft),
            "deadline_at": deadline,
            "corrects": draft.corrects,
            "sealed_assessment": own.sealed_assessment,
            "sealed_report": own.report_of(draft, self._vault),
        }
        connection.execute(_WRITE, row)
        self._tell_arrival(connection, agency, own.id, draft, now)
        if lane is not None and not fresh:
            self._wake(connection, lane)
        entry = as_entry(_UNTOUCHED | row, draft.assessment.text("DOCUMENT_ID") or "")
        queues = lane is not None and not fresh and draft.state in LANE_WAITS_BEHIND
        return _Accepted(own.id, replace(entry, report=draft.report), queues)

    def _tell_arrival(self, connection: Connection, agency: str, id_: str, draft: Draft, now: int) -> None:
        """Tell that it came and what became of it: two moves at one moment, which nobody saw between."""
        moves = (
            (None, State.RECEIVED, "The payload was written down."),
            (State.RECEIVED, draft.state, draft.why),
        )
        told = {"of": id_, "at": now, "actor": _INTAKE, "note": None}
        self._add_events(connection, [{**told, "was": was, "became": then, "why": why} for was, then, why in moves])
        self._audit.note_all(connection, [moved(id_, was, then, _INTAKE, agency=agency) for was, then, _ in moves])

    def _supersede(self, connection: Connection, held: RowMapping) -> None:
        """Let a repaired export take the place of what waits for that repair and has never left."""
        why = "The sender repaired it: the same document came again with other answers before this one left."
        self._move(connection, held["id"], State.HELD, State.SUPERSEDED, _INTAKE, why)
        connection.execute(update(t.submission).where(t.submission.c.id == held["id"]).values(holds=""))
        self._wake(connection, held["lane"])

    def _deadline(self, connection: Connection, agency: str, child: Child, own: int | None) -> int | None:
        """Return the day by which it should be with the state, and remember by when the next one should.

        That is the day on which it fell due by the assessment before it; of the first that we know, the day on which its
        own successor falls due (our assumption: docs/adr/0016).
        """
        if own is None:
            return child.next_due_at
        if not child.fresh and (child.next_due_at is None or own > child.next_due_at):
            connection.execute(_NEXT_DUE, {"whose": agency, "of": child.id, "due": own})
        return own if child.next_due_at is None else min(own, child.next_due_at)

    def _lanes_to_join(self, connection: Connection, agency: str, drafts: Sequence[Draft]) -> set[int]:
        """Return the lanes that these drafts will join: several are locked at once, in everybody's order, or never met."""
        children = {child for draft in drafts for child in self._known_children(connection, agency, draft.assessment)}
        c = t.lane.c
        return set(connection.scalars(select(c.id).where(c.agency == agency, c.child.in_(children))))

    def _lane(
        self, connection: Connection, agency: str, child: Child, state: State, deadline: int | None
    ) -> tuple[int, bool]:
        """Return the child's lane, and whether it was made now: one that is made now is due as its first submission is."""
        named = {"destination": self._destination, "agency": agency, "child": child.id}
        found = None if child.fresh else connection.execute(_LANE, named).scalar()
        if found is not None:
            return int(found), False
        row = {
            **named,
            "due_at": self._now(connection) if state in MOVING else None,
            "deadline_at": t.NEVER if deadline is None else deadline,
        }
        return int(connection.execute(_NEW_LANE, row).scalar_one()), True

    def _told(self, connection: Connection, agency: str, done: Sequence[_Accepted]) -> Sequence[Entry]:
        """Return the submissions as they stand now: one alone as it was written, for nothing has touched it since.

        Of several, one may have taken the place of another, so they are read.
        """
        ids = [one.id for one in done]
        if len(done) > 1 or (alone := done[0].entry if done else None) is None:
            return self._entries(connection, agency, ids)
        ahead = before_in_lane(connection, agency, ids).get(alone.id, 0) if done[0].queues else 0
        return [replace(alone, ahead=ahead)]

    def _entries(self, connection: Connection, agency: str, ids: Sequence[str]) -> list[Entry]:
        """Return these submissions in this order, each with its report and the number of those before it in its lane."""
        c = t.submission.c
        rows: dict[str, RowMapping] = {}
        ahead: dict[str, int] = {}
        for some in batched(ids):
            found = connection.execute(select(t.submission).where(c.agency == agency, c.id.in_(some))).mappings()
            rows |= {row["id"]: row for row in found}
            ahead |= before_in_lane(connection, agency, some)
        return [
            replace(self._as_entry(rows[id_]), ahead=ahead.get(id_, 0), report=self._report(rows[id_])) for id_ in ids
        ]


def _agency_of(payload: Payload) -> str:
    if payload.agency is None:
        raise ConfigurationError("A payload without an agency cannot be written down.")
    return payload.agency


def on_its_way(connection: Connection, agency: str, document: str, besides: str = "") -> RowMapping | None:
    """Return the submission that carries this document already: on its way, accepted, or with the state by a person's word."""
    rows = _same_document(connection, agency, document)
    return next((row for row in rows if row["taken_in"] and row["id"] != besides), None)


def _same_document(connection: Connection, agency: str, document: str) -> Sequence[RowMapping]:
    return connection.execute(_SAME_DOCUMENT, {"agency": agency, "document": document}).mappings().all()


def _doubtful(draft: Draft) -> Draft:
    """Hold a draft whose MassHealth ID belongs to another child: filed there, it would be lost for this one."""
    report = replace(draft.report, findings=(*draft.report.findings, another_child(draft.assessment)))
    if draft.state is State.HANDED_OFF:
        return replace(draft, report=report)
    holds = tuple(dict.fromkeys((*draft.holds, HoldCause.IDENTITY)))
    return replace(
        draft, report=report, state=State.HELD, holds=holds, why="Its MassHealth ID belongs to another child."
    )


def _refused(draft: Draft) -> Draft:
    """Block a draft whose document is on its way already with other answers."""
    report = replace(draft.report, findings=(*draft.report.findings, taken(draft.assessment)))
    return Draft(
        assessment=draft.assessment,
        report=report,
        state=State.BLOCKED,
        why="Its document is on its way already, with other answers.",
    )
