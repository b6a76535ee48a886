"""Where the keys of a TOML file stand."""

from __future__ import annotations

import tomllib

import pytest

from specs.toml_lines import find_lines

TEXT = '''\
# a comment with [a.header] and key = 1
title = "x"
"quoted key" = 1
dotted.name = 2
long = """
inside = "the string"
[[not.a.header]]
"""
list = [
  "a = b",
  "c",
]

[paths]
submit = "/v1"

[[instrument]]
code = "young"

[[instrument.section]]
code = "DOC"

[[instrument.section]]
code = "LDF"

[[instrument]]
code = "older"

[[instrument.section]]
code = "DOC"
'''


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ((), 1),
        (("title",), 2),
        (("quoted key",), 3),
        (("dotted", "name"), 4),
        (("long",), 5),
        (("list",), 9),
        (("paths",), 14),
        (("paths", "submit"), 15),
        (("instrument", 0), 17),
        (("instrument", 0, "section", 1, "code"), 24),
        (("instrument", 1, "code"), 27),
        (("instrument", 1, "section", 0), 29),
        (("instrument", 1, "section", 0, "code"), 30),
    ],
)
def test_a_key_is_found(place, line):
    """In tables, in arrays of tables, and past strings of several lines."""
    assert find_lines(TEXT)[place] == line


def test_nothing_is_found_that_is_not_there():
    """Comments and the insides of strings and lists are no keys."""
    assert tomllib.loads(TEXT)
    names = {name for place in find_lines(TEXT) for name in place}
    assert not names & {"a", "inside", "not", "key", "header", "c"}
