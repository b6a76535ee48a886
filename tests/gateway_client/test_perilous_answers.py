from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from aiohttp import web
from xml_perils import CANARY, INERT, REFUSED, Traps, traps

from canonical.outcome import Accepted, Unsure

KEY = "key-1"
#: Seconds of work that no answer may cost.
SOON = 2.5


@pytest.fixture(scope="module")
def laid(tmp_path_factory) -> Iterator[Traps]:
    with traps(tmp_path_factory.mktemp("traps")) as laid:
        yield laid


async def answered(content: bytes, serve, gateway_to, document) -> object:
    """Send a document to a peer on loopback that answers so."""

    async def handler(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=201, body=content, content_type="application/xml")

    return await gateway_to(await serve(handler)).send(document, idempotency_key=KEY)


async def test_a_sound_answer_is_believed(serve, gateway_to, document, receipt_xml):
    """The receipt that the others are made of is one."""
    assert isinstance(await answered(receipt_xml(), serve, gateway_to, document), Accepted)


@pytest.mark.parametrize("peril", REFUSED)
async def test_an_answer_that_means_harm_is_no_receipt(peril, serve, gateway_to, document, receipt_xml, laid):
    """It says “accepted” and is not believed: we ask again; nobody else is asked."""
    content = REFUSED[peril](receipt_xml().decode(), laid)
    began = time.thread_time()
    assert isinstance(await answered(content, serve, gateway_to, document), Unsure)
    assert time.thread_time() - began < SOON
    assert laid.calls == []


@pytest.mark.parametrize("peril", INERT)
async def test_an_answer_that_names_another_place_leads_nowhere(peril, serve, gateway_to, document, receipt_xml, laid):
    """What it names is not opened, whatever it is taken for."""
    outcome = await answered(INERT[peril](receipt_xml().decode(), laid), serve, gateway_to, document)
    assert CANARY not in repr(outcome)
    assert laid.calls == []


@pytest.mark.parametrize("peril", REFUSED)
def test_a_receipt_that_means_harm_is_none_for_the_reader(peril, reader, receipt_xml, laid):
    """Whatever the road: the reader of receipts itself has none of it, alone or as a list."""
    content = REFUSED[peril](receipt_xml().decode(), laid)
    assert reader.receipt(content) is None
    assert reader.receipts(content) is None
