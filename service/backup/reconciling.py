"""Reconciling a restored copy: the state is asked, by idempotency key, about everything that may have been sent since."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from canonical.errors import EcasBridgeError
from service.attempts import Attempts
from service.outbox.outbox import Claim
from service.outbox.sql_outbox import SqlOutbox

#: Questions under way at once.
AT_ONCE: Final = 8
#: Read from the database at a time.
_SOME: Final = 64
_log = structlog.get_logger()


@dataclass(kw_only=True)
class Reconciled:
    """What came of it."""

    #: What the state said, by the outcome's name; “NotThere” was never sent, or never arrived.
    found: Counter[str] = field(default_factory=Counter)
    #: About which the state gave no word: asked again by the next reconciliation.
    open: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciling:
    """Asks, and sends nothing. Whoever is killed in the middle goes on where he was: each answer is recorded at once."""

    outbox: SqlOutbox
    attempts: Attempts
    stored: Callable[..., Any]

    async def run(self) -> Reconciled:
        """Ask about all that is not known yet, until a round brings nothing new."""
        done = Reconciled()
        while True:
            done.open = []
            again = await self._round(done)
            if not again:
                break
        if not done.open:
            await self.stored(self.outbox.reconciled)
        return done

    async def _round(self, done: Reconciled) -> bool:
        """Ask about each once; return whether anything is to be asked about under another key now."""
        last, again = 0, False
        while some := await self.stored(lambda after=last: self.outbox.to_ask(after=after, limit=_SOME)):
            last = some[-1][0]
            claims = [claim for _, claim in some]
            for begin in range(0, len(claims), AT_ONCE):
                part = claims[begin : begin + AT_ONCE]
                answers = await asyncio.gather(*(self._asked(claim) for claim in part))
                for claim, answer in zip(part, answers, strict=True):
                    if answer is None:
                        done.open.append(claim.submission)
                        continue
                    outcome, settlement = answer
                    await self.stored(self.outbox.record_asked, claim, outcome, settlement)
                    if settlement is not None and settlement.fresh_key:
                        again = True
                    else:
                        done.found[outcome] += 1
        return again

    async def _asked(self, claim: Claim) -> Any:  # noqa: ANN401 - what ``Attempts.ask`` returns
        try:
            return await self.attempts.ask(claim)
        except EcasBridgeError as error:
            _log.warning("the state could not be asked", submission=claim.submission, kind=type(error).__name__)
            return None
