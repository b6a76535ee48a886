"""Signs of life on the road: what is closed, what is due, and when anybody was last at work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, func, select

from service.clock import from_milliseconds, to_milliseconds
from service.outbox import schema as t
from service.outbox.destinations import BREAKER, PAUSE, QUARANTINE, told
from service.outbox.outbox import Closure
from specs.windows import Windows

#: Work that is due for longer than this on an open road, with nobody at it, has no worker.
SILENCE: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """The road to one destination at one moment, from a few quick looks."""

    at: datetime
    #: What is closed, and what was within the last minutes.
    closures: tuple[Closure, ...]
    #: When the breaker lets the next one try; None while it is closed.
    probe_at: datetime | None
    #: Lanes that a worker holds.
    leased: int
    #: Since when the first lane that may leave is due; None where nothing is, or where somebody is at work anyway.
    due_since: datetime | None
    #: When the newest attempt began; None where there was none.
    last_attempt_at: datetime | None

    @property
    def pauses(self) -> tuple[Closure, ...]:
        """Every pause that lasts, of the whole and of parts."""
        return tuple(closure for closure in self.closures if closure.kind == PAUSE and closure.ended_at is None)

    @property
    def pause(self) -> Closure | None:
        """The pause of the whole destination."""
        return next((pause for pause in self.pauses if not pause.agency and not pause.programme), None)

    @property
    def quarantine(self) -> Closure | None:
        """The quarantine of a restored copy; no resumption ends it."""
        return next((one for one in self.closures if one.kind == QUARANTINE and one.ended_at is None), None)

    @property
    def standstill(self) -> Closure | None:
        """What lets nothing leave until a person says so."""
        return self.quarantine or self.pause

    @property
    def breaker(self) -> Closure | None:
        """The breaker, while it is open."""
        open_ = (closure for closure in self.closures if closure.kind == BREAKER and closure.ended_at is None)
        return next(open_, None)

    def silent_since(self, windows: Windows) -> datetime | None:
        """Return since when no worker takes what is due on an open road; None where nobody need worry."""
        if (
            self.due_since is None
            or self.leased
            or self.standstill is not None
            or windows.closed_at(self.at) is not None
        ):
            return None
        opened = [closure.ended_at for closure in self.closures if closure.ended_at is not None]
        opened += [span.end for span in windows.spans(self.at - SILENCE, self.at) if span.end is not None]
        since = max(one for one in (self.due_since, self.probe_at, self.last_attempt_at, *opened) if one is not None)
        return since if self.at - since > SILENCE else None


def part(agency: str, programme: str) -> str:
    """Return in words which part of the road is meant; an empty name means every one."""
    named = (f"agency {agency}" if agency else "", f"programme {programme}" if programme else "")
    return ", ".join(filter(None, named)) or "everything"


def pulse(connection: Connection, destination: str, at: datetime) -> Pulse:
    """Feel it, within a transaction."""
    c, now = t.lane.c, to_milliseconds(at)
    closures = told(connection, destination, at - SILENCE)
    shut = [one.agency for one in closures if one.ended_at is None and one.agency and not one.programme]
    here = c.destination == destination
    leased = connection.execute(select(func.count()).where(here, c.owner.is_not(None))).scalar_one()
    probe = connection.execute(select(t.destination.c.probe_at).where(t.destination.c.id == destination)).scalar()
    newest = select(t.attempt.c.started_at).order_by(t.attempt.c.seq.desc()).limit(1)
    last = connection.execute(newest).scalar()
    due = None
    if not leased and (
        last is None or last < to_milliseconds(at - SILENCE)
    ):  # else a look at all lanes would tell nothing
        due = connection.execute(
            select(func.min(c.due_at)).where(here, c.owner.is_(None), c.due_at <= now, c.agency.not_in(shut))
        ).scalar()
    return Pulse(
        at=at,
        closures=tuple(closures),
        probe_at=_moment(probe),
        leased=leased,
        due_since=_moment(due),
        last_attempt_at=_moment(last),
    )


def _moment(at: int | None) -> datetime | None:
    return None if at is None else from_milliseconds(at)
