"""Logs: one JSON line an event on standard error, made of an allow-list. What is not on it never reaches a log."""

from __future__ import annotations

import logging
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Any, Final

import structlog

from canonical.submission import State
from service import last_words


class Ours(str):
    """A sentence of our own code: no word of it comes from a person, a record, a peer or a library.

    Whoever writes this name around a text says so; a test holds the list of those who do.
    """

    __slots__ = ()


def _shaped(pattern: str) -> Callable[[object], bool]:
    shape = re.compile(pattern)
    return lambda value: isinstance(value, str) and shape.fullmatch(value) is not None


def _number(value: object) -> bool:
    return isinstance(value, int | float)


def _state(value: object) -> bool:
    return isinstance(value, str) and value in set(State)


_ID: Final = _shaped(r"[a-z]{3}_[a-z0-9]{1,64}")
#: What may be logged, and what each may look like: ids and words of ours, counts and times; nothing that a sender wrote.
ALLOWED: Final[Mapping[str, Callable[[object], bool]]] = {
    "event": _shaped(r"[a-z][^\n]{0,119}"),  # written in our code; a test sees that it is nowhere made up
    "level": _shaped(r"[a-z]+"),
    "timestamp": _shaped(r"[0-9TZ:.-]+"),
    "principal": _shaped(r"(client:)?[a-z]{3}_[a-z0-9]{1,64}"),
    "agency": _shaped(r"[a-z0-9][a-z0-9-]{1,39}"),
    "submission": _ID,
    "payload": _ID,
    "request": _ID,
    "worker": _ID,
    "webhook": _ID,
    "attempt": _number,
    "count": _number,
    "days": _number,
    "outcome": _shaped(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}"),
    "state": _state,
    "route": _shaped(r"unmatched|(/[a-z][a-z0-9_.-]*|/[A-Z][A-Za-z]{1,39}|/\{[a-z_]+\}|/\$[a-z]+)+"),
    "method": _shaped(r"[A-Z]{3,7}|other"),
    "status": _number,
    "milliseconds": _number,
    "library": _shaped(r"[a-z_]{1,40}"),
    "kind": _shaped(r"[A-Za-z_][A-Za-z0-9_.<>-]{0,79}"),  # the name of a class, or a word of a standard
    "frame": _shaped(r"[a-z0-9_/]+\.py:[0-9]+|unknown"),
    "why": lambda value: isinstance(value, Ours),
}

_ROOT: Final = Path(__file__).parents[1]
#: The folders of our own code; other distributions may stand beside them.
_OURS: Final = {
    _ROOT / name for name in ("canonical", "markup", "specs", "adapters", "validators", "gateway_client", "service")
}
#: Libraries that log, by the first part of the names of their loggers. A name in full may hold anything.
_LIBRARIES: Final = frozenset(
    {"aiohttp", "alembic", "asyncio", "opentelemetry", "py", "sqlalchemy", "urllib3", "uvicorn"}
)


def configure(level: str) -> None:
    """Log from this level on, and let nobody else write beside it: what libraries and Python itself say may quote."""
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
    warnings.simplefilter("ignore")
    logging.basicConfig(level=logging.ERROR, handlers=[_OfLibraries()], force=True)
    logging.lastResort = None
    logging.raiseExceptions = False  # a line that cannot be written would be printed, with what it was made of
    last_words.told_by(_uncaught)


def fault_of(error: BaseException) -> dict[str, str]:
    """Return what may be logged of an error of ours: its type, and the place in our code; its text may hold a record."""
    frames = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    ours = [(file, line) for file, line in frames if any(folder in _OURS for folder in file.parents)]
    frame = f"{ours[-1][0].relative_to(_ROOT)}:{ours[-1][1]}" if ours else "unknown"
    return {"kind": type(error).__qualname__, "frame": frame}


class _OfLibraries(logging.Handler):
    """Tells that a library reported an error, which library it was, and the type of the error: never its words."""

    def emit(self, record: logging.LogRecord) -> None:
        """Tell of one record; nothing of it is put together."""
        library = record.name.partition(".")[0]
        error = record.exc_info[1] if record.exc_info else None
        structlog.get_logger().error(
            "a library reports an error",
            library=library if library in _LIBRARIES else "other",
            **({} if error is None else fault_of(error)),
        )


def _uncaught(error: BaseException | None) -> None:
    structlog.get_logger().critical("an error that nobody caught", **({} if error is None else fault_of(error)))


def _only_allowed(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop every field that is not on the list, and every value that does not look as that field's do."""
    return {name: value for name, value in event.items() if name in ALLOWED and ALLOWED[name](value)}
