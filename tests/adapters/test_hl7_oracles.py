"""Our splitter beside two libraries that we do not use: where they can say the same, they do."""

from __future__ import annotations

import re
from pathlib import Path

import hl7
import pytest
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.hl7_record import Hl7Record, records
from adapters.hl7_text import Hl7File, Message, split

BATCH = (Path(__file__).parent / "data/oru-batch.hl7").read_text("utf-8").replace("\n", "\r")
HEAD = "MSH|^~\\&|A|B|C|D|20260304||ORU^R01|1|P|2.5.1\r"
#: What is escaped as HL7 asks for; hl7apy writes a line break otherwise.
WORDS = st.text("aé1.-", max_size=4) | st.sampled_from(["\\T\\", "x\\F\\y", "\\S\\", "\\R\\z", "\\E\\", "\\.br\\"])
SUBCOMPONENTS = st.lists(WORDS, min_size=1, max_size=3).map("&".join)
COMPONENTS = st.lists(SUBCOMPONENTS, min_size=1, max_size=3).map("^".join)
FIELDS = st.lists(st.lists(COMPONENTS, min_size=1, max_size=3).map("~".join), min_size=1, max_size=6).map("|".join)
SEGMENTS = st.lists(st.builds("{}|{}".format, st.sampled_from(["PID", "ZAA", "NTE", "OBR"]), FIELDS), max_size=4)


def of(text: str) -> list[Message]:
    found = split(text.encode(), "a.hl7")
    assert isinstance(found, Hl7File)
    return list(found.messages)


def leaves(message: Message) -> dict[tuple[int, int, int, int, int], str]:
    """Return every leaf by segment, field, repetition, component and subcomponent, all from 1."""
    record = Hl7Record(message, message.segments)
    found = {}
    for number, segment in enumerate(message.segments, start=1):
        for field in record.all():
            if field.source.line == segment.line and field.text:
                label = field.source.label.partition("-")[2].replace("]", "").replace("[", "r")
                place, *parts = label.split(".")
                at, _, repetition = place.partition("r")
                component, subcomponent = (*map(int, parts), 1, 1)[:2]
                found[number, int(at), int(repetition or 1), component, subcomponent] = field.text
    return found


def of_hl7(text: str) -> dict[tuple[int, int, int, int, int], str]:
    parsed = hl7.parse(text)
    found = {}
    for number, segment in enumerate(parsed, start=1):
        for at in range(1, len(segment)):
            if str(segment[0]) == "MSH" and at < 3:
                continue
            for repetition, rep in enumerate(segment[at], start=1):
                for component, comp in enumerate(rep if isinstance(rep, list) else [rep], start=1):
                    for subcomponent, sub in enumerate(comp if isinstance(comp, list) else [comp], start=1):
                        if text_ := parsed.unescape(str(sub)):
                            found[number, at, repetition, component, subcomponent] = text_.replace("\r", "\n")
    return found


def of_hl7apy(text: str) -> list[list[str]]:
    """Return every leaf of every segment as it was written."""
    parsed = parse_message(text, validation_level=VALIDATION_LEVEL.TOLERANT, find_groups=False)
    return [written(segment.to_er7()) for segment in parsed.children]


def written(segment: str) -> list[str]:
    return [leaf for leaf in re.split(r"[|^~&]", segment) if leaf]


@settings(max_examples=60, deadline=None)
@given(SEGMENTS)
def test_hl7_finds_the_same_leaves(segments):
    """Every leaf stands at the same segment, field, repetition, component and subcomponent, with the same text."""
    text = HEAD + "\r".join(segments)
    (message,) = of(text)
    assert leaves(message) == of_hl7(text)


@settings(max_examples=40, deadline=None)
@given(SEGMENTS.filter(lambda segments: not any("ZAA" in one or ".br" in one for one in segments)))
def test_hl7apy_finds_the_same_fields(segments):
    """Every segment has the same leaves in the same order, as they were written."""
    text = HEAD + "\r".join(segments)
    (message,) = of(text)
    assert [written(segment.text) for segment in message.segments] == of_hl7apy(text)


@pytest.mark.parametrize("number", [0, 1])
def test_the_sample_reads_as_the_libraries_read_it(number):
    """In a batch as an agency sends it, codes and values of all answers agree three times."""
    message = of(BATCH)[number]
    text = "\r".join(segment.text for segment in message.segments)
    parsed = hl7.parse(text)
    other = parse_message(text, validation_level=VALIDATION_LEVEL.TOLERANT, find_groups=False)
    record = next(records(Hl7File(messages=(message,))))
    codes = [field.text for field in record.fields("OBX-3.1")]
    assert codes == [str(segment[3][0][0]) for segment in parsed.segments("OBX")]
    assert codes == [segment.obx_3.obx_3_1.to_er7() for segment in other.obx]
