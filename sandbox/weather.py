"""Weather: what goes wrong between the sender and the state, and what the state makes of a document, by a script."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Self

from sandbox.script import Script, Span, from_json, from_toml, read_script
from sandbox.spell import FAIR, On, Spell, Subject


class Weather:
    """A script, and how far it has run: how often each entry has met each document, and how many requests there were."""

    def __init__(self, script: Script | None = None) -> None:
        self.script = script or Script()
        self._met: Counter[tuple[int, str]] = Counter()
        self._requests = 0
        #: When each span that counts requests began, by its place in the script.
        self._begun: dict[Span, datetime] = {}
        self._random = random.Random(self.script.seed)  # noqa: S311 - a rehearsal that can be repeated, no secret

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read ``weather.toml``; the folders of packages that it names are relative to it.

        Raises:
            WeatherDefect: listing everything that is wrong with it.
        """
        return cls(read_script(path))

    @classmethod
    def from_toml(cls, content: bytes, name: str) -> Self:
        """Read a script in TOML; it names packages by version only.

        Raises:
            WeatherDefect: listing everything that is wrong with it.
        """
        return cls(from_toml(content, name))

    @classmethod
    def from_json(cls, content: bytes, name: str) -> Self:
        """Read a script in JSON: the same keys, moments as texts.

        Raises:
            WeatherDefect: listing everything that is wrong with it.
        """
        return cls(from_json(content, name))

    def latency(self) -> float:
        """Return the seconds between the arrival of the next question and the state's looking at it."""
        return self._random.uniform(*self.script.latency)

    def switched_to(self, now: datetime) -> int | None:
        """Return the place of the last switch of specifications that has come; None before the first."""
        come = [place for place, switch in enumerate(self.script.switches) if self._is_within(switch.span, now)]
        return come[-1] if come else None

    def meet(self, on: On, subject: Subject, now: datetime) -> Spell:
        """Return what happens to this question, and count it: an outage, else the first entry that means it and is not used up."""
        outage = self._outage(on, now)
        self._requests += 1
        return outage or self._spell(on, subject)

    def _outage(self, on: On, now: datetime) -> Spell | None:
        for outage in self.script.outages:
            if self._is_within(outage.span, now) and outage.on in (None, on):
                return outage.spell
        return None

    def _is_within(self, span: Span, now: datetime) -> bool:
        begun = self._begun.get(span)
        if begun is None and span.has_begun(now, self._requests):
            begun = self._begun[span] = now
        return begun is not None and not span.has_ended(now, self._requests, begun)

    def _spell(self, on: On, subject: Subject) -> Spell:
        for number, spell in enumerate(self.script.spells):
            if not spell.means(on, subject):
                continue
            if spell.times is None:
                return spell
            if self._met[number, subject.name] < spell.times:
                self._met[number, subject.name] += 1
                return spell
        return FAIR
