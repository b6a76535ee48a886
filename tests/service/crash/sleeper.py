"""A worker that is frozen in the midst of its work, sleeps over its lease, and wakes up among others."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from actor import Actor
from scene import Scene
from standing import Step, Watch

#: Each answer takes its time: the sleeper is caught waiting for some, and others are in the air when it wakes.
WEATHER = "[[weather]]\ndo = 'slow'\nseconds = 1.6\n"
#: Seconds of patience with one request: a lease is four times that, and ten.
TOTAL_TIMEOUT = 2
#: What is to wait for the sleeper, so that it takes as much as it may at once.
ENOUGH = 60
_CATCHES_WITHIN = 60


#: Tells from where a worker's work stands whether this is the moment to freeze it.
Moment = Callable[[Counter[Step]], bool]


def in_the_midst(steps: Counter[Step]) -> bool:
    """A part of what it took is sent, and a part is not."""
    return steps[Step.CLAIMED] > 0 and steps[Step.SENT] > 0


def before_it_sends(steps: Counter[Step]) -> bool:
    """It took something, and nothing of that is sent."""
    return steps[Step.CLAIMED] > 0 and len(steps) == 1


def sleep_over_the_lease(here: Scene, others: int, moment: Moment) -> tuple[Actor, int]:
    """Freeze a worker, let others begin to take over, and wake it while they are at it; return it and how much it had."""
    while here.waiting() < ENOUGH:
        time.sleep(0.05)
    sleeper = here.start("work")
    here.workers = [sleeper]
    watch = Watch(here, WEATHER)
    try:
        mine = _frozen(sleeper, moment, watch)
        here.workers += [here.start("work") for _ in range(others)]
        _taken_over(sleeper, mine, watch)
    finally:
        watch.close()
    sleeper.go_on()
    return sleeper, mine


def _frozen(sleeper: Actor, moment: Moment, watch: Watch) -> int:
    """Freeze it at that moment; return how much work it has."""
    deadline = time.monotonic() + _CATCHES_WITHIN
    while time.monotonic() < deadline:
        if watch.steps(sleeper)[Step.CLAIMED]:
            sleeper.stop()
            steps = watch.steps(sleeper)
            if moment(steps) and not watch.file_is_locked():
                return steps.total()
            sleeper.go_on()
        time.sleep(0.001)
    raise AssertionError("it was never caught at that moment")


def _taken_over(sleeper: Actor, mine: int, watch: Watch) -> None:
    """Wait until its leases ran out and the others took some of what was its own."""
    deadline = time.monotonic() + 90
    while watch.steps(sleeper).total() == mine:
        assert time.monotonic() < deadline, "nobody takes over"
        time.sleep(0.01)
