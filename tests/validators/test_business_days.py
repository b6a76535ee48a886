from __future__ import annotations

import subprocess
import sys
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from validators.business_days import business_days_between, is_business_day

DAYS = st.dates(date(2009, 1, 1), date(2040, 12, 31))

#: A sentence, first and last day, business days between.
SPANS = [
    ("the same day", "2026-05-20", "2026-05-20", 0),
    ("the next day", "2026-05-20", "2026-05-21", 1),
    ("a Friday and the Monday after", "2026-05-15", "2026-05-18", 1),
    ("a Friday and the Sunday after", "2026-05-15", "2026-05-17", 0),
    ("from a Saturday", "2026-05-16", "2026-05-18", 1),
    ("two working weeks", "2026-05-04", "2026-05-18", 10),
    ("two weeks with Memorial Day in them", "2026-05-18", "2026-06-01", 9),
    ("Patriots' Day, which the country does not keep", "2026-04-17", "2026-04-21", 1),
    ("the Friday before Independence Day on a Saturday is worked", "2026-07-02", "2026-07-06", 2),
    ("Independence Day on a Sunday is kept on the Monday", "2027-07-02", "2027-07-06", 1),
    ("the day after Thanksgiving is worked", "2026-11-25", "2026-11-27", 1),
    ("Evacuation Day is the county's, not the Commonwealth's", "2026-03-16", "2026-03-17", 1),
    ("over the turn of a year", "2026-12-24", "2027-01-04", 5),
    ("backwards", "2026-05-21", "2026-05-20", 0),
]


@pytest.mark.parametrize(("start", "end", "days"), [row[1:] for row in SPANS], ids=[row[0] for row in SPANS])
def test_business_days(start, end, days):
    """Days after the first, up to and with the last, on which the offices are open."""
    assert business_days_between(date.fromisoformat(start), date.fromisoformat(end)) == days


@settings(deadline=None)  # the first question of a year builds its calendar
@given(DAYS, st.integers(0, 400), st.integers(0, 400))
def test_spans_add_up(start, first, then):
    """Waiting on from a day in between comes to the same."""
    middle, end = start + timedelta(days=first), start + timedelta(days=first + then)
    whole = business_days_between(start, middle) + business_days_between(middle, end)
    assert business_days_between(start, end) == whole


@settings(deadline=None)
@given(DAYS)
def test_a_week_has_three_to_five(start):
    """Weekends never count, and no week of ours has more than two holidays."""
    assert 3 <= business_days_between(start, start + timedelta(days=7)) <= 5
    assert not is_business_day(start) or start.weekday() < 5


def test_a_check_does_not_pay_for_the_calendar():
    """The calendar is loaded by whoever counts, not by whoever validates."""
    script = "import sys, validators.engine, validators.business_days; assert 'holidays' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)
