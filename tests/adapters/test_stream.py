from __future__ import annotations

import csv
import io
import tracemalloc

import pytest

from adapters import registry
from adapters.mapping import load_mapping
from canonical.payload import Payload

LONG = """
agency = "riverbend"
format = "delimited"
effective = 2026-01-01
layout = "long"
[long]
key = ["Nr"]
item = "Question"
value = "Answer"
[items]
MEMBER_LOCAL_ID = { from = "Nr" }
LDF_SLEEP = { question = "SLP" }
"""


def repeated(content, times):
    """Return an export with its rows again and again."""
    header, *rows = csv.reader(io.StringIO(content.decode()))
    text = io.StringIO()
    csv.writer(text).writerows([header, *(rows * times)])
    return text.getvalue().encode()


@pytest.mark.parametrize(
    "name", ["good/caredesk-export.csv", "bad/caredesk-ragged-row.csv", "good/birth-through-four.json"]
)
def test_stream_tells_what_a_reading_does(name, sample, caredesk):
    """The same assessments in the same order, the same findings, the same ledger."""
    payload = sample(name)
    stream = registry.read_each(payload, mapping=caredesk)
    assessments = tuple(stream)
    assert stream.reading(assessments) == registry.read(payload, mapping=caredesk)
    assert stream.reading().assessments == ()


def test_file_that_breaks_at_its_end_gives_no_assessment(sample, caredesk):
    """A quote that is not closed is known before the first row is handed out."""
    content = sample("good/caredesk-export.csv").content
    stream = registry.read_each(Payload(content=content + b'"open', name="x"), format="delimited", mapping=caredesk)
    assert list(stream) == []
    assert [finding.rule for finding in stream.reading().findings] == ["A001"]


def peak(content, mapping):
    """Return the most memory that reading took, and how many assessments there were."""
    payload = Payload(content=content, name="x")
    tracemalloc.start()
    count = sum(1 for _ in registry.read_each(payload, format="delimited", mapping=mapping))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most, count


def test_memory_does_not_grow_with_the_rows(sample, caredesk):
    """Eight times the rows take no more memory: one row is held at a time, and the text is never decoded as a whole."""
    content = sample("good/caredesk-export.csv").content
    peak(content, caredesk)
    small, few = peak(repeated(content, 5), caredesk)
    large, many = peak(repeated(content, 40), caredesk)
    assert (few, many) == (125, 1000)
    assert large < small + 100_000


def test_memory_of_a_long_table_is_that_of_a_group(tmp_path):
    """Where rows of one key stand together, a group is handed out as soon as it is whole."""
    (tmp_path / "m.toml").write_text(LONG)
    mapping = load_mapping(tmp_path / "m.toml")
    rows = [f"{nr},Q{question},x\n{nr},SLP,1\n" for nr in range(2000) for question in range(5)]
    text = "Nr,Question,Answer\n" + "".join(rows)
    first = next(
        iter(registry.read_each(Payload(content=text.encode(), name="x"), format="delimited", mapping=mapping))
    )
    assert first.origin.label == "rows 2 to 11"
    _, few = peak(text[: len(text) // 8].encode(), mapping)
    large, many = peak(text.encode(), mapping)
    assert few < many == 2000
    assert large < 1_000_000


def test_findings_of_one_rule_are_listed_up_to_a_thousand(caredesk):
    """Of 5,000 rows of the wrong width a thousand are told with their place, the others by their number; all are lost fields."""
    header = ",".join(dict.fromkeys(path for one in caredesk.items.values() for path in one.paths))
    content = header.encode() + b"\n" + b"1,2\n" * 5_000
    stream = registry.read_each(Payload(content=content, name="x"), format="delimited", mapping=caredesk)
    assert list(stream) == []
    reading = stream.reading()
    assert [one.rule for one in reading.findings] == ["A007"] * 1_001
    assert reading.findings[-1].message.startswith("4,000 more places")
    assert reading.findings[-1].sources[0].label == "the whole file"
    assert reading.ledger is not None
    assert reading.ledger.fields == 10_000
