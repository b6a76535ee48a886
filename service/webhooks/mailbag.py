"""The messages that wait: leased to a worker a few at a time, recorded when they are answered, tried again, given up.

An endpoint that does not answer is tried by one message at a time, on a clock of its own; and each message has a clock too,
so that one that an endpoint cannot stomach keeps no other waiting.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, RowMapping, Select, delete, exists, func, select, update

from gateway_client.retry import given_up, next_due
from service.audit.audit import Audit
from service.audit.deed import Deed
from service.outbox import schema as t
from service.outbox.engine import reading, writing
from service.outbox.rows import Moment, milliseconds
from service.tenants.tenant import EVERY
from service.vault import Vault
from service.webhooks.body import body_of
from service.webhooks.endpoint import OffCause
from service.webhooks.endpoints import give_up_waiting
from service.webhooks.posting import TOTAL, Answer

#: After each failure; the last one repeats.
SCHEDULE: Final = tuple(timedelta(seconds=s) for s in (5, 30, 120, 600, 1800, 3600, 2 * 3600, 4 * 3600, 8 * 3600))
#: Longer than a sending can last.
LEASE: Final = timedelta(seconds=4 * TOTAL)
#: Of one endpoint at once, over all workers.
AT_ONCE: Final = 4
#: What waits for one endpoint, at most.
MOST_WAITING: Final = 100_000
#: For how long what is over is shown.
KEPT: Final = timedelta(days=30)
#: Few tries are no proof that an endpoint is dead: the worker may have been away for days.
FEWEST: Final = len(SCHEDULE)
#: Rows that are forgotten in one transaction.
_SOME: Final = 1000
_GONE: Final = 410
_W, _M, _Q = t.webhook.c, t.webhook_message.c, t.quarantine.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One message, to be sent within the lease."""

    id: str
    agency: str
    webhook: str
    fence: int
    tries: int
    at: int
    url: str = field(repr=False)
    #: The newest first; two while a rotation overlaps.
    secrets: tuple[str, ...] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbag:
    """Two workers at it at once do no harm; nothing in it waits for a submission, and no submission for it."""

    engine: Engine
    vault: Vault
    audit: Audit
    moment: Moment
    rng: random.Random
    #: After so long with nothing but failures an endpoint is switched off, and a message given up.
    patience: timedelta
    #: What may wait for one endpoint, at most.
    most_waiting: int = MOST_WAITING

    def exchange(self, done: Sequence[tuple[Claim, Answer]], worker: str, *, room: int) -> list[Claim]:
        """Record what was answered and lease what is due, in one transaction; nothing is leased from a restored copy."""
        if not done and not self.due():
            return []
        with writing(self.engine, EVERY) as connection:
            now = self.moment(connection)
            self._settle(connection, done, now)
            return self._claim(connection, worker, room, now)

    def due(self) -> bool:
        """Return whether anything could be sent now."""
        with reading(self.engine, EVERY) as connection:
            return connection.execute(_ready(self.moment(connection)).limit(1)).first() is not None

    def expire(self, alive: Callable[[str], bool]) -> int:
        """Let what dead workers were sending be sent again now, under the same id; return how many."""
        with reading(self.engine, EVERY) as connection:
            owners = connection.scalars(select(_M.owner).where(_M.owner.is_not(None)).distinct()).all()
        dead = [owner for owner in owners if owner is not None and not alive(owner)]
        if not dead:
            return 0
        with writing(self.engine, EVERY) as connection:
            theirs = update(t.webhook_message).where(_M.owner.in_(dead))
            ended = {"owner": None, "due_at": self.moment(connection), "fence": _M.fence + 1}
            return connection.execute(theirs.values(**ended)).rowcount

    def tidy(self) -> None:
        """Forget what was over long ago, and switch off whoever has too much waiting."""
        with reading(self.engine, EVERY) as connection:
            long_ago = self.moment(connection) - milliseconds(KEPT)
            old = connection.scalars(select(_M.seq).where(_M.ended_at < long_ago).limit(_SOME)).all()
            much = func.count() > self.most_waiting
            waiting = select(_M.agency, _M.webhook).where(_M.due_at.is_not(None)).group_by(_M.agency, _M.webhook)
            crowded = connection.execute(waiting.having(much)).all()
        if not old and not crowded:
            return
        with writing(self.engine, EVERY) as connection:
            connection.execute(delete(t.webhook_message).where(_M.seq.in_(old)))
            for agency, webhook in crowded:
                self._switch_off(connection, agency, webhook, OffCause.CROWDED, self.moment(connection))

    def _claim(self, connection: Connection, worker: str, room: int, now: int) -> list[Claim]:
        claims: list[Claim] = []
        for endpoint in connection.execute(_ready(now)).mappings().all():
            limit = min(room - len(claims), (1 if endpoint["failures"] else AT_ONCE) - endpoint["leased"])
            if limit <= 0:
                continue
            of_it = (_M.webhook == endpoint["id"], _M.due_at <= now)
            query = select(t.webhook_message).where(*of_it).order_by(_M.due_at, _M.seq).limit(limit)
            rows = connection.execute(query.with_for_update(skip_locked=True)).mappings().all()
            leased = {"owner": worker, "due_at": now + milliseconds(LEASE)}
            connection.execute(
                update(t.webhook_message)
                .where(_M.seq.in_([row["seq"] for row in rows]))
                .values(**leased, fence=_M.fence + 1, tries=_M.tries + 1)
            )
            claims += [self._as_claim(row, endpoint, now) for row in rows]
        return claims

    def _as_claim(self, row: RowMapping, endpoint: RowMapping, now: int) -> Claim:
        name = (row["agency"], row["webhook"])
        sealed = [endpoint["sealed_secret"]]
        if endpoint["before_until"] is not None and endpoint["before_until"] > now:
            sealed.append(endpoint["sealed_secret_before"])
        return Claim(
            id=row["id"],
            agency=row["agency"],
            webhook=row["webhook"],
            fence=row["fence"] + 1,
            tries=row["tries"] + 1,
            at=row["at"],
            url=self.vault.open(endpoint["sealed_url"], "webhook url", *name).decode(),
            secrets=tuple(self.vault.open(one, "webhook secret", *name).decode() for one in sealed),
            body=body_of(row),
        )

    def _settle(self, connection: Connection, done: Sequence[tuple[Claim, Answer]], now: int) -> None:
        for webhook in sorted({claim.webhook for claim, _ in done}):
            # Not as strictly as FOR UPDATE: whoever writes a message down refers to this row, and must not wait for it.
            query = select(t.webhook).where(_W.id == webhook).with_for_update(key_share=True)
            endpoint = dict(connection.execute(query).mappings().one())
            for claim, answer in done:
                if claim.webhook == webhook and endpoint["off_at"] is None:
                    self._record(connection, endpoint, claim, answer, now)
            standing = ("failures", "failing_since", "due_at", "delivered_at")
            changed = {name: endpoint[name] for name in standing}
            connection.execute(update(t.webhook).where(_W.id == webhook).values(**changed))

    def _record(self, connection: Connection, endpoint: dict[str, Any], claim: Claim, answer: Answer, now: int) -> None:
        """Record one answer in its row, unless the lease was lost, and in what is known of the endpoint."""
        values: dict[str, Any] = {"owner": None, "answer": answer.word}
        if answer.delivered:
            values |= {"due_at": None, "ended_at": now, "outcome": "delivered"}
            endpoint |= {"failures": 0, "failing_since": None, "due_at": 0, "delivered_at": now}
        else:
            if endpoint["due_at"] <= now:  # of several that were under way together one counts
                endpoint["failures"] += 1
                endpoint["due_at"] = now + self._wait(endpoint["failures"], answer)
            endpoint["failing_since"] = endpoint["failing_since"] or now
            values["due_at"] = now + self._wait(claim.tries, answer)
            if claim.tries >= FEWEST and given_up(self.patience, timedelta(milliseconds=now - claim.at)):
                values |= {"due_at": None, "ended_at": now, "outcome": "dead"}
        mine = (_M.id == claim.id, _M.fence == claim.fence)
        connection.execute(update(t.webhook_message).where(*mine).values(**values))
        cause = self._off_cause(endpoint, answer, now)
        if cause is not None:
            endpoint["off_at"] = now
            self._switch_off(connection, claim.agency, claim.webhook, cause, now)

    def _off_cause(self, endpoint: dict[str, Any], answer: Answer, now: int) -> OffCause | None:
        if answer.status == _GONE:
            return OffCause.GONE
        since = endpoint["failing_since"]
        if since is None or endpoint["failures"] < FEWEST:
            return None
        return OffCause.FAILING if given_up(self.patience, timedelta(milliseconds=now - since)) else None

    def _wait(self, failures: int, answer: Answer) -> int:
        return milliseconds(next_due(SCHEDULE, failures, answer.retry_after, self.rng))

    def _switch_off(self, connection: Connection, agency: str, webhook: str, cause: OffCause, now: int) -> None:
        mine = (_W.agency == agency, _W.id == webhook, _W.off_at.is_(None), _W.removed_at.is_(None))
        off = update(t.webhook).where(*mine).values(off_at=now, off_cause=cause.value)
        if connection.execute(off).rowcount:
            give_up_waiting(connection, agency, webhook, now)
            deed = Deed(agency=agency, action="webhook.switched_off", actor="webhooks", kind="webhook", about=webhook)
            self.audit.note(connection, replace(deed, detail=f"cause={cause.value}"))


def _ready(now: int) -> Select[Any]:
    """Return the question for the endpoints to which something may be sent now; who has waited longest comes first."""
    of_it = _M.webhook == _W.id
    leased = select(func.count()).select_from(t.webhook_message).where(of_it, _M.owner.is_not(None), _M.due_at > now)
    first = select(func.min(_M.due_at)).where(of_it, _M.due_at.is_not(None)).scalar_subquery()
    quarantined = exists().where(_Q.released_at.is_(None))
    return (
        select(t.webhook, leased.scalar_subquery().label("leased"))
        .where(_W.off_at.is_(None), _W.removed_at.is_(None), _W.due_at <= now, ~quarantined, first <= now)
        .order_by(first)
    )
