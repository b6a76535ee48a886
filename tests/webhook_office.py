"""Webhooks over the outbox of a test: endpoints, what waits for them, and a receiver's own check of signatures."""

from __future__ import annotations

import asyncio
import base64
import hmac
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from webhook_receiver import poster

from canonical.outcome import Receipt
from canonical.submission import State
from canonical.verdict import Verdict
from service.outbox import schema as t
from service.outbox.engine import reading
from service.outbox.outbox import Settlement
from service.outbox.sql_outbox import SqlOutbox
from service.tenants.tenant import EVERY
from service.webhooks.admission import Admission
from service.webhooks.courier import Courier
from service.webhooks.endpoints import Endpoints, Secret
from service.webhooks.mailbag import Claim, Mailbag
from service.webhooks.networks import read_networks
from service.webhooks.posting import Answer

if TYPE_CHECKING:
    from conftest import StandingClock

HOME = "127.0.0.0/8"
ACCEPTED = Settlement(
    state=State.ACCEPTED,
    outcome="Accepted",
    why="The state accepted it.",
    receipt=Receipt(tracking_id="trk_1", verdict=Verdict.ACCEPTED, document_id="d", digest="sha-256:00"),
)


@dataclass
class Hooks:
    outbox: SqlOutbox
    clock: StandingClock

    @property
    def endpoints(self) -> Endpoints:
        return Endpoints(
            engine=self.outbox._engine,
            vault=self.outbox._vault,
            audit=self.outbox._audit,
            moment=self.outbox._now,
            new_id=self.outbox._new_id,
            admission=Admission(networks=read_networks([HOME])),
        )

    @property
    def mailbag(self) -> Mailbag:
        return Mailbag(
            engine=self.outbox._engine,
            vault=self.outbox._vault,
            audit=self.outbox._audit,
            moment=self.outbox._now,
            rng=random.Random(1),
            patience=timedelta(days=5),
        )

    def add(self, url: str = "https://hooks.example.org/", *states: State, agency: str = "riverbend") -> Secret:
        return self.endpoints.add(agency, url, states, actor="a test")

    def rows(self, outcome: str | None = "all") -> list[Mapping[str, Any]]:
        """Return the messages as they lie in the database, in the order of writing."""
        c = t.webhook_message.c
        query = select(t.webhook_message).order_by(c.seq)
        if outcome != "all":
            query = query.where(c.outcome.is_(None) if outcome is None else c.outcome == outcome)
        with reading(self.outbox._engine, EVERY) as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def became(self) -> list[tuple[int, str]]:
        return [(row["number"], row["became"]) for row in self.rows()]

    def claim(self, room: int = 32, worker: str = "one") -> list[Claim]:
        return self.mailbag.exchange([], worker, room=room)

    def settle(self, claims: Sequence[Claim], answer: Answer) -> None:
        self.mailbag.exchange([(claim, answer) for claim in claims], "one", room=0)

    async def deliver(self) -> None:
        """Run a courier until nothing is due."""
        ending = asyncio.Event()
        ending.set()
        courier = Courier(
            mailbag=self.mailbag,
            poster=poster(HOME),
            name="one",
            alive=lambda _: True,
            clock=self.clock,
            rng=random.Random(1),
            grace=timedelta(seconds=5),
        )
        await courier.run(ending=ending, stopping=asyncio.Event())


def verified(headers: Mapping[str, str], body: bytes, *secrets: str) -> list[bool]:
    """Return for each secret whether a receiver who knows it finds one signature that is ours.

    Written after the specification alone: https://github.com/standard-webhooks/standard-webhooks.
    """
    lower = {name.lower(): text for name, text in headers.items()}
    told = [one.split(",", 1) for one in lower["webhook-signature"].split(" ")]
    found = []
    for secret in secrets:
        assert secret.startswith("whsec_")
        key = base64.b64decode(secret[6:], validate=True)
        assert 24 <= len(key) <= 64
        text = f"{lower['webhook-id']}.{lower['webhook-timestamp']}.{body.decode()}"
        right = base64.b64encode(hmac.new(key, text.encode(), "sha256").digest()).decode()
        found.append(any(version == "v1" and hmac.compare_digest(right, said) for version, said in told))
    return found
