"""JSON, decoded strictly: what two programs could understand differently is refused.

UTF-8 only (a byte order mark is passed over), no ``NaN`` or ``Infinity``, no lone surrogates, no key twice in an
object, no number that would lose digits, and no deeper than any FHIR document needs to be. A flaw says where and why,
and never what stood there.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import orjson

from adapters.json_positions import Lines, places

#: Arrays and objects inside one another. FHIR exports stay below 30; beyond 64 somebody is testing us.
MAX_DEPTH: Final = 64
#: From here on a number with a fraction, or one that our parser reads as such, may have lost digits.
_EXACT: Final = 2.0**53
_ESCAPED_COLON: Final = rb"\u003"

_DEFAULT_REASON: Final = "The text is not JSON at this place."
#: The parser's words, which we do not control, and ours.
_REASONS: Final = {
    "unexpected end of data": "The JSON text ends before it is complete.",
    "input data is empty": "The file is empty.",
    "Input is a zero-length, empty document": "The file is empty.",
    "no low surrogate in string": "A string holds half a character (a lone surrogate).",
    "no high surrogate in string": "A string holds half a character (a lone surrogate).",
    "invalid low surrogate in string": "A string holds half a character (a lone surrogate).",
    "invalid high surrogate in string": "A string holds half a character (a lone surrogate).",
    "number is infinity when parsed as double": "A number is too large to be kept exactly.",
    "no digit after sign": "A number must have digits; Infinity is no JSON.",
    "number with leading zero is not allowed": "A JSON number cannot begin with a zero.",
    "trailing comma is not allowed": "A comma stands before a closing bracket.",
    "unexpected control character in string": "A string holds a line break or another control character.",
    "unexpected content after document": "Something follows the end of the JSON text.",
    "depth limit exceeded": f"Arrays and objects are nested deeper than {MAX_DEPTH} levels.",
    "unexpected character, expected a JSON value": "A JSON value is expected here; NaN and Infinity are none.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """One reason why a text was refused, and where; never what stands there."""

    #: Our own sentence.
    reason: str
    line: int
    column: int
    #: For a key that stands twice: which member of its object it is, from 1; 0 for every other flaw.
    duplicate: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """The value of a JSON text, or the flaws for which it was refused."""

    value: object = field(default=None, repr=False)
    flaws: tuple[Flaw, ...] = ()


def decode(content: bytes) -> Decoded:
    """Decode a JSON text, or say why not; never raises for any bytes."""
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError as broken:
        return Decoded(flaws=(_syntax_flaw(content, broken),))
    if _is_plain(value) and not _has_key_twice(content, value):
        return Decoded(value=value)
    text = content.decode()
    flaws = tuple(_flaws(text))
    return Decoded(flaws=flaws) if flaws else Decoded(value=value)


def _syntax_flaw(content: bytes, broken: orjson.JSONDecodeError) -> Flaw:
    """Put the parser's complaint into our words."""
    try:
        content.decode()
    except UnicodeDecodeError as undecodable:
        line, column = Lines(before := content[: undecodable.start].decode()).place(len(before))
        return Flaw(reason="The text is not UTF-8.", line=line, column=column)
    return Flaw(reason=_REASONS.get(broken.msg, _DEFAULT_REASON), line=broken.lineno, column=broken.colno)


def _has_key_twice(content: bytes, value: object) -> bool:
    """Return whether a key may stand twice in one object; False is certain.

    The parser keeps the last of two equal keys, so written anew the value has a colon less than the text: unless a colon of the
    text is written as an escape.
    """
    return content.count(b":") != orjson.dumps(value).count(b":") or _ESCAPED_COLON in content


def _is_plain(value: object) -> bool:
    """Return whether a value is not nested too deep and no number in it is too large; False means: look closely."""
    level, depth = [value], 0
    while level:
        depth += 1
        below: list[object] = []
        for node in level:
            if isinstance(node, dict):
                below += node.values()
            elif isinstance(node, list):
                below += node
            elif isinstance(node, float) and not -_EXACT < node < _EXACT:
                return False
        if depth > MAX_DEPTH:
            return False
        level = [node for node in below if type(node) is not str]  # most are: this is on the way of every document
    return True


def _flaws(text: str) -> Iterator[Flaw]:
    """Walk a text that parses, and yield every reason to refuse it all the same."""
    lines = Lines(text)
    names: dict[str, set[str]] = {}
    for place in places(text):
        line, column = lines.place(place.offset)
        if place.depth > MAX_DEPTH:
            yield Flaw(reason=_REASONS["depth limit exceeded"], line=line, column=column)
            return
        if place.name is None:
            names.pop(place.pointer, None)
            if _loses_digits(place.word):
                yield Flaw(reason="A number is too large to be kept exactly.", line=line, column=column)
        elif place.name in (had := names.setdefault(place.pointer, set())):
            reason = "A key stands twice in one JSON object."
            yield Flaw(reason=reason, line=line, column=column, duplicate=place.ordinal)
        else:
            had.add(place.name)


def _loses_digits(word: str) -> bool:
    """Return whether a number's text (empty, or a literal, for other values) is more than the parser keeps."""
    return word[:1] in "-0123456789" and word != "" and type(n := orjson.loads(word)) is float and abs(n) >= _EXACT
