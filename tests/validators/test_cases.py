from __future__ import annotations

import pytest

from canonical.finding import Severity
from specs.spec import Case, Rule
from validators.cases import check_cases

GOOD = Case(why="on the day of birth", answers={"MEMBER_DOB": "2024-03-01", "ASSESSMENT_DATE": "2024-03-01"})
BAD = Case(why="the day before", answers={"MEMBER_DOB": "2024-03-01", "ASSESSMENT_DATE": "2024-02-29"})
ODD = Case(why="no date", answers={"MEMBER_DOB": "March", "ASSESSMENT_DATE": "2024-02-29"})


def rule(*, passes=(GOOD,), fails=(BAD,), kind="date_order", **terms):
    """Return a rule with these cases."""
    return Rule(
        code="B012", title="", severity=Severity.ERROR, kind=kind, message="", why="", fix="", desk="own", cites=(),
        terms={"first": "MEMBER_DOB", "then": "ASSESSMENT_DATE", **terms}, passes=passes, fails=fails,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("broken", "defects"),
    [
        (rule(), []),
        (rule(passes=(GOOD, BAD)), ["rules/B012.toml: [[pass]] case 2 (the day before) fails."]),
        (rule(fails=(GOOD,)), ["rules/B012.toml: [[fail]] case 1 (on the day of birth) passes."]),
        (rule(strict=True), ["rules/B012.toml: [[pass]] case 1 (on the day of birth) fails."]),
        (rule(fails=(ODD,)), ["rules/B012.toml: [[fail]] case 1 (no date) could not be evaluated."]),
        (rule(passes=()), ["rules/B012.toml: The rule has no [[pass]] case."]),
        (rule(fails=()), ["rules/B012.toml: The rule has no [[fail]] case."]),
        (rule(first="NOBODY"), ["rules/B012.toml: NOBODY is no item of the dictionary."]),
    ],
)
def test_a_rule_stands_by_its_cases(build_spec, broken, defects):
    """A rule that its own cases contradict is told, with the case and its reason."""
    assert check_cases(build_spec(rules=(broken,))) == defects
