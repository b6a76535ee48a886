"""The little language of conditions."""

from __future__ import annotations

import pytest

from specs.conditions import parse_conditions
from specs.spec import Condition


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        ("CONSENT", (Condition(item="CONSENT"),)),
        ("!CONSENT", (Condition(item="CONSENT", negated=True),)),
        ("CONSENT=given", (Condition(item="CONSENT", values=("given",)),)),
        ("S_1=a|not-b", (Condition(item="S_1", values=("a", "not-b")),)),
        ("S!=a|b", (Condition(item="S", values=("a", "b"), negated=True),)),
        ("A; !B ;C=1", (Condition(item="A"), Condition(item="B", negated=True), Condition(item="C", values=("1",)))),
    ],
)
def test_conditions_are_read(text, conditions):
    """Presence, absence, one of values, none of values; all of them joined by semicolons."""
    assert parse_conditions(text) == conditions


@pytest.mark.parametrize("text", ["", "A;", "a", "!A=b", "A=", "A=b|", "A==b", "A = b", "A=b;;C", "A>3", "A=b!=c"])
def test_anything_else_is_refused(text):
    """A condition that is read otherwise than it was meant would judge otherwise than it was meant."""
    with pytest.raises(ValueError, match="is no condition"):
        parse_conditions(text)
