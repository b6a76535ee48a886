"""Weather scripts, in TOML or JSON: read strictly, with everything that is wrong with them said at once."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import orjson

from canonical.errors import ConfigurationError
from canonical.outcome import Reason
from sandbox.spell import OPTIONS, ROAD, Do, Match, On, Spell, can_meet
from sandbox.table import Table

#: The longest wait that a script may ask for, in seconds.
_LONGEST: Final = 3600
#: The longest stretch of time that it may plan, in seconds.
_A_YEAR: Final = 366 * 86400
#: What a token may be refused with.
_REFUSALS: Final = (400, 401)


class WeatherDefect(ConfigurationError):
    """The weather script is wrong."""

    def __init__(self, where: str, defects: list[str]) -> None:
        """List every defect, each with its place."""
        super().__init__("\n".join(f"{where}: {defect}" for defect in defects))


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time, from a moment or from a number of requests on; without an end, for ever."""

    #: Its place among the spans of the script, which makes each one itself.
    place: int
    begins: datetime | None = None
    ends: datetime | None = None
    #: It begins when the state has been asked so often since the script was read.
    after_requests: int = 0
    #: And ends after so many requests more, or so much time.
    for_requests: int | None = None
    lasts: timedelta | None = None

    def has_begun(self, now: datetime, requests: int) -> bool:
        """Return whether it has begun, now and after so many requests."""
        return now >= self.begins if self.begins is not None else requests >= self.after_requests

    def has_ended(self, now: datetime, requests: int, begun: datetime) -> bool:
        """Return whether it is over; it was first noticed ``begun``."""
        return (
            (self.ends is not None and now >= self.ends)
            or (self.lasts is not None and now >= (self.begins or begun) + self.lasts)
            or (self.for_requests is not None and requests >= self.after_requests + self.for_requests)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A time in which no question, or none of one kind, reaches the state."""

    span: Span
    spell: Spell
    #: None for all of them.
    on: On | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """From when on documents are judged by, and must be built for, another package."""

    span: Span
    #: A version, or the folder of a package.
    package: str | Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What is to happen."""

    spells: tuple[Spell, ...] = ()
    outages: tuple[Outage, ...] = ()
    switches: tuple[Switch, ...] = ()
    #: Seconds that each question waits before the state looks at it: at least, and at most.
    latency: tuple[float, float] = (0.0, 0.0)
    #: What the spread of the latency is drawn with.
    seed: int = 0


def read_script(path: Path) -> Script:
    """Read ``weather.toml``; the folders of packages that it names are relative to it.

    Raises:
        WeatherDefect: listing everything that is wrong with it.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WeatherDefect(str(path), [f"{error.strerror}."]) from None
    return from_toml(content, str(path), folder=path.parent)


def from_toml(content: bytes, name: str, *, folder: Path | None = None) -> Script:
    """Read a script in TOML; only one that lies in a folder may name the folders of packages.

    Raises:
        WeatherDefect: listing everything that is wrong with it.
    """
    try:
        document = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        place = f" ({error})" if isinstance(error, tomllib.TOMLDecodeError) else ""
        raise WeatherDefect(name, [f"not TOML{place}."]) from None
    return _script(document, name, folder)


def from_json(content: bytes, name: str) -> Script:
    """Read a script in JSON: the same keys, moments as texts.

    Raises:
        WeatherDefect: listing everything that is wrong with it.
    """
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise WeatherDefect(name, ["not JSON."]) from None
    return _script(document, name, None)


def _script(document: object, name: str, folder: Path | None) -> Script:
    reader = _Reader(folder)
    script = reader.script(document)
    if reader.defects:
        raise WeatherDefect(name, reader.defects)
    return script


class _Reader:
    """Reads a script, and collects everything that is wrong with it."""

    def __init__(self, folder: Path | None) -> None:
        self.defects: list[str] = []
        self._folder = folder
        self._spans = 0

    def script(self, document: object) -> Script:
        table = self._table(document, "the script", ("latency_ms", "seed", "weather", "outage", "spec"))
        spells = [self._spell(entry, where) for entry, where in table.entries("weather")]
        outages = [self._outage(entry, where) for entry, where in table.entries("outage")]
        switches = [self._switch(entry, where) for entry, where in table.entries("spec")]
        return Script(
            spells=tuple(spell for spell in spells if spell is not None),
            outages=tuple(outage for outage in outages if outage is not None),
            switches=tuple(switch for switch in switches if switch is not None),
            latency=self._latency(table),
            seed=table.count("seed", least=0) or 0,
        )

    def _latency(self, table: Table) -> tuple[float, float]:
        """Read ``latency_ms``: one number, or the least and the most."""
        value = table.get("latency_ms")
        if isinstance(value, list) and len(value) == 2:  # noqa: PLR2004 - the least and the most
            ends = self._table(dict(zip(("least", "most"), value, strict=True)), "`latency_ms`", ("least", "most"))
            least, most = (ends.number(end, 0, _LONGEST * 1000) or 0.0 for end in ("least", "most"))
            if least > most:
                table.wrong("`latency_ms` is a number, or the least and the most of a spread: [5, 250].")
            return least / 1000, most / 1000
        fixed = (table.number("latency_ms", 0, _LONGEST * 1000) or 0.0) / 1000
        return fixed, fixed

    def _spell(self, entry: object, where: str) -> Spell | None:
        do = self._do(entry, where)
        if do is None:
            return None
        table = self._table(
            entry, f"`{do}`", ("on", "match", "times", "share", "seed", "do", *_names(OPTIONS.get(do, ()))), where
        )
        self._demand(table, do)
        on = table.word("on", On) or On.SUBMIT
        if not can_meet(do, on):
            table.wrong(
                f"`{do}` cannot meet a {on}{': it is a verdict' * (on is not On.TOKEN and do in _ONLY_SUBMIT)}."
            )
        return replace(
            self._happening(table, do),
            on=on,
            match=self._match(table.get("match", {}), where),
            times=table.count("times"),
            share=table.number("share", 0, 1),
            seed=table.count("seed", least=0) or 0,
        )

    def _happening(self, table: Table, do: Do) -> Spell:
        """Read what happens: the options of one ``do``."""
        if table.get("retry_after") is not None and table.get("retry_after_date") is not None:
            table.wrong("say `retry_after` or `retry_after_date`, not both.")
        return Spell(
            do=do,
            reasons=self._reasons(table),
            retry_after=_retry_after(table),
            retry_after_date=table.count("retry_after_date", least=0),
            polls=table.count("polls"),
            seconds=table.number("seconds", 0, _LONGEST) or 0.0,
            to=(table.text("to") or "") if do is Do.REDIRECT else "",  # an outage ends `to` a moment
            taken=table.flag("taken"),
            bytes=table.count("bytes", least=0),
            status=_status(table),
            error=table.text("error") or Spell(do=do).error,
            expires_in=table.count("expires_in", least=0),
        )

    def _outage(self, entry: object, where: str) -> Outage | None:
        do = self._do(entry, where)
        if do is None:
            return None
        table = self._table(entry, f"an outage with `{do}`", ("on", "do", *_SPAN, *_names(OPTIONS.get(do, ()))), where)
        self._demand(table, do)
        if do not in _OUTAGES or table.flag("taken"):
            table.wrong(f"nothing reaches the state in an outage; `do` is one of: {', '.join(sorted(_OUTAGES))}.")
        return Outage(span=self._span(table), spell=self._happening(table, do), on=table.word("on", On))

    def _switch(self, entry: object, where: str) -> Switch | None:
        table = self._table(entry, "a switch", ("from", "after_requests", "version", "folder"), where)
        version, folder = table.text("version"), table.text("folder")
        if (version is None) is (folder is None):
            table.wrong("a switch names its package by `version` or by `folder`.")
            return None
        if folder is None:
            return Switch(span=self._span(table), package=version or "")
        if self._folder is None:
            table.wrong("only a script that is a file names a `folder`; name the package by `version`.")
            return None
        return Switch(span=self._span(table), package=self._folder / folder)

    def _span(self, table: Table) -> Span:
        """Read a span: by the clock, or by counted requests."""
        if (table.get("from") is None) is (table.get("after_requests") is None):
            table.wrong("it begins `from` a moment, or `after_requests`.")
        begins, ends, lasts = table.moment("from"), table.moment("to"), table.number("for_seconds", 0, _A_YEAR)
        if begins is not None and ends is not None and ends <= begins:
            table.wrong("`to` is after `from`.")
        if begins is not None and table.get("for_requests") is not None:
            table.wrong("`for_requests` goes with `after_requests`.")
        self._spans += 1
        return Span(
            place=self._spans,
            begins=begins,
            ends=ends,
            after_requests=table.count("after_requests", least=0) or 0,
            for_requests=table.count("for_requests"),
            lasts=None if lasts is None else timedelta(seconds=lasts),
        )

    def _do(self, entry: object, where: str) -> Do | None:
        if not isinstance(entry, dict):
            self.defects.append(f"{where}an entry is a table.")
            return None
        try:
            return Do(str(entry.get("do")))
        except ValueError:
            self.defects.append(f"{where}`do` is one of: {', '.join(Do)}.")
            return None

    def _demand(self, table: Table, do: Do) -> None:
        for option in OPTIONS.get(do, ()):
            if option.startswith("!") and table.get(option[1:]) is None:
                table.wrong(f"`{do}` needs `{option[1:]}`.")

    def _match(self, value: object, where: str) -> Match:
        table = self._table(value, "`match`", ("document_id", "nth", "every", "child_nth"), where)
        return Match(
            document_id=table.text("document_id"),
            nth=table.count("nth"),
            every=table.count("every"),
            child_nth=table.count("child_nth"),
        )

    def _reasons(self, table: Table) -> tuple[Reason, ...]:
        """Read reasons: each a code, or a table of code, item and text."""
        value = table.get("reasons")
        if value is None:
            return ()
        if not isinstance(value, list) or not value:
            table.wrong("`reasons` is a list of codes, or of tables with code, item and text; at least one.")
            return ()
        return tuple(self._reason({"code": one} if isinstance(one, str) else one, table.where) for one in value)

    def _reason(self, value: object, where: str) -> Reason:
        table = self._table(value, "a reason", ("code", "item", "text"), where)
        code = table.text("code")
        if not code:
            table.wrong("a reason needs `code`.")
        return Reason(code=code or "", item=table.text("item"), text=table.text("text") or "")

    def _table(self, value: object, what: str, known: tuple[str, ...], where: str = "") -> Table:
        return Table.of(value, what, known, where, self.defects)


#: What an outage may look like.
_OUTAGES: Final = ROAD - {Do.REDIRECT}
#: How a span is written.
_SPAN: Final = ("from", "to", "after_requests", "for_requests", "for_seconds")
#: What needs a document to happen to.
_ONLY_SUBMIT: Final = frozenset(do for do in Do if can_meet(do, On.SUBMIT) and not can_meet(do, On.STATUS))


def _names(options: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(option.removeprefix("!") for option in options)


def _retry_after(table: Table) -> str | None:
    value = table.get("retry_after")
    if value is None or (isinstance(value, str) and value.isascii() and value.isprintable()):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return str(value)
    table.wrong("`retry_after` is a number of seconds, or the text of the header.")
    return None


def _status(table: Table) -> int:
    status = table.get("status", _REFUSALS[-1])
    if isinstance(status, int) and status in _REFUSALS:
        return status
    table.wrong("`status` is 400 or 401.")
    return _REFUSALS[-1]
