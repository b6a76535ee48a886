"""Nothing that anybody else wrote reaches a log: of an error its type and its place, of everything else words of ours."""

from __future__ import annotations

import ast
import asyncio
import gc
import io
import json
import logging
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
import structlog
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from canonical.submission import State
from service import telemetry
from service.api.app import create_app
from service.main import build_service
from service.outbox.engine import open_engine
from service.settings import Settings
from service.telemetry import ALLOWED, Ours, fault_of
from service.tracing import ALLOWED as IN_SPANS

ROOT = Path(__file__).parents[3]
CANARY = "Qvxjzkwqhbcdfghk"
#: Who says that a sentence is ours, each looked at: constants, names of files of the operator's, days, codes and counts.
SENTENCES = {
    "service/api/oauth.py",
    "service/chores.py",
    "service/deadline_watch.py",
    "service/delivery.py",
    "service/expiry_watch.py",
    "service/main.py",
    "service/road_to_state.py",
    "service/telemetry.py",
}


@pytest.fixture
def log(monkeypatch) -> Iterator[Callable[[], list[dict[str, object]]]]:
    """Log as the service does, and return the lines since then; afterwards all is as it was."""
    root = logging.getLogger()
    before = (sys.excepthook, threading.excepthook, sys.unraisablehook, root.handlers[:], root.level)
    raising, last = logging.raiseExceptions, logging.lastResort
    said = io.StringIO()
    monkeypatch.setattr(sys, "stderr", said)
    with warnings.catch_warnings():
        root.handlers[:] = []
        telemetry.configure("debug")
        try:
            yield lambda: [json.loads(line) for line in said.getvalue().splitlines()]
        finally:
            structlog.reset_defaults()
            sys.excepthook, threading.excepthook, sys.unraisablehook, root.handlers[:], root.level = before
            logging.raiseExceptions, logging.lastResort = raising, last


def _raised() -> Exception:
    try:
        int(CANARY)
    except ValueError as error:
        return error
    raise AssertionError


async def _forgotten_task() -> None:
    async def fail() -> None:
        raise ValueError(CANARY)

    task = asyncio.create_task(fail(), name=CANARY)
    await asyncio.sleep(0)
    del task
    gc.collect()


async def _failing_callback() -> None:
    def fail(what: str) -> None:
        raise ValueError(what)

    asyncio.get_running_loop().call_soon(fail, CANARY)
    await asyncio.sleep(0.01)


def _thread() -> None:
    thread = threading.Thread(target=lambda: (_ for _ in ()).throw(ValueError(CANARY)), name=CANARY)
    thread.start()
    thread.join()


def _object() -> None:
    class Left:
        def __del__(self) -> None:
            raise ValueError(CANARY)

    Left()
    gc.collect()


def _library(name: str) -> Callable[[], None]:
    return lambda: logging.getLogger(name).error("failed: %s", CANARY, exc_info=_raised())


#: Whatever would be printed of an error, by Python or by a library, and whether a line of ours tells of it.
UNCAUGHT = {
    "an error at the end of a program": (lambda: sys.excepthook(ValueError, _raised(), None), True),
    "an error in a thread": (_thread, True),
    "an error at the end of an object": (_object, True),
    "a task that nobody waits for": (lambda: asyncio.run(_forgotten_task()), True),
    "a callback": (lambda: asyncio.run(_failing_callback()), True),
    "uvicorn": (_library("uvicorn.error"), True),
    "aiohttp": (_library("aiohttp.client"), True),
    "SQLAlchemy": (_library("sqlalchemy.engine.Engine"), True),
    "alembic": (_library("alembic.runtime.migration"), True),
    "OpenTelemetry": (_library("opentelemetry.exporter.otlp"), True),
    "a stranger whose logger is called after a child": (_library(CANARY), True),
    "a line that cannot be put together": (lambda: logging.getLogger("aiohttp").error("%d", CANARY), True),
    "a remark": (lambda: logging.getLogger("aiohttp").warning(CANARY), False),
    "a warning": (lambda: warnings.warn(CANARY, stacklevel=1), False),
    "a logger that keeps to itself": (lambda: _alone().error(CANARY), False),
}


def _alone() -> logging.Logger:
    logger = logging.getLogger("alone")
    logger.propagate = False
    return logger


@pytest.mark.parametrize("what", UNCAUGHT)
def test_what_others_print_of_an_error_is_told_without_its_words(what, log):
    """By its type and place in our code, one line each; what is no error is not told at all."""
    cause, told = UNCAUGHT[what]
    cause()
    lines = log()
    assert CANARY not in json.dumps(lines)
    assert {line["level"] for line in lines} <= {"error", "critical"}
    assert bool(lines) is told, lines


def test_every_field_is_of_a_closed_kind(log):
    """A value that does not look as its field's do is dropped: no free text has a place in any of them."""
    structlog.get_logger().error(
        "seen", **dict.fromkeys(ALLOWED.keys() - {"event", "level", "timestamp"}, f"{CANARY} is ill")
    )
    structlog.get_logger().error(
        "seen", why="a sentence of anybody", state=CANARY, submission=f"sub_{CANARY}", days=CANARY
    )
    for line in log():
        assert line.keys() == {"event", "level", "timestamp"}


def test_what_is_ours_is_logged(log):
    """Ids, states, words and counts of ours, and sentences that somebody says are."""
    told = {
        "principal": "client:cli_ab2",
        "agency": "riverbend",
        "submission": "sub_2ab",
        "state": State.HELD,
        "outcome": "Accepted",
        "route": "/fhir/QuestionnaireResponse/$validate",
        "method": "POST",
        "status": 422,
        "milliseconds": 1.5,
        "why": Ours("The state refuses our credentials."),
        **fault_of(_raised()),
    }
    structlog.get_logger().error("seen", **told)
    (line,) = log()
    assert told.items() <= line.items()


def test_every_template_of_ours_may_be_logged(tmp_path):
    """No route is dropped for its look."""
    service = build_service(Settings(data_dir=tmp_path))
    routes = [*create_app(service).openapi()["paths"], "/metrics", "/openapi.json", "unmatched"]
    service.engine.dispose()
    assert len(routes) > 40
    assert [route for route in routes if not ALLOWED["route"](route)] == []


@cache
def _every_call() -> list[tuple[str, str, ast.Call]]:
    files = [
        file
        for package in ("service", "gateway_client", "adapters", "validators", "specs", "markup", "canonical")
        for file in sorted((ROOT / package).rglob("*.py"))
    ]
    return [
        (
            file.relative_to(ROOT).as_posix(),
            node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id,
            node,
        )
        for file in files
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name)
    ]


def _calls(name: str) -> Iterator[tuple[str, ast.Call]]:
    """Yield each call of a function or method of this name in our code, with its file."""
    return ((file, node) for file, called, node in _every_call() if called == name)


def test_events_are_written_in_the_code():
    """What an event is called is a constant: nothing is ever put together for it, and no exception is passed along."""
    seen = 0
    for method in ("debug", "info", "warning", "error", "critical", "exception"):
        for file, call in _calls(method):
            if "log" in ast.unparse(call.func).lower():
                seen += 1
                assert isinstance(call.args[0], ast.Constant), f"{file}:{call.lineno}"
                assert "exc_info" not in {one.arg for one in call.keywords}, f"{file}:{call.lineno}"
    assert seen > 30


def test_the_list_of_those_who_write_sentences_is_known():
    """Whoever calls a text ours was looked at; a new one has to be."""
    assert {file for file, _ in _calls("Ours")} <= SENTENCES


def test_spans_tell_names_that_logs_may_tell():
    """What a span may hold is a part of what a log may, and the type of an error."""
    assert IN_SPANS - ALLOWED.keys() <= {"error"}


@pytest.mark.parametrize("statement", ["INSERT INTO a VALUES (:b)", "INSERT INTO nowhere VALUES (:b)"])
def test_a_database_error_holds_no_parameter(statement, database_url):
    """Neither its text nor its repr; what the server quotes of a row is in no log either, since texts are never logged."""
    engine = open_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE a (b VARCHAR(99) UNIQUE)"))
        connection.execute(text("INSERT INTO a VALUES (:b)"), {"b": CANARY})
    with pytest.raises((IntegrityError, OperationalError, DBAPIError)) as caught, engine.begin() as connection:
        connection.execute(text(statement), {"b": CANARY})
    engine.dispose()
    mine = "\n".join(line for line in f"{caught.value}\n{caught.value!r}".splitlines() if "DETAIL" not in line)
    assert "[SQL parameters hidden due to hide_parameters=True]" in mine
    assert CANARY not in mine
    assert CANARY not in json.dumps(fault_of(caught.value))


def test_no_engine_of_ours_tells_its_parameters():
    """Each engine is made by one function, which hides them."""
    makers = [(file, ast.unparse(call)) for file, call in _calls("create_engine")]
    assert makers
    assert {file for file, _ in makers} == {"service/outbox/engine.py"}
    assert all("hide_parameters=True" in call for _, call in makers)
    assert "hide_parameters=True" not in repr(create_engine)


def test_a_command_that_fails_in_a_thread_prints_no_text(tmp_path):
    """What a thread or an object of a command dies of is told by type and place, and no core is left of the process."""
    script = (
        "import resource, sys, threading\n"
        "from service.cli import main\n"
        "def outcome():\n"
        f"    thread = threading.Thread(target=int, args=('{CANARY}',)); thread.start(); thread.join()\n"
        "    print(resource.getrlimit(resource.RLIMIT_CORE)[0], flush=True)\n"
        "    return 0\n"
        "main.outcome = outcome\n"
        "main.run()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin"}
    )
    assert done.stdout.strip() == "0", done.stderr
    assert "ValueError" in done.stderr
    assert CANARY not in done.stdout + done.stderr
