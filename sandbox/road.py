"""The road between the sender and the state: what the weather answers in its place, and what it does to its answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from sandbox.connection import HangUp
from sandbox.flights import Flight
from sandbox.question import wait
from sandbox.receipt import StateReceipt
from sandbox.reply import XML, problem
from sandbox.weather import Do, Spell

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


def turned_back(spell: Spell) -> Response:
    """Answer for a state that never saw the question."""
    if spell.do is Do.DROP_BEFORE:
        return HangUp()
    if spell.do is Do.ERROR_PAGE:
        return Response(_PAGE, 200, media_type="text/html")
    status, title = _ANSWERS[spell.do]
    headers = {} if spell.retry_after is None else {"Retry-After": spell.retry_after}
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

    def told(self, receipt: StateReceipt) -> StateReceipt:
        """Return the receipt as it is told: the right one, or one about another document."""
        return replace(receipt, document_id=_ANOTHER_DOCUMENT) if self.spell.do is Do.WRONG_RECEIPT else receipt

    async def carry(self, reply: Response) -> Response:
        """Return what is left of the state's reply when it arrives."""
        await wait(self.request, self.spell.seconds, self.flight)
        if self.spell.do is Do.DROP_AFTER_ACCEPT:
            return HangUp()
        if self.spell.do is Do.ERROR_PAGE:
            return turned_back(self.spell)
        if self.spell.do is Do.TRUNCATE:
            content = bytes(reply.body)
            kept = len(content) // 2 if self.spell.bytes is None else self.spell.bytes
            return Response(content[:kept], reply.status_code, media_type=XML)
        return reply
