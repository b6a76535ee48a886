"""``POST /oauth2/token`` over the wire: forged and replayed assertions give nothing, on either back end."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from forgery import Vendor, forgeries
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from service.api.app import create_app
from service.api.server import Server
from service.credentials.principal import Role
from service.main import Service, build_service
from service.processes import Program
from service.settings import Settings

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
FORM = "application/x-www-form-urlencoded"
#: Only their names are wanted here; each is made against the service under test.
FORGED = tuple(forgeries(Vendor("x", lambda: NOW), Vendor("x", lambda: NOW, id="shoreline", number=1)))


class Door:
    """A token endpoint, and those who knock."""

    def __init__(self, address: str, audience: str, now=lambda: NOW) -> None:
        self.address = address
        self.vendor = Vendor(audience, now)
        self.stranger = Vendor(audience, now, id="shoreline", number=1)

    def ask(self, method, path, content=None, headers=None):
        place = urlsplit(self.address)
        connection = http.client.HTTPConnection(place.hostname, place.port, timeout=30)
        try:
            connection.request(method, path, content, headers or {})
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()

    def token(self, assertion, *, content_type=FORM, **form):
        """Ask for a token, and return status and answer."""
        said = {"grant_type": "client_credentials", "client_assertion_type": TYPE, "client_assertion": assertion}
        given = {name: value for name, value in {**said, **form}.items() if value is not None}
        status, _, body = self.ask("POST", "/oauth2/token", urlencode(given), {"Content-Type": content_type})
        return status, json.loads(body)


def register(service: Service, door: Door) -> None:
    """Let the vendor act for riverbend; the stranger is registered too, and acts for nobody."""
    for agency in ("riverbend", "harborlight"):
        service.agencies.add(agency)
    for one in (door.vendor, door.stranger):
        service.credentials.clients.add(one.id, owner=f"{one.id} EHR", jwks=one.jwks)
    service.credentials.clients.grant(door.vendor.id, "riverbend", role=Role.SUBMITTER)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request, tmp_path_factory) -> Iterator[str]:
    """Return the address of a database of this module's own on each back end."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('door')}/ecas.sqlite3"
        return
    server = make_url(request.getfixturevalue("postgres")).set(drivername="postgresql+psycopg")
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    name = f"ecas_{secrets.token_hex(6)}"
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield server.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()


@pytest.fixture(scope="module")
def door(url, tmp_path_factory) -> Iterator[Door]:
    """A service in this process, at a moment that does not pass."""
    settings = Settings.model_validate({"data_dir": tmp_path_factory.mktemp("data"), "database_url": url})
    service = build_service(settings, clock=lambda: NOW)
    ready, addresses = threading.Event(), []
    server = Server(
        create_app(service), host="127.0.0.1", port=0, announce=lambda at: (addresses.append(at), ready.set())
    )
    thread = threading.Thread(target=server.serve_until_ended)
    thread.start()
    assert ready.wait(20)
    made = Door(addresses[0], settings.audience)
    register(service, made)
    yield made
    server.should_exit = True
    thread.join()
    service.engine.dispose()


def test_a_client_that_proves_itself_gets_a_token_that_opens(door):
    """As SMART Backend Services say: the token is a bearer's, lives five minutes, and names its scope."""
    status, given = door.token(door.vendor.assertion(), scope="agency:riverbend submit read")
    assert (status, given["token_type"], given["expires_in"]) == (200, "bearer", 300)
    assert given["scope"] == "agency:riverbend read submit"
    bearer = {"Authorization": f"Bearer {given['access_token']}"}
    assert door.ask("GET", "/v1/submissions", headers=bearer)[0] == 200
    assert door.ask("GET", "/v1/assessors", headers=bearer)[0] == 403
    assert door.ask("GET", "/v1/submissions", headers={"Authorization": "Bearer ecat_" + "A" * 43})[0] == 401


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_assertion_gives_nothing(door, name):
    """Each is answered the same, to the letter: which check it failed is nobody's business."""
    assert door.token(forgeries(door.vendor, door.stranger)[name]()) == (400, {"error": "invalid_client"})


def test_there_are_enough_forgeries():
    """The issue asks for sixty."""
    assert len(FORGED) >= 60


def test_a_registered_stranger_acts_for_nobody(door):
    """A proven client without a grant gets no token, and learns nothing of who is there."""
    for scope in ("", "agency:riverbend", "agency:nobody", "read"):
        assert door.token(door.stranger.assertion(), scope=scope) == (400, {"error": "invalid_scope"})


def test_a_replayed_assertion_gives_nothing(door):
    """At once, with another scope, with another kid in the form; sixteen at a time get one token between them."""
    assertion = door.vendor.assertion()
    with ThreadPoolExecutor(16) as clients:
        got = list(clients.map(lambda _: door.token(assertion)[0], range(16)))
    assert sorted(got) == [200] + [400] * 15
    for more in ({}, {"scope": "read"}, {"client_id": door.vendor.id}):
        assert door.token(assertion, **more) == (400, {"error": "invalid_client"})


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"grant_type": None}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, 400, "unsupported_grant_type"),
        ({"client_assertion_type": None}, 400, "invalid_client"),
        ({"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"}, 400, "invalid_client"),
        ({"client_assertion": None}, 400, "invalid_client"),
        ({"client_assertion": None, "client_id": "lakeshore", "client_secret": "x"}, 400, "invalid_client"),
        ({"client_id": "somebody"}, 400, "invalid_client"),
        ({"scope": "everything"}, 400, "invalid_scope"),
        ({"content_type": "application/json"}, 415, "invalid_request"),
        ({"content_type": "multipart/form-data; boundary=x"}, 415, "invalid_request"),
        ({"scope": "x" * 20_000}, 413, "invalid_request"),
    ],
    ids=[
        "no-grant-type", "password", "code", "no-type", "saml", "no-assertion", "secret", "other-client", "scope", "json",
        "multipart", "large",
    ],
)  # fmt: skip
def test_what_is_no_such_request_is_refused(door, form, status, error):
    """In the words of RFC 6749, and with no others."""
    assert door.token(door.vendor.assertion(), **form) == (status, {"error": error})


@pytest.mark.parametrize(
    "body",
    [b"", b"x", b"grant_type=a&grant_type=b", b"\xff\xfe", b"a=%ff&grant_type=client_credentials", b"&".join([b"a=b"] * 99)],
    ids=["empty", "no-form", "twice", "bytes", "not-utf-8", "many"],
)  # fmt: skip
def test_what_is_no_form_is_refused(door, body):
    """A field that is ours is said once; nothing of the body comes back."""
    status, headers, answer = door.ask("POST", "/oauth2/token", body, {"Content-Type": FORM})
    assert (status, json.loads(answer)) == (400, {"error": "invalid_request"})
    assert (headers["cache-control"], headers["pragma"]) == ("no-store", "no-cache")


def _processes(folder: Path, url: str, count: int) -> list[Program]:
    settings = {"ECAS_DATA_DIR": str(folder / "var"), "ECAS_DATABASE_URL": url, "ECAS_URL": "http://127.0.0.1:8000"}
    made = [
        Program(("serve", "--port", "0"), folder=folder, settings=settings, log=folder / f"serve-{number}.log")
        for number in range(count)
    ]
    for one in made:
        one.address()
    return made


@pytest.mark.timeout(180)
def test_a_replay_after_a_restart_and_beside_another_process_gives_nothing(database_url, tmp_path):
    """Used assertions stay used: on a second process, and after both were killed and started again."""
    settings = Settings.model_validate({"data_dir": tmp_path / "var", "database_url": database_url})
    service = build_service(settings)
    door = Door("", settings.audience, service.clock)
    register(service, door)
    service.engine.dispose()
    assertions = [door.vendor.assertion(kid) for kid in ("rs", "es") for _ in range(10)]
    programs = _processes(tmp_path, database_url, 2)
    try:
        doors = [Door(program.address(), settings.audience) for program in programs]
        with ThreadPoolExecutor(8) as clients:
            got = list(clients.map(lambda pair: pair[0].token(pair[1])[0], [(d, a) for a in assertions for d in doors]))
        assert sorted(got) == [200] * 20 + [400] * 20
        for program in programs:
            os.kill(program.process.pid, signal.SIGKILL)
            program.wait()
        programs += _processes(tmp_path, database_url, 1)
        after = Door(programs[-1].address(), settings.audience)
        assert {after.token(assertion)[0] for assertion in assertions} == {400}
        assert after.token(door.vendor.assertion())[0] == 200
    finally:
        for program in programs:
            program.end() if program.process.poll() is None else None
    logs = "".join(file.read_text() for file in tmp_path.glob("serve-*.log"))
    assert '"why": "used before"' in logs
    assert not any(assertion in logs for assertion in assertions)


def test_sixty_four_racing_clients_make_one_submission(door, response):
    """One Idempotency-Key, sixty-four clients at once, each with a token of its own: one submission, one answer."""
    content = response(DOCUMENT_ID="the-race")
    bearers = [door.token(door.vendor.assertion("rs"))[1]["access_token"] for _ in range(64)]
    ready = threading.Barrier(64)

    def race(bearer):
        ready.wait()
        headers = {"Authorization": f"Bearer {bearer}", "Idempotency-Key": "race"}
        return door.ask("POST", "/v1/submissions", content, headers)

    with ThreadPoolExecutor(64) as clients:
        answers = list(clients.map(race, bearers))
    assert {status for status, _, _ in answers} == {202}
    assert len({body for _, _, body in answers}) == 1
    assert sum("idempotency-replayed" not in headers for _, headers, _ in answers) == 1
    listed = door.ask("GET", "/v1/submissions", headers={"Authorization": f"Bearer {bearers[0]}"})[2]
    assert [one["document_id"] for one in json.loads(listed)["submissions"]].count("the-race") == 1
