"""The bytes of leaves in HL7 v2, in the character set of the file, escapes and all."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable
from typing import Final

from adapters import hl7_text
from adapters.hl7_escapes import decoded
from adapters.hl7_record import PLAIN
from adapters.hl7_text import Message, Segment
from adapters.written import Written, byte_offsets
from canonical.assessment import Source
from canonical.payload import Payload

_LINE: Final = re.compile(r"([^\r\n]*)(?:\r\n|\r|\n|\Z)")
_FRAME: Final = "\x0b\x1c"
_VALUE: Final = re.compile(r"-5(?![0-9])")
_TYPE: Final = 2


def spans(payload: Payload, sources: Iterable[Source]) -> dict[Source, Written]:
    """Return the bytes of the leaf of each source."""
    sources = [source for source in sources if source.line is not None and source.column is not None]
    file = hl7_text.split(payload.content, payload.name) if sources else ()
    if isinstance(file, tuple) or not file.messages:
        return {}
    encoding = file.messages[0].encoding
    mark = len(codecs.BOM_UTF8) if payload.content.startswith(codecs.BOM_UTF8) else 0
    text = payload.content[mark:].decode(encoding)
    starts = [found.start(1) + _framed(found[1]) for found in _LINE.finditer(text)]
    segments = {one.line: (message, one) for message in file.messages for one in message.segments}
    leaves: dict[Source, tuple[int, int, Message]] = {}
    for source in sources:
        message, segment = segments.get(source.line or 0, (None, None))
        if message is not None and segment is not None and segment.name != "MSH":
            begin = starts[segment.line - 1] + (source.column or 1) - 1
            end = begin + len(_leaf(segment, message, source))
            leaves[source] = (begin, end, message)
    at = byte_offsets(text, encoding, mark, (edge for begin, end, _ in leaves.values() for edge in (begin, end)))
    return {
        source: Written(
            start=at[begin],
            end=at[end],
            text=decoded(text[begin:end], message.delimiters, encoding),
            encoding=encoding,
            form=_escaper(message),
        )
        for source, (begin, end, message) in leaves.items()
    }


def _framed(line: str) -> int:
    return len(line) - len(line.lstrip(_FRAME))


def _leaf(segment: Segment, message: Message, source: Source) -> str:
    """Return a leaf as it is written: up to the next sign that cuts on its level."""
    signs = message.delimiters
    ends = [signs.field, signs.repetition]
    plain = segment.name == "OBX" and segment.field(_TYPE) in PLAIN and _VALUE.search(source.label) is not None
    if not plain:
        ends += [signs.component, signs.subcomponent]
    return re.split(f"[{re.escape(''.join(ends))}]", segment.text[(source.column or 1) - 1 :], maxsplit=1)[0]


def _escaper(message: Message) -> Callable[[str], str | None]:
    signs = message.delimiters
    names = {signs.field: "F", signs.component: "S", signs.subcomponent: "T", signs.repetition: "R", signs.escape: "E"}
    special = re.compile(f"[{re.escape(''.join(names))}\n]")

    def written(text: str) -> str | None:
        plain = special.sub(lambda found: f"{signs.escape}{names.get(found[0], '.br')}{signs.escape}", text)
        return plain if decoded(plain, signs, message.encoding) == text and "\r" not in plain else None

    return written
