from __future__ import annotations

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.declared import Everything
from adapters.json_record import MAX_NAME, MAX_NAMES, MAX_VALUES, JsonDocument, read_json
from adapters.path import parse

EXPORT = b"""{"agency": 7, "person": {"Wren Invented": {"dob": "2015-05-21"}},
 "visits": [
  {"on": "2026-03-04", "answers": [{"code": "SLEEP", "value": 2.50}, {"code": "SOCIAL", "value": -0}],
   "notes": ["one", null, "\\u00e9\\n"], "done": true},
  {"on": "2026-03-05", "answers": []}]}"""


def document(content: bytes, declared: object = Everything()) -> JsonDocument:
    read = read_json(content, "a.json", declared)
    assert isinstance(read, JsonDocument)
    return read


PATHS = {
    "on": [["2026-03-04"], ["2026-03-05"]],
    'answers[code = "SLEEP"]/value': [["2.50"], []],
    "answers[2]/value": [["-0"], []],
    "answers/value": [["2.50", "-0"], []],
    "notes": [["one", "é\n"], []],
    "notes[3]": [["é\n"], []],
    "done": [["true"], []],
    "answers": [["", ""], []],
    "*": [["2026-03-04", "one", "é\n", "true"], ["2026-03-05"]],
    "/agency": [["7"], ["7"]],
    "/person/*/dob": [["2015-05-21"], ["2015-05-21"]],
    '/person/"Wren Invented"/dob': [["2015-05-21"], ["2015-05-21"]],
    "@on": [[], []],
}


@pytest.mark.parametrize(("path", "texts"), PATHS.items())
def test_a_path_names_its_fields_in_each_record(path, texts):
    """Members, elements, conditions and numbers as they were written are found in every record."""
    assert [[field.text for field in record.fields(path)] for record in document(EXPORT).records("visits")] == texts


def test_a_name_that_nothing_declares_is_told_by_its_position():
    """A child's name as a key stands in no pointer, label or ledger; what is declared does."""
    declared = parse("visits/answers/value").names | parse("/agency").names
    fields = list(document(EXPORT, declared).all())
    told = " ".join(f"{field.source.pointer} {field.source.label} {field.name}" for field in fields)
    assert "Wren" not in told
    assert fields[0].source.pointer == "/agency"
    assert (fields[1].source.pointer, fields[1].source.label, fields[1].name) == (
        None,
        "/*[2]/*[1]/*[1]",
        "/*[2]/*[1]/*[1]"[1:],
    )
    assert fields[4].source.pointer == "/visits/0/answers/0/value"
    assert fields[4].source.label == "/visits[1]/answers[1]/value"
    assert fields[4].name == "visits/answers/value"


def test_every_field_stands_where_it_says():
    """Line and column of each field lead to its value, declared or not."""
    read = document(EXPORT, frozenset({"visits", "value"}))
    fields = list(read.all())
    located = read.locate([field.source for field in fields])
    lines = EXPORT.decode().splitlines()
    for field in fields:
        place = located[field.source]
        there = lines[(place.line or 0) - 1][(place.column or 0) - 1 :]
        value, _ = json.JSONDecoder(parse_float=str, parse_int=str).raw_decode(there)
        assert field.text == (value if isinstance(value, str) else "true")


@pytest.mark.parametrize(
    ("content", "records"),
    [(b'{"a": 1}', ["/"]), (b'[{"a": 1}, {"a": 2}]', ["/*[1]", "/*[2]"]), (b"[]", []), (b"3", ["/"])],
)
def test_without_a_path_the_document_or_each_of_its_elements_is_a_record(content, records):
    """An array of assessments needs no path."""
    assert [record.origin.label for record in document(content).records()] == records


REFUSED = [
    (b'{"a": NaN}', "NaN", 1),
    (b'{"a": 1,\n "a": 2}', "twice", 2),
    (b'{"a": "\\ud800"}', "surrogate", 1),
    (b"[" * 65 + b"1" + b"]" * 65, "deeper", 1),
    (b"[" + b"0,\n" * MAX_VALUES + b"0]", "more than 200,000 values", MAX_VALUES - 1),
    (b"{" + b'"a": 1,\n' * MAX_NAMES + b'"b": 1}', "or 100,000 names", MAX_NAMES + 1),
    (b'{"' + b"k" * (MAX_NAME + 1) + b'": 1}', "name is longer", 1),
    (b'"' + b"x" * 10_000_000 + b'"', "larger than 10 MB", None),
    (b"", "empty", 1),
]


@pytest.mark.parametrize(("content", "word", "line"), REFUSED)
def test_what_is_refused_says_why_and_where(content, word, line):
    """Each text that is not read has a reason in our words, and its line."""
    refused = read_json(content, "a.json")
    assert isinstance(refused, tuple)
    assert word in refused[0].reason
    assert refused[0].line == line


def test_commas_in_a_text_are_no_values():
    """A long comment is not mistaken for many values."""
    assert isinstance(read_json(json.dumps(["," * 300_000, '"]' * 10]).encode(), "a.json"), JsonDocument)


LEAVES = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text(max_size=4)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=25,
)


@given(VALUES, st.sets(st.text(max_size=3)))
def test_a_label_leads_back_to_its_field(value, declared):
    """Each label is a path to its own field alone, whatever is declared, and the keys of all fields differ."""
    read = document(json.dumps(value).encode(), declared)
    fields = list(read.all())
    assert len({field.key for field in fields}) == len(fields)
    record = next(read.records("/"))
    for field in fields:
        (found,) = record.fields(field.source.label)
        assert (found.key, found.text, found.name) == (field.key, field.text, field.name)


@given(st.binary())
def test_no_bytes_make_it_raise(content):
    """Any bytes are a document or reasons, never an exception."""
    read = read_json(content, "a.json")
    assert isinstance(read, JsonDocument) or read[0].reason


def test_a_long_name_does_not_make_every_pointer_long():
    """A name of a megabyte is refused before anything repeats it for each value below it."""
    content = b'{"' + b"k" * 1_000_000 + b'": [' + b"1e300," * 100_000 + b"0]}"
    tracemalloc.start()
    assert isinstance(read_json(content, "a.json"), tuple)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()
