"""Every status with every kind of broken success, over a real socket: never a false “accepted”."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from canonical.outcome import Accepted, NotThere
from gateway_client import classify
from gateway_client.response import Response

KEY = "key-1"
XML = "application/xml"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
STATUSES = range(100, 600)
#: Inflated, each is a hundred megabytes or more.
BOMBS = {
    "gzip": gzip.compress(b" " * 100_000_000),
    "deflate": zlib.compress(b" " * 100_000_000),
}


def head(status: int, length: int | None, *more: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Said", "Content-Type: application/xml", "Connection: close", *more]
    lines += [] if length is None else [f"Content-Length: {length}"]
    return "\r\n".join([*lines, "", ""]).encode()


@dataclass
class Peer:
    """A server that says the bytes it was given, whatever it is asked, and hangs up."""

    says: bytes = b""
    address: str = ""
    talks: int = 0
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tasks.add(task := asyncio.current_task())
        self.talks += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            asked = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = asked.partition(b"content-length:")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length or b"0"))
            writer.write(self.says)
            await writer.drain()
        writer.close()
        self.tasks.discard(task)


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    made = Peer()
    async with AsyncExitStack() as stack:
        server = await asyncio.start_server(made.talk, "127.0.0.1", 0)
        made.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield made
        server.close()
        for task in made.tasks:
            stack.callback(task.cancel)


@pytest.fixture
def broken(receipt_xml, document) -> dict[str, Callable[[int], bytes]]:
    """Each kind of answer that is not the receipt of this document, by status."""
    whole = receipt_xml()
    listed = b'<Receipts xmlns="urn:ecas-bridge:receipt:2026.1">%s</Receipts>'
    other_id, other_digest = receipt_xml(DocumentId="doc-0002"), receipt_xml(DocumentDigest="sha-256:" + "0" * 64)
    html = b"<!DOCTYPE html><html><body>Accepted</body></html>"

    def plain(body: bytes, *more: str) -> Callable[[int], bytes]:
        return lambda status: head(status, len(body), *more) + body

    def cut(promised: int | None) -> Callable[[int], bytes]:
        """Cut at another byte for each status, so that every byte is cut at once."""
        return lambda status: head(status, promised) + whole[: status % len(whole)]

    return {
        "empty": plain(b""),
        "nothing at all": lambda status: head(status, None),
        "html": plain(html),
        "html in xml": plain(html.replace(b"Accepted", whole)),
        "other id": plain(other_id),
        "other digest": plain(other_digest),
        "other id in capitals": plain(receipt_xml(DocumentId=document.document_id.upper())),
        "listed": plain(listed % whole),
        "twice": plain(whole * 2),
        "cut": cut(None),
        "cut, a length promised": cut(len(whole)),
        "cut in a chunk": lambda status: (
            head(status, None, "Transfer-Encoding: chunked") + b"%x\r\n" % len(whole) + whole[: status % len(whole)]
        ),
        "bomb": plain(BOMBS["gzip"], "Content-Encoding: gzip"),
        "deflated bomb": plain(BOMBS["deflate"], "Content-Encoding: deflate"),
        "bomb under another name": plain(BOMBS["gzip"], "Content-Encoding: br"),
        "bomb without a name": plain(BOMBS["gzip"]),
        "bomb of two layers": plain(gzip.compress(BOMBS["gzip"]), "Content-Encoding: gzip, gzip"),
        "bomb in the transfer": lambda status: (
            head(status, None, "Transfer-Encoding: gzip, chunked")
            + b"%x\r\n%s\r\n0\r\n\r\n" % (len(BOMBS["gzip"]), BOMBS["gzip"])
        ),
        "true receipt, packed": plain(gzip.compress(whole), "Content-Encoding: gzip"),
        "true receipt in html's clothes": plain(whole, "Content-Type: text/html"),
    }


KINDS = [
    "empty",
    "nothing at all",
    "html",
    "html in xml",
    "other id",
    "other digest",
    "other id in capitals",
    "listed",
    "twice",
    "cut",
    "cut, a length promised",
    "cut in a chunk",
    "bomb",
    "deflated bomb",
    "bomb under another name",
    "bomb without a name",
    "bomb of two layers",
    "bomb in the transfer",
    "true receipt, packed",
    "true receipt in html's clothes",
]


def test_the_kinds_are_all_there(broken):
    """No kind of answer is left out of the table."""
    assert sorted(broken) == sorted(KINDS)


@pytest.mark.parametrize("kind", KINDS)
async def test_no_status_makes_a_broken_answer_a_success(peer, gateway_to, document, broken, kind):
    """From 100 to 599 nothing of this is accepted, neither for a send, nor for a poll, nor for a question."""
    gateway = gateway_to(peer.address)
    believed: list[tuple[str, int, str]] = []
    for status in STATUSES:
        peer.says = broken[kind](status)
        said = {"send": await gateway.send(document, idempotency_key=KEY)}
        if status % 20 == 0:
            said["poll"] = await gateway.poll(document.document_id, document.digest, "trk_1")
            said["ask"] = await gateway.ask(document, idempotency_key=KEY)
        believed += [(deed, status, type(word).__name__) for deed, word in said.items() if isinstance(word, Accepted)]
        believed += [(deed, status, "NotThere") for deed, word in said.items() if isinstance(word, NotThere)]
    # A list of one receipt is what a question may be answered with, and a receipt is all that it is.
    assert believed == ([("ask", 200, "Accepted")] if kind == "listed" else [])
    assert peer.talks >= len(STATUSES)


@pytest.mark.parametrize("status", [200, 202, 203, 206, 302, 409, 422, 500, 503])
async def test_a_receipt_cut_at_every_byte_is_none_whatever_the_status(peer, gateway_to, document, receipt_xml, status):
    """With and without a promised length, for the statuses that mean something; 201 has its own test."""
    whole = receipt_xml()
    gateway = gateway_to(peer.address)
    for end in range(len(whole)):
        for length in (None, len(whole)):
            peer.says = head(status, length) + whole[:end]
            assert not isinstance(await gateway.send(document, idempotency_key=KEY), Accepted)


def test_every_status_with_a_receipt_cut_at_every_byte_is_judged_alike(reader, document, receipt_xml):
    """The whole product of the two, without the wire between: no cut is believed under any status."""
    whole = receipt_xml()
    about = {"document_id": document.document_id, "digest": document.digest, "reader": reader, "now": NOW}
    believed = [
        (status, end)
        for end in range(len(whole))
        for status in STATUSES
        if isinstance(
            classify.sent(Response(status=status, headers={"content-type": XML}, body=whole[:end]), **about), Accepted
        )
    ]
    assert believed == []
    right = Response(status=201, headers={"content-type": XML}, body=whole)
    assert isinstance(classify.sent(right, **about), Accepted)


@pytest.mark.campaign
@pytest.mark.timeout(1800)
async def test_every_status_with_a_receipt_cut_at_every_byte_over_the_wire(peer, gateway_to, document, receipt_xml):
    """The same product over a real socket."""
    whole = receipt_xml()
    gateway = gateway_to(peer.address)
    for status in STATUSES:
        for end in range(len(whole)):
            peer.says = head(status, len(whole) if end % 2 else None) + whole[:end]
            assert not isinstance(await gateway.send(document, idempotency_key=KEY), Accepted)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, gzip"])
async def test_a_bomb_costs_no_memory(peer, gateway_to, document, encoding):
    """What inflates to a hundred megabytes is not inflated."""
    bomb = BOMBS["deflate" if encoding == "deflate" else "gzip"]
    gateway = gateway_to(peer.address)
    await gateway.send(document, idempotency_key=KEY)
    peer.says = head(201, len(bomb), f"Content-Encoding: {encoding}") + bomb
    tracemalloc.start()
    try:
        await gateway.send(document, idempotency_key=KEY)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000
