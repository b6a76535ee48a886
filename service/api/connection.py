"""One caller's connection: a deadline for each of its phases, which no server that we could use has by itself."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from service.api.callers import Callers, Why

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState

#: Bytes of an answer that the kernel keeps for a peer; it doubles that for its own use.
_UNREAD_BYTES: Final = 128 * 1024
#: Linger for no time at all.
_RESET: Final = struct.pack("ii", 1, 0)


class Connection(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, for as long as the peer keeps up.

    What a body may take is the application's to say (``service.api.bodies``); the head before it, the request as a
    whole and the reading of the answer are bounded here. Between two requests uvicorn's own keep-alive bound holds.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        callers: Callers,
    ) -> None:
        """Be one of these callers."""
        super().__init__(config, server_state, app_state, _loop)
        self._callers = callers
        self._patience = callers.patience
        self._heard = False
        self._at_work = False
        #: Ends a head, or a whole request.
        self._deadline: asyncio.TimerHandle | None = None
        #: Looks whether what was written is read.
        self._watch: asyncio.TimerHandle | None = None

    @property
    def address(self) -> str:
        """The peer's address; empty where the socket has none any more."""
        return self.client[0] if self.client else ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head, where there is room for one more."""
        super().connection_made(transport)
        # What is written and not read waits with the kernel, which would keep megabytes for each peer.
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _UNREAD_BYTES)
        if self._callers.admit(self):
            self._await_head()
        else:
            self._refuse(503, b"Retry-After", b"10")

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave nothing behind."""
        self._callers.gone(self)
        self._set_deadline(None)
        self._stop_watching()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; the first of a head begin its time."""
        self._heard = True
        if not self._at_work and self._deadline is None:
            self._await_head()
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """Wait for the next request, or for the peer to have read this answer."""
        self._at_work = False
        self._heard = False
        self._set_deadline(None)
        self._callers.waits(self)
        super().on_response_complete()
        self._look()
        self._see_off()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, whether or not the peer reads what is left."""
        super().timeout_keep_alive_handler()
        self._see_off()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        if self.conn.our_state == h11.IDLE or self.conn.our_state == h11.SEND_RESPONSE:  # noqa: PLR1714 - mypy narrows
            super().send_400_response(msg)
        else:
            self.transport.close()  # an answer is under way: a second one cannot be
        self._see_off()

    def shutdown(self) -> None:
        """Close it, after the answer that is under way."""
        super().shutdown()
        self._see_off()

    def pause_writing(self) -> None:
        """See that what waits to be read is read."""
        super().pause_writing()
        self._begin_watching()

    def resume_writing(self) -> None:
        """Go on: the peer reads."""
        super().resume_writing()
        if not self.transport.is_closing():
            self._stop_watching()

    def hang_up(self, why: Why) -> None:
        """End it now, and say to the figures why."""
        self._callers.count(why)
        # With a reset: what was written and never read would else stay with the kernel for minutes.
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.transport.abort()

    def _look(self) -> None:
        """Notice that a head is complete: from here on the request as a whole has a deadline."""
        cycle: RequestResponseCycle | None = self.cycle
        if self._at_work or cycle is None or cycle.response_complete:
            return
        self._at_work = True
        self._callers.works(self)
        self._set_deadline(self._patience.total_seconds, self.hang_up, Why.TOTAL)

    def _await_head(self) -> None:
        self._callers.waits(self)
        self._set_deadline(self._patience.head_seconds, self._give_up_head)

    def _give_up_head(self) -> None:
        self._deadline = None
        self._callers.count(Why.HEAD)
        if self._heard and self.conn.our_state is h11.IDLE:
            self._refuse(408)
        else:
            self.transport.close()
            self._see_off()

    def _refuse(self, status: int, *header: bytes) -> None:
        """Answer before there is a request; there is nobody yet who could have asked for a problem document."""
        headers = [(b"Connection", b"close"), (b"Content-Length", b"0")]
        if header:
            headers.append((header[0], header[1]))
        self.transport.write(self.conn.send(h11.Response(status_code=status, headers=headers)) or b"")
        self.transport.close()
        self._see_off()

    def _see_off(self) -> None:
        """Let a closing connection last only while the peer takes what is left."""
        if self.transport.is_closing():
            self._set_deadline(None)
            self._begin_watching()

    def _begin_watching(self) -> None:
        if self._watch is None:
            self._watch_from(self.transport.get_write_buffer_size())

    def _watch_from(self, unread: int) -> None:
        self._watch = self.loop.call_later(self._patience.reading_seconds, self._see_that_it_reads, unread)

    def _see_that_it_reads(self, unread: int) -> None:
        left = self.transport.get_write_buffer_size()
        if unread - left >= self._patience.reading_seconds * self._patience.reading_rate:
            self._watch_from(left)
        else:
            self.hang_up(Why.NOT_READING)

    def _stop_watching(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _set_deadline(self, seconds: float | None, then: Callable[..., None] | None = None, *given: object) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None if seconds is None or then is None else self.loop.call_later(seconds, then, *given)
