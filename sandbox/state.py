"""The state: what it holds, and how it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from canonical.errors import ConfigurationError
from canonical.verdict import Verdict
from sandbox.clients import TOKEN_LIFE, Clients
from sandbox.document import Unreadable, WireDocument
from sandbox.face import Face, Faces, Shelf
from sandbox.flights import Flight, Flights
from sandbox.ledger import Arrival, End, Held, Ledger, Question
from sandbox.pages import ledger_page
from sandbox.question import body_of, digest_holds, form_of, is_xml, wait
from sandbox.receipt import moment
from sandbox.reply import as_json, as_xml, problem
from sandbox.road import WayBack, turned_back
from sandbox.routes import routes_of
from sandbox.spell import FAIR, ROAD, Do, On, Spell, Subject
from sandbox.weather import Weather
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
    #: The specification that it was built for.
    face: Face
    content: bytes = field(repr=False)
    idempotency_key: str
    #: Keyed digests: of the document's id and version, of the member's id, and of the agency's.
    identity: str
    child: str
    sender: str


class State:
    """The state: what it holds, and how it answers."""

    def __init__(
        self,
        spec: Spec,
        ledger: Ledger,
        weather: Weather,
        *,
        clients: Clients | None,
        shelf: Shelf,
        clock: Clock,
        new_tracking_id: Callable[[], str],
    ) -> None:
        self._ledger = ledger
        self._weather = weather
        self._clients = clients
        self._shelf = shelf
        self._clock = clock
        self._new_tracking_id = new_tracking_id
        self._flights = Flights()
        self._first = Face.of(spec, new_tracking_id)
        self._faces = self._faces_of(weather)

    async def submit(self, request: Request) -> Response:
        """Take a document: read it, judge it, write it down, and only then answer."""
        submission = await self._submission(request)
        if isinstance(submission, Response):
            return await self._refused(On.SUBMIT, submission)
        with self._flights.take_off(submission.child) as flight:
            if flight.overlaps:
                self._ledger.overlapped(submission.child, self._now())
            await wait(request, self._weather.latency(), flight)
            return await self._take(submission, request, flight)

    async def status(self, asked: Face, request: Request) -> Response:
        """Answer with the receipt as it stands; each question counts as one poll."""
        if not self._admits(request):
            return await self._refused(On.STATUS, self._unauthorized())
        tracking_id = request.path_params["tracking_id"]
        held = self._ledger.under_tracking_id(tracking_id)
        spell, in_force = await self._meet(On.STATUS, tracking_id, held, request)
        if spell.do in ROAD:
            return await self._turned_back(On.STATUS, spell, held)
        if held is None or spell.do is Do.FORGET:
            return await self._refused(On.STATUS, problem(404, "No document has this tracking id."))
        self._ledger.asked(Question(at=self._now(), on=On.STATUS, end=End.ANSWERED, about=held, polls=True))
        way = WayBack(request=request, spell=spell)
        told = way.told(held, self._ledger).standing
        await self._ledger.durable()
        receipts = self._faces.spoken(asked, in_force).receipts
        return await way.carry(as_xml(receipts.one(told)), self._clock())

    async def query(self, asked: Face, request: Request) -> Response:
        """Answer with what the state holds under a key: one receipt, or the empty list that means never received."""
        if not self._admits(request):
            return await self._refused(On.QUERY, self._unauthorized())
        key = request.query_params.get("idempotency-key", "")
        if not key:
            return await self._refused(On.QUERY, problem(400, "The query names no idempotency-key."))
        # Looked up again after the weather: what arrives while the question is under way has arrived.
        before = self._ledger.under_key(key)
        spell, in_force = await self._meet(On.QUERY, key, before, request)
        if spell.do in ROAD:
            return await self._turned_back(On.QUERY, spell, before)
        held = self._ledger.under_key(key)
        self._ledger.asked(Question(at=self._now(), on=On.QUERY, end=End.ANSWERED, about=held))
        way = WayBack(request=request, spell=spell)
        found = [] if held is None or spell.do is Do.FORGET else [way.told(held, self._ledger).standing]
        await self._ledger.durable()
        receipts = self._faces.spoken(asked, in_force).receipts
        return await way.carry(as_xml(receipts.several(found)), self._clock())

    async def token(self, request: Request) -> Response:
        """Give a registered client a token (RFC 7523); the errors are those of RFC 6749."""
        content = await body_of(request, _MOST_FORM)
        if content is None:
            return await self._refused(On.TOKEN, problem(413, "The form is too large."))
        spell, _ = await self._meet(On.TOKEN, On.TOKEN, None, request)
        if spell.do in ROAD:
            return await self._turned_back(On.TOKEN, spell, None)
        if spell.do is Do.REFUSE_TOKEN:
            return await self._refused(On.TOKEN, as_json({"error": spell.error}, spell.status))
        life = timedelta(seconds=spell.seconds) if spell.do is Do.SHORT_TOKEN else TOKEN_LIFE
        token = self._token_for(content, request, life)
        if token is None:
            return await self._refused(On.TOKEN, as_json({"error": "invalid_client"}, 401))
        await self._ask(On.TOKEN, End.ANSWERED)
        says = int(life.total_seconds()) if spell.expires_in is None else spell.expires_in
        reply = as_json({"access_token": token, "token_type": "Bearer", "expires_in": says})
        return await WayBack(request=request, spell=spell).carry(reply, self._clock())

    async def about(self, _: Request) -> Response:
        """Say that this is a sandbox: the interlock's question."""
        spec = self._face().spec
        shown = {"version": spec.version, "status": spec.status.value, "digest": spec.digest}
        return as_json({"ecas_sandbox": True, "spec": shown})

    async def show_ledger(self, request: Request) -> Response:
        """Show what was received, for whoever counts losses and duplicates from outside."""
        return await ledger_page(self._ledger, request)

    async def change_weather(self, request: Request) -> Response:
        """Take a new script in place of the old one, in TOML or JSON."""
        content = await body_of(request, _MOST_WEATHER)
        if content is None:
            return problem(413, "The script is too large.")
        is_json = request.headers.get("content-type", "").startswith("application/json")
        try:
            read = Weather.from_json if is_json else Weather.from_toml
            weather = read(content, "weather")
            faces = self._faces_of(weather)
        except ConfigurationError as defect:
            return problem(400, str(defect))
        self._weather, self._faces = weather, faces
        request.app.router.routes[:] = self.routes()
        return as_json({"weather": len(weather.script.spells)})

    def routes(self) -> list[BaseRoute]:
        """Return where it is asked what, in this weather."""
        return routes_of(self, self._faces)

    def _faces_of(self, weather: Weather) -> Faces:
        return Faces.of(self._first, weather.script.switches, self._shelf, self._new_tracking_id)

    def _face(self) -> Face:
        """Return the specification in force now."""
        return self._faces.after(self._weather.switched_to(self._clock()))

    async def _submission(self, request: Request) -> Submission | Response:
        """Read what came in; what is no document of this interface is answered right away."""
        key = request.headers.get("idempotency-key", "")
        in_force = self._face()
        refused = self._refused_by_head(request, key, in_force.spec)
        if refused is not None:
            return refused
        content = await body_of(request, in_force.spec.transport.max_document_bytes)
        if content is None:
            return problem(413, "The document is too large.")
        if not digest_holds(request, content):
            return problem(400, "Content-Digest is missing, or is not the body's sha-256.")
        face, document = self._faces.read(content, in_force)
        if isinstance(document, Unreadable):
            return problem(400, document.why)
        return self._named(document, face, content, key)

    def _refused_by_head(self, request: Request, key: str, spec: Spec) -> Response | None:
        """Refuse what the headers alone condemn, before a byte of the body is read."""
        if not self._admits(request):
            return self._unauthorized()
        if len(key) > _LONGEST_KEY or (spec.transport.idempotency and not key):
            return problem(400, "Idempotency-Key is missing or too long.")
        if not is_xml(request):
            return problem(415, "The body must be application/xml in UTF-8, not encoded any further.")
        return None

    def _named(self, document: WireDocument, face: Face, content: bytes, key: str) -> Submission:
        """Give a document the names under which it is remembered without being known."""
        said = document.answers.get
        identity = self._ledger.veil("document", document.document_id, said("DOCUMENT_VERSION", ""))
        member = said("MEMBER_ID")
        return Submission(
            document=document,
            face=face,
            content=content,
            idempotency_key=key,
            identity=identity,
            # Documents that name no child are of as many children: nobody could have kept their order.
            child=identity if member is None else self._ledger.veil("member", member),
            sender=self._ledger.veil("agency", said("AGENCY_ID", "")),
        )

    async def _take(self, submission: Submission, request: Request, flight: Flight) -> Response:
        """Meet the weather, judge and write down without a pause in which another request could come between."""
        in_force = self._face()
        spell = self._weather.meet(On.SUBMIT, self._subject(submission), self._clock())
        reaches = spell.do not in ROAD or spell.taken
        known = self._known(submission, spell, in_force)
        held = self._rule(submission, spell, in_force) if reaches and known is None else None
        self._ledger.arrived(
            Arrival(
                at=self._now(),
                document_id=submission.document.document_id,
                identity=submission.identity,
                child=submission.child,
                sender=submission.sender,
                idempotency_key=submission.idempotency_key,
                end=End.ANSWERED if reaches else End.TURNED_BACK,
                held=held,
            ),
        )
        way = WayBack(request=request, spell=spell, flight=flight)
        mine = held or known
        receipt = None if mine is None else way.told(mine, self._ledger).receipt
        await self._ledger.durable()
        if not reaches or receipt is None:
            return turned_back(spell, self._clock())
        # In the words of the specification that the sender speaks, whichever is in force.
        content = submission.face.receipts.one(receipt)
        if held is not None:
            return await way.carry(as_xml(content, _STATUS[held.receipt.verdict]), self._clock())
        if known is not None and known.receipt.digest != submission.document.digest:
            return problem(422, "Another document came under this Idempotency-Key.")
        return await way.carry(as_xml(content), self._clock())

    def _known(self, submission: Submission, spell: Spell, in_force: Face) -> Held | None:
        """Return what the state holds under the key already, where it looks at keys and has not forgotten."""
        if not in_force.spec.transport.idempotency or spell.do is Do.FORGET:
            return None
        return self._ledger.under_key(submission.idempotency_key)

    def _rule(self, submission: Submission, spell: Spell, in_force: Face) -> Held:
        """Rule on a document by the specification in force, which may have changed since it came."""
        document: WireDocument | Unreadable = submission.document
        if submission.face is not in_force:
            document = in_force.reader.read(submission.content)
        if isinstance(document, Unreadable):
            reason = in_force.refusal_of(submission.face)
            return in_force.ruling.refuse(submission.document, reason, self._now())
        return in_force.ruling.on(document, spell, self._now())

    async def _meet(self, on: On, name: str, held: Held | None, request: Request) -> tuple[Spell, Face]:
        """Let a question that brings no document pass through the weather; return also which specification was in force."""
        await wait(request, self._weather.latency())
        in_force = self._face()
        if held is None:
            return self._weather.meet(on, Subject(name=name), self._clock()), in_force
        nth, child_nth = self._ledger.place_of(held)
        subject = Subject(name=name, document_id=held.receipt.document_id, nth=nth, child_nth=child_nth)
        return self._weather.meet(on, subject, self._clock()), in_force

    def _subject(self, submission: Submission) -> Subject:
        nth, child_nth = self._ledger.place(submission.identity, submission.child)
        document_id = submission.document.document_id
        return Subject(name=submission.identity, document_id=document_id, nth=nth, child_nth=child_nth)

    async def _turned_back(self, on: On, spell: Spell, about: Held | None) -> Response:
        await self._ask(on, End.TURNED_BACK, about)
        return turned_back(spell, self._clock())

    async def _refused(self, on: On, refusal: Response) -> Response:
        await self._ask(on, End.REFUSED)
        return refusal

    async def _ask(self, on: On, end: End, about: Held | None = None) -> None:
        """Write a question down that changes nothing."""
        self._ledger.asked(Question(at=self._now(), on=on, end=end, about=about))
        await self._ledger.durable()

    def _token_for(self, content: bytes, request: Request, life: timedelta) -> str | None:
        if self._clients is None:
            return None
        base = str(request.base_url).rstrip("/")
        audiences = frozenset({base, f"{base}/", f"{base}{request.url.path}"})
        return self._clients.token(form_of(content), audiences, self._clock(), life)

    def _admits(self, request: Request) -> bool:
        return self._clients is None or self._clients.knows(request.headers.get("authorization", ""), self._clock())

    def _unauthorized(self) -> Response:
        return turned_back(replace(FAIR, do=Do.UNAUTHORIZED), self._clock())

    def _now(self) -> str:
        return moment(self._clock())
