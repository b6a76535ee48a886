"""Erasure: a record's data key is destroyed, and everything that was sealed of it with the key.

What stays is what says nothing about the child: that a submission of such an id came, when, and how it ended; and of a
document that the state has, the keyed digest of its identity, or it would be sent twice (docs/adr/0023).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Engine, RowMapping, and_, delete, insert, select, update

from canonical.errors import ConfigurationError
from canonical.submission import State
from service.audit.audit import Audit
from service.audit.deed import Deed
from service.clock import Clock, to_milliseconds
from service.legal_holds import standing_over
from service.outbox import records
from service.outbox import schema as t
from service.outbox.engine import in_turn, reading, writing
from service.outbox.scrubbing import scrub
from service.outbox.withdrawals import CHILD_KINDS, families
from service.tenants.tenant import EVERY
from service.vault import Vault

#: What is over: neither with us waiting, nor on its way, nor with the state undecided.
ENDED: Final = (
    State.BLOCKED,
    State.ACCEPTED,
    State.REJECTED,
    State.CANCELLED,
    State.SUPERSEDED,
    State.CLOSED,
)
#: The tables that an erasure writes to.
TOUCHED: Final = ("submission", "payload", "receipt", "event", "request", "audit_note", "child_identifier", "child")
#: The first release did not say which payload a request brought; both were written down in one transaction.
_TOGETHER: Final = 60_000
_S, _P, _R, _E = t.submission.c, t.payload.c, t.receipt.c, t.event.c
_HOLD: Final = (
    "A legal hold stands over {of}: nothing of it may be erased. “ecas retention holds” shows who placed it and why; "
    "“ecas retention lift” lifts it."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What an erasure did."""

    submissions: tuple[str, ...]
    payloads: tuple[str, ...]
    #: False where a long look of somebody else kept the journal from being emptied; “ecas erase scrub” does it then.
    scrubbed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Who wants it, and why."""

    actor: str
    note: str = ""
    #: ``person`` or ``retention``.
    why: str = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasures:
    """Erases records, one or all of a child, wholly or not at all."""

    engine: Engine
    vault: Vault
    audit: Audit
    clock: Clock

    def submission(self, id_: str, order: Order) -> Erased:
        """Erase one submission, and the payload that brought it.

        Raises:
            ConfigurationError: there is none, it is on its way, or a legal hold stands over it.
        """
        with writing(self.engine, EVERY) as connection:
            row = self._row(connection, id_)
            in_turn(connection, row["agency"])
            done = self._erase(connection, row["agency"], [self._row(connection, id_)], order)
        return self._scrubbed(done)

    def child_of(self, id_: str, order: Order) -> Erased:
        """Erase everything of the child of this submission (see ``child``).

        Raises:
            ConfigurationError: there is none, something of the child is on its way, or a legal hold stands.
        """
        with reading(self.engine, EVERY) as connection:
            row = self._row(connection, id_)
            if row["erased_at"] is not None and row["lane"] is None:
                raise ConfigurationError("It is erased, and nothing is left by which its child could be found.")
            child = connection.execute(select(t.lane.c.child).where(t.lane.c.id == row["lane"])).scalar()
        if child is not None:
            return self._child(row["agency"], child, order)
        return self.child(row["agency"], self._identifiers(row), order)

    def child(self, agency: str, identifiers: Mapping[str, str], order: Order) -> Erased:
        """Erase everything of the child that one of these identifiers names, and the digests by which it is found.

        Raises:
            ConfigurationError: there is no such child, something of it is on its way, or a legal hold stands.
        """
        found = self._known(agency, self._digests(agency, identifiers))
        if found is None:
            raise ConfigurationError("Nothing is known here of a child of that identifier at that agency.")
        return self._child(agency, found, order)

    def payload(self, agency: str, id_: str, order: Order) -> bool:
        """Erase what was received, and leave what was read from it; False where that may not be, or is done."""
        with writing(self.engine, EVERY) as connection:
            in_turn(connection, agency)
            of_it = select(_S.id, _S.state).where(_S.agency == agency, _S.payload == id_)
            alive = _S.state.not_in(ENDED)
            kept = and_(_P.agency == agency, _P.id == id_, _P.erased_at.is_(None))
            if connection.execute(select(_P.id).where(kept)).first() is None:
                return False
            if connection.execute(of_it.where(alive | standing_over(_S.agency, _S.id)).limit(1)).first() is not None:
                return False
            self._end_payload(connection, agency, id_, order)
            self.audit.note(connection, _deed(agency, "payload", id_, order))
        return True

    def journal(self) -> list[dict[str, Any]]:
        """Return what was erased so far, oldest first, in names of ours: to be erased again after a restore."""
        c = t.erasure.c
        query = select(c.agency, c.kind, c.subject, c.why, c.at, c.actor).order_by(c.seq)
        with reading(self.engine, EVERY) as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def scrub(self) -> bool:
        """Let nothing of what was erased stay in a journal or a free page (see ``scrubbing.scrub``)."""
        return scrub(self.engine, TOUCHED)

    def _known(self, agency: str, digests: Mapping[str, str]) -> str | None:
        c = t.child_identifier.c
        with reading(self.engine, EVERY) as connection:
            for kind in (kind for kind in CHILD_KINDS if kind in digests):
                query = select(c.child).where(c.agency == agency, c.kind == kind, c.digest == digests[kind])
                if (found := connection.execute(query).scalar()) is not None:
                    return str(found)
        return None

    def _child(self, agency: str, child: str, order: Order) -> Erased:
        with writing(self.engine, EVERY) as connection:
            in_turn(connection, agency)
            family = sorted(families(connection, [child])[child])
            rows = self._of_child(connection, agency, family)
            done = self._erase(connection, agency, rows, order)
            self._forget(connection, agency, family)
            _enter(connection, agency, "child", family[0], order, self._now(), self._noted(agency, family[0], order))
            self.audit.note(connection, _deed(agency, "child", family[0], order))
        return self._scrubbed(done)

    def _erase(self, connection: Connection, agency: str, rows: Iterable[RowMapping], order: Order) -> Erased:
        rows = [row for row in rows if row["erased_at"] is None]
        payloads = sorted({row["payload"] for row in rows})
        self._may(connection, agency, rows, payloads)
        for row in rows:
            self._end_submission(connection, row, order)
        whole = select(_P.id).where(_P.agency == agency, _P.id.in_(payloads), _P.erased_at.is_(None))
        for payload in connection.scalars(whole).all():
            self._end_payload(connection, agency, payload, order)
        return Erased(submissions=tuple(row["id"] for row in rows), payloads=tuple(payloads), scrubbed=False)

    def _may(self, connection: Connection, agency: str, rows: Iterable[RowMapping], payloads: list[str]) -> None:
        """Refuse what is on its way, and what a hold keeps; also a record that came in the same payload."""
        waiting = [f"{row['id']} ({row['state']})" for row in rows if State(row["state"]) not in ENDED]
        if waiting:
            raise ConfigurationError(
                f"Not erased: {', '.join(waiting)} has not ended. What waits here is given up by “ecas cancel”, what is "
                "stuck by “ecas resolve”, what was handed off by “ecas handoffs close”; what is with the state must have "
                "its word first."
            )
        kept = select(_S.id).where(_S.agency == agency, _S.payload.in_(payloads), standing_over(_S.agency, _S.id))
        if (held := connection.scalars(kept.limit(1)).first()) is not None:
            raise ConfigurationError(_HOLD.format(of=held))

    def _end_submission(self, connection: Connection, row: RowMapping, order: Order) -> None:
        agency, id_, now = row["agency"], row["id"], self._now()
        connection.execute(
            update(t.submission)
            .where(_S.agency == agency, _S.id == id_)
            .values(
                data_key=None,
                wrapped_by=None,
                erased_at=now,
                sealed_document_id=b"",
                sealed_assessment=b"",
                sealed_report=b"",
                content_digest="",
                document_digest=row["document_digest"] if _with_the_state(row) else secrets.token_hex(),
                updated_at=now,
            )
        )
        of_it = (_R.agency == agency, _R.submission == id_)
        connection.execute(update(t.receipt).where(*of_it).values(sealed=b""))
        connection.execute(update(t.event).where(_E.agency == agency, _E.submission == id_).values(sealed_note=None))
        note, item = t.audit_note.c, t.replay_item.c
        connection.execute(delete(t.audit_note).where(note.agency == agency, note.about == id_))
        replays = select(item.replay).where(item.agency == agency, item.submission == id_)
        connection.execute(update(t.replay).where(t.replay.c.id.in_(replays)).values(sealed_note=None))
        self._end_answers(connection, row)
        _enter(connection, agency, "submission", id_, order, now, self._noted(agency, id_, order))
        self.audit.note(connection, _deed(agency, "submission", id_, order))

    def _end_answers(self, connection: Connection, row: RowMapping) -> None:
        """Erase what the request was answered: it names the document."""
        c, agency = t.request.c, row["agency"]
        gone = {"sealed_answer": b"", "body_digest": ""}
        connection.execute(update(t.request).where(c.agency == agency, c.payload == row["payload"]).values(**gone))
        began = connection.execute(
            select(_P.received_at).where(_P.agency == agency, _P.id == row["payload"])
        ).scalar_one()
        near = c.received_at.between(began - _TOGETHER, began + _TOGETHER)
        unnamed = select(c.key_digest, c.sealed_answer).where(c.agency == agency, c.payload.is_(None), near)
        for answer in connection.execute(unnamed).all():
            name = ("answer", agency, answer.key_digest)
            if answer.sealed_answer and row["id"].encode() in self.vault.open(answer.sealed_answer, *name):
                mine = (c.agency == agency, c.key_digest == answer.key_digest)
                connection.execute(update(t.request).where(*mine).values(**gone))

    def _end_payload(self, connection: Connection, agency: str, id_: str, order: Order) -> None:
        now = self._now()
        gone = {"data_key": None, "wrapped_by": None, "sealed": b"", "erased_at": now}
        connection.execute(update(t.payload).where(_P.agency == agency, _P.id == id_).values(**gone))
        _enter(connection, agency, "payload", id_, order, now, None)

    def _forget(self, connection: Connection, agency: str, family: list[str]) -> None:
        """Destroy the digests by which the child would be known again; what was said of its consent goes with them."""
        i, c, w, s = t.child_identifier.c, t.child.c, t.withdrawal.c, t.consent_scope.c
        connection.execute(delete(t.child_identifier).where(i.agency == agency, i.child.in_(family)))
        forgotten = {"born_digest": None, "next_due_at": None}
        connection.execute(update(t.child).where(c.agency == agency, c.id.in_(family)).values(**forgotten))
        connection.execute(update(t.withdrawal).where(w.agency == agency, w.child.in_(family)).values(sealed_note=None))
        connection.execute(
            update(t.consent_scope)
            .where(s.agency == agency, s.child.in_(family))
            .values(sealed_purpose=None, sealed_note=None)
        )

    def _of_child(self, connection: Connection, agency: str, family: list[str]) -> list[RowMapping]:
        """Return the child's submissions; what never had a lane is found by the identifiers in it."""
        i = t.child_identifier.c
        lanes = select(t.lane.c.id).where(t.lane.c.agency == agency, t.lane.c.child.in_(family))
        of_it = select(t.submission).where(_S.agency == agency).order_by(_S.seq)
        rows = list(connection.execute(of_it.where(_S.lane.in_(lanes))).mappings())
        digests = {
            (row.kind, row.digest)
            for row in connection.execute(select(i.kind, i.digest).where(i.agency == agency, i.child.in_(family)))
        }
        laneless = connection.execute(of_it.where(_S.lane.is_(None), _S.erased_at.is_(None))).mappings()
        rows += [
            row for row in laneless if not digests.isdisjoint(self._digests(agency, self._identifiers(row)).items())
        ]
        return rows

    def _identifiers(self, row: RowMapping) -> dict[str, str]:
        name = ("assessment", row["agency"], row["id"])
        assessment = records.read_assessment(self.vault.open(row["sealed_assessment"], *name, key=row["data_key"]))
        return {kind: text for kind in CHILD_KINDS if (text := assessment.text(kind))}

    def _digests(self, agency: str, identifiers: Mapping[str, str]) -> dict[str, str]:
        return {kind: self.vault.digest("child", agency, kind, text) for kind, text in identifiers.items()}

    def _row(self, connection: Connection, id_: str) -> RowMapping:
        row = connection.execute(select(t.submission).where(_S.id == id_)).mappings().first()
        if row is None:
            raise ConfigurationError("There is no submission of that id; “ecas status” lists an agency's.")
        return row

    def _noted(self, agency: str, subject: str, order: Order) -> bytes | None:
        return self.vault.seal(order.note.encode(), "note", agency, subject) if order.note else None

    def _scrubbed(self, done: Erased) -> Erased:
        return Erased(submissions=done.submissions, payloads=done.payloads, scrubbed=self.scrub())

    def _now(self) -> int:
        return to_milliseconds(self.clock())


def _with_the_state(row: RowMapping) -> bool:
    """Return whether the state has the document, or had it: the same one must not be taken for a new one."""
    return row["attempts"] > 0 or State(row["state"]) is State.CLOSED


def _enter(
    connection: Connection, agency: str, kind: str, subject: str, order: Order, now: int, note: bytes | None
) -> None:
    entry = {"agency": agency, "kind": kind, "subject": subject, "why": order.why, "at": now, "actor": order.actor}
    connection.execute(insert(t.erasure).values(**entry, sealed_note=note))


def _deed(agency: str, kind: str, subject: str, order: Order) -> Deed:
    return Deed(
        agency=agency,
        action=f"{kind}.erased",
        actor=order.actor,
        kind=kind,
        about=subject,
        detail=order.why,
        note=order.note,
    )
