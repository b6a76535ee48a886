"""The bytes of values in a JSON text: what stands between the quotes of a string, or the word of a number or literal."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterable
from typing import Final

from adapters.json_positions import places
from adapters.written import Written, byte_offsets
from canonical.assessment import Source
from canonical.payload import Payload

_STRING: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"')
_WORD: Final = re.compile(r'[^\s{}\[\],:"]++')
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
#: Members that FHIR writes without quotes, and what may stand there.
_BARE: Final = {"valueInteger": _NUMBER, "valueDecimal": _NUMBER, "valueBoolean": re.compile("true|false")}
#: A pointer does not lead deeper into an answer than this.
_DEEPEST: Final = 4


def spans(payload: Payload, sources: Iterable[Source]) -> dict[Source, Written]:
    """Return the bytes of the value at the pointer of each source: of an answer of FHIR, those of what answers in it."""
    try:
        text = payload.content.decode("utf-8-sig")
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    leaves = {source: leaf for source in sources if (leaf := _leaf(document, source.pointer)) is not None}
    wanted = frozenset(leaves.values())
    starts = {place.pointer: place.offset for place in places(text) if place.name is None and place.pointer in wanted}
    mark = len(codecs.BOM_UTF8) if payload.content.startswith(codecs.BOM_UTF8) else 0
    tokens = {pointer: token for pointer, start in starts.items() if (token := _token(text, start, pointer))}
    at = byte_offsets(text, "utf-8", mark, (edge for begin, end, _, _ in tokens.values() for edge in (begin, end)))
    return {
        source: Written(start=at[begin], end=at[end], text=shown, encoding="utf-8", form=form)
        for source, leaf in leaves.items()
        if leaf in tokens
        for begin, end, shown, form in (tokens[leaf],)
    }


def _leaf(document: object, pointer: str | None) -> str | None:
    """Return the pointer of the string, number or literal that a pointer means; None where it means none."""
    if pointer is None:
        return None
    value = document
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    for _ in range(_DEEPEST):
        if not isinstance(value, dict):
            break
        answers = [name for name in value if name.startswith("value")] or [name for name in ("code",) if name in value]
        if len(answers) != 1:
            return None
        pointer, value = f"{pointer}/{answers[0]}", value[answers[0]]
    return None if value is None or isinstance(value, dict | list) else pointer


def _token(text: str, start: int, pointer: str) -> tuple[int, int, str, Callable[[str], str | None]] | None:
    """Return where a value begins and ends, what it says, and how another is written there."""
    bare = _BARE.get(pointer.rpartition("/")[2])
    if string := _STRING.match(text, start):
        shown = json.loads(string[0], strict=False)
        if bare is not None:
            return start, string.end(), shown, _bare_of(bare)
        return start + 1, string.end() - 1, shown, _inside_quotes
    word = _WORD.match(text, start)
    return (start, word.end(), word[0], _bare_of(bare) if bare else _as_value) if word else None


def _bare_of(pattern: re.Pattern[str]) -> Callable[[str], str | None]:
    return lambda text: text if pattern.fullmatch(text) else None


def _inside_quotes(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _as_value(text: str) -> str:
    """Return a number as one, and anything else as a string."""
    return text if _NUMBER.fullmatch(text) else json.dumps(text, ensure_ascii=False)
