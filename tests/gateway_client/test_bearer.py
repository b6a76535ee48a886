"""The token's life: fetched once for all, renewed beside the requests, and never worse for a renewal that fails."""

from __future__ import annotations

import asyncio
import gzip
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from authority import pem
from cryptography.hazmat.primitives.asymmetric import ec

from canonical.outcome import TryLater
from gateway_client.bearer import Bearer, Token
from gateway_client.credentials import ClientCredentials
from gateway_client.peer import Peer

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
GRANT = {"token_type": "Bearer", "expires_in": 300}


@pytest.fixture(scope="module")
def credentials() -> ClientCredentials:
    return ClientCredentials(
        client_id="bridge",
        key_id="key-2026",
        private_key=pem(ec.generate_private_key(ec.SECP384R1())),
        audience="https://state.example",
    )


@dataclass
class Endpoint:
    """A token endpoint that answers when it is let, with what a test puts into it."""

    asked: int = 0
    answer: Any = None
    #: Closed where the endpoint is to be slow.
    door: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    async def give(self, request: web.Request) -> web.StreamResponse:
        await request.read()
        self.asked += 1
        number = self.asked
        await self.door.wait()
        self.answered.release()
        if self.answer is not None:
            return self.answer()
        return web.json_response({"access_token": f"t{number}", **GRANT})


@dataclass
class Scene:
    endpoint: Endpoint
    bearer: Bearer
    now: datetime = NOW

    async def text(self, **asked: Any) -> str:
        token = await self.bearer.token(**asked)
        return token.text if isinstance(token, Token) else type(token).__name__

    async def renewed(self) -> None:
        """Wait until the renewal under way has ended, however it ends."""
        await self.endpoint.answered.acquire()
        fetching = self.bearer._fetching
        assert fetching is not None
        await fetching


@pytest.fixture
async def scene(serve, transport, credentials) -> AsyncIterator[Scene]:
    endpoint = Endpoint()
    endpoint.door.set()
    peer = Peer(await serve(endpoint.give), transport)
    numbers = itertools.count()
    made = Scene(endpoint, None)  # type: ignore[arg-type]
    made.bearer = Bearer(peer, "/oauth2/token", credentials, clock=lambda: made.now, ids=lambda: f"jti-{next(numbers)}")
    yield made
    endpoint.door.set()
    await made.bearer.close()
    await peer.close()


async def first(scene: Scene) -> None:
    """Fetch the first token, which nobody can do without."""
    assert await scene.text() == "t1"
    await scene.endpoint.answered.acquire()


async def test_a_token_is_renewed_ahead_of_its_end(scene):
    """From 240 of 300 seconds on a new one is fetched beside the requests, which go on with the old one meanwhile."""
    await first(scene)
    scene.now = NOW + timedelta(seconds=239)
    assert await scene.text() == "t1"
    assert scene.endpoint.asked == 1
    scene.now = NOW + timedelta(seconds=240)
    assert await scene.text() == "t1"
    await scene.renewed()
    assert await scene.text() == "t2"
    assert scene.endpoint.asked == 2


async def test_nobody_waits_for_a_slow_renewal(scene):
    """While the old token serves, however many ask and however slow the endpoint is: one renewal, no waiting."""
    await first(scene)
    scene.endpoint.door.clear()
    scene.now = NOW + timedelta(seconds=250)
    assert await asyncio.gather(*(scene.text() for _ in range(20))) == ["t1"] * 20
    scene.endpoint.door.set()
    await scene.renewed()
    assert await scene.text() == "t2"
    assert scene.endpoint.asked == 2


async def test_many_who_need_a_token_share_one_fetch(scene):
    """Also where the fetch fails: twenty who wait are answered by one request."""
    scene.endpoint.door.clear()
    waiting = asyncio.gather(*(scene.text() for _ in range(20)))
    await asyncio.sleep(0.05)
    scene.endpoint.answer = lambda: web.Response(status=503)
    scene.endpoint.door.set()
    assert await waiting == ["TryLater"] * 20
    assert scene.endpoint.asked == 1


@pytest.mark.parametrize("status", [400, 401, 403, 500, 503, 200])
async def test_a_failed_renewal_keeps_the_old_token_while_it_serves(scene, status):
    """It is tried again after ten seconds, not at every request; at the old one's end the endpoint's word counts."""
    await first(scene)
    scene.endpoint.answer = lambda: web.Response(status=status, text="garbage")
    scene.now = NOW + timedelta(seconds=245)
    assert await scene.text() == "t1"
    await scene.renewed()
    for seconds in (246, 254):
        scene.now = NOW + timedelta(seconds=seconds)
        assert await scene.text() == "t1"
    await asyncio.sleep(0.05)  # a renewal that should not be would have begun by now
    assert scene.endpoint.asked == 2
    scene.now = NOW + timedelta(seconds=255)
    assert await scene.text() == "t1"
    await scene.renewed()
    assert scene.endpoint.asked == 3
    scene.now = NOW + timedelta(seconds=290)
    assert await scene.text() == ("Misconfigured" if status in (400, 401, 403) else "TryLater")
    scene.endpoint.answer = None
    assert await scene.text() == "t5"


async def test_a_refused_token_is_not_used_again(scene):
    """Whoever was refused waits for a new one; whoever comes later gets that one."""
    await first(scene)
    token = await scene.bearer.token()
    assert await scene.text(refused=token) == "t2"
    assert await scene.text(refused=token) == "t2"
    assert scene.endpoint.asked == 2


async def test_who_gives_up_waiting_takes_the_token_from_nobody(scene):
    """A cancelled send leaves the fetch to the others."""
    scene.endpoint.door.clear()
    impatient = asyncio.create_task(scene.text())
    patient = asyncio.create_task(scene.text())
    await asyncio.sleep(0.05)
    impatient.cancel()
    scene.endpoint.door.set()
    assert await patient == "t1"
    assert scene.endpoint.asked == 1


async def test_a_short_lived_token_is_used_for_most_of_its_life(scene):
    """The spans before the end shrink with a life of ten seconds: renewed from 8, used until 9."""
    scene.endpoint.answer = lambda: web.json_response(
        {"access_token": "short", "token_type": "Bearer", "expires_in": 10}
    )
    await scene.text()
    for seconds, asked in ((7, 1), (8, 2)):
        scene.now = NOW + timedelta(seconds=seconds)
        assert await scene.text() == "short"
        await asyncio.sleep(0.05)
        assert scene.endpoint.asked == asked


@pytest.mark.parametrize(
    "answer",
    [
        lambda: web.Response(body=b""),
        lambda: web.Response(body=b"\xff\xfe{}"),
        lambda: web.Response(body=b"[" * 60_000),
        lambda: web.Response(text="<html>token</html>"),
        lambda: web.Response(body=b'{"access_token": "t", "token_type": "Bearer"' + b" " * 70_000 + b"}"),
        lambda: web.Response(body=gzip.compress(b" " * 10_000_000), headers={"Content-Encoding": "gzip"}),
        lambda: web.json_response({"access_token": "t", "token_type": "Bearer", "expires_in": 1.5}),
        lambda: web.json_response({"access_token": "x" * 5 + "\n", "token_type": "Bearer", "expires_in": 300}),
        lambda: web.json_response([GRANT]),
    ],
    ids=["empty", "bytes", "deep", "html", "long", "bomb", "float", "line", "list"],
)
async def test_garbage_is_no_token(scene, answer):
    """It is later; what the endpoint says instead of a token is kept nowhere."""
    scene.endpoint.answer = answer
    assert await scene.text() == "TryLater"


async def test_an_expired_grant_serves_only_those_who_waited_for_it(scene):
    """A token without a life ahead of it is not kept."""
    scene.endpoint.answer = lambda: web.json_response({"access_token": "t", "token_type": "Bearer", "expires_in": -5})
    assert await asyncio.gather(scene.text(), scene.text()) == ["t", "t"]
    assert await scene.text() == "t"
    assert scene.endpoint.asked == 2


async def test_what_was_slow_before_the_document_left_leaves_no_doubt(
    serve, gateway_to, document, transport, credentials
):
    """Where the time of a talk is over before the document's own request began, it is later, not in doubt."""
    heard: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        heard.append(request.path)
        return web.Response(status=201)

    class Slow(Bearer):
        async def token(self, **_):
            await asyncio.sleep(10)

    hasty = replace(transport, auth="private_key_jwt", total_timeout=timedelta(seconds=0.05))
    gateway = gateway_to(await serve(answer), hasty, credentials=credentials)
    gateway._bearer = Slow(gateway._peer, "/oauth2/token", credentials, clock=lambda: NOW, ids=lambda: "jti")
    assert isinstance(await gateway.send(document, idempotency_key="k"), TryLater)
    assert heard == []
