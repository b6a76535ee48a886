from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.json_positions import escaped, positions

TEXT = """{
  "é": [10, {"b/c": "x", "~": null}],
  "": {"a": "\\"é\\": ["},
  "last": true
}"""

PLACES = [
    ("", (1, 1)),
    ("/é", (2, 8)),
    ("/é/0", (2, 9)),
    ("/é/1", (2, 13)),
    ("/é/1/b~1c", (2, 21)),
    ("/é/1/~0", (2, 31)),
    ("/", (3, 7)),
    ("//a", (3, 13)),
    ("/last", (4, 11)),
    ("/é/1/missing", (2, 13)),
    ("/é/7/deep/er", (2, 8)),
    ("/missing", (1, 1)),
]


@pytest.mark.parametrize(("pointer", "place"), PLACES)
def test_pointer_leads_to_line_and_column(pointer, place):
    """A pointer leads to its value, in characters; what is missing stands where its nearest ancestor does."""
    assert positions(TEXT, [pointer]) == {pointer: place}


LEAVES = st.none() | st.booleans() | st.integers() | st.text()
DOCUMENTS = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


def everything(value, pointer=""):
    yield pointer, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inner:
        yield from everything(below, f"{pointer}/{escaped(str(key))}")


@given(DOCUMENTS, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_every_value_is_found_where_it_stands(value, indent, ascii_only):
    """At the place of every pointer, in any layout, the very text of that value begins."""
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    wanted = dict(everything(value))
    found = positions(text, wanted)
    lines = text.split("\n")
    assert found.keys() == wanted.keys()
    for pointer, (line, column) in found.items():
        rest = "\n".join([lines[line - 1][column - 1 :], *lines[line:]])
        assert json.JSONDecoder(strict=False).raw_decode(rest)[0] == wanted[pointer]


@example('{"\\1"')  # an escape that is none, found by hypothesis
@given(st.text(alphabet='{}[],:" ab1\\\n'))
def test_no_text_makes_it_raise(text):
    """A text that is no JSON has few places, and breaks nothing."""
    positions(text, ["", "/a", "/0"])
