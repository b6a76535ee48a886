"""A figure beside its baseline."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import isinf
from typing import Final

#: Ratios below it are told as a fraction.
_SMALL: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """The best of many, of ours and of the baseline, taken in turns so that noise meets both."""

    name: str
    ours: float
    baseline: float
    against: str
    #: The ratio that we aim for; infinite where there is none.
    aim: float

    @property
    def ratio(self) -> float:
        """How many times the baseline ours takes."""
        return self.ours / self.baseline

    def __str__(self) -> str:
        """One line for people."""
        ratio = f"{self.ratio:7.2f}" if self.ratio >= _SMALL else f"1/{1 / self.ratio:5,.0f}"
        met = "aim met" if self.ratio <= self.aim else "AIM MISSED"
        aim = "" if isinf(self.aim) else f"  (aim ≤ {self.aim}, {met})"
        return (
            f"{self.name:<58} {self.ours * 1e3:8.2f} ms   {self.against:<44} {self.baseline * 1e3:8.2f} ms   "
            f"ratio {ratio}{aim}"
        )


def beside(
    name: str, ours: Callable[[], object], against: str, baseline: Callable[[], object], *, rounds: int, aim: float
) -> Figure:
    """Time both in turns and keep the best of each."""
    best = [float("inf"), float("inf")]
    for _ in range(rounds):
        for which, work in enumerate((ours, baseline)):
            began = time.perf_counter()
            work()
            best[which] = min(best[which], time.perf_counter() - began)
    return Figure(name=name, ours=best[0], baseline=best[1], against=against, aim=aim)
