"""The state's face over HTTP, as docs/transport.md describes it, and the sandbox's own pages below ``/_sandbox``."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from canonical.verdict import Verdict
from sandbox.clients import TOKEN_LIFE, Clients
from sandbox.document import DocumentReader, Unreadable, WireDocument
from sandbox.flights import Flight, Flights
from sandbox.ledger import Arrival, Held, Ledger
from sandbox.question import body_of, digest_holds, form_of, is_xml, wait
from sandbox.receipt import ReceiptWriter, moment
from sandbox.reply import as_json, as_xml, problem
from sandbox.road import WayBack, turned_back
from sandbox.ruling import Ruling
from sandbox.weather import FAIR, ROAD, Do, On, Spell, Subject, Weather, WeatherDefect
from specs.spec import Spec

Clock = Callable[[], datetime]

#: Caps on the bodies that are no documents.
_MOST_WEATHER: Final = 262_144
_MOST_FORM: Final = 16_384
_LONGEST_KEY: Final = 255

#: The HTTP status of a receipt that is given for the first time.
_STATUS: Final = {
    Verdict.ACCEPTED: 201,
    Verdict.ACCEPTED_WITH_WARNINGS: 201,
    Verdict.PENDING: 202,
    Verdict.DEPENDENCY: 202,
    Verdict.SUSPENDED: 202,
    Verdict.REJECTED: 422,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One document on its way in, under the key that it came with."""

    document: WireDocument
    idempotency_key: str
    #: Keyed digests: of the document's id and version, and of the member's id.
    identity: str
    child: str


def create_app(
    spec: Spec,
    ledger: Ledger,
    weather: Weather,
    *,
    clients: Clients | None = None,
    clock: Clock = lambda: datetime.now(UTC),
    new_tracking_id: Callable[[], str] = lambda: f"trk_{secrets.token_hex(13)}",
) -> FastAPI:
    """Build a state for one specification; where clients are registered, it asks everyone for a token.

    Raises:
        SpecDefect: where the package cannot be judged by, or answered with.
    """
    state = State(spec, ledger, weather, clients=clients, clock=clock, new_tracking_id=new_tracking_id)
    transport = spec.transport
    routes: list[BaseRoute] = [
        Route(transport.submit, state.submit, methods=["POST"]),
        Route(transport.status, state.status, methods=["GET"]),
        Route("/_sandbox", state.about, methods=["GET"]),
        Route("/_sandbox/ledger", state.show_ledger, methods=["GET"]),
        Route("/_sandbox/weather", state.change_weather, methods=["POST"]),
    ]
    if transport.query is not None:
        routes.append(Route(transport.query.partition("?")[0], state.query, methods=["GET"]))
    if transport.token is not None:
        routes.append(Route(transport.token, state.token, methods=["POST"]))
    refusals = {HTTPException: _http_problem}
    return FastAPI(
        title="ecas sandbox",
        openapi_url=None,
        routes=routes,
        exception_handlers=refusals,  # type: ignore[arg-type]  # starlette types handlers by the widest exception
    )


class State:
    """The state: what it holds, and how it answers."""

    def __init__(
        self,
        spec: Spec,
        ledger: Ledger,
        weather: Weather,
        *,
        clients: Clients | None,
        clock: Clock,
        new_tracking_id: Callable[[], str],
    ) -> None:
        self._spec = spec
        self._ledger = ledger
        self._weather = weather
        self._clients = clients
        self._clock = clock
        self._reader = DocumentReader(spec)
        self._ruling = Ruling(spec, new_tracking_id)
        self._receipts = ReceiptWriter(spec.transport.receipt_namespace, spec.transport.verdicts)
        self._flights = Flights()

    async def submit(self, request: Request) -> Response:
        """Take a document: read it, judge it, write it down, and only then answer."""
        submission = await self._submission(request)
        if isinstance(submission, Response):
            return submission
        with self._flights.take_off(submission.child) as flight:
            if flight.overlaps:
                self._ledger.overlapped(submission.child, self._now())
            await wait(request, self._weather.latency, flight)
            return await self._take(submission, request, flight)

    async def status(self, request: Request) -> Response:
        """Answer with the receipt as it stands; each question counts as one poll."""
        if not self._admits(request):
            return _unauthorized()
        tracking_id = request.path_params["tracking_id"]
        held = self._ledger.under_tracking_id(tracking_id)
        spell = await self._meet(On.STATUS, tracking_id, held, request)
        if spell.do in ROAD:
            return turned_back(spell)
        if held is None:
            return problem(404, "No document has this tracking id.")
        self._ledger.polled(held, self._now())
        await self._ledger.durable()
        way = WayBack(request=request, spell=spell)
        return await way.carry(as_xml(self._receipts.one(way.told(held.standing))))

    async def query(self, request: Request) -> Response:
        """Answer with what the state holds under a key: one receipt, or the empty list that means never received."""
        if not self._admits(request):
            return _unauthorized()
        key = request.query_params.get("idempotency-key", "")
        if not key:
            return problem(400, "The query names no idempotency-key.")
        # Looked up after the weather: what arrives while the question is under way has arrived.
        spell = await self._meet(On.QUERY, key, self._ledger.under_key(key), request)
        if spell.do in ROAD:
            return turned_back(spell)
        held = self._ledger.under_key(key)
        await self._ledger.durable()
        way = WayBack(request=request, spell=spell)
        found = [] if held is None else [way.told(held.standing)]
        return await way.carry(as_xml(self._receipts.several(found)))

    async def token(self, request: Request) -> Response:
        """Give a registered client a token (RFC 7523); the errors are those of RFC 6749."""
        content = await body_of(request, _MOST_FORM)
        if content is None:
            return problem(413, "The form is too large.")
        if self._clients is None:
            return as_json({"error": "invalid_client"}, 401)
        base = str(request.base_url).rstrip("/")
        audiences = frozenset({base, f"{base}/", f"{base}{request.url.path}"})
        token = self._clients.token(form_of(content), audiences, self._clock())
        if token is None:
            return as_json({"error": "invalid_client"}, 401)
        reply = {"access_token": token, "token_type": "Bearer", "expires_in": int(TOKEN_LIFE.total_seconds())}
        return as_json(reply)

    async def about(self, _: Request) -> Response:
        """Say that this is a sandbox: the interlock's question."""
        spec = {"version": self._spec.version, "status": self._spec.status.value, "digest": self._spec.digest}
        return as_json({"ecas_sandbox": True, "spec": spec})

    async def show_ledger(self, _: Request) -> Response:
        """Show what was received, for whoever counts losses and duplicates from outside."""
        await self._ledger.durable()
        return as_json(self._ledger.as_json())

    async def change_weather(self, request: Request) -> Response:
        """Take a new script in place of the old one, in TOML or JSON."""
        content = await body_of(request, _MOST_WEATHER)
        if content is None:
            return problem(413, "The script is too large.")
        is_json = request.headers.get("content-type", "").startswith("application/json")
        try:
            read = Weather.from_json if is_json else Weather.from_toml
            self._weather = read(content, "weather")
        except WeatherDefect as defect:
            return problem(400, str(defect))
        return as_json({"weather": len(self._weather.spells)})

    async def _submission(self, request: Request) -> Submission | Response:
        """Read what came in; what is no document of this interface is answered right away."""
        key = request.headers.get("idempotency-key", "")
        refused = self._refused_by_head(request, key)
        if refused is not None:
            return refused
        content = await body_of(request, self._spec.transport.max_document_bytes)
        if content is None:
            return problem(413, "The document is too large.")
        if not digest_holds(request, content):
            return problem(400, "Content-Digest is missing, or is not the body's sha-256.")
        document = self._reader.read(content)
        if isinstance(document, Unreadable):
            return problem(400, document.why)
        return self._named(document, key)

    def _refused_by_head(self, request: Request, key: str) -> Response | None:
        """Refuse what the headers alone condemn, before a byte of the body is read."""
        if not self._admits(request):
            return _unauthorized()
        if len(key) > _LONGEST_KEY or (self._spec.transport.idempotency and not key):
            return problem(400, "Idempotency-Key is missing or too long.")
        if not is_xml(request):
            return problem(415, "The body must be application/xml in UTF-8, not encoded any further.")
        return None

    def _named(self, document: WireDocument, key: str) -> Submission:
        """Give a document the names under which it is remembered without being known."""
        version, member = document.answers.get("DOCUMENT_VERSION", ""), document.answers.get("MEMBER_ID", "")
        return Submission(
            document=document,
            idempotency_key=key,
            identity=self._ledger.veil("document", document.document_id, version),
            child=self._ledger.veil("member", member),
        )

    async def _take(self, submission: Submission, request: Request, flight: Flight) -> Response:
        """Meet the weather, judge and write down without a pause in which another request could come between."""
        spell = self._weather.meet(On.SUBMIT, self._subject(submission))
        known = self._ledger.under_key(submission.idempotency_key) if self._spec.transport.idempotency else None
        reaches = spell.do not in ROAD or spell.taken
        held = self._ruling.on(submission.document, spell, self._now()) if reaches and known is None else None
        self._ledger.arrived(
            Arrival(
                at=self._now(),
                document_id=submission.document.document_id,
                identity=submission.identity,
                child=submission.child,
                idempotency_key=submission.idempotency_key,
                held=held,
            ),
        )
        await self._ledger.durable()
        if not reaches:
            return turned_back(spell)
        way = WayBack(request=request, spell=spell, flight=flight)
        if held is not None:
            status = _STATUS[held.receipt.verdict]
            return await way.carry(as_xml(self._receipts.one(way.told(held.receipt)), status))
        assert known is not None
        if known.receipt.digest != submission.document.digest:
            return problem(422, "Another document came under this Idempotency-Key.")
        return await way.carry(as_xml(self._receipts.one(way.told(known.receipt))))

    async def _meet(self, on: On, name: str, held: Held | None, request: Request) -> Spell:
        """Let a question about a receipt pass through the weather."""
        await wait(request, self._weather.latency)
        if held is None:
            return self._weather.meet(on, Subject(name=name))
        nth, child_nth = self._ledger.place_of(held)
        document_id = held.receipt.document_id
        return self._weather.meet(on, Subject(name=name, document_id=document_id, nth=nth, child_nth=child_nth))

    def _subject(self, submission: Submission) -> Subject:
        nth, child_nth = self._ledger.place(submission.identity, submission.child)
        document_id = submission.document.document_id
        return Subject(name=submission.identity, document_id=document_id, nth=nth, child_nth=child_nth)

    def _admits(self, request: Request) -> bool:
        return self._clients is None or self._clients.knows(request.headers.get("authorization", ""), self._clock())

    def _now(self) -> str:
        return moment(self._clock())


def _unauthorized() -> Response:
    return turned_back(replace(FAIR, do=Do.UNAUTHORIZED))


async def _http_problem(_: Request, refusal: HTTPException) -> Response:
    """Answer for a path or a method that is not there."""
    return problem(refusal.status_code, HTTPStatus(refusal.status_code).phrase, refusal.headers)
