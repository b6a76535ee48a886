from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.json_text import MAX_DEPTH, decode

LEAVES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.floats(-1e15, 1e15)
DOCUMENTS = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=30)


@given(DOCUMENTS, st.sampled_from([None, 0, 2]), st.booleans())
def test_every_json_value_decodes_to_itself(value, indent, ascii_only):
    """Whatever JSON can say comes back as it was, in whatever layout, and no flaw is imagined."""
    decoded = decode(json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass"))
    assert decoded.flaws == ()
    assert decoded.value == value


@given(st.binary())
def test_no_bytes_make_it_raise(content):
    """Any bytes are either a value or flaws with a place, never both and never an exception."""
    decoded = decode(content)
    assert all(flaw.line >= 1 and flaw.column >= 1 for flaw in decoded.flaws)
    assert not decoded.flaws or decoded.value is None


REFUSED = [
    pytest.param(b"", "empty", 1, 1, id="nothing"),
    pytest.param(b'{"a": NaN}', "NaN", 1, 7, id="NaN"),
    pytest.param(b'{"a":\n  -Infinity}', "Infinity", 2, 4, id="minus infinity"),
    pytest.param(b'{"a": "\\ud800"}', "surrogate", 1, 8, id="a lone surrogate"),
    pytest.param(b'{"a": "\\udc00"}', "surrogate", 1, 8, id="a low surrogate alone"),
    pytest.param(b'{"a": "\xff"}', "UTF-8", 1, 8, id="no UTF-8"),
    pytest.param('{"é": "\n"}'.encode(), "line break", 1, 8, id="a line break in a string"),
    pytest.param(b'{"a": ' + b"9" * 5000 + b"}", "too large", 1, 7, id="five thousand digits"),
    pytest.param(b'{"a": 12345678901234567890123}', "too large", 1, 7, id="an integer that would be rounded"),
    pytest.param(b'{"a": [1e300]}', "too large", 1, 8, id="a number beyond exactness"),
    pytest.param(b"[" * 3000 + b"]" * 3000, "deeper", 1, 1026, id="three thousand levels"),
    pytest.param(b"[" * 65 + b"1" + b"]" * 65, "deeper", 1, 66, id="one level too many"),
    pytest.param(b'{"a": 1,}', "comma", 1, 8, id="a comma too many"),
    pytest.param(b'{"a": 1', "ends before", 1, 8, id="a text that breaks off"),
    pytest.param(b'{"a": 1} x', "follows", 1, 10, id="something behind the end"),
    pytest.param(b'{"a": 1, "a": 1}', "twice", 1, 10, id="a key twice"),
    pytest.param(b'{"a":1,"\\u0061" :1}', "twice", 1, 8, id="a key twice, once in disguise"),
    pytest.param(b'{"a": {"x": 1}, "a": {"x": 2}}', "twice", 1, 17, id="an object twice, and not what is in it"),
    pytest.param(b'[{"x": {"b": 1,\n "c": 2, "b": 3}}]', "twice", 2, 10, id="a key twice, deep inside"),
]


@pytest.mark.parametrize(("content", "word", "line", "column"), REFUSED)
def test_what_two_programs_could_read_differently_is_refused(content, word, line, column):
    """Each ambiguity is refused with its reason, its line and its column in characters."""
    (flaw,) = decode(content).flaws
    assert word in flaw.reason
    assert (flaw.line, flaw.column) == (line, column)


def test_depth_up_to_the_limit_is_taken():
    """As many levels as the limit says are fine."""
    assert decode(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH).flaws == ()


def test_what_looks_like_a_key_inside_a_string_is_none():
    """Text that imitates a member name makes the reader look closely, and then go on."""
    assert decode(json.dumps({"a": '","a":', "b": '"b" :'}).encode()).flaws == ()


def test_equal_names_in_different_objects_are_fine():
    """A name may stand in as many objects as it likes, once in each."""
    assert decode(b'{"x": "\\":", "a": [{"a": 1}, {"a": {"a": 2}}]}').flaws == ()


def test_byte_order_mark_is_passed_over():
    """Windows programs write a byte order mark; it is no reason to refuse a file."""
    assert decode(b"\xef\xbb\xbf[1]").value == [1]


@given(st.dictionaries(st.text(max_size=4), LEAVES, min_size=1, max_size=6), st.data())
def test_no_doubled_key_gets_through(members, data):
    """However an object's key is doubled, in whatever layout, it is found."""
    pairs = list(members.items())
    doubled = data.draw(st.sampled_from(pairs))
    pairs.insert(data.draw(st.integers(0, len(pairs))), (doubled[0], data.draw(LEAVES)))
    blanks = st.sampled_from(["", " ", "\n", "\t"])
    text = ",".join(f"{json.dumps(k)}{data.draw(blanks)}:{data.draw(blanks)}{json.dumps(v)}" for k, v in pairs)
    flaws = decode(f"[{{{text}}}]".encode()).flaws
    assert [bool(flaw.duplicate) for flaw in flaws] == [True]
