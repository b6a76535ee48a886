from __future__ import annotations

import re
from collections import Counter
from itertools import chain
from pathlib import Path

import pytest
from forty.assessments import AGENCY, EACH, assessment, forty, spec
from forty.formats import Format, formats

from adapters import registry
from adapters.mapping import load_mapping
from canonical.assessment import Assessment
from canonical.payload import Payload
from gateway_client.envelope import build
from specs.spec import Type

FORMATS = formats()
#: Which of the forty a format leaves out, and why; every other format carries all of them.
LEFT_OUT = {
    "CSV, Windows-1252": (
        "The encoding has no sign for emoji, or letters beyond Western Europe.",
        frozenset({5, 11, 17, 23, 25, 27, 29, 31, 33, 35, 37, 39}),
    ),
}
PAGE = Path(__file__).parents[2] / "docs/formats.md"

each_format = pytest.mark.parametrize("format_", FORMATS, ids=lambda format_: format_.name)


def carried(format_: Format) -> list[int]:
    return [number for number, answers in enumerate(forty()) if format_.carries(answers)]


def read(format_: Format, folder: Path) -> list[Assessment]:
    """Return what is read of the forty in a format; nothing at all may be complained of."""
    mapping = None
    if format_.mapping is not None:
        file = folder / "mapping.toml"
        file.write_text(format_.mapping, "utf-8")
        mapping = load_mapping(file)
    found = []
    for content in format_.write([forty()[number] for number in carried(format_)]):
        payload = Payload(content=content, name=f"forty.{format_.suffix}", agency=AGENCY)
        reading = registry.read(payload, mapping=mapping)
        assert [(one.rule, one.message) for one in reading.findings] == []
        found += reading.assessments
    return found


@each_format
def test_every_format_gives_the_same_bytes(format_: Format, tmp_path: Path):
    """What is read of a format gives byte for byte the documents that the canonical answers give.

    The answers are compared as well: without consent most of them stay home, and no document shows them.
    """
    found = read(format_, tmp_path)
    assert [(one.rule, one.message, one.items) for one in chain.from_iterable(a.findings for a in found)] == []
    wanted = [build(assessment(forty()[number]), spec()).content for number in carried(format_)]
    assert [{code: answer.text for code, answer in one.answers.items()} for one in found] == [
        forty()[number] for number in carried(format_)
    ]
    same = [build(one, spec()).content == content for one, content in zip(found, wanted, strict=True)]
    assert same == [True] * len(wanted)
    print(f"{format_.name}: {sum(same)} documents, byte for byte")  # noqa: T201 - the issue asks for the figures


@each_format
def test_nothing_is_left_out_in_silence(format_: Format):
    """The table of what is left out says so for each assessment that a format cannot carry, and for no other."""
    _, out = LEFT_OUT.get(format_.name, ("", frozenset()))
    assert set(range(2 * EACH)) - set(carried(format_)) == out


@each_format
def test_the_page_tells_what_each_format_carries(format_: Format):
    """The table of docs/formats.md has a line for each format, with how many of the forty it carries, and why not more."""
    (line,) = re.findall(rf"^\| {re.escape(format_.name)} \| \d.*$", PAGE.read_text("utf-8"), re.MULTILINE)
    reason, _ = LEFT_OUT.get(format_.name, ("", frozenset()))
    assert f"| {len(carried(format_))} |" in line
    assert reason in line


def test_the_page_tells_of_no_other_format():
    """No line of the table is about a format that nobody tests; and the figure of the page is that of the formats."""
    text = PAGE.read_text("utf-8")
    assert re.findall(r"^\| ([^|]+) \| \d+ \|", text, re.MULTILINE) == [format_.name for format_ in FORMATS]
    documents = sum(len(carried(format_)) for format_ in FORMATS)
    assert f"{len(FORMATS)} formats, {documents} documents" in text


def test_the_forty_say_everything_that_a_format_could_lose():
    """Twenty of each instrument; with and without consent, every state, further occurrences, every kind of hard text."""
    assert Counter(answers["INSTRUMENT"] for answers in forty()) == dict.fromkeys(spec().instruments, EACH)
    for code in ("CONSENT", "COMPLETION_STATUS", "SUBMISSION_TYPE", "ASSESSMENT_TYPE"):
        assert {answers[code] for answers in forty() if code in answers} == set(
            spec().codes[spec().items[code].codes or ""]
        )
    lines = spec().occurrences
    assert {lines[code].occurrence for answers in forty() for code in answers} >= {1, 2, 3, 4, 12}
    tristates = {text for answers in forty() for code, text in answers.items() if lines[code].type is Type.TRISTATE}
    assert tristates == {"yes", "no", "unanswered"}
    texts = "".join(text for answers in forty() for text in answers.values())
    assert set("ü🙂\"'\n\t|^~\\&<;,’€日") <= set(texts)  # noqa: RUF001 - meant as it is
    assert any(answers["MEMBER_LOCAL_ID"].startswith("0") for answers in forty())
    assert len({build(assessment(answers), spec()).digest for answers in forty()}) == 2 * EACH
