"""Weather: scripts of what goes wrong between the sender and the state, and of what the state makes of a document."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Self

import orjson

from canonical.errors import ConfigurationError
from canonical.outcome import Reason


class WeatherDefect(ConfigurationError):
    """The weather script is wrong."""

    def __init__(self, where: str, defects: list[str]) -> None:
        """List every defect, each with its place."""
        super().__init__("\n".join(f"{where}: {defect}" for defect in defects))


class On(StrEnum):
    """Which question the weather meets."""

    #: ``POST``: a document.
    SUBMIT = "submit"
    #: ``GET`` by tracking id.
    STATUS = "status"
    #: ``GET`` by idempotency key.
    QUERY = "query"


class Do(StrEnum):
    """What happens."""

    #: Nothing special: the document is judged.
    ACCEPT = "accept"
    #: A verdict: accepted, with ``reasons`` as warnings.
    ACCEPT_WITH_WARNINGS = "accept-with-warnings"
    #: A verdict: refused for ``reasons``.
    REJECT = "reject"
    #: A verdict: refused for the certification key (the package's first code for that, or ``reasons``).
    REFUSE_KEY = "refuse-key"
    #: A verdict: taken, and settled after ``polls`` questions by tracking id (1 where none are given).
    PENDING = "pending"
    #: A verdict: waits for something else; for ever, or until ``polls``.
    DEPENDENCY = "dependency"
    #: A verdict: waits for a person; for ever, or until ``polls``.
    SUSPENDED = "suspended"
    #: On the road: 503, perhaps with ``retry_after``.
    UNAVAILABLE = "unavailable"
    #: On the road: 429, perhaps with ``retry_after``.
    TOO_MANY = "too-many"
    #: On the road: 401.
    UNAUTHORIZED = "unauthorized"
    #: On the road: 307 ``to`` another address.
    REDIRECT = "redirect"
    #: On the road: the connection ends before the state looks at the question.
    DROP_BEFORE = "drop-before"
    #: On the road: 200 with a page for people; with ``taken = true`` the state has the document all the same.
    ERROR_PAGE = "error-page"
    #: On the way back: the question is answered and written down, and the connection ends without the answer.
    DROP_AFTER_ACCEPT = "drop-after-accept"
    #: On the way back: the first ``bytes`` of the receipt, or half of it, as a whole HTTP answer.
    TRUNCATE = "truncate"
    #: On the way back: a receipt for another document.
    WRONG_RECEIPT = "wrong-receipt"
    #: On the way back: the answer comes ``seconds`` late.
    SLOW = "slow"


#: What never reaches the state.
ROAD: Final = frozenset(
    {Do.UNAVAILABLE, Do.TOO_MANY, Do.UNAUTHORIZED, Do.REDIRECT, Do.DROP_BEFORE, Do.ERROR_PAGE},
)
#: What only a document can meet.
VERDICTS: Final = frozenset(
    {Do.ACCEPT_WITH_WARNINGS, Do.REJECT, Do.REFUSE_KEY, Do.PENDING, Do.DEPENDENCY, Do.SUSPENDED},
)
#: What each may be told beside ``on``, ``match``, ``times`` and ``do``; a ``!`` must be told.
_OPTIONS: Final[Mapping[Do, tuple[str, ...]]] = {
    Do.ACCEPT_WITH_WARNINGS: ("reasons",),
    Do.REJECT: ("!reasons",),
    Do.REFUSE_KEY: ("reasons",),
    Do.PENDING: ("polls",),
    Do.DEPENDENCY: ("polls",),
    Do.SUSPENDED: ("polls",),
    Do.UNAVAILABLE: ("retry_after",),
    Do.TOO_MANY: ("retry_after",),
    Do.REDIRECT: ("!to",),
    Do.ERROR_PAGE: ("taken",),
    Do.TRUNCATE: ("bytes",),
    Do.SLOW: ("!seconds",),
}
#: The longest wait that a script may ask for, in seconds.
_LONGEST: Final = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a question is about, as far as the state knows it."""

    #: What ``times`` is counted for: the document, or the key or tracking id where no document is known.
    name: str
    document_id: str | None = None
    #: The document's place among all, by first arrival, from 1.
    nth: int | None = None
    #: Its place among the documents of its child.
    child_nth: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Which documents are meant; whatever is not given, all."""

    document_id: str | None = None
    nth: int | None = None
    every: int | None = None
    child_nth: int | None = None

    def holds(self, subject: Subject) -> bool:
        """Return whether the subject is meant; one of which nothing is known is meant only by an empty match."""
        return (
            (self.document_id is None or self.document_id == subject.document_id)
            and (self.nth is None or self.nth == subject.nth)
            and (self.every is None or (subject.nth is not None and subject.nth % self.every == 0))
            and (self.child_nth is None or self.child_nth == subject.child_nth)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """One entry of the script."""

    do: Do
    on: On = On.SUBMIT
    match: Match = Match()
    #: How often it meets the same document; None for always.
    times: int | None = None
    reasons: tuple[Reason, ...] = field(default=(), repr=False)
    #: As the header says it: seconds or a date, or nonsense where that is to be tried.
    retry_after: str | None = None
    polls: int | None = None
    seconds: float = 0.0
    to: str = ""
    taken: bool = False
    bytes: int | None = None


#: What happens where the script has nothing to say.
FAIR: Final = Spell(do=Do.ACCEPT)


class Weather:
    """A script, and how often each of its entries has already met each document."""

    def __init__(self, spells: tuple[Spell, ...] = (), *, latency: float = 0.0) -> None:
        #: Seconds between the arrival of a question and the state's looking at it.
        self.latency = latency
        self.spells = spells
        self._met: Counter[tuple[int, str]] = Counter()

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read ``weather.toml``.

        Raises:
            WeatherDefect: listing everything that is wrong with it.
        """
        try:
            content = path.read_bytes()
        except OSError as error:
            raise WeatherDefect(str(path), [f"{error.strerror}."]) from None
        return cls.from_toml(content, str(path))

    @classmethod
    def from_toml(cls, content: bytes, name: str) -> Self:
        """Read a script in TOML.

        Raises:
            WeatherDefect: listing everything that is wrong with it.
        """
        try:
            document = tomllib.loads(content.decode())
        except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
            place = f" ({error})" if isinstance(error, tomllib.TOMLDecodeError) else ""
            raise WeatherDefect(name, [f"not TOML{place}."]) from None
        return cls._from_document(document, name)

    @classmethod
    def from_json(cls, content: bytes, name: str) -> Self:
        """Read a script in JSON: the same keys.

        Raises:
            WeatherDefect: listing everything that is wrong with it.
        """
        try:
            document = orjson.loads(content)
        except orjson.JSONDecodeError:
            raise WeatherDefect(name, ["not JSON."]) from None
        return cls._from_document(document, name)

    @classmethod
    def _from_document(cls, document: object, name: str) -> Self:
        reader = _ScriptReader()
        spells, latency = reader.script(document)
        if reader.defects:
            raise WeatherDefect(name, reader.defects)
        return cls(spells, latency=latency)

    def meet(self, on: On, subject: Subject) -> Spell:
        """Return what happens to this question: the first entry that means it and is not used up; counts the meeting."""
        for number, spell in enumerate(self.spells):
            if spell.on is not on or not spell.match.holds(subject):
                continue
            if spell.times is None or self._met[number, subject.name] < spell.times:
                self._met[number, subject.name] += 1
                return spell
        return FAIR


class _ScriptReader:
    """Reads a script strictly, and collects everything that is wrong with it."""

    def __init__(self) -> None:
        self.defects: list[str] = []
        self._where = ""

    def script(self, document: object) -> tuple[tuple[Spell, ...], float]:
        table = self._table(document, "the script", ("latency_ms", "weather"))
        latency = self._number(table, "latency_ms", 0, _LONGEST * 1000)
        entries = table.get("weather", [])
        if not isinstance(entries, list):
            self._wrong("`weather` is a list: write [[weather]].")
            entries = []
        spells = []
        for number, entry in enumerate(entries, start=1):
            self._where = f"weather entry {number}: "
            spells.append(self._spell(entry))
        return tuple(spell for spell in spells if spell is not None), (latency or 0) / 1000

    def _spell(self, entry: object) -> Spell | None:
        do = self._do(entry)
        if do is None:
            return None
        options = [option.removeprefix("!") for option in _OPTIONS.get(do, ())]
        table = self._table(entry, f"`{do}`", ("on", "match", "times", "do", *options))
        for option in _OPTIONS.get(do, ()):
            if option.startswith("!") and option[1:] not in table:
                self._wrong(f"`{do}` needs `{option[1:]}`.")
        on = self._on(table)
        if on is not On.SUBMIT and do in VERDICTS:
            self._wrong(f"`{do}` is a verdict: it can only meet a submit.")
        return Spell(
            do=do,
            on=on,
            match=self._match(table.get("match", {})),
            times=self._count(table, "times"),
            reasons=self._reasons(table.get("reasons")),
            retry_after=self._retry_after(table.get("retry_after")),
            polls=self._count(table, "polls"),
            seconds=self._number(table, "seconds", 0, _LONGEST) or 0.0,
            to=self._text(table, "to") or "",
            taken=self._flag(table, "taken"),
            bytes=self._count(table, "bytes", least=0),
        )

    def _do(self, entry: object) -> Do | None:
        if not isinstance(entry, dict):
            self._wrong("an entry is a table.")
            return None
        try:
            return Do(str(entry.get("do")))
        except ValueError:
            self._wrong(f"`do` is one of: {', '.join(Do)}.")
            return None

    def _on(self, table: Mapping[str, object]) -> On:
        try:
            return On(str(table.get("on", On.SUBMIT)))
        except ValueError:
            self._wrong(f"`on` is one of: {', '.join(On)}.")
            return On.SUBMIT

    def _match(self, value: object) -> Match:
        table = self._table(value, "`match`", ("document_id", "nth", "every", "child_nth"))
        return Match(
            document_id=self._text(table, "document_id"),
            nth=self._count(table, "nth"),
            every=self._count(table, "every"),
            child_nth=self._count(table, "child_nth"),
        )

    def _reasons(self, value: object) -> tuple[Reason, ...]:
        """Read reasons: each a code, or a table of code, item and text."""
        if value is None:
            return ()
        if not isinstance(value, list) or not value:
            self._wrong("`reasons` is a list of codes, or of tables with code, item and text; at least one.")
            return ()
        return tuple(self._reason({"code": one} if isinstance(one, str) else one) for one in value)

    def _reason(self, value: object) -> Reason:
        table = self._table(value, "a reason", ("code", "item", "text"))
        code = self._text(table, "code")
        if not code:
            self._wrong("a reason needs `code`.")
        return Reason(code=code or "", item=self._text(table, "item"), text=self._text(table, "text") or "")

    def _retry_after(self, value: object) -> str | None:
        if value is None or (isinstance(value, str) and value.isascii() and value.isprintable()):
            return value
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return str(value)
        self._wrong("`retry_after` is a number of seconds, or the text of the header.")
        return None

    def _table(self, value: object, what: str, known: tuple[str, ...]) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._wrong(f"{what} is a table.")
            return {}
        for key in value.keys() - set(known):
            self._wrong(f"`{key}` means nothing to {what}; it takes {', '.join(known)}.")
        return value

    def _count(self, table: Mapping[str, object], key: str, least: int = 1) -> int | None:
        number = table.get(key)
        if number is None:
            return None
        if isinstance(number, bool) or not isinstance(number, int) or number < least:
            self._wrong(f"`{key}` is a whole number, {least} or more.")
            return None
        return number

    def _number(self, table: Mapping[str, object], key: str, least: float, most: float) -> float | None:
        number = table.get(key)
        if number is None:
            return None
        if isinstance(number, bool) or not isinstance(number, int | float) or not least <= number <= most:
            self._wrong(f"`{key}` is a number from {least} to {most}.")
            return None
        return float(number)

    def _text(self, table: Mapping[str, object], key: str) -> str | None:
        text = table.get(key)
        if text is None:
            return None
        if not isinstance(text, str) or not text or not text.isprintable():
            self._wrong(f"`{key}` is a text in one line.")
            return None
        return text

    def _flag(self, table: Mapping[str, object], key: str) -> bool:
        flag = table.get(key, False)
        if not isinstance(flag, bool):
            self._wrong(f"`{key}` is true or false.")
        return flag is True

    def _wrong(self, sentence: str) -> None:
        self.defects.append(f"{self._where}{sentence}")
