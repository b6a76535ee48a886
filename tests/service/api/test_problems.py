from __future__ import annotations

import dataclasses
import sqlite3

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from canonical.errors import ConfigurationError, NoSpecInForce
from service.outbox.engine import writing
from specs.windows import Windows

CANARY = "canary-91bc"


class BrokenIntake:
    """An intake with a fault whose text and locals hold a record."""

    at_most = 1

    def __init__(self, error: Exception) -> None:
        self.error = error

    def receive(self, payload: object, **_: object) -> object:
        record = f"{CANARY} {payload}"
        raise self.error from ValueError(record)

    judge = receive


@pytest.fixture
def broken(api):
    """Give the running service an intake that fails so."""

    def give(error: Exception | None) -> None:
        intake = api.service.intake if error is None else BrokenIntake(error)
        api.app.state.service = dataclasses.replace(api.service, intake=intake)

    yield give
    give(None)


@pytest.mark.parametrize("path", ["/v1/submissions", "/v1/validate"])
def test_a_fault_of_ours_says_nothing_but_its_number(caller, broken, response, assert_problem, path):
    """An unexpected error is a 500 whose text nobody outside learns; the log gets its type and place, no value."""
    broken(KeyError(CANARY))
    with capture_logs() as logs:
        answer = caller.ask("POST", path, response(), idempotency_key="k")
    assert_problem(answer, 500, "unexpected")
    assert CANARY not in answer.whole
    assert CANARY not in str(logs)
    failed, answered = logs
    assert failed["kind"] == "KeyError"
    assert failed["frame"].startswith("service/api/")
    assert failed["request"] == answered["request"] == answer.headers["correlation-id"]
    assert answered == answered | {"route": path, "status": 500, "agency": caller.id}


def test_after_a_fault_the_same_request_is_taken(caller, broken, response):
    """A request that failed by our fault was not written down: the same one succeeds once the fault is gone."""
    broken(RuntimeError(CANARY))
    assert caller.submit(response(), key="k").status == 500
    broken(None)
    assert caller.submit(response(), key="k").status == 202


def test_a_wrong_deployment_is_no_fault_of_the_caller(caller, broken, response, assert_problem):
    """Where a roster or a mapping is broken the caller is told to wait, and the operator where to look."""
    broken(ConfigurationError(f"roster.csv: row 3 {CANARY}"))
    answer = caller.submit(response(), key="k")
    assert_problem(answer, 503, "misconfigured")
    assert CANARY not in answer.whole


@pytest.mark.parametrize(
    "error", [ConfigurationError("A calendar."), NoSpecInForce("None today.")], ids=["calendar", "package"]
)
def test_what_nobody_knows_of_the_road_keeps_nothing_out(api, caller, response, error):
    """Where a calendar cannot be read, or no package covers today, a payload is taken; nothing says when it leaves."""

    def unknown() -> Windows:
        raise error

    blind = dataclasses.replace(api.service.expecting, windows=unknown)
    api.app.state.service = dataclasses.replace(api.service, expecting=blind)
    try:
        answer = caller.submit(response(), key="k")
    finally:
        api.app.state.service = api.service
    assert answer.status == 202
    assert [one["queue"]["expected_at"] for one in answer.data["submissions"]] == [None]


def test_a_store_that_takes_nothing_is_said(caller, broken, response, assert_problem):
    """Where the database refuses, nothing is acknowledged: 503 and Retry-After."""
    broken(OperationalError(f"INSERT {CANARY}", {"x": CANARY}, sqlite3.OperationalError("database is locked")))
    answer = caller.submit(response(), key="k")
    assert_problem(answer, 503, "store-unavailable")
    assert answer.headers["retry-after"] == "30"
    assert CANARY not in answer.whole


def test_a_log_line_is_made_of_our_words(caller, response):
    """One line a request: route, status, agency and number; no path, no query, no document."""
    with capture_logs() as logs:
        (taken,) = caller.submit(response(DOCUMENT_ID=CANARY), key=CANARY, query=f"?{CANARY}={CANARY}").data[
            "submissions"
        ]
        caller.ask("GET", f"/v1/submissions/{taken['id']}?{CANARY}")
        caller.ask("GET", f"/{CANARY}")
    assert [(line["route"], line["status"], line["agency"]) for line in logs] == [
        ("/v1/submissions", 202, caller.id),
        ("/v1/submissions/{submission}", 200, caller.id),
        ("unmatched", 404, None),
    ]
    assert CANARY not in str(logs)
    assert taken["id"] not in str(logs)


def test_the_process_lives(api):
    """Whoever asks learns that the process answers."""
    assert api.ask("GET", "/healthz").data == {"status": "ok"}


def test_it_is_ready_where_a_submission_could_be_written_down(api):
    """Ready means: the database takes writes and has this release's schema."""
    assert api.ask("GET", "/readyz").data == {"status": "ready", "delivering": True, "reason": None}


def test_it_is_not_ready_on_another_schema(start, assert_problem):
    """A database of another release is no place to write to."""
    api = start()
    with writing(api.service.engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'other'")
    answer = api.ask("GET", "/readyz")
    assert_problem(answer, 503, "not-ready")
    assert [check for check, passed in answer.data["checks"].items() if not passed] == ["schema_at_head"]


def test_it_is_not_ready_where_nothing_can_be_written(start, assert_problem, tmp_path):
    """A database that may only be read makes the service say so, and take nothing."""
    api = start()
    caller = api.caller()
    api.service.engine.dispose()
    with sqlite3.connect(tmp_path / "var" / "ecas.sqlite3") as database:
        database.execute("DROP TABLE api_key")
        database.execute("DROP TABLE agency")
    database.close()
    answer = api.ask("GET", "/readyz")
    assert_problem(answer, 503, "not-ready")
    assert answer.data["checks"]["database_writable"] is False
    assert_problem(caller.ask("GET", "/v1/submissions"), 503, "store-unavailable")
