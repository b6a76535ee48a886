from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.edits.meant import bare, chosen, counted, decided, plain

CODES = {code: code for code in "0123"}
WORDS = {"none": "0", "mild": "1", "moderate": "2", "severe": "3"}


@pytest.mark.parametrize(
    ("text", "words", "meant"),
    [
        ("2 - action needed", CODES, "2"),
        ("2: Action needed", CODES, "2"),
        ("2 (action needed)", CODES, "2"),
        ("two", CODES, "2"),
        ("2.0", CODES, "2"),
        ("\uff102", CODES, "2"),
        ("\u00c2\u00a02", CODES, "2"),
        ("Rating 2 - moderate", CODES, "2"),
        ("2 - was 3", CODES, None),
        ("2 - or three", CODES, None),
        ("2?", CODES, None),
        ("2-Mar", CODES, None),
        ("0 - not assessed", CODES, None),
        ("0 - N/A", CODES, None),
        ("0 - no evidence", CODES, "0"),
        ("1,000", CODES, None),
        ("1,0", CODES, "1"),
        ("2-3", CODES, None),
        ("2.5", CODES, None),
        ("4", CODES, None),
        ("", CODES, None),
        ("2 - Moderate", WORDS, "moderate"),
        ("3 - Moderate", WORDS, None),
        ("Moderate (2)", WORDS, None),
        ("moderate \u2013 2", WORDS, None),
        ("\u2018MODERATE\u2019", WORDS, "moderate"),
        ("two", WORDS, None),
        ("2", {"1": "0", "2": "1"}, "2"),
        ("2 - severe", {"1": "0", "2": "1"}, "2"),
        ("a", {"a": "1", "A": "2"}, None),
    ],
)
def test_a_word_is_meant_only_where_nothing_else_could_be(text, words, meant):
    """The sender's own words win; a digit beside another code's word is no answer."""
    found = chosen(text, words)

    assert (found.text if found else None) == meant


def test_ticks_are_only_likely():
    """Yes and no in words are certain; a 1 or an x may mean something else."""
    assert [(m.text, m.certain) for t in ("Y", "FALSE", "1", "x") if (m := decided(t))] == [
        ("yes", True), ("no", True), ("yes", False), ("yes", False),
    ]  # fmt: skip
    assert decided("maybe") is None


def test_identifiers_lose_ornaments_and_never_a_digit():
    """Quotes, the sign of a spreadsheet, blanks; hyphens where they may be left out."""
    assert bare('="1002-0009"', hyphens=True) == "10020009"
    assert bare("1002-0009 ", hyphens=False) == "1002-0009"
    assert counted("+007.0").text == "7"
    assert counted("7.5") is None


@given(text=st.text(max_size=60))
def test_no_text_breaks_it(text):
    """Any text means something or nothing, and what is plain stays plain."""
    assert plain(plain(text)) == plain(text) or not text.isascii()
    chosen(text, CODES)
    decided(text)
    counted(text)
    bare(text, hyphens=True)
