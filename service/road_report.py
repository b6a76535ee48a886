"""All that is to be known about the road to the state, on one page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from canonical.desk import Desk
from canonical.submission import State
from service.outbox.outbox import Closure
from service.outbox.pulse import Pulse
from service.outlook import Outlook, Prediction
from specs.windows import Span

#: Closures that ended within this time are told too.
_LATELY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)
#: How far ahead the next window is looked for.
_AHEAD: Final = timedelta(days=90)
#: The desk for whatever lies between us and the state.
_DESK: Final = "ecas-it"
#: Who pauses by what the state answered; any other pause is a person's.
_DELIVERY: Final = "delivery"
#: What waits, in the order in which it is told.
_WAITING: Final = (State.READY, State.IN_DOUBT, State.SENDING, State.PENDING, State.HELD, State.STUCK, State.HANDED_OFF)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadReport:
    """The road as it stands."""

    destination: str
    pulse: Pulse
    #: Why nothing leaves, in a word; None where the road is open.
    closed_by: str | None
    #: Whom to call about that; None where there is nobody to call, or nothing to call about.
    desk: Desk | None
    window: Span | None
    next_window: Span | None
    #: Closures that are over, newest first.
    ended: tuple[Closure, ...]
    #: Since when no worker takes what is due.
    silent_since: datetime | None
    waiting: Mapping[State, int]
    #: When the oldest was received of what only waits for the road.
    oldest: datetime | None
    #: Sends of the last hour by what came of them; an empty name for those under way.
    sends: Mapping[str, int]
    prediction: Prediction

    @property
    def closure(self) -> Closure | None:
        """The closure that keeps everything back; None where it is a window, or nothing."""
        return self.pulse.standstill or self.pulse.breaker

    @property
    def since(self) -> datetime | None:
        """Since when nothing may leave."""
        if self.closure is not None:
            return self.closure.began_at
        return None if self.window is None else self.window.start

    @property
    def until(self) -> datetime | None:
        """When something may leave again, as far as anybody can tell: the end of the window, the breaker's next try."""
        if self.pulse.standstill is not None:
            return None
        if self.pulse.breaker is not None:
            return self.pulse.probe_at
        return None if self.window is None else self.window.end

    @property
    def why(self) -> str | None:
        """Why nothing may leave, in a sentence."""
        if self.closure is not None:
            return self.closure.why
        return None if self.window is None else self.window.why

    @property
    def unforeseen(self) -> int:
        """How many wait that nothing can be foretold about: held, stuck, with people, paused, or behind one of those."""
        return sum(count for state, count in self.waiting.items() if state is not State.PENDING) - self.prediction.count

    def as_data(self) -> dict[str, Any]:
        """Return it as plain data."""
        breaker, prediction = self.pulse.breaker, self.prediction
        return {
            "destination": self.destination,
            "at": moment(self.pulse.at),
            "open": self.closed_by is None,
            "closed_by": self.closed_by,
            "since": moment(self.since),
            "until": moment(self.until),
            "why": self.why,
            "call": _desk_data(self.desk),
            "breaker": None if breaker is None else {**_closure(breaker), "next_try_at": moment(self.pulse.probe_at)},
            "pauses": [_closure(pause) for pause in self.pulse.pauses],
            "ended": [{**_closure(closure), "ended_at": moment(closure.ended_at)} for closure in self.ended],
            "windows": {"now": _window(self.window), "next": _window(self.next_window)},
            "under_way": self.pulse.leased,
            "worker_silent_since": moment(self.silent_since),
            "waiting": {state.value: count for state, count in self.waiting.items()},
            "oldest_received_at": moment(self.oldest),
            "sent_last_hour": {outcome or "under_way": count for outcome, count in self.sends.items()},
            "forecast": {
                "per_second": round(prediction.rate.per_second, 3),
                "measured": prediction.rate.measured,
                "drained_at": moment(prediction.drained_at),
                "count": prediction.count,
                "will_be_missed": len(prediction.late),
                "cannot_be_forecast": self.unforeseen,
            },
        }


def report_on(outlook: Outlook) -> RoadReport:
    """Look at the road.

    Raises:
        ConfigurationError: a calendar cannot be read.
    """
    pulse, windows = outlook.pulse(), outlook.windows()
    window = windows.closed_at(pulse.at)
    after = pulse.at if window is None else window.end
    following = () if after is None else windows.spans(after, after + _AHEAD)
    outbox, destination = outlook.outbox, outlook.destination
    depth = outbox.depth(destination).by_state
    closed_by = outlook.closed_by(pulse)
    stands = pulse.standstill
    asked = pulse.breaker if stands is None else stands if stands.actor == _DELIVERY else None
    ended = [one for one in outbox.closures(destination, since=pulse.at - _LATELY) if one.ended_at is not None]
    desks = outlook.judge.sending(pulse.at.date()).desks
    return RoadReport(
        destination=destination,
        pulse=pulse,
        closed_by=closed_by,
        desk=None if asked is None else desks.get(_DESK),
        window=window,
        next_window=next(iter(following), None),
        ended=tuple(reversed(ended)),
        silent_since=pulse.silent_since(windows),
        waiting={state: depth[state] for state in _WAITING if depth.get(state)},
        oldest=outbox.oldest(),
        sends=outbox.sends(since=pulse.at - _HOUR),
        prediction=outlook.predict(),
    )


def moment(at: datetime | None) -> str | None:
    """Return a moment as plain data."""
    return None if at is None else at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _closure(closure: Closure) -> dict[str, Any]:
    return {
        "kind": closure.kind,
        "agency": closure.agency or None,
        "programme": closure.programme or None,
        "since": moment(closure.began_at),
        "who": closure.actor,
        "why": closure.why,
    }


def _window(span: Span | None) -> dict[str, str | None] | None:
    return None if span is None else {"from": moment(span.start), "to": moment(span.end), "why": span.why}


def _desk_data(desk: Desk | None) -> dict[str, str | None] | None:
    return None if desk is None else {"name": desk.name, "email": desk.email, "phone": desk.phone, "say": desk.say}
