"""Three workers on PostgreSQL, many small agencies, and one with so much that it could keep everybody else waiting."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from backlog import Work, queue, works
from simulation import least
from sqlalchemy import select
from swift_state import State, state

from service.clock import from_milliseconds, to_milliseconds, utc_now
from service.main import DESTINATION, Service, adopt_packages, build_service
from service.outbox import schema as t
from service.outbox.engine import reading
from service.processes import Program
from service.settings import load
from service.tenants.tenant import EVERY

WORKERS = 3
SMALL = 19
BIG = "big"
#: Nothing of theirs is urgent: urgent lanes may go before others, whosever they are.
_FAR = date(2031, 1, 1)
_WITHIN = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """How the small agencies fared."""

    #: Seconds from the commit of each of theirs to its first send, and to the state's verdict in the database.
    to_send: list[float]
    to_verdict: list[float]
    #: What of the big agency was sent from that commit to the last of theirs.
    meanwhile: int


def crowd(database_url: str, folder: Path, name: str, *, big: int, each: int) -> Crowd:
    """Begin a round of this name: let three workers be at work on the big agency's queue, add ``each`` of every small agency, and watch these go."""
    with ExitStack() as stack:
        peer = stack.enter_context(state())
        settings = {
            "ECAS_DATA_DIR": str(folder / "var"),
            "ECAS_DATABASE_URL": database_url,
            "ECAS_GATEWAY_URL": peer.address,
            "ECAS_LOG_LEVEL": "warning",
        }
        small = [f"{name}-{number:02}" for number in range(SMALL)]
        service = build_service(load(folder, settings))
        stack.callback(service.engine.dispose)
        adopt_packages(service)
        _queue(service, works(least(), [BIG], children=big, each=1, first_due=_FAR))
        for number in range(WORKERS):
            worker = Program(("work",), folder=folder, settings=settings, log=folder / f"work-{number}.log")
            stack.callback(worker.end)
        _until(lambda: len([*(folder / "var/workers").glob("wrk_*.lock")]) == WORKERS)
        if big:
            _until(lambda: peer.counts()[0] > WORKERS * 16)
        _queue(service, works(least(), small, children=each, each=1, first_due=_FAR))
        began = time.time()
        _until(lambda: len(_verdicts(service, small)) == each * SMALL)
        return _told(peer, began, _verdicts(service, small))


def _told(peer: State, began: float, verdicts: list[int]) -> Crowd:
    arrivals = peer.arrivals()
    places = [place for place, (_, document) in enumerate(arrivals) if not document.startswith(BIG)]
    since = [document for at, document in arrivals[: places[-1]] if at >= began]
    return Crowd(
        to_send=sorted(arrivals[place][0] - began for place in places),
        to_verdict=sorted(from_milliseconds(at).timestamp() - began for at in verdicts),
        meanwhile=sum(document.startswith(BIG) for document in since),
    )


def p95(waits: list[float]) -> float:
    """Return the wait that one in twenty exceeds, of waits in order."""
    return waits[len(waits) * 95 // 100]


def _queue(service: Service, work: Iterable[Work]) -> None:
    queue(service.engine, service.vault, work, destination=DESTINATION, at=to_milliseconds(utc_now()))


def _verdicts(service: Service, agencies: list[str]) -> list[int]:
    query = select(t.receipt.c.received_at).join(t.submission, t.submission.c.id == t.receipt.c.submission)
    with reading(service.engine, EVERY) as connection:
        return [*connection.scalars(query.where(t.submission.c.agency.in_(agencies)))]


def _until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _WITHIN
    while not reached():
        assert time.monotonic() < deadline, "the workers did not get there"
        time.sleep(0.05)
