"""Writing down: a payload, its submissions and the answer to its request, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, and_, exists, insert, or_, select, update

from canonical.errors import ConfigurationError, Erased
from canonical.finding import HoldCause, Report
from canonical.payload import Payload
from canonical.submission import State
from service.clock import to_milliseconds
from service.deadlines import too_late_at
from service.outbox import records
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
from service.outbox.rows import MOVING, read_holds, write_holds
from service.outbox.state_keys import key_for
from service.outbox.withdrawals import guarded
from service.refusals import another_child, taken

_INTAKE: Final = "intake"
#: The item that names the programme, as far as the provisional package knows one.
_PROGRAMME: Final = "SERVICE"
#: What may be judged again: it waits with us, and was not given to a worker.
_NOT_GONE: Final = (State.HELD, State.READY)
#: What a person closes from here is with the state or in the Virtual Gateway: its document does not come again.
_NOT_HERE: Final = (State.STUCK, State.HANDED_OFF, State.PENDING, State.SUSPENDED)


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
            ids = [self._accept(connection, payload_id, agency, n, *one) for n, one in enumerate(prepared)]
            status, content = answer(self._entries(connection, agency, ids))
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
            sealed = self._vault.seal(
                records.write_report(draft.report), "report", agency, submission, key=row["data_key"]
            )
            connection.execute(
                update(t.submission)
                .where(t.submission.c.id == submission)
                .values(
                    sealed_report=sealed,
                    holds=write_holds(draft.holds),
                    **self._clocks(connection, row, draft.holds),
                    spec=draft.report.judged_by.spec if draft.report.judged_by else None,
                )
            )
            if draft.state is not was or draft.holds != read_holds(row["holds"]):
                self._move(connection, submission, was, draft.state, _INTAKE, draft.why)
            self._wake(connection, row["lane"])
        return True

    def _answered(self, connection: Connection, agency: str, request: Request) -> Reply | None:
        row = (
            connection.execute(
                select(t.request).where(
                    t.request.c.agency == agency,
                    t.request.c.endpoint == request.endpoint,
                    t.request.c.key_digest == self._vault.digest("request", request.key),
                )
            )
            .mappings()
            .first()
        )
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
            insert(t.request).values(
                agency=agency,
                endpoint=request.endpoint,
                key_digest=key,
                body_digest=self._vault.digest("body", request.body),
                received_at=self._now(connection),
                status=status,
                sealed_answer=self._vault.seal(content, "answer", agency, key),
                payload=payload,
            )
        )

    def _sealed_payload(self, agency: str, payload: Payload) -> dict[str, Any]:
        """Return the columns of a payload's row that hold it, under a data key of its own."""
        id_ = payload.name.removeprefix("payload:")
        keys = self._vault.new_key(agency, id_)
        return {"sealed": self._vault.seal(payload.content, "payload", agency, id_, key=keys["data_key"]), **keys}

    def _insert_payload(
        self, connection: Connection, id_: str, agency: str, format_: str, sealed: Mapping[str, Any]
    ) -> None:
        connection.execute(
            insert(t.payload),
            {"id": id_, "agency": agency, "format": format_, "received_at": self._now(connection), **sealed},
        )

    def _accept(
        self,
        connection: Connection,
        payload: str,
        agency: str,
        ordinal: int,
        draft: Draft,
        prepared: Papers | None = None,
    ) -> str:
        """Write down one submission, unless its document is on its way already; return the submission's id."""
        own = prepared or papers(agency, draft, self._vault, self._new_id)
        if draft.state is not State.BLOCKED and (known := on_its_way(connection, agency, own.document_digest)):
            if known["content_digest"] == own.content_digest:
                return str(known["id"])
            if State(known["state"]) is State.HELD and known["attempts"] == 0:
                self._supersede(connection, known)
            else:
                draft = _refused(draft)
        lane, deadline, fresh = None, None, False
        if draft.state is not State.BLOCKED:
            child = self._child(connection, agency, draft.assessment)
            deadline = self._deadline(connection, child, draft)
            draft = guarded(connection, child.id, _doubtful(draft) if child.doubtful else draft)
            lane, fresh = self._lane(connection, agency, child.id, draft.state, deadline)
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
            "idempotency_key": own.idempotency_key
            if draft.state is State.BLOCKED
            else self._state_key(connection, own),
            **own.keys,
            "received_at": now,
            "updated_at": now,
            "since": now,
            "programme": draft.assessment.text(_PROGRAMME) or "",
            "deadline_at": deadline,
            "corrects": draft.corrects,
            "sealed_assessment": own.sealed_assessment,
            "sealed_report": own.report_of(draft, self._vault),
        }
        connection.execute(insert(t.submission), row)
        self._tell(connection, own.id, None, State.RECEIVED, _INTAKE, "The payload was written down.")
        self._tell(connection, own.id, State.RECEIVED, draft.state, _INTAKE, draft.why)
        if lane is not None and not fresh:
            self._wake(connection, lane)
        return own.id

    def _state_key(self, connection: Connection, own: Papers) -> str:
        return key_for(connection, self._vault, own.agency, own.document_digest)

    def _supersede(self, connection: Connection, held: RowMapping) -> None:
        """Let a repaired export take the place of what waits for that repair and has never left."""
        why = "The sender repaired it: the same document came again with other answers before this one left."
        self._move(connection, held["id"], State.HELD, State.SUPERSEDED, _INTAKE, why)
        connection.execute(update(t.submission).where(t.submission.c.id == held["id"]).values(holds=""))
        self._wake(connection, held["lane"])

    def _deadline(self, connection: Connection, child: Child, draft: Draft) -> int | None:
        """Return the day by which it should be with the state, and remember by when the next one should.

        That is the day on which it fell due by the assessment before it; of the first that we know, the day on which its
        own successor falls due (our assumption: docs/adr/0016).
        """
        if draft.next_due is None:
            return child.next_due_at
        own = to_milliseconds(too_late_at(draft.next_due))
        if child.next_due_at is None or own > child.next_due_at:
            connection.execute(update(t.child).where(t.child.c.id == child.id).values(next_due_at=own))
        return own if child.next_due_at is None else min(own, child.next_due_at)

    def _lanes_to_join(self, connection: Connection, agency: str, drafts: Sequence[Draft]) -> set[int]:
        """Return the lanes that these drafts will join: several are locked at once, in everybody's order, or never met."""
        children = {child for draft in drafts for child in self._known_children(connection, agency, draft.assessment)}
        c = t.lane.c
        return set(connection.scalars(select(c.id).where(c.agency == agency, c.child.in_(children))))

    def _lane(
        self, connection: Connection, agency: str, child: str, state: State, deadline: int | None
    ) -> tuple[int, bool]:
        """Return the child's lane, and whether it was made now: one that is made now is due as its first submission is."""
        c = t.lane.c
        found = connection.execute(
            select(c.id).where(c.destination == self._destination, c.agency == agency, c.child == child)
        ).scalar()
        if found is not None:
            return int(found), False
        row = {
            "destination": self._destination,
            "agency": agency,
            "child": child,
            "due_at": self._now(connection) if state in MOVING else None,
            "deadline_at": t.NEVER if deadline is None else deadline,
        }
        return int(connection.execute(insert(t.lane).returning(c.id), row).scalar_one()), True

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

    def _report(self, row: RowMapping) -> Report:
        name = ("report", row["agency"], row["id"])
        return records.read_report(self._vault.open(row["sealed_report"], *name, key=row["data_key"]))


def _agency_of(payload: Payload) -> str:
    if payload.agency is None:
        raise ConfigurationError("A payload without an agency cannot be written down.")
    return payload.agency


def on_its_way(connection: Connection, agency: str, document: str, besides: str = "") -> RowMapping | None:
    """Return the submission that carries this document already: on its way, accepted, or with the state by a person's word."""
    c, move = t.submission.c, t.event.c
    ended_there = exists().where(move.submission == c.id, move.became == State.CLOSED, move.was.in_(_NOT_HERE))
    taken_in = or_(c.state.not_in(t.FREE_AGAIN), and_(c.state == State.CLOSED, ended_there))
    return (
        connection.execute(
            select(c.id, c.content_digest, c.state, c.attempts, c.lane)
            .where(c.agency == agency, c.document_digest == document, c.id != besides, taken_in)
            .order_by(c.seq.desc())
        )
        .mappings()
        .first()
    )


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
