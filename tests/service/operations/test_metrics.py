from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from draft import of_2026
from office import Office
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import insert, select, update

from service.metrics.attempts import Attempts
from service.metrics.backlog import AGENCIES, OTHERS, Backlog
from service.outbox import migrate
from service.outbox import schema as t
from service.outbox.engine import open_engine, reading, writing
from service.tenants.tenant import EVERY

TOKEN = "a token that is long enough"
NOW = int(datetime(2026, 11, 16, 12, 0, tzinfo=UTC).timestamp() * 1000)
HOUR = int(timedelta(hours=1).total_seconds() * 1000)


def figures(text: str) -> dict[str, float]:
    """Return the samples of an exposition, by name and labels."""
    return {
        sample.name + "".join(f" {name}={value}" for name, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def engine(database_url):
    engine = open_engine(database_url)
    migrate.upgrade(engine)
    with writing(engine, EVERY) as connection:
        connection.execute(insert(t.agency).values(id="riverbend", created_at=0))
    yield engine
    engine.dispose()


def _seen(backlog: Backlog) -> dict[str, float]:
    return {
        sample.name + "".join(f" {name}={value}" for name, value in sorted(sample.labels.items())): sample.value
        for family in backlog.collect()
        for sample in family.samples
    }


def _queue(engine, now: int = NOW) -> Backlog:
    times = iter(range(0, 10_000, 10))
    return Backlog(engine, lambda _: now, clock=lambda: next(times))


def _put(engine, number: int, *, agency: str = "riverbend", **values) -> None:
    """Write a submission down as if it had come to this state."""
    with writing(engine, EVERY) as connection:
        if not connection.execute(select(t.agency).where(t.agency.c.id == agency)).first():
            connection.execute(insert(t.agency).values(id=agency, created_at=0))
        connection.execute(
            insert(t.payload).values(id=f"pay_{number}", agency=agency, format="fhir", received_at=0, sealed=b"x")
        )
        row = {
            "state": "ready", "since": NOW - HOUR, "ordinal": 0, "sealed_document_id": b"", "received_at": 0,
            "document_digest": str(number), "content_digest": "", "idempotency_key": f"idem_{number}",
            "updated_at": 0, "sealed_assessment": b"", "sealed_report": b"",
        } | values  # fmt: skip
        connection.execute(
            insert(t.submission).values(id=f"sub_{number}", agency=agency, payload=f"pay_{number}", **row)
        )


def test_depth_age_and_causes_are_told(engine):
    """What waits is told by agency and state, with the age of the oldest; held and stuck work by cause, lateness by count."""
    _put(engine, 1, since=NOW - 2 * HOUR)
    _put(engine, 2, agency="harborlight", deadline_at=NOW - 1)
    _put(engine, 3, state="held", holds="unknown_key not_live", deadline_at=NOW + HOUR)
    _put(engine, 4, state="stuck", cause="unfit")
    _put(engine, 5, state="accepted", deadline_at=NOW - 1)
    seen = _seen(_queue(engine))
    assert seen["ecas_waiting_submissions agency=riverbend state=ready"] == 1
    assert seen["ecas_waiting_submissions agency=harborlight state=ready"] == 1
    assert seen["ecas_oldest_seconds state=ready"] == 7200
    assert seen["ecas_held_submissions cause=unknown_key"] == seen["ecas_held_submissions cause=not_live"] == 1
    assert seen["ecas_stuck_submissions cause=unfit"] == 1
    assert (seen["ecas_deadlines_missed"], seen["ecas_deadlines_at_risk"]) == (1, 1)
    assert not any("accepted" in name for name in seen)


def test_agencies_are_a_bounded_label(engine):
    """However many agencies there are, the figures of one state stay a bounded number, and none is left out of the sum."""
    for number in range(AGENCIES + 3):
        _put(engine, number, agency=f"agency-{number:04}")
    depth = {name: n for name, n in _seen(_queue(engine)).items() if name.startswith("ecas_waiting_submissions")}
    assert (len(depth), sum(depth.values())) == (AGENCIES + 1, AGENCIES + 3)
    assert depth[f"ecas_waiting_submissions agency={OTHERS} state=ready"] == 3


def test_the_road_is_told(engine):
    """The breaker, closures of all and of a part, quarantine, and what is due though nobody takes it."""
    with writing(engine, EVERY) as connection:
        connection.execute(insert(t.destination).values(id="ecas", opened_at=NOW - HOUR, failures=7, refusals=0))
        for kind, agency in (("breaker", ""), ("pause", "riverbend")):
            connection.execute(
                insert(t.closure).values(
                    destination="ecas", kind=kind, agency=agency, programme="", began_at=NOW - HOUR, actor="a", why="w"
                )
            )
        connection.execute(insert(t.quarantine).values(destination="ecas", began_at=0, backup="bak_1"))
        for number, (due_at, owner) in enumerate(
            [(NOW - HOUR, None), (NOW + 1, None), (NOW + HOUR, "wrk_1"), (None, None)]
        ):
            connection.execute(insert(t.child).values(id=f"chi_{number}", agency="riverbend"))
            connection.execute(
                insert(t.lane).values(
                    destination="ecas", agency="riverbend", child=f"chi_{number}", due_at=due_at, owner=owner
                )
            )
    seen = _seen(_queue(engine))
    assert (seen["ecas_breaker_open destination=ecas"], seen["ecas_road_failures destination=ecas"]) == (1, 7)
    assert seen["ecas_closures kind=breaker part=all"] == seen["ecas_closures kind=pause part=part"] == 1
    assert seen["ecas_closed_seconds kind=breaker part=all"] == 3600
    assert (seen["ecas_due_lanes"], seen["ecas_oldest_due_seconds"], seen["ecas_leased_lanes"]) == (1, 3600, 1)
    assert (seen["ecas_quarantined"], seen["ecas_database_up"]) == (1, 1)


def _attempt(engine, started_at: int, outcome: str | None, *, kind: str = "send") -> None:
    with writing(engine, EVERY) as connection:
        connection.execute(
            insert(t.attempt).values(
                agency="riverbend", submission="sub_1", kind=kind, number=1, started_at=started_at,
                ended_at=None if outcome is None else started_at + 500, outcome=outcome,
            )
        )  # fmt: skip


def _tallies(engine, counting: Attempts, now: int):
    with reading(engine, EVERY) as connection:
        return counting.tallies(connection, now)


def test_attempts_are_counted_once_each(engine):
    """An attempt is counted while it lasts and once when it ended, however often and whenever somebody looks."""
    _put(engine, 1)
    counting = Attempts()
    for number in range(5):
        _attempt(engine, NOW - 3 * HOUR + number, "Accepted")
    _attempt(engine, NOW - HOUR // 2, None)
    for _ in range(3):
        number, milliseconds = _tallies(engine, counting, NOW)
        assert number == {("send", "Accepted"): 5, ("send", "none"): 1}
        assert milliseconds["send", "Accepted"] == 2500
    with writing(engine, EVERY) as connection:
        connection.execute(
            update(t.attempt).where(t.attempt.c.outcome.is_(None)).values(outcome="Rejected", ended_at=NOW)
        )
    _attempt(engine, NOW, "Accepted")
    for later in (NOW, NOW + 2 * HOUR, NOW + 9 * HOUR):
        number, _ = _tallies(engine, counting, later)
        assert number == {("send", "Accepted"): 6, ("send", "Rejected"): 1}
    assert _tallies(engine, Attempts(), NOW + 9 * HOUR)[0] == number


def test_a_database_that_does_not_answer_is_told(engine):
    """Where nothing can be read, that is the figure; the scrape itself does not fail."""
    queue = _queue(engine)
    with writing(engine, EVERY) as connection:
        connection.exec_driver_sql("ALTER TABLE attempt RENAME TO gone")
    assert _seen(queue) == {"ecas_database_up": 0}


def test_what_workers_did_is_in_one_scrape(tmp_path):
    """After a delivery the service tells of the worker's attempts, though that was no process of its own."""
    office = Office(tmp_path)
    service = office.open()
    office.submit(of_2026())
    queue = _queue(service.engine, int(office.moment.timestamp() * 1000))
    assert not [name for name in _seen(queue) if name.startswith("ecas_attempts")]
    office.deliver()
    assert _seen(queue)["ecas_attempts_total kind=send outcome=Accepted"] == 1
    office.close()


@pytest.mark.parametrize(
    ("token", "given", "status"),
    [
        (None, f"Bearer {TOKEN}", 404),
        (TOKEN, "", 401),
        (TOKEN, f"Bearer {TOKEN}x", 401),
        (TOKEN, "Bearer ", 401),
        (TOKEN, f"Basic {TOKEN}", 401),
        (TOKEN, "Bearer \xe9", 401),
        (TOKEN, f"Bearer {TOKEN}", 200),
    ],
)
def test_figures_want_their_own_token(start, token, given, status):
    """Without a token in the settings there is no such page, on loopback either; with one, only who shows it reads."""
    running = start(metrics_token=token)
    assert running.ask("GET", "/metrics", headers={"Authorization": given})[0] == status


def test_an_agencys_key_does_not_read_figures(start):
    """They tell of all agencies."""
    assert start(metrics_token=TOKEN).ask("GET", "/metrics")[0] == 401


def test_a_running_service_is_counted(start):
    """Requests, their routes and the steps of an intake are there; nothing that a caller wrote is."""
    running = start(metrics_token=TOKEN)
    assert running.submit("canary-in-key")[0] == 202
    running.ask("GET", "/v1/canary/canary?canary=canary", headers={"X-Canary": "canary"})
    running.ask("CANARY", "/healthz")
    running.ask("GET", "/readyz")
    status, headers, body = running.ask("GET", "/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    text = body.decode()
    seen = figures(text)
    assert (status, headers["content-type"].partition(";")[0]) == (200, "text/plain")
    assert seen["ecas_http_requests_total method=POST route=/v1/submissions status=202"] >= 1
    assert seen["ecas_http_requests_total method=other route=/healthz status=405"] >= 1
    assert all(seen[f"ecas_step_seconds_count step={step}"] >= 1 for step in ("read", "judge", "write"))
    assert seen["ecas_free_floor_bytes"] == 256_000_000
    assert seen["ecas_connections"] >= 1
    assert not re.search("canary", text, re.IGNORECASE)
