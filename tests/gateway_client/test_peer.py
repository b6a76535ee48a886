from __future__ import annotations

import asyncio

import aiohttp
import pytest

from canonical.errors import ConfigurationError, MaybeReceived, NotReceived
from canonical.outcome import Accepted, Unsure
from gateway_client.failure import gateway_error
from gateway_client.peer import Peer

#: Every error that aiohttp knows; True where nothing of the request can have left.
NOTHING_LEFT = {
    "ClientError": False,
    "ClientResponseError": False,
    "ContentTypeError": False,
    "WSServerHandshakeError": False,
    "ClientHttpProxyError": True,
    "TooManyRedirects": False,
    "ClientConnectionError": False,
    "ClientConnectionResetError": False,
    "ClientOSError": False,
    "ClientConnectorError": True,
    "ClientConnectorDNSError": True,
    "ClientProxyConnectionError": True,
    "UnixClientConnectorError": True,
    "ClientSSLError": True,
    "ClientConnectorSSLError": True,
    "ClientConnectorCertificateError": True,
    "ServerConnectionError": False,
    "ServerDisconnectedError": False,
    "ServerTimeoutError": False,
    "ConnectionTimeoutError": True,
    "SocketTimeoutError": False,
    "ServerFingerprintMismatch": True,
    "ClientPayloadError": False,
    "UploadAbortedError": False,
    "InvalidURL": True,
    "InvalidUrlClientError": True,
    "InvalidUrlRedirectClientError": False,
    "RedirectClientError": False,
    "NonHttpUrlRedirectClientError": False,
    "NonHttpUrlClientError": True,
}


def kinds(of: type[aiohttp.ClientError]) -> set[type[aiohttp.ClientError]]:
    return {of}.union(*(kinds(below) for below in of.__subclasses__() if below.__module__.startswith("aiohttp.")))


@pytest.mark.parametrize("kind", sorted(kinds(aiohttp.ClientError), key=lambda kind: kind.__name__))
def test_every_error_of_aiohttp_is_mapped(kind):
    """If aiohttp grows an error, this fails until somebody has decided whether the document can have left."""
    error = gateway_error(kind.__new__(kind))
    assert type(error) is (NotReceived if NOTHING_LEFT[kind.__name__] else MaybeReceived)


@pytest.mark.parametrize("error", [TimeoutError(), OSError(), ConnectionResetError(), BrokenPipeError()])
def test_what_can_happen_at_any_time_leaves_us_unsure(error):
    """A bare timeout or a broken pipe may come after the first byte, and cannot while no connection stands."""
    assert type(gateway_error(error)) is MaybeReceived
    assert type(gateway_error(error, connected=False)) is NotReceived


@pytest.mark.parametrize(
    "address",
    [
        "",
        "127.0.0.1:8000",
        "localhost",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "http://",
        "http://:8000",
        "http://user:hunter2@127.0.0.1/",
        "https://user@127.0.0.1",
        "http://127.0.0.1/?key=hunter2",
        "http://127.0.0.1/#hunter2",
        "http://127.0.0.1:99999/",
        "http://[::1/",
        "http://127.0.0.1:eighty/",
    ],
)
def test_an_address_that_is_none_is_refused_at_the_start(transport, address):
    """A wrong address is a wrong deployment; it is not repeated, because it may hold a password."""
    with pytest.raises(ConfigurationError) as refused:
        Peer(address, transport)
    assert "hunter2" not in str(refused.value)


async def test_a_kept_connection_that_drops_leaves_us_unsure(gateway_to, document, receipt_xml):
    """The second request goes over the first one's connection, and may have arrived when that drops."""
    heard: list[int] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number in range(2):
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(head.partition(b"content-length:")[2].partition(b"\r\n")[0]))
            heard.append(number)
            if number == 0:
                body = receipt_xml()
                said = f"HTTP/1.1 201 Said\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n\r\n"
                writer.write(said.encode() + body)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        gateway = gateway_to(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        outcomes = [type(await gateway.send(document, idempotency_key="k")) for _ in range(2)]
    assert (outcomes, heard) == ([Accepted, Unsure], [0, 1])
