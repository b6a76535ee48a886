"""The endpoints of agencies: registered, shown, given new secrets, switched on again, removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, RowMapping, func, insert, select, update

from canonical.errors import ConfigurationError
from canonical.submission import State
from service.audit.audit import Audit
from service.audit.deed import Deed
from service.clock import from_milliseconds
from service.identifiers import NewId
from service.outbox import schema as t
from service.outbox.engine import in_turn, reading, writing
from service.outbox.rows import Moment, milliseconds
from service.tenants.connections import own
from service.tenants.tenant import EVERY, whose
from service.vault import Vault
from service.webhooks.address import read_address
from service.webhooks.admission import Admission
from service.webhooks.endpoint import Endpoint, Message, OffCause, moment, read_message
from service.webhooks.signing import new_secret

#: An agency has no more at once.
MOST: Final = 10
#: For how long the secret before signs beside the new one, at most.
LONGEST_OVERLAP: Final = timedelta(days=30)
_W, _M = t.webhook.c, t.webhook_message.c


class TooMany(ConfigurationError):
    """The agency has as many endpoints as it may have."""


class IsOff(ConfigurationError):
    """The endpoint is switched off: a message to it would never leave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """An endpoint's new secret, shown this once."""

    id: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Every method but ``add`` takes an agency, or None for the operator of the host, and knows no other agency's."""

    engine: Engine
    vault: Vault
    audit: Audit
    moment: Moment
    new_id: NewId
    admission: Admission

    def add(self, agency: str, url: str, states: Sequence[State] = (), *, actor: str) -> Secret:
        """Register an endpoint; return its id, and its secret this once.

        Raises:
            UnfitAddress: we would never send there.
            TooMany: the agency has enough of them.
            ConfigurationError: there is no such agency.
        """
        self.admission.register(read_address(url))
        made = Secret(id=self.new_id("whk"), secret=new_secret())
        with writing(self.engine, agency) as connection:
            if connection.execute(select(t.agency.c.id).where(t.agency.c.id == agency)).first() is None:
                raise ConfigurationError("There is no agency of that id; “ecas agencies list” shows them.")
            in_turn(connection, agency, purpose="webhooks")
            count = select(func.count()).select_from(t.webhook).where(_W.agency == agency, _W.removed_at.is_(None))
            if connection.execute(count).scalar_one() >= MOST:
                raise TooMany(f"An agency has {MOST} endpoints at most: remove one that is not needed any more.")
            connection.execute(
                insert(t.webhook).values(
                    id=made.id,
                    agency=agency,
                    states=" ".join(dict.fromkeys(states)),
                    sealed_url=self.vault.seal(url.encode(), "webhook url", agency, made.id),
                    sealed_secret=self._sealed(agency, made),
                    made_at=self.moment(connection),
                    made_by=actor,
                )
            )
            self._tell(connection, agency, made.id, "webhook.made", actor)
        return made

    def all(self, agency: str | None) -> list[Endpoint]:
        """Return them, oldest first."""
        with reading(self.engine, whose(agency)) as connection:
            query = select(t.webhook).where(_W.removed_at.is_(None), *own(connection, t.webhook)).order_by(_W.seq)
            rows = connection.execute(query).mappings().all()
            return [self._as_endpoint(connection, row) for row in rows]

    def find(self, agency: str | None, id_: str) -> Endpoint | None:
        """Return one; None where there is none of that id."""
        with reading(self.engine, whose(agency)) as connection:
            row = self._row(connection, id_)
            return None if row is None else self._as_endpoint(connection, row)

    def rotate(self, agency: str | None, id_: str, overlap: timedelta, *, actor: str) -> Secret | None:
        """Return a new secret; the one before signs beside it for the overlap. None where there is none of that id."""
        with writing(self.engine, whose(agency)) as connection:
            row = self._row(connection, id_)
            if row is None:
                return None
            made = Secret(id=id_, secret=new_secret())
            values: dict[str, Any] = {"sealed_secret": self._sealed(row["agency"], made)}
            values |= {"sealed_secret_before": None, "before_until": None}
            if overlap:
                until = self.moment(connection) + milliseconds(min(overlap, LONGEST_OVERLAP))
                values |= {"sealed_secret_before": row["sealed_secret"], "before_until": until}
            self._change(connection, row, **values)
            self._tell(connection, row["agency"], id_, "webhook.rotated", actor)
            return made

    def remove(self, agency: str | None, id_: str, *, actor: str) -> bool:
        """Forget an endpoint and its secrets; what waits for it is not sent. False where there is none of that id."""
        with writing(self.engine, whose(agency)) as connection:
            row = self._row(connection, id_)
            if row is None:
                return False
            now = self.moment(connection)
            gone = {"sealed_url": b"", "sealed_secret": b"", "sealed_secret_before": None, "before_until": None}
            self._change(connection, row, **gone, removed_at=now)
            give_up_waiting(connection, row["agency"], id_, now)
            self._tell(connection, row["agency"], id_, "webhook.removed", actor)
            return True

    def switch_on(self, agency: str | None, id_: str, *, resend: bool, actor: str) -> bool:
        """Let an endpoint be told again, on a person's word; with ``resend`` what was given up too. False where there is none."""
        with writing(self.engine, whose(agency)) as connection:
            row = self._row(connection, id_)
            if row is None:
                return False
            now = self.moment(connection)
            fresh = {"failures": 0, "failing_since": None, "due_at": 0, "off_at": None, "off_cause": None}
            self._change(connection, row, **fresh)
            if resend:
                dead = (_M.agency == row["agency"], _M.webhook == id_, _M.outcome == "dead")
                again = {"due_at": now, "ended_at": None, "outcome": None, "tries": 0}
                connection.execute(update(t.webhook_message).where(*dead).values(**again))
            self._tell(connection, row["agency"], id_, "webhook.switched_on", actor)
            return True

    def test(self, agency: str | None, id_: str, *, actor: str) -> str | None:
        """Write a message down that says nothing but that it is a test; return its id. A worker sends it, as any other.

        Raises:
            IsOff: the endpoint is switched off.
        """
        with writing(self.engine, whose(agency)) as connection:
            row = self._row(connection, id_)
            if row is None:
                return None
            if row["off_at"] is not None:
                raise IsOff("The endpoint is switched off: switch it on, and test it then.")
            message, now = self.new_id("msg"), self.moment(connection)
            connection.execute(
                insert(t.webhook_message).values(
                    id=message, agency=row["agency"], webhook=id_, number=0, at=now, attempts=0, due_at=now
                )
            )
            self._tell(connection, row["agency"], id_, "webhook.tested", actor)
            return message

    def messages(
        self, agency: str | None, id_: str, *, after: str | None = None, limit: int = 100, outcome: str | None = None
    ) -> list[Message] | None:
        """Return what an endpoint was told, newest first, after the one of that id; None where it has none of that id."""
        query = select(t.webhook_message).where(_M.webhook == id_).order_by(_M.seq.desc()).limit(limit)
        if outcome is not None:
            query = query.where(_M.outcome.is_(None) if outcome == "waiting" else _M.outcome == outcome)
        with reading(self.engine, whose(agency)) as connection:
            mine = own(connection, t.webhook_message)
            if after is not None:
                seq = connection.execute(select(_M.seq).where(_M.webhook == id_, _M.id == after, *mine)).scalar()
                if seq is None:
                    return None
                query = query.where(_M.seq < seq)
            return [read_message(row) for row in connection.execute(query.where(*mine)).mappings()]

    def of(self, id_: str) -> str | None:
        """Return whose endpoint it is, for the operator of the host."""
        with reading(self.engine, EVERY) as connection:
            return connection.execute(select(_W.agency).where(_W.id == id_, _W.removed_at.is_(None))).scalar()

    def _row(self, connection: Connection, id_: str) -> RowMapping | None:
        query = select(t.webhook).where(_W.id == id_, _W.removed_at.is_(None), *own(connection, t.webhook))
        return connection.execute(query).mappings().first()

    def _change(self, connection: Connection, row: RowMapping, **values: object) -> None:
        mine = (_W.agency == row["agency"], _W.id == row["id"])
        connection.execute(update(t.webhook).where(*mine).values(**values))

    def _as_endpoint(self, connection: Connection, row: RowMapping) -> Endpoint:
        of_it = (_M.agency == row["agency"], _M.webhook == row["id"])
        waiting = select(func.count()).select_from(t.webhook_message).where(*of_it, _M.due_at.is_not(None))
        dead = select(func.count()).select_from(t.webhook_message).where(*of_it, _M.outcome == "dead")
        return Endpoint(
            id=row["id"],
            agency=row["agency"],
            url=self.vault.open(row["sealed_url"], "webhook url", row["agency"], row["id"]).decode(),
            states=tuple(map(State, row["states"].split())),
            made_at=from_milliseconds(row["made_at"]),
            made_by=row["made_by"],
            before_until=_still(row["before_until"], self.moment(connection)),
            failing_since=moment(row["failing_since"]),
            delivered_at=moment(row["delivered_at"]),
            off_at=moment(row["off_at"]),
            off_cause=None if row["off_cause"] is None else OffCause(row["off_cause"]),
            waiting=connection.execute(waiting).scalar_one(),
            dead=connection.execute(dead).scalar_one(),
        )

    def _sealed(self, agency: str, made: Secret) -> bytes:
        return self.vault.seal(made.secret.encode(), "webhook secret", agency, made.id)

    def _tell(self, connection: Connection, agency: str, id_: str, action: str, actor: str) -> None:
        self.audit.note(connection, Deed(agency=agency, action=action, actor=actor, kind="webhook", about=id_))


def give_up_waiting(connection: Connection, agency: str, id_: str, now: int) -> None:
    """Send nothing more of what waits for an endpoint; whoever is sending some of it right now records nothing."""
    waiting = (_M.agency == agency, _M.webhook == id_, _M.due_at.is_not(None))
    over = {"due_at": None, "owner": None, "ended_at": now, "outcome": "dead", "fence": _M.fence + 1}
    connection.execute(update(t.webhook_message).where(*waiting).values(**over))


def _still(until: int | None, now: int) -> datetime | None:
    return moment(until) if until is not None and until > now else None
