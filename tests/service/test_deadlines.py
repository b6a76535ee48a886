"""Days of Massachusetts, on clocks that are set twice a year."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from service.deadlines import is_urgent, slack, too_late_at


@pytest.mark.parametrize(
    ("day", "moment"),
    [
        (date(2026, 11, 16), datetime(2026, 11, 17, 5, tzinfo=UTC)),
        (date(2026, 7, 1), datetime(2026, 7, 2, 4, tzinfo=UTC)),
        (date(2026, 3, 8), datetime(2026, 3, 9, 4, tzinfo=UTC)),
    ],
    ids=["winter", "summer", "the day on which the clock is set"],
)
def test_a_deadline_is_the_whole_day(day: date, moment: datetime):
    """Too late begins at the midnight after it, in Massachusetts."""
    assert too_late_at(day) == moment
    assert slack(day, moment) == timedelta()


@pytest.mark.parametrize(
    ("due_on", "urgent"),
    [(date(2026, 11, 18), False), (date(2026, 11, 17), True), (date(2026, 11, 1), True), (None, False)],
    ids=["in three days", "within two", "long past", "no deadline"],
)
def test_little_slack_is_urgent(due_on: date | None, *, urgent: bool):
    """Two days or less, and what is late already; what has no deadline never is."""
    assert is_urgent(due_on, datetime(2026, 11, 16, 5, tzinfo=UTC)) == urgent
