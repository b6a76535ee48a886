"""Kills, one after the other: at a step that is waited for, or at whatever moment chance gives."""

from __future__ import annotations

import itertools
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from actor import Actor
from scene import Scene
from standing import OF_SERVICE, OF_WORKER, Step, Watch

#: Seconds after which a step that does not come is given up, and the kill falls where it falls.
_PATIENCE = 4.0
#: Seconds in which a killed process has to be at work again.
_RECOVERS_WITHIN = 60.0
_LOOK_EVERY = 0.002
_RESTS = 0.008
#: Seconds in which whatever a stopped process had written already arrives.
_SETTLES = 0.01
_AT_RANDOM = "at random"
_SERVICE, _WORKER = "service", "worker"
#: Whom to kill, and at which step; at whatever moment where it is None.
Aim = tuple[str, Step | None]


@dataclass
class Landings:
    """Where the kills fell."""

    #: By (aimed at a step or at random, where it stood): the number of kills.
    kills: Counter[tuple[str, str]] = field(default_factory=Counter)
    #: The submissions or requests that stood at each step when their process was killed.
    work: Counter[Step] = field(default_factory=Counter)
    idle: int = 0

    @property
    def total(self) -> int:
        return self.kills.total()

    @property
    def part_in_flight(self) -> float:
        """The part of the kills that struck a process with work in flight."""
        return 1 - self.idle / self.total

    def note(self, aim: Step | None, steps: Counter[Step]) -> None:
        self.work += steps
        self.idle += not steps
        stood = aim if aim in steps else max(steps, key=lambda step: steps[step], default=None)
        self.kills[("aimed at" if aim and stood is aim else _AT_RANDOM), str(stood or "nothing in flight")] += 1

    def __str__(self) -> str:
        """Return the histogram."""
        widest = max(self.kills.values())
        lines = [
            f"    {where:48} {how:9} {count:4} {'#' * round(30 * count / widest)}"
            for (how, where), count in sorted(self.kills.items(), key=lambda entry: (entry[0][1], entry[0][0]))
        ]
        struck = ", ".join(f"{count} {step.partition(': ')[2]}" for step, count in sorted(self.work.items()))
        return "\n".join([*lines, f"    {self.part_in_flight:.1%} with work in flight; struck: {struck}"])


def kill_often(scene: Scene, weather: str, kills: int, rng: random.Random) -> Landings:
    """Kill the service and the workers that many times: at every step as often as at every other, in no order."""
    aims: list[Aim] = [(_SERVICE, step) for step in (*OF_SERVICE, None)]
    aims += [(_WORKER, step) for step in (*OF_WORKER, None, None)]
    plan = [aims[number % len(aims)] for number in range(kills)]
    rng.shuffle(plan)
    return kill_at(scene, weather, plan, rng)


def kill_at(scene: Scene, weather: str, plan: Sequence[Aim], rng: random.Random) -> Landings:
    """Kill as planned, the workers in turn, and start another one in the place of each."""
    landings, watch = Landings(), Watch(scene, weather)
    places = itertools.cycle(range(len(scene.workers)))
    try:
        for who, step in plan:
            victim = scene.service if who == _SERVICE else scene.workers[next(places)]
            landings.note(step, _at_step(victim, step, watch) if step else _at_random(victim, watch, rng))
            scene.replace(victim)
    finally:
        watch.close()
    return landings


def _at_step(victim: Actor, aim: Step, watch: Watch) -> Counter[Step]:
    """Kill the victim where it stands at this step; where that does not come, wherever it stands."""
    _busy(victim, watch)
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if aim in watch.steps(victim) and (steps := _stopped(victim, aim, watch)):
            victim.kill()
            return steps
        time.sleep(_LOOK_EVERY)
    return _in_flight(victim, watch)


def _at_random(victim: Actor, watch: Watch, rng: random.Random) -> Counter[Step]:
    """Kill the victim at whatever moment of its work."""
    _busy(victim, watch)
    time.sleep(rng.uniform(0, 0.3))
    return _in_flight(victim, watch)


def _in_flight(victim: Actor, watch: Watch) -> Counter[Step]:
    """Kill the victim as soon as it has anything under way."""
    while True:
        _busy(victim, watch)
        if steps := _stopped(victim, None, watch):
            victim.kill()
            return steps


def _stopped(victim: Actor, aim: Step | None, watch: Watch) -> Counter[Step]:
    """Stop the victim and look where it stands; let it go on where that is nowhere, or elsewhere than it should."""
    victim.stop()
    time.sleep(_SETTLES)
    steps = watch.steps(victim)
    if aim is Step.RECORDED and steps:
        steps[aim] += 1  # that is why it was stopped
    if not steps or (aim is not None and aim not in steps):
        victim.go_on()
        return Counter()
    return steps


def _busy(victim: Actor, watch: Watch) -> None:
    """Wait until a process that may just have been started is at work."""
    deadline = time.monotonic() + _RECOVERS_WITHIN
    while not watch.steps(victim):
        assert victim.is_up, f"ecas {victim.name} ended by itself: {victim.log.read_text()[-2000:]}"
        assert time.monotonic() < deadline, f"ecas {victim.name} does not go on: {victim.log.read_text()[-2000:]}"
        time.sleep(_RESTS)
