"""Announcing: whoever is told of a submission's history has a message written down with the event, in its transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, insert, select

from service.identifiers import NewId
from service.outbox import schema as t
from service.tenants.connections import own, tenant_of
from service.tenants.tenant import Wide

_S, _W, _E = t.submission.c, t.webhook.c, t.event.c
_LISTENS: Final = (_W.off_at.is_(None), _W.removed_at.is_(None))
#: Whether anybody listens at all: nearly always nobody, which is seen by one look into a small table.
_ANYBODY: Final = select(_W.seq).where(*_LISTENS).limit(1)
_ANYBODY_OF: Final = _ANYBODY.where(_W.agency == bindparam("agency"))
#: Who wants to know of these submissions.
_LISTENERS: Final = (
    select(_S.id, _S.agency, _S.verdict, _S.attempts, _W.id.label("webhook"), _W.states)
    .join(t.webhook, _W.agency == _S.agency)
    .where(_S.id.in_(bindparam("ids", expanding=True)), *_LISTENS)
    .order_by(_W.seq)
)
#: How long their histories are, with what has just been added.
_LENGTHS: Final = (
    select(_E.submission, func.count().label("events"))
    .where(_E.submission.in_(bindparam("ids", expanding=True)))
    .group_by(_E.submission)
)
_WRITE: Final = insert(t.webhook_message)


def announce(connection: Connection, events: Sequence[Mapping[str, Any]], new_id: NewId) -> None:
    """Write down what endpoints are to be told of these events, which have just been added to histories.

    Verdict and attempts are told as the submission's row has them now; what changed no state is told to nobody.
    """
    if not _anybody(connection) or not any(event["was"] != event["became"] for event in events):
        return
    ids = {event["of"] for event in events}
    listeners = connection.execute(_LISTENERS.where(*own(connection, t.webhook)), {"ids": ids}).all()
    if not listeners:
        return
    histories = _LENGTHS.where(*own(connection, t.event))
    lengths = {row.submission: row.events for row in connection.execute(histories, {"ids": ids})}
    messages = []
    for event in reversed(events):  # the last one of a submission has the length of its history as its number
        number = lengths[event["of"]]
        lengths[event["of"]] -= 1
        messages += [
            {
                "id": new_id("msg"),
                "agency": one.agency,
                "webhook": one.webhook,
                "submission": one.id,
                "number": number,
                "at": event["at"],
                "was": event["was"],
                "became": event["became"],
                "verdict": one.verdict,
                "attempts": one.attempts,
                "due_at": event["at"],
            }
            for one in listeners
            if one.id == event["of"] and event["was"] != event["became"] and _wants(one.states, event["became"])
        ]
    if messages:
        connection.execute(_WRITE, messages[::-1])


def _anybody(connection: Connection) -> bool:
    tenant = tenant_of(connection)
    if isinstance(tenant, Wide):
        return connection.execute(_ANYBODY).first() is not None
    return connection.execute(_ANYBODY_OF, {"agency": tenant}).first() is not None


def _wants(states: str, became: str) -> bool:
    return not states or became in states.split()
