from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.dates import day_of
from adapters.transforms import Dates, Number, Pad, Refused, Split, Strip, Translate, Truth

US = Dates(forms=("%m/%d/%Y",))
EITHER = Dates(forms=("%m/%d/%Y", "%Y%m%d", "serial"))
POINT, COMMA = Number(mark="."), Number(mark=",")
YES_NO, TRUE_FALSE = Truth(pair="yes-no"), Truth(pair="true-false")
NEED = Translate(table="need", codes={"mild": "1", "très": "2"})

BECOMES = [
    (Split(at="/", part=2), "a/ b /c", "b"),
    (Split(at="/", part=-1), "a/b/c", "c"),
    (Split(at="/", part=4), "a/b/c", ""),
    (Split(at="/", part=-4), "a/b/c", ""),
    (Split(at=" - ", part=1), "3 - severe", "3"),
    (Strip(characters="'"), "'7 '", "7"),
    (Strip(characters="[]"), "[]", ""),
    (POINT, "2.0", "2"),
    (POINT, "002", "2"),
    (POINT, "+3", "3"),
    (POINT, "-0.0", "0"),
    (POINT, "-1.50", "-1.5"),
    (POINT, "1,250,000.25", "1250000.25"),
    (POINT, "2.", "2"),
    (COMMA, "1.250,5", "1250.5"),
    (COMMA, "0,50", "0.5"),
    (Pad(width=5), "2138", "02138"),
    (Pad(width=2), "2138", "2138"),
    (US, "3/2/2015", "2015-03-02"),
    (US, "02/29/2024", "2024-02-29"),
    (EITHER, "20150302", "2015-03-02"),
    (EITHER, "42065", "2015-03-02"),
    (EITHER, "42065.75", "2015-03-02"),
    (Dates(forms=("serial",)), "1", "1900-01-01"),
    (Dates(forms=("serial",)), "59", "1900-02-28"),
    (Dates(forms=("serial",)), "61", "1900-03-01"),
    (Dates(forms=("serial",)), "2958465", "9999-12-31"),
    (Dates(forms=("serial-1904",)), "0", "1904-01-01"),
    (Dates(forms=("serial-1904",)), "40603", "2015-03-02"),
    (YES_NO, " Y ", "yes"),
    (YES_NO, "FALSE", "no"),
    (YES_NO, "x", "yes"),
    (TRUE_FALSE, "1", "true"),
    (TRUE_FALSE, "off", "false"),
    (NEED, " MILD", "1"),
    (NEED, "Très", "2"),
]


@pytest.mark.parametrize(("step", "text", "canonical"), BECOMES)
def test_step_makes_canonical_text(step, text, canonical):
    """Each step writes what the sender means, whichever way the sender writes it."""
    assert step.apply(text) == canonical


REFUSED = [
    (POINT, "2,5", "A004"),
    (POINT, "1,25,000", "A004"),
    (POINT, "1e3", "A004"),
    (POINT, "NaN", "A004"),
    (POINT, "٣", "A004"),
    (POINT, "9" * 65, "A004"),
    (COMMA, "1,250.5", "A004"),
    (Pad(width=5), "A138", "A004"),
    (Pad(width=5), "²", "A004"),
    (US, "2015-03-02", "A004"),
    (US, "2/30/2015", "A004"),
    (US, "3/2/2015 00:00", "A004"),
    (US, "3/2/" + "0" * 100, "A004"),
    (Dates(forms=("serial",)), "60", "A004"),
    (Dates(forms=("serial",)), "0", "A004"),
    (Dates(forms=("serial",)), "2958466", "A004"),
    (Dates(forms=("serial",)), "-1", "A004"),
    (YES_NO, "maybe", "A004"),
    (NEED, "mild-ish", "A005"),
]


@pytest.mark.parametrize(("step", "text", "rule"), REFUSED)
def test_step_refuses_what_it_does_not_understand_and_never_shows_it(step, text, rule):
    """Nothing is guessed; the message names the mapping's words and never the text."""
    refused = step.apply(text)
    assert isinstance(refused, Refused)
    assert refused.fault.rule == rule
    assert text not in refused.message


def test_each_step_has_a_name_of_the_mappings_own_words():
    """What provenance says of an answer holds nothing of the record."""
    steps = (Split(at="/", part=-1), Strip(characters="'"), POINT, Pad(width=12), EITHER, YES_NO, NEED)
    assert [step.name for step in steps] == [
        "split '/' part -1",
        'strip "\'"',
        "number .",
        "pad 12",
        "date %m/%d/%Y or %Y%m%d or serial",
        "truth yes-no",
        "codes need",
    ]


@given(st.dates(date(1900, 3, 1), date(9999, 12, 31)))
def test_every_serial_is_the_day_that_a_spreadsheet_shows(day):
    """From March 1900 on, the count of days since 30 December 1899, and 1462 fewer where years begin in 1904."""
    count = (day - date(1899, 12, 30)).days
    assert day_of(str(count), "serial") == day
    if day >= date(1904, 1, 1):
        assert day_of(str(count - 1462), "serial-1904") == day
    assert day_of(str(count), "serial") - timedelta(days=count) == date(1899, 12, 30)


@given(st.integers(-(10**15), 10**15), st.integers(0, 3))
def test_every_way_to_write_a_whole_number_is_the_number(number, zeros):
    """Groups of thousands and an empty fraction change nothing."""
    assert POINT.apply(f"{number:,}" + (f".{'0' * zeros}" if zeros else "")) == str(number)


@given(st.text(max_size=80))
def test_no_text_makes_a_step_raise(text):
    """Any text is taken or refused."""
    for step, _, _ in BECOMES:
        assert isinstance(step.apply(text), str | Refused)
