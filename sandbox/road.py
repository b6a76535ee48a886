"""The road between the sender and the state: what the weather answers in its place, and what it does to its answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from sandbox.connection import Drip, HangUp
from sandbox.flights import Flight
from sandbox.ledger import Held, Ledger
from sandbox.question import wait
from sandbox.receipt import StateReceipt
from sandbox.reply import problem
from sandbox.spell import Do, Spell

#: What is answered to questions that never reach the state.
_ANSWERS: Final[Mapping[Do, tuple[int, str]]] = {
    Do.UNAVAILABLE: (503, "The state is not available."),
    Do.TOO_MANY: (429, "Too many requests."),
    Do.UNAUTHORIZED: (401, "The token is missing, unknown or expired."),
    Do.REDIRECT: (307, "The state has moved."),
}
_PAGE: Final = "<!DOCTYPE html><html><head><title>Sorry</title></head><body><h1>Something went wrong</h1></body></html>"
#: What a wrong receipt speaks of.
_ANOTHER_DOCUMENT: Final = "00000000-0000-4000-8000-000000000000"


def turned_back(spell: Spell, now: datetime) -> Response:
    """Answer for a state that never saw the question."""
    if spell.do is Do.DROP_BEFORE:
        return HangUp()
    if spell.do is Do.ERROR_PAGE:
        return Response(_PAGE, 200, media_type="text/html")
    status, title = _ANSWERS[spell.do]
    headers = {}
    if spell.retry_after is not None:
        headers["Retry-After"] = spell.retry_after
    if spell.retry_after_date is not None:
        until = now + timedelta(seconds=spell.retry_after_date)
        headers["Retry-After"] = format_datetime(until.astimezone(UTC), usegmt=True)
    if spell.do is Do.REDIRECT:
        headers["Location"] = spell.to
    return problem(status, title, headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class WayBack:
    """The way of one answer through one spell of weather."""

    request: Request
    spell: Spell
    #: The submission that the answer ends; None for other questions.
    flight: Flight | None = None

    def told(self, held: Held, ledger: Ledger) -> Held:
        """Return what is told about: what is held, or something about another document."""
        if self.spell.do is Do.DUPLICATE_RECEIPT:
            return ledger.other_of_sender(held) or held
        if self.spell.do is Do.WRONG_RECEIPT:
            later = tuple((polls, _of_another(receipt)) for polls, receipt in held.later)
            return replace(held, receipt=_of_another(held.receipt), later=later)
        return held

    async def carry(self, reply: Response, now: datetime) -> Response:
        """Return what is left of the state's reply when it arrives."""
        if self.spell.do is Do.DRIP:
            return Drip(reply, self.spell.seconds, self.flight)
        if self.spell.do is Do.SLOW:
            await wait(self.request, self.spell.seconds, self.flight)
        if self.spell.do is Do.DROP_AFTER_ACCEPT:
            return HangUp()
        if self.spell.do is Do.ERROR_PAGE:
            return turned_back(self.spell, now)
        if self.spell.do is Do.TRUNCATE:
            content = bytes(reply.body)
            kept = len(content) // 2 if self.spell.bytes is None else self.spell.bytes
            return Response(content[:kept], reply.status_code, media_type=reply.media_type)
        return reply


def _of_another(receipt: StateReceipt) -> StateReceipt:
    return replace(receipt, document_id=_ANOTHER_DOCUMENT)
