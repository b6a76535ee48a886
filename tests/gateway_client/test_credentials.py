from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jwt
from joserfc.jwk import ECKey

from canonical.errors import ConfigurationError
from canonical.outcome import Accepted, Misconfigured, TryLater
from gateway_client.credentials import ClientCredentials
from gateway_client.http_gateway import HttpGateway

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
AUDIENCE = "https://state.example/oauth2"


def pem(key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


KEY = ec.generate_private_key(ec.SECP384R1())
PUBLIC = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture
def credentials() -> ClientCredentials:
    return ClientCredentials(client_id="bridge", key_id="key-2026", private_key=pem(KEY), audience=AUDIENCE)


class State:
    """A state that wants a token: it checks each assertion and counts what it is asked."""

    def __init__(self, receipt: bytes) -> None:
        self.receipt = receipt
        self.grants = [{"token_type": "Bearer", "expires_in": 300}]
        self.token_status = 200
        self.refuses: set[str] = set()
        self.assertions: list[dict[str, object]] = []
        self.bearers: list[str | None] = []

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        if request.path == "/oauth2/token":
            return self.grant(parse_qs(body.decode()))
        self.bearers.append(request.headers.get("Authorization"))
        if self.bearers[-1] is None or self.bearers[-1].removeprefix("Bearer ") in self.refuses:
            return web.json_response({}, status=401)
        return web.Response(status=201, body=self.receipt, content_type="application/xml")

    def grant(self, form: dict[str, list[str]]) -> web.Response:
        assert form["grant_type"] == ["client_credentials"]
        assert form["client_assertion_type"] == ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]
        token = jwt.decode(form["client_assertion"][0], ECKey.import_key(PUBLIC), algorithms=["ES384"])
        assert token.header == {"alg": "ES384", "kid": "key-2026", "typ": "JWT"}
        self.assertions.append(token.claims)
        grant = self.grants.pop(0) if len(self.grants) > 1 else self.grants[0]
        return web.json_response({"access_token": f"t{len(self.assertions)}", **grant}, status=self.token_status)


@pytest.fixture
async def state(serve, receipt_xml):
    state = State(receipt_xml())
    return state, await serve(state.answer)


@pytest.fixture
def authorised(gateway_to, transport, credentials):
    """A gateway whose transport asks for a token."""

    def made(address: str, **settings) -> HttpGateway:
        return gateway_to(address, replace(transport, auth="private_key_jwt"), credentials=credentials, **settings)

    return made


async def test_a_token_is_fetched_once_and_used(state, authorised, document):
    """However many documents go at the same time, one assertion is made; its claims are those of RFC 7523."""
    peer, address = state
    gateway = authorised(address)
    outcomes = await asyncio.gather(*(gateway.send(document, idempotency_key=f"k{n}") for n in range(5)))
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert peer.bearers == ["Bearer t1"] * 5
    [claims] = peer.assertions
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("bridge", "bridge", AUDIENCE)
    assert 0 < claims["exp"] - claims["iat"] <= 300
    assert len(claims["jti"]) >= 32


async def test_a_refused_token_is_replaced_once(state, authorised, document):
    """401 fetches a new token, with another assertion, and sends again."""
    peer, address = state
    peer.refuses = {"t1"}
    assert isinstance(await authorised(address).send(document, idempotency_key="k"), Accepted)
    assert peer.bearers == ["Bearer t1", "Bearer t2"]
    first, second = (claims["jti"] for claims in peer.assertions)
    assert first != second


async def test_a_second_refusal_is_a_wrong_configuration(state, authorised, document):
    """401 with a fresh token pauses the destination; there is no third try."""
    peer, address = state
    peer.refuses = {"t1", "t2"}
    assert isinstance(await authorised(address).send(document, idempotency_key="k"), Misconfigured)
    assert peer.bearers == ["Bearer t1", "Bearer t2"]


async def test_many_refusals_at_once_fetch_one_token(state, authorised, document):
    """A token that another request has already replaced is not thrown away."""
    peer, address = state
    peer.refuses = {"t1"}
    gateway = authorised(address)
    outcomes = await asyncio.gather(*(gateway.send(document, idempotency_key=f"k{n}") for n in range(5)))
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert len(peer.assertions) == 2


@pytest.mark.parametrize(
    ("status", "grant", "outcome"),
    [
        (200, {"token_type": "Bearer"}, Accepted),
        (200, {"token_type": "bearer", "expires_in": 10**30}, TryLater),
        (200, {"token_type": "mac"}, TryLater),
        (200, {"token_type": "Bearer", "access_token": None}, TryLater),
        (200, {"token_type": "Bearer", "access_token": "x\r\nEvil: 1"}, TryLater),
        (200, {"token_type": "Bearer", "expires_in": "300"}, TryLater),
        (201, {"token_type": "Bearer"}, TryLater),
        (400, {"error": "invalid_client"}, Misconfigured),
        (401, {"error": "invalid_client"}, Misconfigured),
        (404, {}, Misconfigured),
        (307, {}, Misconfigured),
        (408, {}, TryLater),
        (429, {}, TryLater),
        (500, {}, TryLater),
        (503, {}, TryLater),
    ],
)
async def test_without_a_token_no_document_leaves(state, authorised, document, status, grant, outcome):
    """What the token endpoint says decides; the document stays until there is a token."""
    peer, address = state
    peer.token_status, peer.grants = status, [grant]
    assert type(await authorised(address).send(document, idempotency_key="k")) is outcome
    assert len(peer.bearers) == (outcome is Accepted)


async def test_a_silent_token_endpoint_is_later(serve_raw, authorised, document):
    """A dropped connection at the token endpoint is no doubt about the document: it has not left."""

    async def drop(writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    outcome = await authorised(await serve_raw(drop)).send(document, idempotency_key="k")
    assert isinstance(outcome, TryLater)


async def test_where_no_token_is_asked_for_none_is_fetched(state, gateway_to, document):
    """With auth "none", nothing is sent to the token endpoint and no Authorization header leaves."""
    peer, address = state
    assert isinstance(await gateway_to(address).send(document, idempotency_key="k"), Misconfigured)
    assert (peer.assertions, peer.bearers) == ([], [None])


def test_missing_credentials_are_a_wrong_configuration(transport):
    """The gateway is not built if the transport asks for a token that nobody can fetch."""
    for broken in ({"auth": "private_key_jwt"}, {"auth": "private_key_jwt", "token": None}):
        with pytest.raises(ConfigurationError):
            HttpGateway("http://127.0.0.1", replace(transport, **broken), items=(), credentials=None, clock=lambda: NOW)


@pytest.mark.parametrize(
    "key",
    [
        b"",
        b"hunter2",
        PUBLIC,
        pem(ec.generate_private_key(ec.SECP256R1())),
        pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)),
    ],
    ids=["empty", "text", "public", "P-256", "RSA"],
)
def test_a_key_that_cannot_sign_is_refused_at_the_start(key):
    """Only a private key on P-384 makes ES384; the refusal quotes nothing of it."""
    with pytest.raises(ConfigurationError) as refused:
        ClientCredentials(client_id="bridge", key_id="k", private_key=key, audience=AUDIENCE)
    assert "hunter2" not in str(refused.value)


def test_the_key_is_not_in_the_representation(credentials):
    """Whoever prints the credentials sees the client, not its key."""
    assert "PRIVATE" not in repr(credentials)
