r"""Where a value stands in a record: a small closed language for JSON, XML and HL7. Nothing in it runs code, and nothing loops.

::

    path     = "." | "/" | [ "/" ] step { "/" step }     at most 1,000 characters and 40 steps
    step     = ( name | "*" ) { "[" selector "]" }
             | "@" name                                  an attribute (XML only, and only at the end)
    selector = number                                    which one, from 1
             | key "=" literal                           those in which the key has this text; up to 8 in one step
    key      = [ "@" ] name { "/" [ "@" ] name }
    name     = bare | quoted | "{" namespace "}" bare    a bare name is of any namespace
    bare     = letters, digits and any of _ - . :        in HL7 letters and digits alone; there - and . separate steps too
    literal  = quoted ;  quoted = '"' … '"'              \" and \\ stand for " and \\

A path without “/” before it begins at the record, with it at the document around the record; “.” is the record itself, “/” the
document. A name steps to the member, child element, segment, field or component of that name; “*” to each one there is, one
level down. Arrays, and fields that repeat, count as what is in them: ``answers[2]`` is the second answer. A number counts
within each parent, as in XPath.

Each step looks once at the children of what the step before found, and a first selector by key is looked up in an index: many
paths with the same beginning cost one walk. So the work is bounded by the size of the document times the number of
*different* beginnings of paths, whatever the document.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from canonical.errors import ConfigurationError

LONGEST: Final = 1_000
MOST_STEPS: Final = 40
MOST_SELECTORS: Final = 8
LARGEST_NUMBER: Final = 1_000_000

_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\["\\])*+)"')
_BARE: Final = re.compile(r"[\w.:-]+")
_BARE_HL7: Final = re.compile(r"[A-Za-z0-9]+")
_NUMBER: Final = re.compile(r"[0-9]+")
_NAMESPACE: Final = re.compile(r"\{([^{}]*)\}")
_BLANKS: Final = re.compile(r"[ \t]*")


class PathDefect(ConfigurationError):
    """A path of a mapping is none."""

    def __init__(self, reason: str, column: int) -> None:
        """Say what is wrong, and at which character of the path, from 1."""
        super().__init__(f"character {column}: {reason}")
        self.reason = reason
        self.column = column


@dataclass(frozen=True, slots=True)
class Name:
    """One name of a path."""

    #: The name itself.
    local: str
    #: Only of this namespace; None for any.
    namespace: str | None = None
    #: Whether it names an attribute.
    attribute: bool = False

    @property
    def exact(self) -> str:
        """The name as an XML parser writes it, where a namespace is asked for."""
        return f"{{{self.namespace}}}{self.local}" if self.namespace else self.local


@dataclass(frozen=True, slots=True)
class Where:
    """A selector: those in which a key has a text."""

    key: tuple[Name, ...]
    #: A constant of the mapping.
    text: str
    #: The key as it was written.
    written: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path."""

    #: None for every child.
    name: Name | None
    #: Numbers and conditions, in their order.
    selectors: tuple[int | Where, ...] = ()
    #: The path as it was written up to the name of this step, and to the end of it.
    up_to_name: str = ""
    up_to_here: str = ""


@dataclass(frozen=True, slots=True)
class Path:
    """A path that was parsed."""

    steps: tuple[Step, ...]
    #: Whether it begins at the document, not at the record.
    from_document: bool

    @property
    def names(self) -> frozenset[str]:
        """Every name in it: what the mapping declares, and findings may therefore show."""
        named = [step.name for step in self.steps if step.name]
        keys = [name for step in self.steps for one in step.selectors if isinstance(one, Where) for name in one.key]
        return frozenset(name.local for name in (*named, *keys))


@lru_cache(maxsize=4096)
def parse(text: str, *, hl7: bool = False) -> Path:
    """Return the path that a text says.

    Raises:
        PathDefect: it says none; with the place.
    """
    return _Parser(text, hl7=hl7).path()


def quoted(name: str) -> str:
    """Return a name as a path writes it."""
    if _BARE.fullmatch(name) and name != ".":
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


class _Parser:
    """Reads a text from left to right, once."""

    def __init__(self, text: str, *, hl7: bool) -> None:
        self._text = text
        self._hl7 = hl7
        self._bare = _BARE_HL7 if hl7 else _BARE
        self._separators = "/-." if hl7 else "/"
        self._at = 0

    def path(self) -> Path:
        if len(self._text) > LONGEST:
            raise PathDefect(f"A path is no longer than {LONGEST:,} characters.", LONGEST + 1)
        if self._text in (".", "/"):
            return Path(steps=(), from_document=self._text == "/")
        from_document = self._taken("/")
        steps = [self._step()]
        while self._at < len(self._text):
            if not self._separated():
                raise self._defect("A step ends here: “/” begins the next one, “[” a selector.")
            if steps[-1].name and steps[-1].name.attribute:
                raise self._defect("Nothing can follow an attribute.")
            if len(steps) == MOST_STEPS:
                raise self._defect(f"A path has at most {MOST_STEPS} steps.")
            steps.append(self._step())
        return Path(steps=tuple(steps), from_document=from_document)

    def _step(self) -> Step:
        name = None if self._taken("*") else self._name()
        up_to_name = self._text[: self._at]
        selectors: list[int | Where] = []
        while self._peek() == "[":
            if name and name.attribute:
                raise self._defect("An attribute stands once; it takes no selector.")
            if len(selectors) == MOST_SELECTORS:
                raise self._defect(f"A step has at most {MOST_SELECTORS} selectors.")
            self._at += 1
            selectors.append(self._selector())
        return Step(name, tuple(selectors), up_to_name, self._text[: self._at])

    def _selector(self) -> int | Where:
        self._pass_blanks()
        number = _NUMBER.match(self._text, self._at)
        selector: int | Where
        if number and self._text[number.end() :].lstrip(" \t").startswith("]"):
            selector = self._counted(number[0])
            self._at = number.end()
        else:
            selector = self._where()
        self._pass_blanks()
        if not self._taken("]"):
            raise self._defect("“]” must close the selector here.")
        return selector

    def _counted(self, digits: str) -> int:
        """Return the number that the digits say; the digits of a mapping are few."""
        if len(digits) > len(str(LARGEST_NUMBER)) or not 1 <= int(digits) <= LARGEST_NUMBER:
            raise self._defect(f"A number counts from 1, and to {LARGEST_NUMBER:,} at most.")
        return int(digits)

    def _where(self) -> Where:
        begin = self._at
        key = [self._name()]
        while self._separated():
            if key[-1].attribute:
                raise self._defect("Nothing can follow an attribute.")
            if len(key) == MOST_STEPS:
                raise self._defect(f"A key has at most {MOST_STEPS} steps.")
            key.append(self._name())
        written = self._text[begin : self._at]
        self._pass_blanks()
        if not self._taken("="):
            raise self._defect('A selector is a number, or key = "text"; “=” is missing here.')
        self._pass_blanks()
        literal = _QUOTED.match(self._text, self._at)
        if literal is None:
            raise self._defect("A text in double quotes must follow “=”, closed on the same line.")
        self._at = literal.end()
        return Where(tuple(key), _unescaped(literal[1]), written)

    def _name(self) -> Name:
        attribute = not self._hl7 and self._taken("@")
        if literal := _QUOTED.match(self._text, self._at):
            self._at = literal.end()
            return Name(_unescaped(literal[1]), None, attribute)
        namespace = None
        if not self._hl7 and (braced := _NAMESPACE.match(self._text, self._at)):
            namespace, self._at = braced[1], braced.end()
        bare = self._bare.match(self._text, self._at)
        if bare is None:
            raise self._defect(
                "A name is expected here; one with other signs than letters, digits and _ stands in quotes."
            )
        self._at = bare.end()
        return Name(bare[0], namespace, attribute)

    def _separated(self) -> bool:
        return any(self._taken(separator) for separator in self._separators)

    def _taken(self, sign: str) -> bool:
        if self._peek() != sign:
            return False
        self._at += 1
        return True

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _pass_blanks(self) -> None:
        blanks = _BLANKS.match(self._text, self._at)
        self._at = blanks.end() if blanks else self._at

    def _defect(self, reason: str) -> PathDefect:
        return PathDefect(reason, self._at + 1)


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
