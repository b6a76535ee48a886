from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import socket
import ssl
import subprocess
import sys
import threading
import warnings
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from authority import DAY, Authority, Pair, pem, write
from cryptography.hazmat.primitives.asymmetric import ec

from canonical.errors import ConfigurationError
from canonical.outcome import Accepted, Misconfigured, NotThere, TryLater, Unsure
from gateway_client.tls import Tls, TlsFiles

KEY = "key-1"
NOW = datetime.now(UTC)
XML = "application/xml"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def agencies() -> Authority:
    """The authority that signs the clients."""
    return Authority("Invented Authority of Clients")


@dataclass
class State:
    """A server that speaks TLS, and the serial of the certificate that each request came with."""

    receipt: bytes
    port: int = 0
    serials: list[int | None] = field(default_factory=list)

    def address(self, host: str = "localhost") -> str:
        return f"https://{host}:{self.port}"

    async def answer(self, request: web.Request) -> web.Response:
        await request.read()
        shown = request.transport.get_extra_info("peercert")
        self.serials.append(int(shown["serialNumber"], 16) if shown else None)
        return web.Response(status=201, body=self.receipt, content_type=XML)


@pytest.fixture
async def state(receipt_xml) -> AsyncIterator[Callable[[ssl.SSLContext], Any]]:
    async with contextlib.AsyncExitStack() as stack:

        async def started(context: ssl.SSLContext) -> State:
            made = State(receipt_xml())
            app = web.Application()
            app.router.add_route("*", "/{path:.*}", made.answer)
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
            made.port = runner.addresses[0][1]
            return made

        yield started


@pytest.fixture
def files(tmp_path, authority, agencies) -> Callable[..., TlsFiles]:
    """Write the client's files: the authority of the state, and one of our certificates."""

    def made(pair: Pair | None = None, *, ca: Authority | None = authority) -> TlsFiles:
        given: dict[str, Path] = {}
        if ca is not None:
            given["ca"] = write(tmp_path / "ca.pem", ca.pem)
        if pair is not None:
            given["certificate"], given["key"] = pair.put(tmp_path, "client")
        return TlsFiles(**given)

    return made


async def test_a_certificate_is_shown_and_its_successor_is_taken_at_once(
    state, files, authority, agencies, gateway_to, document, tmp_path
):
    """The server sees the serial of the one pair, and after the files changed that of the other; nothing restarts."""
    first, second = agencies.issue("bridge"), agencies.issue("bridge")
    server = await state(authority.server(tmp_path, "localhost", asks=agencies))
    told: list[str] = []
    gateway = gateway_to(server.address(), tls=Tls(files(first), told=told.append))
    for _ in range(2):
        assert isinstance(await gateway.send(document, idempotency_key=KEY), Accepted)
    second.put(tmp_path, "client")
    for _ in range(2):
        assert isinstance(await gateway.send(document, idempotency_key=KEY), Accepted)
    assert server.serials == [first.serial, first.serial, second.serial, second.serial]
    assert told == ["The certificate files have changed; new connections use the new ones."]


def garbage(folder: Path, _: Pair) -> None:
    write(folder / "client.pem", b"-----BEGIN CERTIFICATE-----\nhunter2\n")


def foreign_key(folder: Path, pair: Pair) -> None:
    pair.put(folder, "client", key=ec.generate_private_key(ec.SECP256R1()))


def sealed_key(folder: Path, pair: Pair) -> None:
    pair.put(folder, "client")
    write(folder / "client.key", pem(pair.key, b"hunter2"), mode=0o600)


def open_key(folder: Path, pair: Pair) -> None:
    pair.put(folder, "client")
    (folder / "client.key").chmod(0o640)


def no_key(folder: Path, _: Pair) -> None:
    (folder / "client.key").unlink()


def no_authority(folder: Path, _: Pair) -> None:
    write(folder / "ca.pem", b"hunter2")


BREAKS = [garbage, foreign_key, sealed_key, open_key, no_key, no_authority]


@pytest.mark.parametrize("break_", BREAKS, ids=lambda break_: break_.__name__)
async def test_broken_files_leave_the_pair_before_them_in_use(
    state, files, authority, agencies, gateway_to, document, tmp_path, break_
):
    """What cannot be used is told once, the old pair goes on, and the next good one is taken."""
    first, second = agencies.issue("bridge"), agencies.issue("bridge")
    server = await state(authority.server(tmp_path, "localhost", asks=agencies))
    told: list[str] = []
    gateway = gateway_to(server.address(), tls=Tls(files(first), told=told.append))
    break_(tmp_path, second)
    for _ in range(3):
        assert isinstance(await gateway.send(document, idempotency_key=KEY), Accepted)
    assert len(told) == 1
    assert "gateway_" in told[0]
    assert "hunter2" not in told[0]
    files(second)
    assert isinstance(await gateway.send(document, idempotency_key=KEY), Accepted)
    assert server.serials == [first.serial] * 3 + [second.serial]
    assert len(told) == 2


@pytest.mark.parametrize("break_", BREAKS, ids=lambda break_: break_.__name__)
def test_broken_files_are_refused_at_the_start(files, agencies, tmp_path, break_):
    """Where there is no older pair nothing starts, and nobody is asked for a pass phrase."""
    given = files(agencies.issue("bridge"))
    break_(tmp_path, agencies.issue("bridge"))
    with pytest.raises(ConfigurationError, match="gateway_") as refused:
        Tls(given)
    assert "hunter2" not in str(refused.value)


async def test_the_authority_is_replaced_without_a_restart(state, files, authority, gateway_to, document, tmp_path):
    """A private authority is believed, another one is not, and the file decides at each new connection."""
    server = await state(authority.server(tmp_path, "localhost"))
    gateway = gateway_to(server.address(), tls=Tls(files(ca=Authority("Another"))))
    refused = await gateway.send(document, idempotency_key=KEY)
    assert isinstance(refused, TryLater)
    assert "gateway_ca" in refused.why
    assert server.serials == []
    files()
    assert isinstance(await gateway.send(document, idempotency_key=KEY), Accepted)
    assert server.serials == [None]


@pytest.mark.parametrize(
    ("host", "names", "valid", "says"),
    [
        ("localhost", ["state.invalid"], {}, "of another name"),
        ("127.0.0.1", ["localhost"], {}, "of another address"),
        ("localhost", ["localhost"], {"until": NOW - DAY}, "has expired"),
        ("localhost", ["localhost"], {"since": NOW + DAY}, "not valid yet"),
        ("localhost", ["*"], {}, "of another name"),
    ],
    ids=["name", "address", "expired", "not yet", "any"],
)
@pytest.mark.parametrize("deed", ["send", "ask"])
async def test_a_server_that_is_not_who_it_says_hears_nothing(
    state, files, authority, gateway_to, document, tmp_path, host, names, valid, says, deed
):
    """It is later, never accepted, and said in words that tell what to mend; the request does not leave."""
    server = await state(authority.server(tmp_path, *names, **valid))
    outcome = await getattr(gateway_to(server.address(host), tls=Tls(files())), deed)(document, idempotency_key=KEY)
    assert isinstance(outcome, TryLater)
    assert says in outcome.why
    assert server.serials == []


async def test_an_authority_of_nobody_is_not_believed_by_default(state, authority, gateway_to, document, tmp_path):
    """Without gateway_ca the system's authorities decide, and ours is none of them."""
    server = await state(authority.server(tmp_path, "localhost"))
    outcome = await gateway_to(server.address()).send(document, idempotency_key=KEY)
    assert isinstance(outcome, TryLater)
    assert "gateway_ca" in outcome.why
    assert server.serials == []


async def test_nothing_older_than_tls_1_2_is_spoken(state, files, authority, gateway_to, document, tmp_path):
    """A server that knows only TLS 1.1 hears nothing; one that knows 1.2 is spoken to."""
    for newest, outcome in ((ssl.TLSVersion.TLSv1_1, TryLater), (ssl.TLSVersion.TLSv1_2, Accepted)):
        context = authority.server(tmp_path, "localhost")
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, newest
        server = await state(context)
        sent = await gateway_to(server.address(), tls=Tls(files())).send(document, idempotency_key=KEY)
        assert type(sent) is outcome
    assert Tls(files()).context().minimum_version is ssl.TLSVersion.TLSv1_2


def refusing(context: ssl.SSLContext) -> tuple[int, Callable[[], None]]:
    """Serve TLS from a thread: unlike asyncio, it says by an alert why it breaks off."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(0.1)
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            with contextlib.suppress(OSError):
                connection, _ = listening.accept()
                with connection:
                    connection.settimeout(5)
                    with context.wrap_socket(connection, server_side=True) as secured:
                        secured.recv(1)

    thread = threading.Thread(target=serve)
    thread.start()

    def end() -> None:
        ended.set()
        thread.join()
        listening.close()

    return listening.getsockname()[1], end


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
async def test_a_refused_certificate_is_a_wrong_configuration(
    files, authority, agencies, gateway_to, document, tmp_path, newest
):
    """The alert about our certificate pauses the destination; where TLS 1.3 loses it on the way, it stays in doubt."""
    context = authority.server(tmp_path, "localhost", asks=agencies)
    context.maximum_version = newest
    port, end = refusing(context)
    try:
        gateway = gateway_to(f"https://localhost:{port}", tls=Tls(files(Authority("Another").issue("bridge"))))
        outcomes = [await gateway.send(document, idempotency_key=KEY) for _ in range(3)]
        outcomes += [await gateway.ask(document, idempotency_key=KEY) for _ in range(3)]
    finally:
        await asyncio.to_thread(end)
    lost = () if newest is ssl.TLSVersion.TLSv1_2 else (Unsure,)
    assert all(isinstance(outcome, (Misconfigured, *lost)) for outcome in outcomes)
    refused = [outcome for outcome in outcomes if isinstance(outcome, Misconfigured)]
    assert all("gateway_certificate" in outcome.why for outcome in refused)
    assert not any(isinstance(outcome, NotThere) for outcome in outcomes)


def test_the_environment_cannot_have_session_keys_written(files, monkeypatch, tmp_path):
    """SSLKEYLOGFILE would let whoever reads that file read every document."""
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
    assert Tls(files()).context().keylog_filename is None


def test_nobody_is_asked_for_a_pass_phrase(files, agencies, tmp_path):
    """A sealed key is refused at once, also where a terminal stands ready to be asked on."""
    given = files(agencies.issue("bridge"))
    sealed_key(tmp_path, agencies.issue("bridge"))
    ours, theirs = pty.openpty()
    # The first terminal that the leader of a session opens is the one that OpenSSL would ask on.
    program = (
        "import os, sys; from pathlib import Path; from gateway_client.tls import Tls, TlsFiles\n"
        "os.open(sys.argv[1], os.O_RDWR)\n"
        "Tls(TlsFiles(certificate=Path(sys.argv[2]), key=Path(sys.argv[3])))"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", program, os.ttyname(theirs), str(given.certificate), str(given.key)],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
            timeout=30,
        )
    finally:
        os.close(theirs)
        os.close(ours)
    assert "ConfigurationError: gateway_certificate and gateway_certificate_key" in done.stderr
