from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.edits.days import told

TODAY = date(2026, 11, 22)
DAYS = st.dates(date(1990, 1, 1), TODAY)
#: Forms in which no two days look alike.
PLAIN = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d %b %Y",
    "%d-%b-%Y",
    "%B %d, %Y",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%SZ",
)


@given(day=DAYS, form=st.sampled_from(PLAIN))
def test_a_day_that_can_be_read_one_way_is_that_day(day, form):
    """Year first, or the month in letters."""
    found = told(day.strftime(form), TODAY, month_first=None)

    assert found is not None
    assert (found.day, found.certain) == (day, True)


@given(day=DAYS, sign=st.sampled_from("/-. "), first=st.booleans(), guess=st.sampled_from((True, False, None)))
def test_a_day_that_can_be_read_two_ways_is_never_certain(day, sign, first, guess):
    """Whatever the mapping says: only a day beyond the twelfth, or the same number twice, decides."""
    parts = (day.month, day.day) if first else (day.day, day.month)
    found = told(f"{parts[0]:02}{sign}{parts[1]:02}{sign}{day.year}", TODAY, month_first=guess)

    if day.day > 12 or day.day == day.month:
        assert found is not None
        assert (found.day, found.certain) == (day, True)
    else:
        assert (found is None) is (guess is None)
        assert found is None or not found.certain


@pytest.mark.parametrize(
    ("text", "day", "certain"),
    [
        ("20260314", date(2026, 3, 14), True),
        ("03142026", date(2026, 3, 14), True),
        ("03042026", None, False),
        ("46095", date(2026, 3, 14), True),
        ("46095.5", date(2026, 3, 14), True),
        ("42005", date(2015, 1, 1), False),
        ("60000", None, False),
        ("3/14/26", date(2026, 3, 14), False),
        ("2026-03-14T23:30:00Z", date(2026, 3, 14), False),
        ("2026-03-14T23:30:00-04:00", date(2026, 3, 14), True),
        ("March 14th, 2026", date(2026, 3, 14), True),
        ("\uff12\uff10\uff12\uff16-\uff10\uff13-\uff11\uff14", date(2026, 3, 14), True),
        ("2026-02-30", None, False),
        ("14/03", None, False),
        ("yesterday", None, False),
        ("", None, False),
    ],
)
def test_what_counts_as_certain(text, day, certain):
    """Serials from 1900 or 1904, years of two digits, moments in UTC: certain only where nothing else could be meant."""
    found = told(text, TODAY, month_first=True)
    if text == "03042026":
        assert found is None
    else:
        assert (found.day if found else None, bool(found and found.certain)) == (day, certain)


@given(text=st.text(max_size=40))
def test_no_text_breaks_it(text):
    """Any text is a day or none."""
    told(text, TODAY, month_first=True)
