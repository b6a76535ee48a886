"""Logs: one JSON line an event on standard error, made of an allow-list. What is not on it never reaches a log."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, Final

import structlog

#: Names of ours, states, counts and times; nothing that a sender wrote.
ALLOWED: Final = frozenset({
    "event", "level", "timestamp",
    "agency", "submission", "payload", "request", "worker",
    "attempt", "outcome", "state", "count",
    "route", "method", "status", "milliseconds",
    "kind", "frame", "why",
})  # fmt: skip

_ROOT: Final = Path(__file__).parents[1]
#: The folders of our own code; other distributions may stand beside them.
_OURS: Final = {_ROOT / name for name in ("canonical", "specs", "adapters", "validators", "gateway_client", "service")}


def configure(level: str) -> None:
    """Log from this level on; libraries' own loggers are silenced below errors, for their texts may quote."""
    logging.basicConfig(level=logging.CRITICAL)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _only_allowed,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def fault_of(error: BaseException) -> dict[str, str]:
    """Return what may be logged of an error of ours: its type, and the place in our code; its text may hold a record."""
    frames = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    ours = [(file, line) for file, line in frames if any(folder in _OURS for folder in file.parents)]
    frame = f"{ours[-1][0].relative_to(_ROOT)}:{ours[-1][1]}" if ours else "unknown"
    return {"kind": type(error).__qualname__, "frame": frame}


def _only_allowed(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop every field that is not on the list, and every value that is no plain word or number."""
    return {
        name: value for name, value in event.items() if name in ALLOWED and isinstance(value, str | int | float | None)
    }
