"""By when an assessment should be with the state."""

from __future__ import annotations

from datetime import date

import pytest

from specs.due import deadline
from specs.spec import AgeRange, Due, Instrument

FORM = Instrument(
    code="young",
    title="The young",
    age=AgeRange(),
    sections=(),
    due=(
        Due(service="*", days=180, valid_from=date(2030, 1, 1)),
        Due(service="ICC", days=90),
    ),
)
ASSESSED = date(2030, 6, 1)


@pytest.mark.parametrize(
    ("service", "earlier", "by"),
    [
        ("IHT", None, date(2030, 11, 28)),
        ("ICC", None, date(2030, 8, 30)),
        (None, date(2030, 1, 10), date(2030, 7, 9)),
        ("ICC", date(2030, 1, 10), date(2030, 4, 10)),
        ("IHT", ASSESSED, date(2030, 11, 28)),
        ("IHT", date(2030, 7, 1), date(2030, 11, 28)),
        ("IHT", date(2029, 12, 1), date(2030, 11, 28)),
    ],
    ids=[
        "a first one",
        "a first one of a service with its own interval",
        "a reassessment in time",
        "a reassessment that is late already",
        "a correction of the same day",
        "one that came after its successor",
        "no interval counts from the one before",
    ],
)
def test_an_assessment_is_due_with_the_state(service: str | None, earlier: date | None, by: date):
    """On the day on which it fell due itself, else on the day on which the next one does."""
    assert deadline(FORM, service, ASSESSED, earlier) == by


def test_what_nothing_makes_due_has_no_deadline():
    """Where no interval is valid on the days in question, none is invented."""
    assert deadline(FORM, "IHT", date(2029, 12, 1), date(2029, 6, 1)) is None
