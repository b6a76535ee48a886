from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver

from canonical.assessment import Answer, Assessment, Source
from canonical.finding import Finding
from canonical.outcome import Document
from gateway_client.envelope import build
from gateway_client.http_gateway import HttpGateway
from gateway_client.receipt import ReceiptReader
from specs.catalog import Catalog
from specs.spec import Spec, Transport

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HERE = Source(file="sample", label="sample")
RECEIPTS = "urn:ecas-bridge:receipt:2026.1"

#: A small complete assessment: what wire.xsd must have, consent, and a clinical answer of each kind.
ANSWERS = {
    "DOCUMENT_ID": "doc-0001",
    "DOCUMENT_VERSION": "1",
    "SUBMISSION_TYPE": "new",
    "INSTRUMENT": "five-through-twenty",
    "ASSESSMENT_DATE": "2026-09-15",
    "ASSESSMENT_TYPE": "initial",
    "COMPLETION_STATUS": "complete",
    "AGENCY_ID": "riverbend",
    "MEMBER_ID": "100000000012",
    "MEMBER_LOCAL_ID": "local-7",
    "MEMBER_LAST_NAME": "Samplechild",
    "MEMBER_FIRST_NAME": "Invented",
    "MEMBER_DOB": "2014-01-01",
    "MEMBER_GENDER": "female",
    "ASSESSOR_NAME": "DOE, JO",
    "ASSESSOR_KEY": "12345678",
    "CONSENT": "given",
    "CONSENT_DATE": "2026-09-01",
    "SED_DETERMINATION": "yes",
    "LDF_FAMILY": "1",
    "LDF_COMMENT": "Sees her grandmother & is glad of it.",
}


@pytest.fixture(scope="session")
def spec() -> Spec:
    return Catalog().named("2026.1")


@pytest.fixture(scope="session")
def transport(spec) -> Transport:
    """The package's transport with short waits."""
    return replace(
        spec.transport,
        auth="none",
        short_wait=timedelta(0),
        connect_timeout=timedelta(seconds=2),
        total_timeout=timedelta(seconds=2),
    )


@pytest.fixture(scope="session")
def reader(spec, transport) -> ReceiptReader:
    return ReceiptReader(transport=transport, items=frozenset(spec.items))


@pytest.fixture(scope="session")
def assess() -> Callable[..., Assessment]:
    """Make an assessment of ANSWERS with some of them changed, or left out where None."""

    def made(*, findings: tuple[Finding, ...] = (), **changes: str | None) -> Assessment:
        texts = {**ANSWERS, **changes}
        answers = {item: Answer(text=text, source=HERE) for item, text in texts.items() if text is not None}
        return Assessment(agency="riverbend", answers=answers, origin=HERE, findings=findings)

    return made


@pytest.fixture(scope="session")
def document(assess, spec) -> Document:
    return build(assess(), spec)


@pytest.fixture(scope="session")
def receipt_xml(document) -> Callable[..., bytes]:
    """Write a receipt as docs/transport.md shows it."""

    def written(
        status: str = "accepted", *, reasons: tuple[str, ...] = (), about: Document = document, **changes: str
    ) -> bytes:
        fields = {
            "TrackingId": "trk_01J",
            "DocumentId": about.document_id,
            "DocumentDigest": about.digest,
            "Status": status,
            "ReceivedAt": "2026-09-15T14:03:11Z",
            **changes,
        }
        body = "".join(f"<{name}>{text}</{name}>" for name, text in fields.items())
        coded = "".join(f"<Reason><Code>{code}</Code></Reason>" for code in reasons)
        body += f"<Reasons>{coded}</Reasons>" if reasons else ""
        return f'<Receipt xmlns="{RECEIPTS}">{body}</Receipt>'.encode()

    return written


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[Handler], Awaitable[str]]]:
    """Start a real HTTP server on loopback whose every path is the handler, and give its base address."""
    async with contextlib.AsyncExitStack() as stack:

        async def started(handler: Handler) -> str:
            app = web.Application(client_max_size=2**22)
            app.router.add_route("*", "/{path:.*}", handler)
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            return f"http://127.0.0.1:{runner.addresses[0][1]}"

        yield started


@pytest.fixture
async def serve_raw() -> AsyncIterator[Callable[..., Awaitable[str]]]:
    """Start a server that speaks no HTTP by itself: it reads one request and leaves the rest to the handler."""
    async with contextlib.AsyncExitStack() as stack:

        async def started(answer: Callable[[asyncio.StreamWriter], Awaitable[None]], *, reads: bool = True) -> str:
            talks: set[asyncio.Task[None]] = set()

            async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                talks.add(asyncio.current_task())
                with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                    if reads:
                        head = await reader.readuntil(b"\r\n\r\n")
                        lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
                        await reader.readexactly(int(lengths[0].split(b":")[1]) if lengths else 0)
                    await answer(writer)
                    await writer.drain()
                writer.close()
                with contextlib.suppress(ConnectionError):
                    await writer.wait_closed()

            server = await asyncio.start_server(talk, "127.0.0.1", 0)

            async def stopped() -> None:
                server.close()
                for task in talks:
                    task.cancel()
                await asyncio.gather(*talks, return_exceptions=True)

            stack.push_async_callback(stopped)
            return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

        yield started


@pytest.fixture
async def gateway_to(spec, transport) -> AsyncIterator[Callable[..., HttpGateway]]:
    """Make a gateway to an address; it is closed at the end."""
    async with contextlib.AsyncExitStack() as stack:

        def made(base_url: str, transport: Transport = transport, **settings: Any) -> HttpGateway:
            arguments = {
                "items": spec.items,
                "credentials": None,
                "clock": lambda: NOW,
                "rng": random.Random(1),
                **settings,
            }
            gateway = HttpGateway(base_url, transport, **arguments)
            stack.push_async_callback(gateway.close)
            return gateway

        yield made


class NamedHere(AbstractResolver):
    """Resolves every name to loopback, so that a foreign name can be played without a foreign host."""

    def __init__(self, *, failing: int = 0) -> None:
        self.failing = failing
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int = 0, **_: Any) -> list[Any]:
        self.asked.append(host)
        if len(self.asked) <= self.failing:
            raise OSError("no such name")
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": 2, "proto": 0, "flags": 0}]

    async def close(self) -> None:
        pass


@pytest.fixture
def named_here() -> type[NamedHere]:
    return NamedHere
