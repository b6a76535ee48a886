"""What is odd about an HL7 message that was read all the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from adapters.hl7_escapes import unknown
from adapters.hl7_record import PLAIN
from adapters.hl7_status import Standing, standing
from adapters.hl7_text import Message, Segment
from adapters.remark import Oddity, Remark

_TYPE, _VALUE = 2, 5
_TOLD: Final = 100


def remarks(message: Message) -> Iterator[Remark]:
    """Yield the first hundred oddities of a message, in its order."""
    unconfirmed = [one for one in message.segments if standing(one) is Standing.UNCONFIRMED]
    if unconfirmed:
        sentence = f"By OBX-11 results are preliminary, partial or not verified ({len(unconfirmed)} from here on); they were read."
        yield Remark(what=Oddity.UNCONFIRMED_RESULT, sentence=sentence, source=message.place(unconfirmed[0], "-11"))
    told = 0
    for segment in message.segments:
        for remark in _of_segment(message, segment):
            yield remark
            told += 1
            if told == _TOLD:
                return


def _of_segment(message: Message, segment: Segment) -> Iterator[Remark]:
    signs = message.delimiters
    if signs.escape in segment.text and segment.name != "MSH":
        for at in unknown(segment.text, signs, message.encoding):
            sentence = "An escape that nobody knows stands here; it was left as it is."
            yield Remark(what=Oddity.UNKNOWN_ESCAPE, sentence=sentence, source=message.place(segment, column=at + 1))
    if segment.name != "OBX":
        return
    value = segment.field(_VALUE)
    if segment.field(_TYPE) in PLAIN and (signs.component in value or signs.subcomponent in value):
        sentence = "By OBX-2 the value has no parts, and a delimiter stands in it unescaped; it was read as text."
        yield Remark(what=Oddity.BARE_DELIMITER, sentence=sentence, source=message.place(segment, f"-{_VALUE}"))
