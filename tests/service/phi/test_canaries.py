"""A million canaries over good roads and bad ones; none sings where nobody asked for a record."""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from canary_flight import Flight
from canary_payloads import Writer, assessor, roster
from canary_places import trace_receiver, watched
from canary_search import Leak
from canary_state import MOODS, QuotingState, quoting_state
from canary_tokens import Mint
from postgres_server import PostgresServer, postgres_server

from canonical.submission import State
from service.rehearsal import hurried_package
from service.sample_files import SAMPLES

#: A server that says all it knows: nothing of a record may be in that either.
_TALKATIVE = {
    "log_statement": "all",
    "log_min_duration_statement": "0",
    "log_parameter_max_length": "-1",
    "log_parameter_max_length_on_error": "-1",
    "log_error_verbosity": "verbose",
    "log_min_error_statement": "debug5",
    "log_min_messages": "log",
    "log_connections": "on",
}
_METRICS_TOKEN = "seen-by-the-tests-only"
#: Bytes of a body; more are refused.
_MOST_BYTES = 1_000_000


#: Where a payload may be sent to; a small share goes to the first two only.
_TAKING = ("/v1/submissions", "/fhir", "/v1/validate", "/v1/map", "/fhir/QuestionnaireResponse/$validate")


class Store:
    """The database under the service, and how it fails."""

    def __init__(self, folder: Path, server: PostgresServer | None) -> None:
        self.folder, self.server = folder, server

    @property
    def url(self) -> str:
        if self.server is None:
            return f"sqlite:///{self.folder}/var/ecas.sqlite3"
        return f"postgresql+psycopg://ecas@/ecas?host={self.server._folder}"

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Let it refuse every payload and every attempt, with an error that quotes the row where the database does."""
        if self.server is None:
            tables = ("payload", "attempt")
            made = [
                f"CREATE TRIGGER no_{one} BEFORE INSERT ON {one} BEGIN SELECT RAISE(ABORT, 'no'); END" for one in tables
            ]
            ended = [f"DROP TRIGGER no_{one}" for one in tables]
        else:
            made = [
                f"ALTER TABLE {one} ADD CONSTRAINT no CHECK (agency = 'nobody') NOT VALID"
                for one in ("payload", "attempt")
            ]
            ended = [f"ALTER TABLE {one} DROP CONSTRAINT no" for one in ("payload", "attempt")]
        self._run(made)
        try:
            yield
        finally:
            self._run(ended)

    @contextmanager
    def away(self) -> Iterator[None]:
        if self.server is None:
            self._run(["ALTER TABLE request RENAME TO request_away"])
            yield
            self._run(["ALTER TABLE request_away RENAME TO request"])
        else:
            self.server.kill()
            yield
            self.server.start()

    def _run(self, statements: list[str]) -> None:
        if self.server is None:
            with sqlite3.connect(self.folder / "var/ecas.sqlite3", timeout=30) as connection:
                for statement in statements:
                    connection.execute(statement)
            connection.close()
        else:
            address = self.server.address.replace("/postgres?", "/ecas?")
            with psycopg.connect(address, autocommit=True) as connection:
                for statement in statements:
                    connection.execute(statement.encode())


@contextmanager
def _store(kind: str, folder: Path) -> Iterator[Store]:
    if kind == "sqlite":
        yield Store(folder, None)
        return
    with postgres_server() as server:
        with psycopg.connect(server.address, autocommit=True) as connection:
            for name, value in _TALKATIVE.items():
                connection.execute(f"ALTER SYSTEM SET {name} = '{value}'".encode())
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("CREATE ROLE ecas LOGIN")  # no superuser: one may tell the server to keep quiet
            connection.execute("CREATE DATABASE ecas OWNER ecas")
        yield Store(folder, server)


def _settings(folder: Path, store: Store, state: QuotingState, traces: str) -> dict[str, str]:
    (folder / "tmp").mkdir()
    return {
        "ECAS_DATA_DIR": str(folder / "var"),
        "ECAS_DATABASE_URL": store.url,
        "ECAS_SPEC_PATH": str(hurried_package(folder / "specs")),
        "ECAS_MAPPING_PATH": str(SAMPLES / "mappings"),
        "ECAS_GATEWAY_URL": state.address,
        "ECAS_LOG_LEVEL": "debug",
        "ECAS_TRACES_URL": traces,
        "ECAS_METRICS_TOKEN": _METRICS_TOKEN,
        "ECAS_MAX_BODY_BYTES": str(_MOST_BYTES),
        "ECAS_FREE_SPACE_FLOOR_MB": "0",
        "PYTHONWARNINGS": "default",  # libraries' warnings may quote what they were given
        "TMPDIR": str(folder / "tmp"),
    }


def _until(true: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.1)


def fly(
    folder: Path, kind: str, *, tokens: int, words: int, commands: bool, seed: int
) -> tuple[Mint, Flight, list[Leak]]:
    """Send so many tokens, and return who counted them, what was asked, and every leak."""
    mint = Mint(seed)
    with (
        _store(kind, folder) as store,
        quoting_state((*MOODS, *["accepted"] * 3)) as state,
        trace_receiver() as (traces, spans),
    ):
        flight = Flight(folder, _settings(folder, store, state, traces), mint)
        with watched(folder / "tmp", flight.all) as temporary:
            try:
                _fly(flight, store, state, tokens=tokens, words=words, commands=commands)
                metrics = flight.ask("GET", "/metrics", key=_METRICS_TOKEN)
                assert metrics.status == 200
                found = flight.all.look_everywhere(folder / "var")  # with the journal, while it is written
                flight.end()
            finally:
                flight.end()
        found += temporary
        assert spans
        found += [leak for number, one in enumerate(spans) for leak in flight.all.look(f"traces {number}", one)]
        found += flight.all.look_everywhere(folder, but=("specs", "sent", "tmp"))
        if store.server is not None:
            with psycopg.connect(store.server.address, autocommit=True) as connection:
                connection.execute("CHECKPOINT")
            log = store.server._log.read_bytes()
            assert b"Parameters: $1" in log
            assert b"INSERT INTO submission" in log
            (folder / "postgres.log").write_bytes(log)
            found += flight.all.look("the log of the database", log)
            found += flight.all.look_everywhere(store.server._data)
    return mint, flight, [*flight.leaks, *found]


def _fly(flight: Flight, store: Store, state: QuotingState, *, tokens: int, words: int, commands: bool) -> None:
    mint, folder = flight.mint, flight.folder
    assessors = [assessor(mint) for _ in range(20)]
    (folder / "sent").mkdir()
    name = f"{mint.word('file name')}.csv"
    flight.files.append(name)
    (folder / "sent" / name).write_text(roster(assessors))
    flight.settings["ECAS_API_KEY"] = flight.command("agencies", "add", "riverbend").splitlines()[-1]
    flight.command("keys", "import", str(folder / "sent" / name), "--agency", "riverbend", discloses=True)  # who is new
    flight.serve()
    writer = Writer(mint, assessors, words=words)
    flight.start("work")
    flight.send_all([writer.good() for _ in range(len(MOODS) + 4)])
    flight.send_all(writer.blocked())
    for path in _TAKING if commands else _TAKING[:2]:
        flight.send_all(writer.broken(), path)
    flight.send_all([writer.good(), *writer.blocked()], "/v1/validate")
    flight.send_all([writer.good(), *writer.blocked()[:3]], "/v1/map?force=true")
    flight.send_all([writer.good_bundle(), writer.good()], "/fhir")
    flight.send(writer.too_large(_MOST_BYTES + 1000))
    _repeat(flight, writer)
    kinds = writer.kinds()
    while mint.struck.total() < tokens:
        flight.send_all([kinds[number % len(kinds)]() for number in range(15)])
    _until(lambda: not state.moods, 8)
    with store.refusing():
        assert {one.status for one in flight.send_all([writer.good(), writer.rows()])} == {500}
        _until(lambda: False, 1)
    with store.away():
        assert {one.status for one in flight.send_all([writer.good(), writer.good_bundle()])} == {503}
        flight.ask("GET", "/readyz")
    flight.ask("GET", "/readyz")
    _until(lambda: flight.ask("GET", "/v1/submissions?limit=1").status == 200, 20)
    _decide(flight)
    flight.strange_requests()
    _all_roads(flight)
    if commands:
        _command(flight, writer)
    state.moods.append("redirect")  # pauses everything
    flight.send(writer.good())
    _until(lambda: not state.moods, 8)
    flight.command("backup", "make", str(folder / "backup"))


def _repeat(flight: Flight, writer: Writer) -> None:
    """The same again: under the same name, under another one, and something else under the same name."""
    key, canaries, handle = flight.mint.word("idempotency key"), writer.good(), flight.mint.handle()
    for one in (canaries, canaries, writer.good()):
        flight.send(one, Idempotency_Key=key)
    flight.send(canaries)
    flight.send_all([writer.of_answers("the same document", DOCUMENT_ID=handle) for _ in range(2)])
    member = flight.mint.member()
    flight.send_all([writer.of_answers("the same child", MEMBER_ID=member) for _ in range(2)])


def _all_roads(flight: Flight) -> None:
    """See that nothing was silent only because nothing happened."""
    for state in ("accepted", "rejected", "blocked", "held"):
        assert flight.submissions(state=state, limit="1"), state
    assert {200, 202, 400, 401, 404, 405, 409, 413, 415, 422, 500, 503} <= flight.statuses.keys(), flight.statuses


def _decide(flight: Flight) -> None:
    """Read everything, write whatever a person may, and order what orders can be given."""
    mint = flight.mint
    ids = {"submission": [], "assessor": [], "replay": []}
    ids["submission"] = [one["id"] for state in State for one in flight.submissions(state=state, limit="1")]
    for submission in ids["submission"]:
        for part in ("", "/events", "/attempts", "/report", "/receipts", "/document", "/worksheet?with_key=true"):
            flight.ask("GET", f"/v1/submissions/{submission}{part}")
    order = {"note": mint.words(3), "programme": mint.word("programme"), "run": True}
    for states in ([], ["held"], ["rejected", "stuck"]):
        flight.ask(
            "POST", "/v1/replays", json.dumps({**order, "states": states}).encode(), Content_Type="application/json"
        )
    for kind in ("member_id", "member_local_id"):
        words = {"action": "withdraw", kind: mint.member() if kind == "member_id" else mint.word("record number")}
        flight.ask("POST", "/v1/consents", json.dumps({**words, "note": mint.words(2)}).encode())
    person = {"last_name": mint.word("name"), "first_name": mint.word("name"), "agencies": ["riverbend"], "state": "MA"}
    keys = [{"key": mint.certification_key(), "certified_on": "2025-03-11", "expires_on": "2027-03-11"}]
    flight.ask("POST", "/v1/assessors", json.dumps({**person, "keys": keys}).encode())
    ids["assessor"] = [one["id"] for one in flight.ask("GET", "/v1/assessors").json()["assessors"][:1]]
    ids["replay"] = [one["id"] for one in flight.ask("GET", "/v1/replays").json()["replays"][:1]]
    flight.every_route(ids)


def _command(flight: Flight, writer: Writer) -> None:
    """Type what an operator types, with files that are called after children and notes that name them."""
    mint, sent = flight.mint, flight.folder / "sent"
    for canaries in (writer.good(), writer.broken()[0], writer.rows(), writer.blocked()[0]):
        name = f"{mint.word('file name')}.{'csv' if canaries.media == 'text/csv' else 'json'}"
        flight.files.append(name)
        (sent / name).write_bytes(canaries.content)
        flight.command("submit", str(sent / name))
        flight.command("validate", str(sent / name))
    held = [one["id"] for one in flight.submissions(state="held")]
    for id_ in held[:1]:
        flight.command("status", id_, discloses=True)  # with the notes of the agency's own people
        flight.command("hold", id_, "--note", mint.words(2))
        flight.command("release", id_, "--note", mint.words(2))
        flight.command("cancel", id_, "--note", mint.words(2))
    for arguments in (
        ("status",),
        ("pause", "--agency", "riverbend", "--note", "their export is wrong"),
        ("resume", "--agency", "riverbend", "--note", "mended"),
        ("doctor",),
        ("deadlines", "--every-agency"),
        ("audit", "verify"),
        ("agencies", "list"),
        ("status", mint.word("id")),
        (mint.word("command"), mint.word("argument")),
        ("validate", f"{mint.word('file name')}.json"),
    ):
        flight.files += [word for word in arguments if word.startswith(("Qvx", "-"))]
        flight.command(*arguments)


def _told(mint: Mint, flight: Flight) -> str:
    kinds = ", ".join(f"{number} {kind}" for kind, number in mint.struck.most_common())
    looked = flight.values.bytes + flight.all.bytes
    statuses = ", ".join(f"{number}x{status}" for status, number in sorted(flight.statuses.items()))
    places = flight.values.places + flight.all.places
    return f"{mint.struck.total()} tokens ({kinds}); {places} places, {looked} bytes looked at; answers {statuses}"


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_no_canary_sings(kind, tmp_path, capsys):
    """A small share: answers, logs, metrics, traces, temporary files, database, journal, backup and the server's log hold none."""
    began = time.monotonic()
    mint, flight, leaks = fly(tmp_path, kind, tokens=20_000, words=20, commands=False, seed=6)
    with capsys.disabled():
        sys.stdout.write(f"\n{kind}: {_told(mint, flight)}; {time.monotonic() - began:.1f} s\n")
    assert leaks == [], "\n".join(sorted({str(leak) for leak in leaks}))


@pytest.mark.campaign
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_million_canaries_are_silent(kind, tmp_path, capsys):
    """Half a million on each back end, with the commands of an operator: none where no record was asked for."""
    began = time.monotonic()
    mint, flight, leaks = fly(tmp_path, kind, tokens=500_000, words=60, commands=True, seed=2026)
    with capsys.disabled():
        sys.stdout.write(f"\n{kind}: {_told(mint, flight)}; {time.monotonic() - began:.1f} s\n")
    assert mint.struck.total() >= 500_000
    assert leaks == [], "\n".join(sorted({str(leak) for leak in leaks}))
