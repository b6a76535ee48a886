"""What goes back to whoever asked: receipts, JSON, and problems."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import orjson
from starlette.responses import Response

XML: Final = "application/xml"


def as_json(document: object, status: int = 200) -> Response:
    """Answer in JSON."""
    return Response(orjson.dumps(document), status, media_type="application/json")


def as_xml(content: bytes, status: int = 200) -> Response:
    """Answer with a receipt or a list of them."""
    return Response(content, status, media_type=XML)


def problem(status: int, title: str, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with a problem (RFC 9457); the title holds nothing of the question."""
    body = orjson.dumps({"type": "about:blank", "title": title, "status": status})
    return Response(body, status, dict(headers or {}), media_type="application/problem+json")
