"""The sandbox's own pages below ``/_sandbox``: no state has them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import islice
from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from sandbox.ledger import Ledger
from sandbox.reply import as_json, problem

#: Documents in one piece of the ledger's page; between two pieces others are answered.
_PIECE: Final = 500
_FLAGS: Final = {"true": True, "false": False}


async def ledger_page(ledger: Ledger, request: Request) -> Response:
    """Show what was received; with ``?summary=true`` without the documents.

    Each document is shown as it stands when its piece is written, and what is counted over all as it stands at the end.
    """
    summary = _FLAGS.get(request.query_params.get("summary", "false"))
    if summary is None:
        return problem(400, "summary is true or false.")
    if summary:
        await ledger.durable()
        return as_json(ledger.summary())
    return StreamingResponse(_pieces(ledger), media_type="application/json")


async def _pieces(ledger: Ledger) -> AsyncIterator[bytes]:
    documents = ledger.documents()
    before = b'{"documents":['
    while piece := list(islice(documents, _PIECE)):
        yield before + orjson.dumps(piece)[1:-1]
        before = b","
    if before != b",":
        yield before
    # Nobody has a whole page before what it shows is on the disk.
    await ledger.durable()
    yield b"]," + orjson.dumps(ledger.summary())[1:]
