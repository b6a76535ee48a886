"""The courier at work: in nobody's way, and not put off by anything."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text
from waiting import draft, put, sent
from webhook_office import HOME, Hooks
from webhook_receiver import poster, receiving

from canonical.submission import State
from service.outbox.engine import writing
from service.tenants.tenant import EVERY
from service.webhooks.courier import AT_ONCE, Courier
from service.webhooks.mailbag import AT_ONCE as OF_ONE
from service.webhooks.posting import Poster

ROOT = Path(__file__).parents[3]


def courier(hooks: Hooks, sender: Poster | None = None) -> Courier:
    return Courier(
        mailbag=hooks.mailbag,
        poster=sender or poster(HOME),
        name="one",
        alive=lambda _: True,
        clock=hooks.clock,
        rng=random.Random(1),
        grace=timedelta(seconds=1),
    )


async def until(true, seconds: float = 20) -> None:
    """Wait for something that will be true soon."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came true"
        await asyncio.sleep(0.01)


async def test_slow_endpoints_keep_nobody_waiting(outbox, hooks, receiver):
    """While six endpoints hold every message they get, a seventh is told at once; and each has few under way."""
    async with receiving() as slow:
        slow.delay = 60
        for n in range(6):
            hooks.add(slow.address, agency="harborlight" if n % 2 else "riverbend")
        put(outbox, *(draft(f"d{n}", child=f"10000000000{n}") for n in range(9)))
        hooks.add(receiver.address, State.SENDING)
        working = courier(hooks)
        stopping = asyncio.Event()
        running = asyncio.create_task(working.run(ending=asyncio.Event(), stopping=stopping))
        await until(lambda: len(slow.got) == 3 * OF_ONE)
        outbox.claim("ecas", "one", limit=1, lease=timedelta(minutes=1))
        await until(lambda: receiver.got)
        assert len(working._tasks) <= AT_ONCE
        assert len(slow.got) == 3 * OF_ONE
        stopping.set()
        await asyncio.wait_for(running, 10)  # what hangs is left, and sent again by the next
    assert len(hooks.rows("delivered")) == 1


async def test_a_database_that_is_away_is_waited_for(outbox, hooks, receiver):
    """What was answered meanwhile is recorded when it is back; the courier never ends by itself."""
    hooks.add(receiver.address, State.READY)
    receiver.delay = 0.5
    put(outbox, draft("d1"))
    stopping = asyncio.Event()
    running = asyncio.create_task(courier(hooks).run(ending=asyncio.Event(), stopping=stopping))
    await until(lambda: receiver.got)
    with writing(outbox._engine, EVERY) as connection:
        connection.execute(text("ALTER TABLE webhook RENAME TO webhook_away"))
    await asyncio.sleep(1.5)
    assert not running.done()
    with writing(outbox._engine, EVERY) as connection:
        connection.execute(text("ALTER TABLE webhook_away RENAME TO webhook"))
    await until(lambda: hooks.rows("delivered"))
    stopping.set()
    await running
    assert len(receiver.got) == 1


async def test_a_message_that_cannot_be_sent_stops_no_other(outbox, hooks, receiver):
    """Whatever our own code does wrong with one, the others arrive."""
    hooks.add(receiver.address, State.ACCEPTED)

    class Faulty(Poster):
        async def post(self, url, body, headers):
            if b"rejected" in body:
                raise RuntimeError("a fault of ours")
            return await super().post(url, body, headers)

    sound = poster(HOME)
    hooks.add(receiver.address, State.REJECTED)
    sent(outbox, "d1", State.REJECTED)
    sent(outbox, "d2", State.ACCEPTED, child="100000000002")
    stopping = asyncio.Event()
    faulty = Faulty(resolve=sound.resolve, admission=sound.admission, tls=sound.tls)
    running = asyncio.create_task(courier(hooks, faulty).run(ending=asyncio.Event(), stopping=stopping))
    await until(lambda: all(row["answer"] for row in hooks.rows()))
    stopping.set()
    await running
    assert [(row["outcome"], row["answer"]) for row in hooks.rows()] == [(None, "our_fault"), ("delivered", "204")]


async def test_killed_between_sending_and_recording(tmp_path):
    """A worker that is killed while the endpoint has the message: the next one sends it again, under the same id."""
    async with receiving() as receiver:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ECAS_")},
            "ECAS_DATA_DIR": str(tmp_path / "var"),
            "ECAS_WEBHOOK_NETWORKS": "127.0.0.0/8, ::1/128",
            "ECAS_GATEWAY_URL": "http://127.0.0.1:9",
        }

        async def ecas(*words: str, until_it_ends: bool = True) -> asyncio.subprocess.Process:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "service",
                *words,
                cwd=ROOT,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            if until_it_ends:
                assert await asyncio.wait_for(process.wait(), 60) == 0, words
            return process

        await ecas("agencies", "add", "riverbend")
        await ecas("webhooks", "add", receiver.address, "--agency", "riverbend")
        listed = await ecas("webhooks", "list", "--agency", "riverbend")
        assert listed.stdout is not None
        id_ = (await listed.stdout.read()).decode().split("\n")[1].split()[0]
        await ecas("webhooks", "test", id_)
        receiver.delay = 60
        first = await ecas("work", until_it_ends=False)
        await until(lambda: receiver.got, 60)
        first.kill()
        await first.wait()
        receiver.delay = 0
        await ecas("work", "--until-idle")
        assert len(receiver.got) == 2
        (one, other) = receiver.got
        assert one[0]["webhook-id"] == other[0]["webhook-id"]
        assert one[1] == other[1]
        told = await ecas("webhooks", "messages", id_, "--outcome", "delivered", "--report", "json")
        assert told.stdout is not None
        assert b'"tries": 2' in await told.stdout.read()
