"""What begins and ends by the clock or by the count of requests: outages, and another specification."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import draft
import pytest

from sandbox.app import create_app
from sandbox.ledger import Ledger
from sandbox.weather import Weather
from specs.catalog import Catalog
from specs.reader import load


def at(**ahead: float) -> str:
    return (datetime.now(UTC) + timedelta(**ahead)).isoformat()


@pytest.fixture
def other(tmp_path: Path):
    """Return the invented draft package, which the sandbox never saw before."""
    return load(draft.shelf(tmp_path) / draft.VERSION)


@pytest.mark.parametrize(
    ("when", "status"),
    [
        (lambda: f"from = {at(hours=-1)}\nto = {at(hours=1)}", 503),
        (lambda: f"from = {at(hours=-1)}", 503),
        (lambda: f"from = {at(hours=-1)}\nfor_seconds = 7200", 503),
        (lambda: f"from = {at(hours=-2)}\nfor_seconds = 3600", 201),
        (lambda: f"from = {at(hours=-2)}\nto = {at(hours=-1)}", 201),
        (lambda: f"from = {at(hours=1)}\nto = {at(hours=2)}", 201),
    ],
    ids=["within", "without-end", "lasting", "lasted", "over", "not-yet"],
)
def test_by_the_clock(when, status: int, run, form) -> None:
    """Within an outage nothing reaches the state, and the state says when to come again."""
    sender = run(f"[[outage]]\n{when()}\ndo = 'unavailable'\nretry_after = 20")
    heard = sender.submit(form("doc-1"), "key-1")
    assert (heard.status, heard.headers.get("retry-after")) == (status, "20" if status == 503 else None)
    assert sender.effects() == [int(status == 201)]


def test_by_requests(run, form) -> None:
    """An outage begins after so many requests of any kind and is over after so many more; another goes before the weather."""
    sender = run("[[outage]]\nafter_requests=2\nfor_requests=3\ndo='too-many'\n[[weather]]\ndo='pending'")
    tracking_id = sender.submit(form("doc-1"), "key-1").receipt()["TrackingId"]
    heard = [
        sender.query("key-1"),
        sender.query("key-1"),
        sender.status(tracking_id),
        sender.submit(form("doc-2"), "k"),
    ]
    assert [answer.status for answer in heard] == [200, 429, 429, 429]
    assert sender.submit(form("doc-2"), "k").status == 202
    assert sender.ledger()["requests"]["turned_back"] == 3


def test_of_one_question(run, form) -> None:
    """An outage may keep only one kind of question out."""
    sender = run(f"[[outage]]\non='query'\nfrom={at(hours=-1)}\ndo='unavailable'")
    assert sender.submit(form("doc-1"), "key-1").status == 201
    assert sender.query("key-1").status == 503


def switch(sender_weather: str, package: Path) -> str:
    return f"[[spec]]\n{sender_weather}\nfolder = '{package.name}'"


def test_switched(run, form, other, write_as) -> None:
    """From the moment on the old wire is refused with a coded reason, at its own path and in its own words, and the new is taken."""
    sender = run(switch("after_requests = 2", other.directory))
    new = {**draft.answers(), "DOCUMENT_ID": "doc-3"}
    early = sender.submit(write_as(other, new), "key-0").receipt()
    assert (early["Status"], early["Reasons"]) == ("RETURNED", "SPEC-NOT-IN-FORCE")
    kept = sender.submit(form("doc-1"), "key-1")
    assert kept.status == 201
    late = sender.submit(form("doc-2"), "key-2")
    assert (late.status, late.receipt()["Status"], late.receipt()["Reasons"]) == (422, "rejected", "SPEC-NOT-IN-FORCE")
    assert sender.submit(form("doc-1"), "key-1").body == kept.body
    taken = type(sender)(sender.port, sender.write, path="/ecas/cans").submit(write_as(other, new), "key-3")
    assert (taken.status, taken.receipt()["Status"]) == (201, "TAKEN")
    assert sender.ask("GET", "/_sandbox").json()["spec"]["version"] == draft.VERSION
    assert [row["effects"] for row in sender.documents()] == [1, 1, 0]


def test_switched_between_arrival_and_judgement(run, form, other) -> None:
    """A document that is under way at midnight is judged by what is in force when the state looks at it."""
    sender = run(f"latency_ms=600\n[[spec]]\nfrom = {at(seconds=0.3)}\nfolder = '{other.directory.name}'")
    assert sender.submit(form("doc-1"), "key-1").receipt()["Reasons"] == "SPEC-NOT-IN-FORCE"


def test_questions_are_answered_in_the_words_of_their_path(run, form, other) -> None:
    """What was taken before midnight can be asked for after it, at the old path and at the new one."""
    sender = run(switch("after_requests = 1", other.directory))
    tracking_id = sender.submit(form("doc-1"), "key-1").receipt()["TrackingId"]
    new = type(sender)(sender.port, sender.write, path="/ecas/cans")
    assert [asker.status(tracking_id).receipt()["Status"] for asker in (sender, new)] == ["accepted", "TAKEN"]
    assert [asker.query("key-1").receipt()["Status"] for asker in (sender, new)] == ["accepted", "TAKEN"]


def test_a_shared_path_is_spoken_as_is_in_force(run, form, spec, tmp_path: Path) -> None:
    """Where the packages share their paths, questions are answered in the words of the one in force."""
    words = {word.upper(): verdict for word, verdict in spec.transport.verdicts.items()}
    louder = replace(spec, directory=tmp_path, transport=replace(spec.transport, verdicts=words))
    sender = run("[[spec]]\nafter_requests=2\nversion='louder'", shelf=lambda _: louder)
    tracking_id = sender.submit(form("doc-1"), "key-1").receipt()["TrackingId"]
    assert [sender.status(tracking_id).receipt()["Status"] for _ in range(2)] == ["accepted", "ACCEPTED"]


def test_switched_over_http(run, form) -> None:
    """A script that is posted names a package by its version, and one that is not there changes nothing."""
    sender = run()
    post = {"Content-Type": "application/toml"}
    for script, sentence in (
        ("version='1999.1'", "no specification package '1999.1'"),
        ("folder='/etc'", "only a script that is a file"),
    ):
        heard = sender.ask("POST", "/_sandbox/weather", f"[[spec]]\nafter_requests=0\n{script}".encode(), post)
        assert (heard.status, sentence in str(heard.json()["title"])) == (400, True)
    sender.weather("[[spec]]\nafter_requests=0\nversion='2026.1'")
    assert sender.submit(form("doc-1"), "key-1").status == 201


def test_the_paths_follow_the_weather(run, form, other, write_as) -> None:
    """A package that a posted script switches to is spoken at its own paths, and no longer when the weather is fair."""
    sender = run(shelf=Catalog(other.directory.parent).named)
    new = type(sender)(sender.port, sender.write, path="/ecas/cans")
    document = write_as(other, draft.answers())
    assert new.submit(document, "key-1").status == 404
    sender.weather(f"[[spec]]\nafter_requests=0\nversion='{draft.VERSION}'")
    assert new.submit(document, "key-1").status == 201
    sender.weather("")
    assert new.submit(document, "key-1").status == 404
    assert sender.submit(form("doc-1"), "key-2").status == 201


def test_to_the_second(spec, other, tmp_path: Path) -> None:
    """The last second before the moment belongs to the old package, and the moment itself to the new one."""
    script = tmp_path / "weather.toml"
    script.write_text(f"[[spec]]\nfrom = 2026-12-01T05:00:00Z\nfolder = '{other.directory.name}'")
    weather = Weather.from_file(script)
    midnight = datetime(2026, 12, 1, 5, tzinfo=UTC)
    assert [weather.switched_to(midnight + timedelta(seconds=ahead)) for ahead in (-1, 0, 1)] == [None, 0, 0]
    ledger = Ledger.open(tmp_path / "ledger.jsonl")
    assert create_app(spec, ledger, weather, clock=lambda: midnight).routes
    ledger.close()
