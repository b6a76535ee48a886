"""HL7 v2, cut into messages and segments: ORU^R01 and MDM^T02, alone or in batches.

Everything is cut by the delimiters of its own MSH before any escape is decoded, so no escape can become a delimiter. Segments
end with CR, LF or both, mixed as they come; the frame characters of a wire log around them are passed over. What is wrong
with one message refuses that message; what is wrong with the file refuses the file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from adapters.remark import Oddity, Remark
from canonical.assessment import Source
from canonical.refusal import Refusal, Refused

MAX_BYTES: Final = 10_000_000
MAX_SEGMENTS: Final = 100_000
#: Of all kinds, escapes too, in one segment.
MAX_DELIMITERS: Final = 10_000
#: MSH-18: the character sets that are read. One that says nothing is UTF-8, or else Windows-1252.
CHARSETS: Final = {
    "ASCII": "ascii",
    "8859/1": "latin-1",
    "ISO-8859-1": "latin-1",
    "8859/15": "iso-8859-15",
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
    "UTF8": "utf-8",
    "WINDOWS-1252": "windows-1252",
}
#: The types of message that carry assessments.
TYPES: Final = frozenset({("ORU", "R01"), ("MDM", "T02")})
_SEGMENT: Final = re.compile(r"[A-Z][A-Z0-9]{2}")
_ENDS: Final = re.compile(r"\r\n|\r|\n")
#: What frames a message on the wire, and may be left in a log of it.
_FRAME: Final = "\x0b\x1c"
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
#: What closes what, around the messages.
_CLOSES: Final = {"BTS": "BHS", "FTS": "FHS"}
_ENVELOPE: Final = frozenset({*_CLOSES, *_CLOSES.values()})
#: How many signs MSH-2 may have; what a delimiter may be: printable ASCII, and nothing that a value is made of.
_SIGNS: Final = (4, 5)
_SEPARATING: Final = re.compile(r"[!-/:-@\[-`{-~]+")
_TOLD: Final = 100
_LONGEST_COUNT: Final = 9
_CHARSET_FIELD: Final = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Delimiters:
    """How one message is cut."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"


class Segment:
    """One line of a message."""

    __slots__ = ("line", "name", "number", "text")

    def __init__(self, text: str, line: int) -> None:
        self.name = text[:3]
        self.text = text
        #: The line of the file, from 1.
        self.line = line
        #: Which one of its name in the message, from 1; 0 where it is the only one.
        self.number = 0

    @property
    def label(self) -> str:
        """The segment as HL7 people call it."""
        return f"{self.name}[{self.number}]" if self.number else self.name

    def fields(self) -> Sequence[tuple[str, int]]:
        """Return the text of each field and where it begins in the line, from 0; the first is the name."""
        return cut(self.text, self.text[3:4] or "|", 0)

    def field(self, number: int) -> str:
        """Return the text of a field as it was written; empty where there is none. In MSH the delimiter is the first."""
        at = number - 1 if self.name == "MSH" else number
        texts = self.text.split(self.text[3:4] or "|", at + 1)
        return texts[at] if 0 < at < len(texts) else ""


def cut(text: str, delimiter: str, offset: int) -> list[tuple[str, int]]:
    """Return the parts of a text and where each begins."""
    parts: list[tuple[str, int]] = []
    for part in text.split(delimiter):
        parts.append((part, offset))
        offset += len(part) + 1
    return parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message, cut into segments."""

    segments: Sequence[Segment] = field(repr=False)
    delimiters: Delimiters
    #: The name of its encoding in Python.
    encoding: str
    #: Which one of the file, from 1; 0 where it is the only one.
    number: int
    file: str

    def place(self, segment: Segment | None = None, part: str = "", column: int = 1) -> Source:
        """Return the place of the message, of a segment, or of a part of it."""
        label = (segment.label + part) if segment else ("" if self.number else "the message")
        if self.number:
            label = f"message {self.number}, {label}" if label else f"message {self.number}"
        line = (segment or self.segments[0]).line
        return Source(file=self.file, line=line, column=column, label=label)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hl7File:
    """What a file holds: at least one message, or a reason why not."""

    messages: tuple[Message, ...] = field(repr=False)
    #: Why some of its messages were not read.
    refusals: tuple[Refusal, ...] = ()
    remarks: tuple[Remark, ...] = ()


def split(content: bytes, file: str) -> Hl7File | Refused:
    """Return the messages of a file, or why it holds none that can be cut; never raises for any bytes."""
    if len(content) > MAX_BYTES:
        return (Refusal(reason=f"The file is larger than {MAX_BYTES // 1_000_000} MB."),)
    # Two signs may end a line.
    if content.count(b"\r") + content.count(b"\n") > 2 * MAX_SEGMENTS:
        return (Refusal(reason=f"The file has more than {MAX_SEGMENTS:,} segments."),)
    text, encoding = _decoded(content)
    if isinstance(text, Refusal):
        return (text,)
    lines = list(_lines(text))
    if not lines or len(lines) > MAX_SEGMENTS:
        return (
            Refusal(reason=f"The file has more than {MAX_SEGMENTS:,} segments." if lines else "The file is empty."),
        )
    if lines[0][1][:3] not in ("MSH", "FHS", "BHS"):
        return (Refusal(reason="The file does not begin with the segment MSH, FHS or BHS.", line=lines[0][0]),)
    return _Cutter(file, encoding).cut(lines)


def _decoded(content: bytes) -> tuple[str | Refusal, str]:
    """Return the text in the one character set of all its messages."""
    if b"\0" in content:
        return Refusal(reason="The file holds a zero byte: it is in UTF-16, or no text."), ""
    content = content.removeprefix(b"\xef\xbb\xbf")
    said = {_said(line) for line in re.split(rb"[\r\n]+", content) if line.lstrip(b"\x0b\x1c")[:3] == b"MSH"}
    said.discard("")
    if len(said) > 1:
        return Refusal(reason="The messages of the file say different character sets (MSH-18)."), ""
    name = next(iter(said), "")
    if name and name not in CHARSETS:
        known = ", ".join(CHARSETS)
        return Refusal(reason=f"MSH-18 names a character set that is not read; known are {known}."), ""
    encodings = (CHARSETS[name],) if name else ("utf-8", "windows-1252")
    for encoding in encodings:
        try:
            return content.decode(encoding), encoding
        except UnicodeDecodeError as broken:
            line = 1 + len(_ENDS.findall(content[: broken.start].decode("latin-1")))
    return Refusal(reason="The bytes are not of the character set that MSH-18 says.", line=line), ""


def _said(line: bytes) -> str:
    """Return what MSH-18 of a line says, in capitals; of repetitions the first."""
    text = line.lstrip(b"\x0b\x1c").decode("latin-1")
    parts = text.split(text[3], _CHARSET_FIELD) if len(text) > 4 else []  # noqa: PLR2004 - MSH and a delimiter
    # The split counts MSH itself, and the delimiter behind it is MSH-1.
    value = parts[_CHARSET_FIELD - 1] if len(parts) >= _CHARSET_FIELD else ""
    repetition = text[5:6] or "~"
    return value.split(repetition, 1)[0].strip().upper()


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield what stands in each line that holds anything, and its number, from 1."""
    begin, number = 0, 0
    for end in _ENDS.finditer(text):
        number += 1
        if line := text[begin : end.start()].strip(_FRAME):
            yield number, line
        begin = end.end()
    if line := text[begin:].strip(_FRAME):
        yield number + 1, line


class _Cutter:
    """One file on its way to messages."""

    def __init__(self, file: str, encoding: str) -> None:
        self._file = file
        self._encoding = encoding
        self._refusals: list[Refusal] = []
        self._remarks: list[Remark] = []
        if encoding == "windows-1252":
            sentence = "The file is not UTF-8; it was read as Windows-1252."
            self._remark(Oddity.READ_AS_WINDOWS, sentence, Source(file=file, label="the whole file"))

    def cut(self, lines: Sequence[tuple[int, str]]) -> Hl7File:
        """Return the messages of the lines."""
        groups: list[list[tuple[int, str]]] = []
        inside = False
        for number, line in lines:
            if line[:3] == "MSH":
                groups.append([])
                inside = True
            elif line[:3] in _ENVELOPE:
                inside = False
                continue
            if inside:
                groups[-1].append((number, line))
            else:
                self._refuse("The line belongs to no message.", number)
        self._count(lines)
        several = len(groups) > 1
        cut = [self._message(group, at if several else 0) for at, group in enumerate(groups, start=1)]
        if not groups:
            self._refuse("The file holds no message: no segment MSH.", lines[0][0])
        return Hl7File(
            messages=tuple(message for message in cut if message),
            refusals=(*self._refusals[:_TOLD], *self._refusals_untold()),
            remarks=(*self._remarks[:_TOLD], *self._remarks_untold()),
        )

    def _refusals_untold(self) -> Iterator[Refusal]:
        """Yield how many refusals are not listed: no message is lost without a word."""
        if (more := len(self._refusals) - _TOLD) > 0:
            yield Refusal(reason=f"{more:,} more places of the file are refused; they are not listed.")

    def _remarks_untold(self) -> Iterator[Remark]:
        """Yield how many remarks of each kind are not listed."""
        for what, more in Counter(remark.what for remark in self._remarks[_TOLD:]).items():
            sentence = f"{more:,} more places of the file are odd in this way; they are not listed: {what}."
            yield Remark(what=what, sentence=sentence, source=Source(file=self._file, label="the whole file"))

    def _count(self, lines: Sequence[tuple[int, str]]) -> None:
        """Compare what the trailers of batch and file say with what is there: a file may have been cut off."""
        held = {"BTS": 0, "FTS": 0}
        opened: dict[str, int] = {}
        for number, line in lines:
            name = line[:3]
            if name == "MSH":
                held["BTS"] += 1
            elif name in _CLOSES.values():
                opened[name] = number
                held["BTS"] = 0
                held["FTS"] += name == "BHS"
            elif name in _CLOSES:
                opened.pop(_CLOSES[name], None)
                said = line[4:].split(line[3:4] or "|", 1)[0].strip()
                if said and (not said.isdecimal() or len(said) > _LONGEST_COUNT or int(said) != held[name]):
                    what = "messages" if name == "BTS" else "batches"
                    sentence = f"{name}-1 says another number of {what} than the {held[name]} that are there."
                    self._remark(Oddity.WRONG_COUNT, sentence, self._line(number, name))
        for name, number in opened.items():
            sentence = f"What {name} begins here has no end: the file may have been cut off."
            self._remark(Oddity.WRONG_COUNT, sentence, self._line(number, name))

    def _message(self, lines: Sequence[tuple[int, str]], number: int) -> Message | None:
        """Return one message, or None where it is refused or not of our types."""
        delimiters = _delimiters(lines[0][1])
        if delimiters is None:
            reason = "MSH-1 and MSH-2 must be five or six different signs that are no letters, digits or blanks."
            self._refuse(reason, lines[0][0])
            return None
        for line, text in lines:
            if flaw := _flaw(text, delimiters):
                self._refuse(flaw, line)
                return None
        segments = [Segment(text, line) for line, text in lines]
        _number(segments)
        message = Message(
            segments=segments, delimiters=delimiters, encoding=self._encoding, number=number, file=self._file
        )
        kind = segments[0].field(9).split(delimiters.component)
        if (kind[0], *kind[1:2]) not in TYPES:
            sentence = "The message is neither ORU^R01 nor MDM^T02 (MSH-9); it was passed over."
            self._remark(Oddity.OTHER_MESSAGE, sentence, message.place(segments[0], "-9"))
            return None
        return message

    def _refuse(self, reason: str, line: int) -> None:
        self._refusals.append(Refusal(reason=reason, line=line))

    def _remark(self, what: Oddity, sentence: str, source: Source) -> None:
        self._remarks.append(Remark(what=what, sentence=sentence, source=source))

    def _line(self, number: int, name: str) -> Source:
        return Source(file=self._file, line=number, column=1, label=name)


def _delimiters(head: str) -> Delimiters | None:
    """Return the delimiters that an MSH declares; None where they could be mistaken for one another, or for text."""
    separator, signs = head[3:4], head[4:].split(head[3:4] or "|", 1)[0]
    every = separator + signs
    if len(signs) not in _SIGNS or len(set(every)) != len(every) or not _SEPARATING.fullmatch(every):
        return None
    # The fifth sign of MSH-2, where there is one, marks cut-off text (HL7 2.7); nothing is to be done about it.
    return Delimiters(field=separator, component=signs[0], repetition=signs[1], escape=signs[2], subcomponent=signs[3])


def _flaw(text: str, delimiters: Delimiters) -> str:
    """Return why a line is no segment; empty where it is one."""
    if not _SEGMENT.fullmatch(text[:3]) or text[3:4] not in (delimiters.field, ""):
        return "The line begins no segment: a line break within a value is written as an escape."
    if _CONTROL.search(text):
        return "The segment holds a control character."
    signs = (delimiters.field, delimiters.component, delimiters.repetition, delimiters.escape, delimiters.subcomponent)
    if sum(map(text.count, signs)) > MAX_DELIMITERS:
        return f"The segment has more than {MAX_DELIMITERS:,} parts."
    return ""


def _number(segments: Sequence[Segment]) -> None:
    """Number the segments of each name, where there are several."""
    seen: dict[str, int] = {}
    for segment in segments:
        seen[segment.name] = segment.number = seen.get(segment.name, 0) + 1
    for segment in segments:
        if seen[segment.name] == 1:
            segment.number = 0
