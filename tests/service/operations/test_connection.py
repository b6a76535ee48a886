from __future__ import annotations

import socket
import time

import pytest

from service.api.callers import Callers, Patience, Why
from service.metrics.instruments import HUNG_UP

HURRIED = Patience(head_seconds=0.3, idle_seconds=1, total_seconds=1, reading_seconds=0.3)


def _rest(peer: socket.socket) -> bytes:
    """Return everything until the other end hangs up; it must do so."""
    peer.settimeout(20)
    content = b""
    try:
        while chunk := peer.recv(65536):
            content += chunk
    except ConnectionResetError:
        pass
    return content


def _ended(why: Why) -> float:
    return HUNG_UP.labels(why.value)._value.get()


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        (b"", b""),
        (b"G", b"HTTP/1.1 408"),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\n", b"HTTP/1.1 408"),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHo", b"HTTP/1.1 200"),
    ],
    ids=["nothing", "a letter", "half a head", "half of a second head"],
)
def test_a_head_has_its_time(start, said, answered):
    """Whoever brings no whole head in time is hung up: with 408 where it had begun one."""
    with start(HURRIED).connect() as peer:
        peer.sendall(said)
        assert _rest(peer)[:12] == answered


def test_a_dripping_head_gains_no_time(start):
    """A byte now and then does not put the end of a head off."""
    before = _ended(Why.HEAD)
    with start(HURRIED).connect() as peer:
        began = time.monotonic()
        peer.sendall(b"GET / HTTP/1.1\r\nX: ")
        peer.settimeout(0.05)
        answer = b""
        while not answer and time.monotonic() - began < 15:
            peer.sendall(b"x")
            try:
                answer = peer.recv(4096)
            except TimeoutError:
                continue
    assert answer.startswith(b"HTTP/1.1 408")
    assert _ended(Why.HEAD) == before + 1


def test_an_idle_connection_is_closed(start):
    """After an answer a connection may be used again for a while, and is then closed."""
    with start(HURRIED).connect() as peer:
        for _ in range(2):
            peer.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert peer.recv(4096).startswith(b"HTTP/1.1 200")
        assert _rest(peer) == b""


def test_a_request_as_a_whole_has_its_time(start):
    """A request that is never finished ends, also where its body has more time than that."""
    running = start(HURRIED)
    before = _ended(Why.TOTAL)
    with running.connect() as peer:
        peer.sendall(
            f"POST /v1/validate HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {running.key}\r\n"
            "Content-Length: 9\r\n\r\n".encode()
        )
        assert _rest(peer) == b""
    assert _ended(Why.TOTAL) == before + 1


def test_who_never_reads_is_hung_up(start):
    """A peer that asks and asks and takes no answer is reset, and costs no memory for longer."""
    running = start(Patience(reading_seconds=0.3))
    before = _ended(Why.NOT_READING)
    peer = socket.socket()
    with peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.connect(running.address)
        peer.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 40)
        deadline = time.monotonic() + 20
        while _ended(Why.NOT_READING) == before and time.monotonic() < deadline:
            time.sleep(0.05)
        assert _ended(Why.NOT_READING) == before + 1
        while len(running.server.callers) and time.monotonic() < deadline:
            time.sleep(0.05)
    assert len(running.server.callers) == 0


def test_a_slow_reader_is_served(start):
    """Whoever reads slowly, but reads, gets the whole answer."""
    running = start(Patience(reading_seconds=2))
    peer = socket.socket()
    with peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.connect(running.address)
        peer.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        content = b""
        while chunk := peer.recv(8192):
            content += chunk
            time.sleep(0.02)
    head, _, body = content.partition(b"\r\n\r\n")
    (length,) = [line.split(b": ")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")]
    assert len(body) == int(length)


def test_half_open_ones_make_room_for_others(start):
    """Where every place is taken by somebody who says nothing, the one that waits longest goes, and requests are answered."""
    running = start(Patience(connections=5))
    before = _ended(Why.CROWDED)
    silent = [running.connect() for _ in range(20)]
    assert running.ask("GET", "/healthz")[0] == 200
    assert running.submit("k")[0] == 202
    assert len(running.server.callers) <= 5
    assert _ended(Why.CROWDED) >= before + 15
    for peer in silent:
        peer.close()


def test_too_many_headers_are_refused(start):
    """A head with more headers than have a use is refused; one with as many as may be is not."""
    running = start()
    many = {f"X-{number}": "1" for number in range(100)}
    assert running.ask("GET", "/healthz", headers=many)[0] == 431
    few = {f"X-{number}": "1" for number in range(90)}
    assert running.ask("GET", "/healthz", headers=few)[0] == 200


class _Peer:
    """A connection that only remembers why it was ended."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.ended: Why | None = None

    def hang_up(self, why: Why) -> None:
        self.ended = why


def _admitted(callers: Callers, *addresses: str) -> list[_Peer]:
    peers = [_Peer(address) for address in addresses]
    for peer in peers:
        assert callers.admit(peer)
        callers.waits(peer)
    return peers


def test_one_address_crowds_out_itself():
    """An address with too many connections loses its own that waits longest, and nobody else's."""
    callers = Callers(Patience(of_one_address=2))
    mine, theirs, second, third = _admitted(callers, "198.51.100.1", "198.51.100.2", "198.51.100.1", "198.51.100.1")
    assert [mine.ended, theirs.ended, second.ended, third.ended] == [Why.ADDRESS, None, None, None]
    assert len(callers) == 3


def test_a_proxy_speaks_for_everybody():
    """Connections from this host are not counted by address: a proxy makes them for all callers."""
    callers = Callers(Patience(of_one_address=1))
    assert [peer.ended for peer in _admitted(callers, "127.0.0.1", "127.0.0.1", "::1")] == [None, None, None]


def test_work_under_way_makes_no_room():
    """Where every connection has a request under way, the next one is turned away."""
    callers = Callers(Patience(connections=2))
    for peer in (working := _admitted(callers, "127.0.0.1", "127.0.0.1")):
        callers.works(peer)
    assert not callers.admit(_Peer("127.0.0.1"))
    callers.gone(working[0])
    callers.gone(working[0])
    assert callers.admit(_Peer("127.0.0.1"))
