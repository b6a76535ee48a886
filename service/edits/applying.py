"""Edits put into bytes, and shown as a diff."""

from __future__ import annotations

import codecs
import difflib
import re
from collections.abc import Sequence

from canonical.finding import Edit

_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


def applied(content: bytes, edits: Sequence[Edit]) -> bytes:
    """Return the content with these edits, which are in its order and do not overlap; no other byte is changed."""
    pieces: list[bytes] = []
    at = 0
    for edit in edits:
        assert at <= edit.start <= edit.end <= len(content), "edits are in order, and inside the file"
        pieces += [content[at : edit.start], edit.content]
        at = edit.end
    return b"".join([*pieces, content[at:]])


def diff(name: str, content: bytes, mended: bytes, encoding: str) -> list[str]:
    """Return a unified diff of two texts in one encoding, without the ends of its lines."""
    before, after = (_lines(one, encoding) for one in (content, mended))
    if len(before) != len(after):  # a cell of several lines became one of fewer
        return [line.rstrip("\r\n") for line in difflib.unified_diff(before, after, name, name, n=0)]
    told = [f"--- {name}", f"+++ {name}"]
    for number, (old, new) in enumerate(zip(before, after, strict=True), start=1):
        if old != new:
            told += [f"@@ -{number} +{number} @@", f"-{old}".rstrip("\r\n"), f"+{new}".rstrip("\r\n")]
    return told


def _lines(content: bytes, encoding: str) -> list[str]:
    mark = next((mark for mark in _MARKS if content.startswith(mark)), b"")
    return _LINE.findall(content[len(mark) :].decode(encoding, "replace"))
