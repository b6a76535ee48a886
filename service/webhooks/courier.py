"""The courier: takes the messages that are due to their endpoints, beside delivery and never in its way.

It has a thread of its own for the database, threads of its own for names, and connections of its own: no endpoint, however
slow, keeps a delivery to the state waiting.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy.exc import DBAPIError

from service.clock import Clock
from service.telemetry import fault_of
from service.webhooks.mailbag import Claim, Mailbag
from service.webhooks.posting import Answer, Fault, Poster
from service.webhooks.signing import signed

#: Sendings at once, of one worker.
AT_ONCE: Final = 32
#: How long it sleeps before it looks again; jittered.
LOOK_AGAIN: Final = 1.0
#: How long it waits after something went wrong on our side: seconds.
_AFTER_A_FAULT: Final = 5.0
#: What a worker that only works until it is idle spends on messages after its last delivery, at most: seconds.
_AT_THE_END: Final = 60.0
_log = structlog.get_logger()


@dataclass(kw_only=True)
class Courier:
    """One worker's. It never raises: whatever fails is told, and tried again."""

    mailbag: Mailbag
    poster: Poster
    #: The worker's name, and whether another one lives.
    name: str
    alive: Callable[[str], bool]
    clock: Clock
    rng: random.Random
    #: How long what is under way is given at an end.
    grace: timedelta
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _done: list[tuple[Claim, Answer]] = field(default_factory=list)

    async def run(self, *, ending: asyncio.Event, stopping: asyncio.Event) -> None:
        """Work until ``ending``, then send what is due and end; at ``stopping`` only what is under way is brought to its end."""
        last: float | None = None
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="webhooks") as store:
            while not stopping.is_set():
                if last is None and ending.is_set():
                    last = time.monotonic() + _AT_THE_END
                begun = await self._turn(store, AT_ONCE - len(self._tasks))
                over = last is not None and (time.monotonic() > last or not begun)
                if over and not self._tasks and not self._done:
                    return
                await self._pause(ending if last is None else stopping, stopping)
            await self._finish(store)

    async def _turn(self, store: ThreadPoolExecutor, room: int) -> int:
        """Record what is done and begin what is due; return how much was begun."""
        handed, self._done = self._done, []
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(store, self.mailbag.expire, self.alive)
            claims = await loop.run_in_executor(store, lambda: self.mailbag.exchange(handed, self.name, room=room))
        except DBAPIError as error:
            self._done = [*handed, *self._done]
            _log.warning("the database does not answer", kind=type(error).__name__)
            await asyncio.sleep(_AFTER_A_FAULT)
            return 0
        except Exception as fault:  # noqa: BLE001 - a message that cannot be recorded is sent again; delivery goes on
            _log.error("webhooks could not be looked at", count=len(handed), **fault_of(fault))
            await asyncio.sleep(_AFTER_A_FAULT)
            return 0
        for claim in claims:
            task = asyncio.create_task(self._deliver(claim))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return len(claims)

    async def _deliver(self, claim: Claim) -> None:
        headers = signed(claim.body, id_=claim.id, at=int(self.clock().timestamp()), by=claim.secrets)
        try:
            answer = await self.poster.post(claim.url, claim.body, headers)
        except Exception as fault:  # noqa: BLE001 - it is tried again like any other failure, and given up like one
            _log.error("a webhook could not be sent", webhook=claim.webhook, **fault_of(fault))
            answer = Answer(fault=Fault.OURS)
        self._done.append((claim, answer))
        _log.info("webhook sent", webhook=claim.webhook, agency=claim.agency, attempt=claim.tries, outcome=answer.word)

    async def _finish(self, store: ThreadPoolExecutor) -> None:
        """Let what is under way come to its end, and record it; what lasts too long is sent again, under the same id."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=self.grace.total_seconds())
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        if self._done:
            await self._turn(store, 0)

    async def _pause(self, *until: asyncio.Event) -> None:
        """Wait until something was answered, an end is near, or it is time to look again."""
        if self._done:
            return
        wakers = {asyncio.create_task(event.wait()) for event in until}
        seconds = LOOK_AGAIN * self.rng.uniform(0.5, 1)
        await asyncio.wait({*wakers, *self._tasks}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for waker in wakers:
            waker.cancel()
