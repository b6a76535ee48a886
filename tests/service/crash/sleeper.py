"""A worker that is frozen in the midst of its work, sleeps over its lease, and wakes up among others."""

from __future__ import annotations

import time

from actor import Actor
from scene import Scene
from standing import Step, Watch

#: Each answer takes its time: the sleeper is caught waiting for some, and others are in the air when it wakes.
WEATHER = "[[weather]]\ndo = 'slow'\nseconds = 0.5\n"
#: What is to wait for the sleeper, so that it takes as much as it may at once.
ENOUGH = 60
_CATCHES_WITHIN = 60


def sleep_over_the_lease(here: Scene, others: int) -> tuple[Actor, int]:
    """Freeze a worker that has sent a part of what it took, let others take it over, and wake it; return it and how much it had."""
    while here.waiting() < ENOUGH:
        time.sleep(0.05)
    sleeper = here.start("work")
    here.workers = [sleeper]
    watch = Watch(here, WEATHER)
    try:
        mine = _frozen(sleeper, watch)
        here.workers += [here.start("work") for _ in range(others)]
        _taken_over(sleeper, watch)
    finally:
        watch.close()
    sleeper.go_on()
    return sleeper, mine


def _frozen(sleeper: Actor, watch: Watch) -> int:
    """Freeze it where some of its work is sent and some is not; return how much work that is."""
    deadline = time.monotonic() + _CATCHES_WITHIN
    while time.monotonic() < deadline:
        if watch.steps(sleeper)[Step.CLAIMED]:
            sleeper.stop()
            steps = watch.steps(sleeper)
            if steps[Step.CLAIMED] and steps[Step.SENT]:
                return steps[Step.CLAIMED] + steps[Step.SENT]
            sleeper.go_on()
        time.sleep(0.001)
    raise AssertionError("it was never caught in the midst of its work")


def _taken_over(sleeper: Actor, watch: Watch) -> None:
    """Wait until its leases ran out and the others took all that was its own."""
    deadline = time.monotonic() + 90
    while watch.steps(sleeper):
        assert time.monotonic() < deadline, "nobody takes over"
        time.sleep(0.05)
