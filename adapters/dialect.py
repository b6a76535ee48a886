"""How a delimited text is written: encoding, delimiter, quotes, line ends; found out, and told in a sentence."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from adapters.layout import TextOptions

#: In the order in which they win where a line has as many of one as of another.
_DELIMITERS: Final = (",", "\t", ";", "|")
_QUOTED: Final = re.compile('"[^"]*"')
#: Byte order marks, and the codec that takes each off.
_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
#: How much of a text is looked at where only a statement depends on it.
_LOOK: Final = 65_536
_NAMES: Final = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16 (little-endian)",
    "utf-16-be": "UTF-16 (big-endian)",
    "windows-1252": "Windows-1252",
}
_CALLED: Final = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}
_QUOTES: Final = {
    "double": "double quotes",
    "single": "single quotes",
    "backslash": "double quotes and backslashes",
    "none": "no quotes",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """One way in which bytes may be text."""

    name: str
    #: The byte order mark in front, which is no part of the text.
    mark: bytes = b""
    #: True where neither a mark nor the mapping says so: it was tried, and fitted.
    guessed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one text is written."""

    encoding: Encoding
    delimiter: str
    #: As in ``TextOptions``.
    quoting: str
    #: CR LF, LF, CR, or several of them.
    line_ends: str

    @property
    def told(self) -> str:
        """The dialect in a sentence."""
        mark = " with a byte order mark" if self.encoding.mark else ""
        return (
            f"{_NAMES[self.encoding.name]}{mark}, cells between {_CALLED[self.delimiter]}, {_QUOTES[self.quoting]}, "
            f"lines ending in {self.line_ends}."
        )


def encodings(content: bytes, named: str | None) -> Iterator[Encoding]:
    """Yield what the bytes may be, the likeliest first: what a mark or the mapping says, or else what may be tried."""
    marked = next((Encoding(name=name, mark=mark) for mark, name in _MARKS if content.startswith(mark)), None)
    if named is not None:
        wanted = {"utf-16": ("utf-16-le", "utf-16-be")}.get(named, (named,))
        if marked and marked.name in wanted:
            yield marked
        elif not marked:
            yield Encoding(name=wanted[0])
    elif marked:
        yield marked
    elif b"\0" in content[:_LOOK]:
        # Every second byte of Latin letters in UTF-16 is NUL: the first of each two is big-endian. Anything else is no text.
        first, second = content[:_LOOK:2].count(0), content[1:_LOOK:2].count(0)
        if not (first and second):
            yield Encoding(name="utf-16-be" if first else "utf-16-le", guessed=True)
    else:
        yield Encoding(name="utf-8")
        yield Encoding(name="windows-1252", guessed=True)


def opened(content: bytes, encoding: Encoding) -> io.TextIOWrapper:
    """Return the text, to be read line by line with the line ends that it has; the bytes are not copied."""
    stream = io.BytesIO(content)
    stream.seek(len(encoding.mark))
    return io.TextIOWrapper(stream, encoding=encoding.name, newline="")


def dialect_of(content: bytes, encoding: Encoding, options: TextOptions, header_row: int) -> Dialect:
    """Return the dialect: what the mapping names, and else what the text shows.

    Raises:
        UnicodeDecodeError: the first lines are not of this encoding.
    """
    first = next((line for line in islice(opened(content, encoding), header_row - 1, None) if line.strip()), "")
    sample = content[len(encoding.mark) :][:_LOOK].decode(encoding.name, "ignore")
    quoting = options.quoting
    if quoting in ("double", "backslash") and '"' not in sample:
        quoting = "none"
    return Dialect(
        encoding=encoding,
        delimiter=options.delimiter or delimiter_of(first) or ",",
        quoting=quoting,
        line_ends=_line_ends(sample),
    )


def delimiter_of(line: str) -> str | None:
    """Return the delimiter that a header line has most of, outside quotes; None where it has none."""
    bare = _QUOTED.sub("", line)
    best = max(_DELIMITERS, key=bare.count)
    return best if best in bare else None


def _line_ends(sample: str) -> str:
    sample = _QUOTED.sub("", sample)
    both, feeds, returns = sample.count("\r\n"), sample.count("\n"), sample.count("\r")
    found = {"CR LF": both, "LF": feeds - both, "CR": returns - both}
    return " and ".join(name for name, count in found.items() if count) or "nothing"
