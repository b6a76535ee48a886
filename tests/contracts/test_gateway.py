"""What every gateway promises, whoever stands behind it: a script, a tiny server, the sandbox."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from aiohttp import web

from canonical.assessment import Answer, Assessment, Source
from canonical.outcome import Accepted, Document, Misconfigured, NotThere, Outcome, Reason, Rejected, Unsure
from canonical.verdict import Verdict
from gateway_client.envelope import build
from gateway_client.gateway import Gateway
from gateway_client.http_gateway import HttpGateway
from gateway_client.testing import ScriptedGateway, accept, receipt_for
from specs.catalog import Catalog

SPEC = Catalog().named("2026.1")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ANSWERS = {
    "DOCUMENT_VERSION": "1",
    "SUBMISSION_TYPE": "new",
    "INSTRUMENT": "birth-through-four",
    "ASSESSMENT_DATE": "2026-09-15",
    "ASSESSMENT_TYPE": "initial",
    "COMPLETION_STATUS": "complete",
    "AGENCY_ID": "riverbend",
    "MEMBER_ID": "100000000012",
    "MEMBER_LAST_NAME": "Samplechild",
    "MEMBER_FIRST_NAME": "Invented",
    "MEMBER_DOB": "2024-01-01",
    "MEMBER_GENDER": "female",
    "ASSESSOR_NAME": "DOE, JO",
    "ASSESSOR_KEY": "12345678",
    "CONSENT": "refused",
}


def document(document_id: str, **changes: str) -> Document:
    here = Source(file="sample", label="sample")
    texts = {"DOCUMENT_ID": document_id, **ANSWERS, **changes}
    answers = {item: Answer(text=text, source=here) for item, text in texts.items()}
    return build(Assessment(agency=None, answers=answers, origin=here), SPEC)


#: A document that every state behind these gateways takes.
GOOD = document("contract-good")
OTHER = document("contract-good", MEMBER_FIRST_NAME="Renamed")
#: One that it refuses: assessed before birth.
BAD = document("contract-bad", MEMBER_DOB="2026-10-01")


@contextlib.asynccontextmanager
async def scripted() -> AsyncIterator[Gateway]:
    """The gateway that others test with."""

    def script(document: Document, key: str) -> Outcome:
        if document.document_id == BAD.document_id:
            return Rejected(
                receipt=receipt_for(document, Verdict.REJECTED, tracking_id=key, reasons=(Reason(code="B1"),))
            )
        return accept(document, key)

    yield ScriptedGateway(script)


@contextlib.asynccontextmanager
async def over_http() -> AsyncIterator[Gateway]:
    """The real gateway before a state of thirty lines that speaks docs/transport.md."""
    app = web.Application()
    state = TinyState()
    app.router.add_post("/v1/assessments", state.take)
    app.router.add_get("/v1/assessments", state.query)
    app.router.add_get("/v1/assessments/{tracking_id}", state.receipt)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    gateway = HttpGateway(
        f"http://127.0.0.1:{runner.addresses[0][1]}",
        replace(SPEC.transport, auth="none"),
        items=SPEC.items,
        credentials=None,
        clock=lambda: NOW,
    )
    yield gateway
    await gateway.close()
    await runner.cleanup()


class TinyState:
    """Takes what is not BAD, once under each key."""

    def __init__(self) -> None:
        self.held: dict[str, tuple[bytes, int, str]] = {}

    async def take(self, request: web.Request) -> web.Response:
        body, key = await request.read(), request.headers["Idempotency-Key"]
        again = key in self.held
        if again and self.held[key][0] != body:
            return web.json_response({"title": "another document"}, status=422)
        if not again:
            known = next(known for known in (GOOD, OTHER, BAD) if known.content == body)
            status, word, why = (201, "accepted", "") if known is not BAD else (422, "rejected", self.REASONS)
            self.held[key] = (
                body,
                status,
                self.RECEIPT.format(len(self.held), known.document_id, known.digest, word, why),
            )
        return self.xml(self.held[key][2], status=200 if again else self.held[key][1])

    async def query(self, request: web.Request) -> web.Response:
        held = self.held.get(request.query["idempotency-key"])
        return self.xml(f'<Receipts xmlns="{SPEC.transport.receipt_namespace}">{held[2] if held else ""}</Receipts>')

    async def receipt(self, request: web.Request) -> web.Response:
        number = int(request.match_info["tracking_id"].removeprefix("trk_"))
        kept = list(self.held.values())
        return self.xml(kept[number][2]) if number < len(kept) else web.Response(status=404)

    REASONS = "<Reasons><Reason><Code>B1</Code></Reason></Reasons>"
    RECEIPT = (
        f'<Receipt xmlns="{SPEC.transport.receipt_namespace}"><TrackingId>trk_{{}}</TrackingId><DocumentId>{{}}</DocumentId>'
        "<DocumentDigest>{}</DocumentDigest><Status>{}</Status><ReceivedAt>2026-09-15T14:03:11Z</ReceivedAt>{}</Receipt>"
    )

    @staticmethod
    def xml(text: str, status: int = 200) -> web.Response:
        return web.Response(status=status, text=text, content_type="application/xml")


@pytest.fixture(params=[scripted, over_http])
async def gateway(request) -> AsyncIterator[Gateway]:
    async with request.param() as gateway:
        yield gateway


async def test_a_good_document_is_accepted(gateway):
    """The receipt echoes the document's id and digest."""
    outcome = await gateway.send(GOOD, idempotency_key="k1")
    assert isinstance(outcome, Accepted)
    assert (outcome.receipt.document_id, outcome.receipt.digest) == (GOOD.document_id, GOOD.digest)


async def test_the_same_key_and_document_give_the_first_receipt(gateway):
    """A resend has no second effect."""
    first = await gateway.send(GOOD, idempotency_key="k1")
    again = await gateway.send(GOOD, idempotency_key="k1")
    assert isinstance(first, Accepted)
    assert isinstance(again, Accepted)
    assert again.receipt.tracking_id == first.receipt.tracking_id


async def test_the_same_key_for_another_document_is_our_fault(gateway):
    """A key that is not stable pauses the destination instead of being taken for a rejection."""
    await gateway.send(GOOD, idempotency_key="k1")
    assert isinstance(await gateway.send(OTHER, idempotency_key="k1"), Misconfigured)


async def test_a_key_that_never_arrived_is_not_there(gateway):
    """Before the first send, and for another key after it."""
    assert isinstance(await gateway.ask(GOOD, idempotency_key="k1"), NotThere)
    await gateway.send(GOOD, idempotency_key="k1")
    assert isinstance(await gateway.ask(GOOD, idempotency_key="k2"), NotThere)


async def test_a_question_by_key_gives_the_word_of_the_send(gateway):
    """What was accepted or rejected at the send is so when asked, under the same tracking id."""
    for document, key, word in ((GOOD, "k1", Accepted), (BAD, "k2", Rejected)):
        sent = await gateway.send(document, idempotency_key=key)
        asked = await gateway.ask(document, idempotency_key=key)
        assert isinstance(sent, word)
        assert isinstance(asked, word)
        assert asked.receipt.tracking_id == sent.receipt.tracking_id


async def test_a_question_about_another_document_settles_nothing(gateway):
    """A receipt for what we did not send is no proof about what we did."""
    await gateway.send(GOOD, idempotency_key="k1")
    assert isinstance(await gateway.ask(OTHER, idempotency_key="k1"), Unsure)


async def test_a_rejection_says_why(gateway):
    """A refused document comes back with coded reasons."""
    outcome = await gateway.send(BAD, idempotency_key="k1")
    assert isinstance(outcome, Rejected)
    assert outcome.receipt.reasons


async def test_a_receipt_can_be_asked_for_again(gateway):
    """By tracking id, for the document that it belongs to; an unknown one settles nothing."""
    sent = await gateway.send(GOOD, idempotency_key="k1")
    assert isinstance(sent, Accepted)
    tracking_id = sent.receipt.tracking_id
    assert isinstance(await gateway.poll(GOOD.document_id, GOOD.digest, tracking_id), Accepted)
    assert isinstance(await gateway.poll(OTHER.document_id, OTHER.digest, tracking_id), Unsure)
    assert isinstance(await gateway.poll(GOOD.document_id, GOOD.digest, "trk_999"), Unsure)


async def test_closing_twice_is_harmless(gateway):
    """Whoever shuts down need not remember whether it has."""
    await gateway.send(GOOD, idempotency_key="k1")
    await gateway.close()
    await gateway.close()
