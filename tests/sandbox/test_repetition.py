"""A section that was filled in several times, as the state reads it."""

from __future__ import annotations

import pytest

from canonical.finding import Severity
from sandbox.document import DocumentReader
from sandbox.form import Form
from sandbox.judge import Judge, judge_answers
from sandbox.rules import broken_at
from specs.spec import Rule


@pytest.fixture
def second(example):
    """Return the example with a second caregiver like the first."""
    care = {f"{code}.2": text for code, text in example.items() if code.startswith("CGR_")}
    return {**example, **care}


def refusals(answers, spec):
    return [(reason.code, reason.item) for reason in judge_answers(answers, spec)]


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({}, []),
        ({"CGR_SAFETY.2": ""}, [("S001", "CGR_SAFETY.2")]),
        ({"CGR_COMMENT.2": ""}, [("S010", "CGR_COMMENT.2")]),
        ({"CGR_SAFETY.2": "4"}, [("S004", "CGR_SAFETY.2")]),
        ({"DX_CODE.3": "F90.2"}, [("S014", "DX_CODE.3")]),
        ({"DX_CODE.13": "F90.2"}, [("S015", "DX_CODE")]),
        ({"LDF_SLEEP.2": "1"}, [("S015", "LDF_SLEEP")]),
        ({"SHOE_SIZE.2": "1"}, [("S002", None)]),
        ({"CGR_SAFETY.1": "1"}, [("S002", None)]),
    ],
)
def test_each_time_is_judged_like_the_first(spec, second, changes, reasons):
    """With the number of the time behind the item."""
    assert refusals({**second, **changes}, spec) == reasons


def test_the_times_are_counted_on_the_wire(spec, second, write):
    """The element that comes again is the next time; the reasons of judge and schema say which."""
    read = DocumentReader(spec).read(write({**second, "CGR_SAFETY.2": "4"}))
    assert read.answers["CGR_SAFETY.2"] == "4"
    assert {reason.item for reason in read.schema_reasons} == {"CGR_SAFETY.2"}
    assert {reason.item for reason in Judge(spec).judge(read).refusals} == {"CGR_SAFETY.2"}


def rule(kind, **terms):
    return Rule(
        code="B900", title="T", severity=Severity.ERROR, kind=kind, terms=terms, message="M.", why="", fix="", desk="own",
        cites=(),
    )  # fmt: skip


def test_a_rule_is_asked_each_time(spec, second):
    """And names the item of that time."""
    highest = rule("forbidden_when", item="CGR_SAFETY", when="CGR_SAFETY=3")
    assert broken_at(highest, Form.of(second, spec)) is None
    assert broken_at(highest, Form.of({**second, "CGR_SAFETY.2": "3"}, spec)) == "CGR_SAFETY.2"
    asks = rule("cel", items=["CGR_SAFETY"], expression="a.CGR_SAFETY != '3'")
    assert broken_at(asks, Form.of({**second, "CGR_SAFETY.2": "3"}, spec)) == "CGR_SAFETY.2"


@pytest.mark.parametrize(
    ("expression", "items", "broken"),
    [
        ("a.MEMBER_DOB < a.ASSESSMENT_DATE", ["MEMBER_DOB", "ASSESSMENT_DATE"], None),
        ("a.MEMBER_DOB > a.ASSESSMENT_DATE", ["MEMBER_DOB", "ASSESSMENT_DATE"], "MEMBER_DOB"),
        ("a.DOCUMENT_VERSION > 0", ["DOCUMENT_VERSION"], None),
        ("a.MEMBER_LAST_NAME > 1", ["MEMBER_LAST_NAME"], "MEMBER_LAST_NAME"),
        ("a.MEMBER_LAST_NAME", ["MEMBER_LAST_NAME"], "MEMBER_LAST_NAME"),
        ("a.TRA_JOB == '9'", ["TRA_JOB"], None),
    ],
)
def test_the_state_reads_expressions_for_itself(spec, example, expression, items, broken):
    """Typed like ours; what it cannot evaluate it does not take, and what nobody answered it does not ask."""
    assert broken_at(rule("cel", items=items, expression=expression), Form.of(example, spec)) == broken


def test_an_open_question_is_no_answer(spec):
    """A tri-state that is left open is required all the same."""
    asks = rule("required_when", item="SED_DETERMINATION", when="COMPLETION_STATUS=incomplete-final")
    form = Form.of({"COMPLETION_STATUS": "incomplete-final", "SED_DETERMINATION": "unanswered"}, spec)
    assert broken_at(asks, form) == "SED_DETERMINATION"
