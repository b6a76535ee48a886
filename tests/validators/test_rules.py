from __future__ import annotations

from dataclasses import replace

import pytest

from canonical.errors import SpecDefect
from canonical.finding import Conformance, HoldCause, Kind, Severity
from canonical.occurrence import nth_of
from specs.rules import KINDS
from specs.spec import AgeRange, Case, Item, Rule, Type
from validators.engine import compiled
from validators.rules import compile_rule

YOUTH = "five-through-twenty"
#: Items of every sort that rules speak of.
ITEMS = {
    code: Item(code=code, instruments=(), section="X", label=code, type=type_)
    for code, type_ in {
        "A": Type.TEXT, "B": Type.TEXT, "C": Type.TEXT,
        "T": Type.TRISTATE, "U": Type.TRISTATE, "D": Type.DATE, "E": Type.DATE, "M": Type.DATETIME, "N": Type.INTEGER,
    }.items()
}  # fmt: skip
ITEMS |= {
    nth_of("R", number): Item(
        code=nth_of("R", number), instruments=(), section="R", label="R", type=Type.TEXT, repeats=3, occurrence=number
    )
    for number in (1, 2, 3)
}


def rule(kind: str, code: str = "B001", severity: Severity = Severity.ERROR, **terms: object) -> Rule:
    """Return a rule of a kind."""
    return Rule(
        code=code,
        title=f"Title of {code}",
        severity=severity,
        kind=kind,
        terms=terms,
        message=f"Message of {code}.",
        why="Why.",
        fix="Fix.",
        desk="own",
        cites=("our assumption",),
        passes=(Case(why="nothing", answers={}),),
    )


REQUIRED = {"item": "A", "when": "B=x|y"}
ALLOWED = {"item": "A", "values": ("1", "2"), "when": "B=x"}
ORDER = {"first": "D", "then": "E"}
AGE = {"born": "D", "on": "E", "youngest": 5, "oldest": 20}
COUNT = {"items": ("A", "B", "C"), "values": ("2", "3"), "minimum": 1, "maximum": 2}
IMPLIES = {"items": ("T", "U"), "values": ("yes",), "then": "A", "then_values": ("sed",)}
OTHERWISE = {**IMPLIES, "otherwise_values": ("none",)}
MATCHES = {"item": "R", "pattern": "x[0-9]", "when": "B=x"}
WAYS = {"item": "A", "ways": ("T=yes;B=x", "U=yes"), "met": "sed", "unmet": "none"}
CEL = {"items": ("D", "N"), "expression": "a.N > 4 && (!has(a.D) || a.D >= timestamp('2026-01-01T00:00:00Z'))"}

#: A sentence, the kind, its terms, the answers, whether they break the rule.
CASES = [
    ("required, and answered", "required_when", REQUIRED, {"A": "1", "B": "x"}, False),
    ("required by the first value", "required_when", REQUIRED, {"B": "x"}, True),
    ("required by the second value", "required_when", REQUIRED, {"B": "y"}, True),
    ("not required by another value", "required_when", REQUIRED, {"B": "z"}, False),
    ("not required where nothing is known", "required_when", REQUIRED, {}, False),
    ("required where another is absent", "required_when", {"item": "A", "when": "!B"}, {"C": "1"}, True),
    ("not required where another is present", "required_when", {"item": "A", "when": "!B"}, {"B": "1"}, False),
    ("required where another is present", "required_when", {"item": "A", "when": "B"}, {"B": "1"}, True),
    ("an absent item is unequal to any value", "required_when", {"item": "A", "when": "B!=x"}, {}, True),
    ("an equal item is not unequal", "required_when", {"item": "A", "when": "B!=x"}, {"B": "x"}, False),
    ("all of two conditions must hold", "required_when", {"item": "A", "when": "B=x;C"}, {"B": "x"}, False),
    ("all of two conditions hold", "required_when", {"item": "A", "when": "B=x; C"}, {"B": "x", "C": "1"}, True),
    ("an undecided tri-state is not answered", "required_when", {"item": "T", "when": "A"}, {"T": "unanswered", "A": "1"}, True),
    ("a decided tri-state is answered", "required_when", {"item": "T", "when": "A"}, {"T": "no", "A": "1"}, False),
    ("an undecided tri-state is not present in a condition", "required_when", {"item": "A", "when": "T"}, {"T": "unanswered"}, False),
    ("an undecided tri-state is still a value", "required_when", {"item": "A", "when": "T=unanswered"}, {"T": "unanswered"}, True),
    ("forbidden and answered", "forbidden_when", REQUIRED, {"A": "1", "B": "x"}, True),
    ("forbidden and not answered", "forbidden_when", REQUIRED, {"B": "x"}, False),
    ("answered where it is not forbidden", "forbidden_when", REQUIRED, {"A": "1", "B": "z"}, False),
    ("an allowed value", "allowed_when", ALLOWED, {"A": "2", "B": "x"}, False),
    ("a value that is not allowed", "allowed_when", ALLOWED, {"A": "3", "B": "x"}, True),
    ("no value where only some are allowed", "allowed_when", ALLOWED, {"B": "x"}, False),
    ("any value where the condition does not hold", "allowed_when", ALLOWED, {"A": "3", "B": "z"}, False),
    ("the first day before the second", "date_order", ORDER, {"D": "2026-01-01", "E": "2026-01-02"}, False),
    ("both on one day", "date_order", ORDER, {"D": "2026-01-01", "E": "2026-01-01"}, False),
    ("the first day after the second", "date_order", ORDER, {"D": "2026-01-02", "E": "2026-01-01"}, True),
    ("both on one day, strictly", "date_order", {**ORDER, "strict": True}, {"D": "2026-01-01", "E": "2026-01-01"}, True),
    ("in order, strictly", "date_order", {**ORDER, "strict": True}, {"D": "2026-01-01", "E": "2026-01-02"}, False),
    ("strict is false", "date_order", {**ORDER, "strict": False}, {"D": "2026-01-01", "E": "2026-01-01"}, False),
    ("only one day is known", "date_order", ORDER, {"D": "2026-01-02"}, False),
    ("a moment counts by its own day", "date_order", {"first": "D", "then": "M"}, {"D": "2026-01-02", "M": "2026-01-01T23:59:59-05:00"}, True),
    ("within the days", "date_within", {**ORDER, "days": 30}, {"D": "2026-01-01", "E": "2026-01-31"}, False),
    ("a day too late", "date_within", {**ORDER, "days": 30}, {"D": "2026-01-01", "E": "2026-02-01"}, True),
    ("before it began is not asked", "date_within", {**ORDER, "days": 30}, {"D": "2026-01-01", "E": "2025-01-01"}, False),
    ("on the same day, with no days", "date_within", {**ORDER, "days": 0}, {"D": "2026-01-01", "E": "2026-01-01"}, False),
    ("the next day, with no days", "date_within", {**ORDER, "days": 0}, {"D": "2026-01-01", "E": "2026-01-02"}, True),
    ("the fifth birthday", "age_between", AGE, {"D": "2021-05-20", "E": "2026-05-20"}, False),
    ("the day before the fifth birthday", "age_between", AGE, {"D": "2021-05-21", "E": "2026-05-20"}, True),
    ("the day before the 21st birthday", "age_between", AGE, {"D": "2005-05-21", "E": "2026-05-20"}, False),
    ("the 21st birthday", "age_between", AGE, {"D": "2005-05-20", "E": "2026-05-20"}, True),
    ("before birth", "age_between", AGE, {"D": "2027-01-01", "E": "2026-05-20"}, True),
    ("only an oldest age", "age_between", {"born": "D", "on": "E", "oldest": 4}, {"D": "2026-01-01", "E": "2026-05-20"}, False),
    ("no date of birth", "age_between", AGE, {"E": "2026-05-20"}, False),
    ("none of the values, but one asked for", "count_between", COUNT, {"A": "0"}, True),
    ("the fewest", "count_between", COUNT, {"A": "2", "B": "0"}, False),
    ("the most", "count_between", COUNT, {"A": "2", "B": "3", "C": "1"}, False),
    ("one too many", "count_between", COUNT, {"A": "2", "B": "3", "C": "3"}, True),
    ("nothing answered at all", "count_between", COUNT, {}, False),
    ("all of them", "all_or_none", {"items": ("A", "B")}, {"A": "1", "B": "2"}, False),
    ("none of them", "all_or_none", {"items": ("A", "B")}, {"C": "1"}, False),
    ("one of two", "all_or_none", {"items": ("A", "B")}, {"B": "1"}, True),
    ("an undecided tri-state is none", "all_or_none", {"items": ("A", "T")}, {"T": "unanswered"}, False),
    ("two that differ", "differs", {"first": "A", "second": "B"}, {"A": "1", "B": "2"}, False),
    ("two that are the same", "differs", {"first": "A", "second": "B"}, {"A": "1", "B": "1"}, True),
    ("one alone differs from nothing", "differs", {"first": "A", "second": "B"}, {"A": "1"}, False),
    ("a yes and its consequence", "any_implies", IMPLIES, {"T": "no", "U": "yes", "A": "sed"}, False),
    ("a yes and another consequence", "any_implies", IMPLIES, {"T": "yes", "A": "none"}, True),
    ("a yes and no consequence yet", "any_implies", IMPLIES, {"T": "yes"}, False),
    ("no yes, and anything goes", "any_implies", IMPLIES, {"T": "no", "U": "no", "A": "sed"}, False),
    ("no yes, and the other consequence", "any_implies", OTHERWISE, {"T": "no", "U": "no", "A": "none"}, False),
    ("no yes, and the first consequence", "any_implies", OTHERWISE, {"T": "no", "U": "no", "A": "sed"}, True),
    ("two occurrences that differ", "distinct", {"item": "R"}, {"R": "1", "R.2": "2"}, False),
    ("one occurrence alone", "distinct", {"item": "R"}, {"R.3": "1"}, False),
    ("two neighbours alike", "distinct", {"item": "R"}, {"R": "1", "R.2": "1"}, True),
    ("the first like the last", "distinct", {"item": "R"}, {"R": "1", "R.2": "2", "R.3": "1"}, True),
    ("a text beyond the last occurrence", "distinct", {"item": "R"}, {"R": "1", "R.4": "1"}, False),
    ("one that matches", "one_matches", MATCHES, {"R": "x1", "B": "x"}, False),
    ("one that matches, behind others", "one_matches", MATCHES, {"R": "y", "R.3": "x1", "B": "x"}, False),
    ("none that matches", "one_matches", MATCHES, {"R": "y", "R.2": "yx1", "B": "x"}, True),
    ("none that matches, and nobody asks", "one_matches", MATCHES, {"R": "y"}, False),
    ("none at all", "one_matches", MATCHES, {"B": "x"}, False),
    ("one way met, and determined", "determined", WAYS, {"T": "yes", "B": "x", "A": "sed"}, False),
    ("one way met, and ruled out", "determined", WAYS, {"T": "yes", "B": "x", "A": "none"}, True),
    ("the other way met, and ruled out", "determined", WAYS, {"T": "no", "U": "yes", "A": "none"}, True),
    ("no way left, and ruled out", "determined", WAYS, {"T": "no", "U": "no", "A": "none"}, False),
    ("no way left, and determined", "determined", WAYS, {"T": "no", "U": "no", "A": "sed"}, True),
    ("half a way is enough to close it", "determined", WAYS, {"T": "yes", "B": "y", "U": "no", "A": "sed"}, True),
    ("a way still open", "determined", WAYS, {"T": "yes", "U": "no", "A": "sed"}, False),
    ("a way left unanswered is open", "determined", WAYS, {"T": "no", "U": "unanswered", "A": "sed"}, False),
    ("nothing determined yet", "determined", WAYS, {"T": "yes", "B": "x"}, False),
    ("true", "cel", CEL, {"D": "2026-01-01", "N": "5"}, False),
    ("false", "cel", CEL, {"D": "2025-12-31", "N": "5"}, True),
    ("a number is a number, not a text", "cel", CEL, {"D": "2026-01-01", "N": "10"}, False),
    ("what has() lets pass", "cel", CEL, {"N": "5"}, False),
    ("none of its items", "cel", CEL, {"A": "5"}, False),
    ("nothing decided at all", "any_implies", OTHERWISE, {"T": "unanswered", "A": "sed"}, False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "terms", "answers", "breaks"), [row[1:] for row in CASES], ids=[f"{row[1]}: {row[0]}" for row in CASES]
)
def test_kind(kind, terms, answers, breaks):
    """A rule of each kind says exactly what its kind promises, at its bounds too."""
    assert compile_rule(rule(kind, **terms), ITEMS).broken(answers) is breaks


def test_every_kind_passes_and_fails_once():
    """The table leaves no kind out, in either direction."""
    assert {(row[1], row[4]) for row in CASES} == {(kind, breaks) for kind in KINDS for breaks in (True, False)}


@pytest.mark.parametrize(
    ("kind", "terms", "says"),
    [
        ("sql", {"expression": "true"}, "sql is no kind of rule; there are required_when"),
        ("cel", {"expression": "true"}, "the kind cel has the terms items, expression"),
        ("cel", {"items": ("A",), "expression": "a.A =="}, "The expression is not CEL"),
        ("one_matches", {"item": "A", "pattern": "(", "when": "B"}, "is not one that RE2 understands"),
        ("date_order", {"first": "D"}, "the kind date_order has the terms first, then, strict"),
        ("date_order", {"first": "D", "then": "E", "strikt": True}, "the kind date_order has the terms"),
        ("date_order", {"first": "D", "then": "Z"}, "Z is no item of the dictionary"),
        ("required_when", {"item": "A", "when": "B==x"}, "is no condition"),
        ("required_when", {"item": "A", "when": "Z=x"}, "Z is no item of the dictionary"),
        ("all_or_none", {"items": "A"}, "the term items is no list of texts"),
        ("all_or_none", {"items": (1, 2)}, "the term items is no list of texts"),
        ("date_within", {"first": "D", "then": "E", "days": "30"}, "the term days is no whole number"),
        ("date_within", {"first": "D", "then": "E", "days": True}, "the term days is no whole number"),
    ],
)
def test_what_cannot_be_compiled_is_refused(build_spec, kind, terms, says):
    """A package with a rule that we cannot read judges nothing; the rule is named."""
    once = (item for item in ITEMS.values() if item.repeats == 1)
    with pytest.raises(SpecDefect) as refused:
        compiled(build_spec(*once, rules=(rule(kind, **terms),)))
    assert str(refused.value).startswith("rules/B001.toml: ")
    assert says in str(refused.value)


def found(report):
    """Return the rules of a report."""
    return [finding.rule for finding in report.findings]


BEFORE_BIRTH = rule("date_order", "B012", first="MEMBER_DOB", then="ASSESSMENT_DATE")
NAMED = rule("required_when", "B002", item="MEMBER_LAST_NAME", when="MEMBER_ID", severity=Severity.WARNING)


def test_a_broken_rule_is_a_finding_in_its_own_words(judge, build_spec):
    """Message, severity, desk and citation are the package's; the places are the sender's."""
    (finding,) = judge({"MEMBER_DOB": "2026-05-21"}, by=build_spec(rules=(BEFORE_BIRTH,))).findings
    assert (finding.rule, finding.kind, finding.severity) == ("B012", Kind.BUSINESS, Severity.ERROR)
    assert (finding.message, finding.fix, finding.cites) == ("Message of B012.", "Fix.", ("our assumption",))
    assert finding.items == ("MEMBER_DOB", "ASSESSMENT_DATE")
    assert [place.label for place in finding.sources] == ["the place of MEMBER_DOB", "the place of ASSESSMENT_DATE"]
    assert finding.desk.id == "own"


def test_rules_are_judged_in_the_order_of_their_codes(judge, build_spec):
    """Whatever order the package has them in."""
    spec = build_spec(rules=(BEFORE_BIRTH, NAMED))
    assert found(judge({"MEMBER_LAST_NAME": None, "MEMBER_DOB": "2026-05-21"}, by=spec)) == ["B002", "B012"]


def test_a_rule_about_what_could_not_be_read_is_left_out(judge, build_spec, unreadable):
    """The report holds the reading's own error; the rule would only echo it."""
    spec = build_spec(rules=(NAMED,))
    assert found(judge({"MEMBER_LAST_NAME": None}, unreadable("MEMBER_LAST_NAME"), by=spec)) == ["A004"]


def test_a_rule_about_an_ill_formed_date_is_left_out(judge, build_spec):
    """Structure has said that it is no date."""
    assert found(judge({"MEMBER_DOB": "15 Jan 2017"}, by=build_spec(rules=(BEFORE_BIRTH,)))) == ["S003"]


def test_a_rule_that_cannot_be_evaluated_is_no_pass(judge, build_spec):
    """Where no other error explains it, the report says which rule could not be checked, and the assessment waits."""
    impossible = rule("date_order", "B009", first="MEMBER_LAST_NAME", then="ASSESSMENT_DATE")
    report = judge(by=build_spec(rules=(impossible,)))
    (finding,) = report.findings
    assert (finding.rule, finding.kind, finding.hold) == ("X001", Kind.COULD_NOT_CHECK, HoldCause.COULD_NOT_CHECK)
    assert finding.message == "The rule B009 (Title of B009) could not be evaluated; that is not a pass."
    assert report.conformance is Conformance.COULD_NOT_CHECK
    assert not report.blocks


def test_a_rule_that_stumbles_over_a_type_is_no_pass(judge, build_spec):
    """Whatever a rule raises over its data, it has not passed."""
    crooked = rule("count_between", "B009", items=("MEMBER_ID",), values=("1",), minimum=0, maximum=0)
    spec = build_spec(rules=(crooked,))
    clauses = compiled(spec).forms[YOUTH].rules._clauses
    object.__setattr__(clauses[0].compiled, "broken", lambda texts: texts["MEMBER_ID"] > 1)
    assert found(judge(by=spec)) == ["X001"]


def test_a_rule_about_clinical_items_needs_consent(judge, build_spec):
    """Without it they stay home, and a rule that missed them would ask for what must not leave."""
    spec = build_spec(rules=(rule("required_when", item="LDF_SLEEP", when="MEMBER_ID"),))
    changes = {"LDF_SLEEP": None, "COMPLETION_STATUS": "incomplete-final"}
    assert found(judge(changes, by=spec)) == ["B001"]
    assert found(judge({**changes, "CONSENT": "refused"}, by=spec)) == ["S021"]


def test_a_rule_about_the_other_instrument_says_nothing(judge, build_spec):
    """Its subject is not on this form."""
    spec = build_spec(rules=(rule("required_when", item="LDF_MOTOR", when="MEMBER_ID"),))
    assert found(judge(by=spec)) == []


def test_a_list_means_the_items_of_this_instrument(judge, build_spec):
    """All or none of a list: of what the form carries."""
    spec = build_spec(rules=(rule("all_or_none", items=("LDF_SLEEP", "LDF_SCHOOL", "LDF_MOTOR")),))
    assert found(judge(by=spec)) == []
    assert found(judge({"LDF_SCHOOL": None, "COMPLETION_STATUS": "incomplete-final"}, by=spec)) == ["B001"]


@pytest.mark.parametrize(("born", "rules"), [("2012-05-20", ["B001"]), ("2012-05-21", []), (None, ["S001"])])
def test_a_rule_behind_an_age_gate_asks_only_within_it(judge, build_spec, born, rules):
    """A child of 13 is not asked for a job; of a child of unknown age nobody knows."""
    spec = build_spec(rules=(rule("required_when", item="TRA_JOB", when="MEMBER_ID"),))
    changes = {"MEMBER_DOB": born, "COMPLETION_STATUS": "incomplete-final"}
    assert found(judge(changes, by=spec)) == rules


def test_a_list_behind_one_age_gate_is_asked_only_within_it(judge, build_spec):
    """The gate of all is the gate of the rule."""
    gated = replace(build_spec().items["TRA_JOB"], age=AgeRange(youngest=14))
    spec = build_spec(gated, rules=(rule("count_between", items=("TRA_JOB",), values=("3",), minimum=0, maximum=0),))
    assert found(judge({"TRA_JOB": "3", "MEMBER_DOB": "2012-05-20"}, by=spec)) == ["B001"]
    assert found(judge({"TRA_JOB": "3"}, by=spec)) == ["S009"]


def test_a_missing_subject_is_shown_where_its_condition_was_read(judge, build_spec):
    """The place that asks for it is the best one there is."""
    (finding,) = judge({"MEMBER_LAST_NAME": None}, by=build_spec(rules=(NAMED,))).findings
    assert finding.items == ("MEMBER_LAST_NAME", "MEMBER_ID")
    assert [place.label for place in finding.sources] == ["the place of MEMBER_ID"]


def test_a_rule_with_nothing_answered_is_shown_at_the_assessment(judge, build_spec):
    """Every finding has a place."""
    spec = build_spec(rules=(rule("required_when", item="MEMBER_LAST_NAME", when="!MEMBER_TWIN"),))
    (finding,) = judge({"MEMBER_LAST_NAME": None}, by=spec).findings
    assert [place.label for place in finding.sources] == ["the assessment"]
