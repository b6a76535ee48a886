"""Writing down: a payload, its submissions and the answer to its request, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection, RowMapping, and_, exists, insert, or_, select, update

from canonical.assessment import Assessment
from canonical.errors import ConfigurationError
from canonical.finding import HoldCause
from canonical.payload import Payload
from canonical.submission import State
from service.clock import to_milliseconds
from service.deadlines import too_late_at
from service.outbox import records
from service.outbox import schema as t
from service.outbox.children import Child, Children
from service.outbox.engine import in_turn, reading, writing
from service.outbox.lanes import locked
from service.outbox.outbox import (
    AnswerTo,
    Draft,
    KeyReused,
    Reply,
    Request,
)
from service.outbox.rows import read_holds, write_holds
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
        with writing(self._engine) as connection:
            in_turn(connection, agency)
            if request and (earlier := self._answered(connection, agency, request)):
                return earlier
            self._insert_payload(connection, payload_id, agency, format, payload.content)
            if len(drafts) > 1:
                locked(connection, self._lanes_to_join(connection, agency, drafts))
            ids = [self._accept(connection, payload_id, agency, n, draft) for n, draft in enumerate(drafts)]
            status, content = answer([self._entry(connection, agency, id_) for id_ in ids])
            if request:
                self._insert_request(connection, agency, request, status, content)
        return Reply(status=status, content=content)

    def answered(self, agency: str, request: Request) -> Reply | None:
        """Return the answer of an earlier request with this key (see ``Outbox.answered``)."""
        with reading(self._engine) as connection:
            return self._answered(connection, agency, request)

    def rejudge(self, agency: str, submission: str, draft: Draft, *, was: State = State.HELD) -> bool:
        """Give a submission that has not left its new report (see ``Outbox.rejudge``)."""
        with writing(self._engine) as connection:
            row = self._locked(connection, submission)
            if was not in _NOT_GONE or row["agency"] != agency or State(row["state"]) is not was:
                return False
            sealed = self._vault.seal(records.write_report(draft.report), "report", agency, submission)
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
        if row["body_digest"] != self._vault.digest("body", request.body):
            raise KeyReused
        content = self._vault.open(row["sealed_answer"], "answer", agency, row["key_digest"])
        return Reply(status=row["status"], content=content, replayed=True)

    def _insert_request(
        self, connection: Connection, agency: str, request: Request, status: int, content: bytes
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
            )
        )

    def _insert_payload(self, connection: Connection, id_: str, agency: str, format_: str, content: bytes) -> None:
        connection.execute(
            insert(t.payload).values(
                id=id_,
                agency=agency,
                format=format_,
                received_at=self._now(connection),
                sealed=self._vault.seal(content, "payload", agency, id_),
            )
        )

    def _accept(self, connection: Connection, payload: str, agency: str, ordinal: int, draft: Draft) -> str:
        """Write down one submission, unless its document is on its way already; return the submission's id."""
        document = self._document_digest(agency, draft.assessment)
        content = self._content_digest(draft.assessment)
        if draft.state is not State.BLOCKED and (known := on_its_way(connection, agency, document)):
            if known["content_digest"] == content:
                return str(known["id"])
            if State(known["state"]) is State.HELD and known["attempts"] == 0:
                self._supersede(connection, known)
            else:
                draft = _refused(draft)
        id_, lane, deadline = self._new_id("sub"), None, None
        if draft.state is not State.BLOCKED:
            child = self._child(connection, agency, draft.assessment)
            deadline = self._deadline(connection, child, draft)
            draft = guarded(connection, child.id, _doubtful(draft) if child.doubtful else draft)
            lane = self._lane(connection, agency, child.id)
        now = self._now(connection)
        connection.execute(
            insert(t.submission).values(
                id=id_,
                agency=agency,
                payload=payload,
                ordinal=ordinal,
                lane=lane,
                state=draft.state,
                holds=write_holds(draft.holds),
                **self._clocks(connection, None, draft.holds),
                sealed_document_id=self._vault.seal(_document_id(draft.assessment).encode(), "document", agency, id_),
                document_digest=document,
                content_digest=content,
                spec=draft.report.judged_by.spec if draft.report.judged_by else None,
                idempotency_key=self._new_id("idem"),
                received_at=now,
                updated_at=now,
                since=now,
                programme=draft.assessment.text(_PROGRAMME) or "",
                deadline_at=deadline,
                corrects=draft.corrects,
                sealed_assessment=self._vault.seal(
                    records.write_assessment(draft.assessment), "assessment", agency, id_
                ),
                sealed_report=self._vault.seal(records.write_report(draft.report), "report", agency, id_),
            )
        )
        self._tell(connection, id_, None, State.RECEIVED, _INTAKE, "The payload was written down.")
        self._tell(connection, id_, State.RECEIVED, draft.state, _INTAKE, draft.why)
        if lane is not None:
            self._wake(connection, lane)
        return id_

    def _supersede(self, connection: Connection, held: RowMapping) -> None:
        """Let a repaired export take the place of what waits for that repair and has never left."""
        why = "The sender repaired it: the same document came again with other answers before this one left."
        self._move(connection, held["id"], State.HELD, State.SUPERSEDED, _INTAKE, why)
        connection.execute(update(t.submission).where(t.submission.c.id == held["id"]).values(holds=""))
        self._wake(connection, held["lane"])

    def _document_digest(self, agency: str, assessment: Assessment) -> str:
        identity = (assessment.text(item) or "" for item in ("DOCUMENT_ID", "DOCUMENT_VERSION", "SUBMISSION_TYPE"))
        return self._vault.digest("document", agency, *identity)

    def _content_digest(self, assessment: Assessment) -> str:
        answers = (f"{item}={answer.text}" for item, answer in sorted(assessment.answers.items()))
        return self._vault.digest("content", *answers)

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

    def _lane(self, connection: Connection, agency: str, child: str) -> int:
        c = t.lane.c
        found = connection.execute(
            select(c.id).where(c.destination == self._destination, c.agency == agency, c.child == child)
        ).scalar()
        if found is not None:
            return int(found)
        made = connection.execute(
            insert(t.lane).values(destination=self._destination, agency=agency, child=child).returning(c.id)
        ).scalar_one()
        return int(made)


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


def _document_id(assessment: Assessment) -> str:
    return assessment.text("DOCUMENT_ID") or ""
