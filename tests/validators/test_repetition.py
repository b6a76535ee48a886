"""A section that repeats: each occurrence is judged like the first, and the rules are asked of each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from canonical.finding import HoldCause, Severity
from specs.spec import AgeRange, Case, Condition, ConsentClass, Item, Rule, Section, Type
from validators.cases import check_cases

YOUTH = "five-through-twenty"
COMPLETE = (Condition(item="COMPLETION_STATUS", values=("complete", "paper")),)


def line(code: str, type_: Type = Type.CODE, **terms: object) -> Item:
    """Return an item of a section that repeats three times."""
    terms = {"codes": "rating" if type_ is Type.CODE else None, "required_when": COMPLETE, **terms}
    return Item(
        code=code, instruments=(), section="CGR", label=f"Label of {code}", type=type_, repeats=3,
        consent=ConsentClass.FULL, **terms,
    )  # fmt: skip


CARE = (
    line("CGR_SAFETY"),
    line("CGR_JOB", age=AgeRange(youngest=14)),
    line("CGR_SINCE", Type.DATE, required_when=()),
    line("CGR_UNTIL", Type.DATE, required_when=()),
    line("CGR_COMMENT", Type.TEXT),
)
FIRST = {"CGR_SAFETY": "1", "CGR_COMMENT": "n/a"}


def rule(kind: str, *, passes=(), fails=(), **terms: object) -> Rule:
    return Rule(
        code="B001", title="T", severity=Severity.WARNING, kind=kind, terms=terms, message="M.", why="W.", fix="F.",
        desk="own", cites=(), passes=passes, fails=fails,
    )  # fmt: skip


ENDS = rule("date_order", first="CGR_SINCE", then="CGR_UNTIL")


@pytest.fixture
def care(build_spec):
    """Return the small specification with a caregiver's section, and these rules."""

    def made(*rules: Rule):
        spec = build_spec(*CARE, rules=rules)
        section = Section(code="CGR", title="Caregiver", comment="CGR_COMMENT", repeats=3)
        forms = {c: replace(form, sections=(*form.sections, section)) for c, form in spec.instruments.items()}
        return replace(spec, instruments=forms)

    return made


@pytest.fixture
def told(judge, care):
    """Return each finding as its rule and its items, for these answers beside the first caregiver's."""

    def findings(changes, *rules: Rule, **more):
        report = judge({**FIRST, **changes}, by=care(*rules), **more)
        return [(finding.rule, *finding.items) for finding in report.findings]

    return findings


@pytest.mark.parametrize(
    ("changes", "findings"),
    [
        ({}, []),
        ({"CGR_SAFETY": None, "CGR_COMMENT": None}, [("S001", "CGR_SAFETY"), ("S010", "CGR_COMMENT")]),
        ({"CGR_SAFETY.2": "1"}, [("S010", "CGR_COMMENT.2")]),
        ({"CGR_COMMENT.2": "n/a"}, [("S001", "CGR_SAFETY.2")]),
        ({"CGR_SAFETY.2": "4", "CGR_COMMENT.2": "n/a"}, [("S004", "CGR_SAFETY.2")]),
        ({"CGR_SAFETY.2": "1", "CGR_COMMENT.2": " "}, [("S010", "CGR_COMMENT.2")]),
        ({"CGR_SAFETY.2": "1", "CGR_COMMENT.2": "n/a", "CGR_SINCE.2": "May"}, [("S003", "CGR_SINCE.2")]),
        ({"CGR_SAFETY.2": "1", "CGR_COMMENT.2": "n/a", "CGR_JOB.2": "1"}, [("S009", "CGR_JOB.2")]),
        ({"CGR_SAFETY.3": "1", "CGR_COMMENT.3": "n/a"}, [("S014", "CGR_SAFETY.3")]),
        ({"CGR_SAFETY.4": "1"}, [("S015", "CGR_SAFETY")]),
        ({"LDF_SLEEP.2": "1"}, [("S015", "LDF_SLEEP")]),
        ({"SHOE_SIZE.2": "1"}, [("S002",)]),
        ({"CGR_SAFETY.1": "1"}, [("S002",)]),
        ({"CGR_SAFETY.02": "1"}, [("S002",)]),
        ({"CGR_SAFETY.100000000023": "1"}, [("S002",)]),
    ],
)
def test_each_occurrence_is_judged_like_the_first(told, changes, findings):
    """What is required is required of an occurrence that has any answer; the first is always there."""
    assert told(changes) == findings


def test_an_occurrence_that_could_not_be_read_is_no_gap(told, unreadable):
    """The reading's own error says what is wrong with it."""
    third = {"CGR_SAFETY.3": "1", "CGR_COMMENT.3": "n/a"}
    assert ("S014", "CGR_SAFETY.3") in told(third)
    report = told({**third, "COMPLETION_STATUS": "incomplete-final"})
    assert report == [("S014", "CGR_SAFETY.3")]


def test_without_consent_no_occurrence_leaves_or_is_judged(judge, care):
    """Consent holds for all caregivers, or for none; their answers are counted among those that stay home."""
    second = {"CGR_SAFETY.2": "4", "CGR_COMMENT": None, "CGR_SAFETY": None}
    kept = {"LDF_SLEEP": None, "LDF_SCHOOL": None, "LDF_COMMENT": None}
    (advice,) = judge({**second, **kept, "CONSENT": "refused"}, by=care()).findings
    assert (advice.rule, "1 clinical answer" in advice.message) == ("S021", True)
    (hold,) = judge({**second, **kept, "CONSENT": None}, by=care()).findings
    assert (hold.rule, hold.hold) == ("S020", HoldCause.CONSENT)


@pytest.mark.parametrize(
    ("changes", "findings"),
    [
        ({"CGR_SINCE": "2026-02-01", "CGR_UNTIL": "2026-01-01"}, [("B001", "CGR_SINCE", "CGR_UNTIL")]),
        ({"CGR_SINCE.2": "2026-02-01", "CGR_UNTIL.2": "2026-01-01"}, [("B001", "CGR_SINCE.2", "CGR_UNTIL.2")]),
        ({"CGR_SINCE": "2026-02-01", "CGR_UNTIL.2": "2026-01-01"}, []),
    ],
)
def test_a_rule_is_asked_of_each_occurrence(told, changes, findings):
    """One caregiver's dates are never held against another's."""
    changes = {**changes, "CGR_SAFETY.2": "1", "CGR_COMMENT.2": "n/a"}
    assert told(changes, ENDS) == findings


def test_what_is_required_is_not_asked_of_an_occurrence_that_is_not_there(told):
    """Only the first is missed where nobody filled it in."""
    wanted = rule("required_when", item="CGR_SINCE", when="MEMBER_ID")
    assert told({}, wanted) == [("B001", "CGR_SINCE", "MEMBER_ID")]
    both = told({"CGR_SAFETY.2": "1", "CGR_COMMENT.2": "n/a"}, wanted)
    assert both == [("B001", "CGR_SINCE", "MEMBER_ID"), ("B001", "CGR_SINCE.2", "MEMBER_ID")]


def test_an_expression_sees_one_occurrence_at_a_time(told):
    """It calls each by the item's own code."""
    asks = rule("cel", items=("CGR_SAFETY", "MEMBER_ID"), expression="!has(a.CGR_SAFETY) || a.CGR_SAFETY != '3'")
    second = {"CGR_SAFETY.2": "3", "CGR_COMMENT.2": "n/a"}
    assert told(second, asks) == [("B001", "CGR_SAFETY.2", "MEMBER_ID")]
    assert told({"CGR_SAFETY": "3"}, asks) == [("B001", "CGR_SAFETY", "MEMBER_ID")]


def test_a_series_is_looked_at_once(told):
    """The finding names the item in all its occurrences, and says where each answer was read."""
    twice = {"CGR_SINCE": "2026-01-01", "CGR_SINCE.2": "2026-01-01", "CGR_SAFETY.2": "1", "CGR_COMMENT.2": "n/a"}
    assert told(twice, rule("distinct", item="CGR_SINCE")) == [("B001", "CGR_SINCE", "CGR_SINCE.2", "CGR_SINCE.3")]


def test_cases_may_speak_of_further_occurrences(care):
    """A rule's own cases prove it for the second caregiver as for the first."""
    bad = Case(why="the second", answers={"CGR_SINCE.2": "2026-02-01", "CGR_UNTIL.2": "2026-01-01"})
    good = Case(why="two", answers={"CGR_SINCE": "2026-02-01", "CGR_UNTIL.2": "2026-01-01"})
    assert check_cases(care(replace(ENDS, passes=(good,), fails=(bad,)))) == []
    assert len(check_cases(care(replace(ENDS, passes=(bad,), fails=(good,))))) == 2
