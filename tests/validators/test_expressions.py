"""Rules of the kind cel: typed answers, one context for a document, and nothing that could not be evaluated ever passes."""

from __future__ import annotations

import pytest

from canonical.finding import Conformance, Kind, Severity
from specs import expressions
from specs.spec import Rule
from validators.rules import compile_rule

CANARY = "Zyzzyva"


def rule(expression: str, *items: str, code: str = "B001") -> Rule:
    return Rule(
        code=code, title="T", severity=Severity.ERROR, kind="cel", terms={"items": items, "expression": expression},
        message="M.", why="W.", fix="F.", desk="own", cites=(),
    )  # fmt: skip


@pytest.fixture
def found(judge, build_spec):
    """Judge the good assessment, changed, by rules."""

    def findings(*rules: Rule, **changes):
        return [finding.rule for finding in judge(changes, by=build_spec(rules=rules)).findings]

    return findings


@pytest.mark.parametrize(
    ("expression", "items", "findings"),
    [
        ("a.MEMBER_DOB < a.ASSESSMENT_DATE", ("MEMBER_DOB", "ASSESSMENT_DATE"), []),
        ("a.MEMBER_DOB > a.ASSESSMENT_DATE", ("MEMBER_DOB", "ASSESSMENT_DATE"), ["B001"]),
        ("a.ASSESSMENT_DATE.getDayOfWeek() in [0, 6]", ("ASSESSMENT_DATE",), ["B001"]),
        ("a.MEMBER_CHILDREN + 1 == 10", ("MEMBER_CHILDREN",), []),
        ("a.MEMBER_SEEN_AT < a.ASSESSMENT_DATE", ("MEMBER_SEEN_AT", "ASSESSMENT_DATE"), []),
        ("a.MEMBER_TWIN == 'true'", ("MEMBER_TWIN",), []),
        ("a.LDF_SLEEP == '1'", ("LDF_SLEEP",), []),
        ("!('MEMBER_ID' in a) || a['MEMBER_ID'].startsWith('1')", ("MEMBER_ID",), []),
    ],
)
def test_answers_have_the_values_of_their_types(found, expression, items, findings):
    """Dates are timestamps, integers numbers, and all others texts."""
    more = {"MEMBER_CHILDREN": "9", "MEMBER_SEEN_AT": "2026-05-19T23:00:00-05:00", "MEMBER_TWIN": "true"}
    more["MEMBER_SEEN_AT"] = "2026-05-19T18:00:00-05:00"
    assert found(rule(expression, *items), **more) == findings


@pytest.mark.parametrize(
    "expression",
    [
        "a.MEMBER_LAST_NAME > 1",
        "a.MEMBER_LAST_NAME",
        "int(a.MEMBER_LAST_NAME) > 0",
        "timestamp(a.MEMBER_LAST_NAME) > timestamp('2026-01-01T00:00:00Z')",
        "a.MEMBER_LAST_NAME.size() / 0 == 1",
        "[1][a.MEMBER_LAST_NAME.size()] == 1",
        "a.MEMBER_LAST_NAME.size() + 9223372036854775807 > 0",
        "a.MEMBER_LAST_NAME.size",
    ],
)
def test_what_cannot_be_evaluated_is_no_pass(judge, build_spec, expression):
    """The report says that it could not be checked, and shows nothing of what the library said: it quotes values."""
    report = judge({"MEMBER_LAST_NAME": CANARY}, by=build_spec(rules=(rule(expression, "MEMBER_LAST_NAME"),)))
    (finding,) = report.findings
    assert (finding.rule, finding.kind) == ("X001", Kind.COULD_NOT_CHECK)
    assert report.conformance is Conformance.COULD_NOT_CHECK
    assert CANARY not in repr(finding)


def test_a_missing_answer_is_asked_for_with_has(found):
    """Without has(), an absent answer cannot be compared, and that is no pass either."""
    asks = rule("a.MEMBER_CHILDREN < 9 || a.MEMBER_ID == ''", "MEMBER_CHILDREN", "MEMBER_ID")
    assert found(asks) == ["X001"]
    guarded = rule("!has(a.MEMBER_CHILDREN) || a.MEMBER_ID != ''", "MEMBER_CHILDREN", "MEMBER_ID")
    assert found(guarded) == []


def test_a_text_that_is_none_of_its_type_is_never_compared(judge, build_spec):
    """A date in words would be unequal to every date, and pass for that."""
    asks = rule("a.MEMBER_DOB != a.ASSESSMENT_DATE", "MEMBER_DOB", "ASSESSMENT_DATE")
    report = judge({"MEMBER_DOB": "15 Jan 2017"}, by=build_spec(rules=(asks,)))
    assert [finding.rule for finding in report.findings] == ["S003"]


def test_has_does_not_hide_what_is_none_of_its_type(spec):
    """There is an answer, and nothing to compare: that is not the same as no answer."""
    asks = compile_rule(rule("!has(a.MEMBER_DOB)", "MEMBER_DOB"), spec.items)
    with pytest.raises(ValueError, match="none of its type"):
        asks.broken({"MEMBER_DOB": "15 Jan 2017"})


def test_a_document_has_one_context_and_only_if_a_rule_asks(found, monkeypatch):
    """A hundred expressions would otherwise bind the same answers a hundred times."""
    from validators import expressions as binding  # noqa: PLC0415 - the place where contexts are made

    made = []
    monkeypatch.setattr(binding, "context_of", lambda answers: made.append(answers) or expressions.context_of(answers))
    asks = [rule("a.MEMBER_ID != ''", "MEMBER_ID", code=f"B{number:03}") for number in range(20)]
    assert found(*asks) == []
    assert len(made) == 1
    assert found(rule("a.TRA_JOB != ''", "TRA_JOB")) == []
    assert len(made) == 1


def test_without_consent_an_expression_sees_nothing_clinical(found):
    """A rule that looks at what stays home is not asked."""
    asks = rule("a.LDF_SLEEP == '9'", "LDF_SLEEP")
    assert found(asks) == ["B001"]
    assert found(asks, CONSENT="refused") == ["S021"]
