"""What an endpoint is told: names of ours, a state, counts and times. No value of a record, and no name that its sender chose."""

from __future__ import annotations

import orjson
from sqlalchemy import RowMapping

from service.clock import from_milliseconds, utc_text
from service.webhooks.endpoint import event_type


def body_of(row: RowMapping) -> bytes:
    """Return the body of a message: the same bytes each time that it is sent.

    The document id is left out: its sender chooses it, and may have made it of a name or a number of the child.
    """
    data = {
        "submission": row["submission"],
        "number": row["number"],
        "was": row["was"],
        "state": row["became"],
        "verdict": row["verdict"],
        "attempts": row["attempts"],
    }
    return orjson.dumps(
        {"type": event_type(row["became"]), "timestamp": utc_text(from_milliseconds(row["at"])), "data": data}
    )
