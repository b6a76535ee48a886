"""Where a value of the sender's file is written, and how another one would be written in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The bytes of one value, quotes of a cell included; it holds the value, and never leaves the sender's own machine."""

    #: The first byte, and the one behind the last, from the start of the file.
    start: int
    end: int
    #: What stands there, decoded.
    text: str = field(repr=False)
    #: The name of the file's encoding in Python.
    encoding: str
    #: Turns a text into the characters to write there; None where the format cannot write it there.
    form: Callable[[str], str | None] = field(repr=False, compare=False)

    def put(self, text: str) -> str | None:
        """Return the characters that write a text there; None where the format or its encoding cannot."""
        written = self.form(text)
        try:
            return None if written is None or not written.encode(self.encoding) else written
        except UnicodeEncodeError:
            return None


def byte_offsets(text: str, encoding: str, mark: int, offsets: Iterable[int]) -> dict[int, int]:
    """Return where each character of a text begins in its bytes, behind a byte order mark of that length."""
    found: dict[int, int] = {}
    at, byte = 0, mark
    for offset in sorted(set(offsets)):
        byte += len(text[at:offset].encode(encoding))
        at = offset
        found[offset] = byte
    return found
