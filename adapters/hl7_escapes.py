"""The escapes of HL7 v2, decoded on a leaf, after everything was cut: no escape ever becomes a delimiter or a segment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from adapters.hl7_text import Delimiters

#: What \\.br\\ and \\.sp\\ stand for, and what only changes how text looks.
_FORMATS: Final = {".br": "\n", ".BR": "\n", ".sp": "\n", ".SP": "\n", "H": "", "N": ""}
_HEX: Final = re.compile(r"X([0-9A-Fa-f]+)")
_BREAKS: Final = re.compile(r"\r\n|\r")
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def decoded(text: str, delimiters: Delimiters, encoding: str) -> str:
    """Return a leaf with its escapes decoded; those that nobody knows stay as they were written.

    A carriage return becomes a line feed, as in any text; any other control character is no text and stays an escape.
    """
    if delimiters.escape not in text:
        return text
    known = _meanings(delimiters)

    def meant(found: re.Match[str]) -> str:
        text = _meant(found[1], known, encoding)
        return found[0] if text is None else text

    return _escape(delimiters.escape).sub(meant, text)


def unknown(text: str, delimiters: Delimiters, encoding: str) -> Iterator[int]:
    """Yield where, from 0, escapes stand that nobody knows, and escape signs that begin none."""
    known = _meanings(delimiters)
    end = 0
    for found in _escape(delimiters.escape).finditer(text):
        if _meant(found[1], known, encoding) is None:
            yield found.start()
        end = found.end()
    if (stray := text.find(delimiters.escape, end)) >= 0:
        yield stray


@lru_cache(maxsize=64)
def _escape(sign: str) -> re.Pattern[str]:
    quoted = re.escape(sign)
    return re.compile(f"{quoted}([^{quoted}]*){quoted}")


@lru_cache(maxsize=64)
def _meanings(delimiters: Delimiters) -> dict[str, str]:
    return {
        **_FORMATS,
        "F": delimiters.field,
        "S": delimiters.component,
        "T": delimiters.subcomponent,
        "R": delimiters.repetition,
        "E": delimiters.escape,
    }


def _meant(name: str, known: dict[str, str], encoding: str) -> str | None:
    """Return what an escape stands for; None where nobody knows."""
    if name in known:
        return known[name]
    hexadecimal = _HEX.fullmatch(name)
    if hexadecimal is None or len(hexadecimal[1]) % 2:
        return None
    try:
        text = _BREAKS.sub("\n", bytes.fromhex(hexadecimal[1]).decode(encoding))
    except UnicodeDecodeError:
        return None
    return None if _CONTROL.search(text) else text
