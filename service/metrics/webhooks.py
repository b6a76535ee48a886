"""Webhooks in figures: how much waits, how long, what was given up, and how many endpoints are off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy import Connection, case, func, select

from service.outbox import schema as t

_W, _M = t.webhook.c, t.webhook_message.c
_STANDINGS: Final = ("on", "failing", "off")


def webhooks(connection: Connection, now: int) -> Iterator[Metric]:
    """Yield them; no agency and no endpoint is a label."""
    waiting = GaugeMetricFamily("ecas_webhook_messages", "Messages to agencies' endpoints.", labels=["outcome"])
    count = select(func.count(), func.min(_M.at)).where(_M.due_at.is_not(None))
    many, since = connection.execute(count).one()
    dead = connection.execute(
        select(func.count()).select_from(t.webhook_message).where(_M.ended_at.is_not(None), _M.outcome == "dead")
    )
    waiting.add_metric(("waiting",), many)
    waiting.add_metric(("dead",), dead.scalar_one())
    age = max(0, now - (since or now)) / 1000
    oldest = GaugeMetricFamily("ecas_webhook_oldest_seconds", "How long the oldest of them has waited.", value=age)
    standing = case((_W.off_at.is_not(None), "off"), (_W.failing_since.is_not(None), "failing"), else_="on")
    grouped = select(standing, func.count()).where(_W.removed_at.is_(None)).group_by(standing)
    counted: dict[str, int] = {row[0]: row[1] for row in connection.execute(grouped)}
    endpoints = GaugeMetricFamily("ecas_webhooks", "Endpoints by how they stand.", labels=["standing"])
    for name in _STANDINGS:
        endpoints.add_metric((name,), counted.get(name, 0))
    yield from (waiting, oldest, endpoints)
