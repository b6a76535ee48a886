from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver
from yarl import URL

from canonical.errors import ConfigurationError, InterlockClosed
from canonical.outcome import Accepted, Misconfigured, TryLater
from gateway_client.credentials import ClientCredentials
from gateway_client.interlock import Interlock
from gateway_client.origin import joined
from gateway_client.peer import Peer

KEY = "key-1"
XML = "application/xml"


@pytest.mark.parametrize(
    ("base", "path"),
    [
        ("http://state.example", "@elsewhere.example/v1"),
        ("http://state.example", ".elsewhere.example/v1"),
        ("http://state.example", ":81/v1"),
        ("https://state.example:443", "0/v1"),
        ("https://state.example", ":hunter2@elsewhere.example/"),
        ("http://[::1]", "@elsewhere.example/v1"),
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(base, path):
    """Scheme, host and port of what is asked for are those of the base address, as parsed."""
    with pytest.raises(ConfigurationError, match="leads to another host"):
        joined(URL(base), path)


@pytest.mark.parametrize(
    ("base", "path", "host"),
    [
        ("http://state.example", "//elsewhere.example/v1", "state.example"),
        ("http://state.example/a/", "/../@elsewhere.example", "state.example"),
        ("http://state.example:80", "/v1?x=http://elsewhere.example", "state.example"),
        ("https://STATE.example:443", "/v1", "state.example"),
        ("http://[::1]:8100", "/v1", "::1"),
    ],
)
def test_a_path_below_the_base_stays_there(base, path, host):
    """However it looks, it is read below the base."""
    assert joined(URL(base), path).raw_host == host


@pytest.fixture
async def elsewhere(serve_raw):
    """Another origin: its port, and what reached it, be it a connection alone."""
    reached: list[str] = []

    async def heard(_: asyncio.StreamWriter) -> None:
        reached.append("a connection")

    return await serve_raw(heard, reads=False), reached


#: Every header by which an answer can point to another place.
POINTERS = {
    "Location": "{0}/v1/assessments",
    "Content-Location": "{0}/v1/assessments",
    "Refresh": "0; url={0}/",
    "Link": '<{0}/>; rel="canonical", <{0}/>; rel="preload"',
    "Alt-Svc": 'h2="{0}"; ma=86400, http/1.1="{0}"; persist=1',
    "WWW-Authenticate": 'Bearer authorization_uri="{0}/oauth2/token", realm="{0}"',
    "Authentication-Info": "{0}",
    "Proxy-Authenticate": 'Basic realm="{0}"',
    "Origin-Agent-Cluster": "{0}",
    "X-Forwarded-Host": "{0}",
}
STATUSES = [200, 201, 202, 300, 301, 302, 303, 304, 305, 306, 307, 308, 400, 401, 407, 421, 426, 429, 503]


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("where", ["submit", "token", "interlock"])
async def test_no_answer_leads_to_another_origin(
    serve, gateway_to, document, transport, named_here, elsewhere, receipt_xml, client, where, status
):
    """Whatever points there, from the submission, the token's endpoint or the interlock's question: zero bytes."""
    other, reached = elsewhere
    pointing = {name: text.format(other) for name, text in POINTERS.items()}

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        asked = {"/oauth2/token": "token", "/_sandbox": "interlock"}.get(request.path, "submit")
        if asked == where:
            body = f'<html><meta http-equiv="refresh" content="0; url={other}"></html>'
            return web.Response(status=status, text=body, headers=pointing, content_type="text/html")
        if asked == "token":
            return web.json_response({"access_token": "t", "token_type": "Bearer", "expires_in": 300})
        if asked == "interlock":
            return web.json_response({"ecas_sandbox": True})
        return web.Response(status=201, body=receipt_xml(), content_type=XML)

    address = (await serve(answer)).replace("127.0.0.1", "state.invalid")
    gateway = gateway_to(address, replace(transport, auth="private_key_jwt"), credentials=client, resolver=named_here())
    for deed in (gateway.send, gateway.ask):
        if where == "interlock":
            with pytest.raises(InterlockClosed):
                await deed(document, idempotency_key=KEY)
        else:
            assert not isinstance(await deed(document, idempotency_key=KEY), Accepted)
    assert reached == []


@pytest.fixture(scope="session")
def client() -> ClientCredentials:
    from authority import pem  # noqa: PLC0415 - the key is made once, and only where it is wanted
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - the same

    return ClientCredentials(
        client_id="bridge",
        key_id="key-2026",
        private_key=pem(ec.generate_private_key(ec.SECP384R1())),
        audience="https://state.example",
    )


@pytest.mark.parametrize("where", ["submit", "status", "query", "token"])
async def test_a_packages_path_sends_neither_document_nor_token_elsewhere(
    gateway_to, document, transport, elsewhere, client, where
):
    """A transport whose path would bring a port of its own is a wrong configuration, found before a byte leaves."""
    other, reached = elsewhere
    auth = "private_key_jwt" if where == "token" else "none"
    wrong = replace(transport, auth=auth, **{where: f":{other.rpartition(':')[2]}/v1"})
    gateway = gateway_to("http://127.0.0.1", wrong, credentials=client)
    deeds = {
        "query": lambda: gateway.ask(document, idempotency_key=KEY),
        "status": lambda: gateway.poll(document.document_id, document.digest, "trk_1"),
    }
    with pytest.raises(ConfigurationError):
        await deeds.get(where, lambda: gateway.send(document, idempotency_key=KEY))()
    assert reached == []


class Public(AbstractResolver):
    """A name server that gives a public address for every name."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int = 0, **_):
        self.asked.append(host)
        return [
            {"hostname": host, "host": address, "port": port, "family": 2, "proto": 0, "flags": 0}
            for address in self.addresses
        ]

    async def close(self) -> None:
        pass


@pytest.mark.parametrize("deed", ["send", "ask"])
async def test_localhost_means_this_machine_whatever_a_name_server_says(gateway_to, document, deed):
    """Where “localhost” resolves to a public address no connection is tried: a provisional document stays here."""
    resolver = Public("203.0.113.7", "2001:db8::7", "::ffff:203.0.113.7", "10.0.0.1", "0.0.0.0")
    outcome = await getattr(gateway_to("http://localhost:9", resolver=resolver), deed)(document, idempotency_key=KEY)
    assert isinstance(outcome, TryLater)
    assert set(resolver.asked) == {"localhost"}


async def test_of_the_addresses_of_localhost_only_loopback_counts(serve, gateway_to, document, receipt_xml):
    """A public one beside it is passed over."""

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=201, body=receipt_xml(), content_type=XML)

    address = (await serve(answer)).replace("127.0.0.1", "localhost")
    gateway = gateway_to(address, resolver=Public("203.0.113.7", "127.0.0.1"))
    assert isinstance(await gateway.send(document, idempotency_key=KEY), Accepted)


#: Addresses that look like this machine, or come to it by a name, and are not spelled as it.
LOOKS_LIKE_HOME = [
    "http://localhost.",
    "http://localhost.state.invalid",
    "http://127.0.0.1.state.invalid",
    "http://127.0.0.1%2estate.invalid",
    "http://127.0.0.1,state.invalid",
    "http://127.1",
    "http://2130706433",
    "http://0x7f.1",
    "http://0177.0.0.1",
    "http://0.0.0.0",
    "http://[::]",
    "http://[::ffff:203.0.113.7]",
    "http://[64:ff9b::7f00:1]",
    "http://[fe80::1]",
    "http://[2001:db8::1]",
    "http://203.0.113.7",
    "https://127.0.0.1.state.invalid",
    "https://[2001:db8::1]",
]


@pytest.mark.parametrize("address", LOOKS_LIKE_HOME)
async def test_what_only_looks_like_this_machine_is_asked_whether_it_is_a_sandbox(transport, address):
    """The spelling of an address admits nothing that is not loopback itself."""
    asked: list[str] = []

    class Asked(Peer):
        async def request(self, _, path, **__):
            asked.append(path)
            raise InterlockClosed

    with pytest.raises(InterlockClosed):
        await Interlock(Asked(address, transport)).admit(provisional=True)
    assert asked == ["/_sandbox"]


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1@state.invalid",
        "http://127.0.0.1:80@state.invalid/",
        "http://localhost:@state.invalid/",
        "http://@state.invalid/",
        "http://state.invalid\\@127.0.0.1/",
        "http://127.0.0.1\\@state.invalid/",
        "http://127.0.0.1#@state.invalid/",
        "http://127.0.0.1?@state.invalid/",
        "http://[::1]@state.invalid/",
        "http://[127.0.0.1]/",
        "http:///127.0.0.1",
        "http:127.0.0.1",
    ],
)
async def test_an_address_with_a_user_or_two_hosts_is_none(transport, address):
    """It is refused at the start, or what is connected to is its one host, which is not loopback."""
    try:
        peer = Peer(address, transport)
    except ConfigurationError:
        return
    assert (peer.base.raw_host, peer.is_this_machine) == ("state.invalid", False)


async def test_a_redirect_to_this_machine_does_not_make_a_sandbox(serve, gateway_to, document, named_here):
    """The declaration counts from the address itself: a redirect to a real sandbox is none."""

    async def declares(_: web.Request) -> web.Response:
        return web.json_response({"ecas_sandbox": True})

    sandbox = await serve(declares)

    async def points(_: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": f"{sandbox}/_sandbox"})

    address = (await serve(points)).replace("127.0.0.1", "state.invalid")
    with pytest.raises(InterlockClosed):
        await gateway_to(address, resolver=named_here()).send(document, idempotency_key=KEY)


async def test_a_misdirected_request_is_not_sent_to_the_other_door(serve, gateway_to, document, elsewhere):
    """421 and 305 name another server; they pause the destination."""
    other, reached = elsewhere

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=421, headers={"Location": other, "Alt-Svc": f'http/1.1="{other}"'})

    gateway = gateway_to(await serve(answer))
    assert isinstance(await gateway.send(document, idempotency_key=KEY), Misconfigured)
    assert reached == []
