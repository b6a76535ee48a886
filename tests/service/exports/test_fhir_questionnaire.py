"""The Questionnaire says what the dictionary says, and nothing that it does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from fhirpathpy import compile as compiled
from fhirpathpy.models import models

from service.exports import fhirpath
from service.exports.fhir_enabling import enable_when
from service.exports.fhir_questionnaire import questionnaire
from service.fhir_response import questionnaire_response
from specs.catalog import Catalog
from specs.examples import examples
from specs.spec import AgeRange, ConsentClass, Type

CORE = "http://hl7.org/fhir/StructureDefinition"
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition"
#: The rules with a twin, by code.
TWINS = [pytest.param(rule, id=rule.code) for rule in Catalog().named("2026.1").rules if rule.fhirpath]
FORMS = ("birth-through-four", "five-through-twenty")


@pytest.fixture(scope="module")
def forms(spec) -> dict[str, dict]:
    return {name: questionnaire(instrument, spec) for name, instrument in spec.instruments.items()}


def questions(form: dict) -> dict[str, dict]:
    return {item["linkId"]: item for group in form["item"] for item in group["item"]}


def extensions(element: dict, url: str) -> list[dict]:
    return [each for each in element.get("extension", []) if each["url"] == url]


def constraints(form: dict) -> Iterator[dict[str, str]]:
    for each in extensions(form, f"{CORE}/questionnaire-constraint"):
        yield {part["url"]: next(value for key, value in part.items() if key != "url") for part in each["extension"]}


def evaluated(expression: str, answers: dict[str, str], spec) -> list:
    response = json.loads(questionnaire_response(answers, spec))
    r4 = models["r4"]
    age = compiled(fhirpath.AGE, r4)(response, {"resource": response})
    return compiled(expression, r4)(response, {"resource": response, "age": age[0] if age else []})


@pytest.mark.parametrize("form", FORMS)
def test_link_ids_are_the_items_of_the_instrument_in_their_sections(forms, spec, form):
    """All of them, once each, in the dictionary's order; sections in the order of the form."""
    groups = forms[form]["item"]
    asked = [section.code for section in spec.instruments[form].sections]
    assert [group["linkId"] for group in groups] == asked
    for group in groups:
        carried = [i.code for i in spec.items.values() if i.section == group["linkId"] and i.belongs_to(form)]
        assert [item["linkId"] for item in group["item"]] == carried
        assert group["type"] == "group"
    assert set(questions(forms[form])) == {item.code for item in spec.items.values() if item.belongs_to(form)}


@pytest.mark.parametrize("form", FORMS)
def test_required_is_set_where_an_answer_is_always_owed(forms, spec, form):
    """Neither on what consent keeps home nor on what is owed under conditions."""
    for code, question in questions(forms[form]).items():
        item = spec.items[code]
        assert question.get("required", False) is (item.required and item.consent is ConsentClass.ALWAYS), code


@pytest.mark.parametrize("form", FORMS)
def test_types_lengths_patterns_and_ranges_are_those_of_the_dictionary(forms, spec, form):
    """A comment is a text of several lines, a tri-state a choice."""
    types = {
        Type.CODE: {"choice"},
        Type.TRISTATE: {"choice"},
        Type.DATE: {"date"},
        Type.DATETIME: {"dateTime"},
        Type.INTEGER: {"integer"},
        Type.BOOLEAN: {"boolean"},
        Type.TEXT: {"string", "text"},
        Type.IDENTIFIER: {"string"},
    }
    for code, question in questions(forms[form]).items():
        item = spec.items[code]
        assert question["type"] in types[item.type], code
        assert question.get("maxLength") == item.length
        assert [each["valueString"] for each in extensions(question, f"{CORE}/regex")] == (
            [item.pattern] * bool(item.pattern)
        )
        assert [each["valueInteger"] for each in extensions(question, f"{CORE}/minValue")] == (
            [] if item.minimum is None else [item.minimum]
        )
        assert ("answerValueSet" in question) is (question["type"] == "choice" and code != "INSTRUMENT")
    assert questions(forms[form])["LDF_COMMENT"]["type"] == "text"


@pytest.mark.parametrize("form", FORMS)
def test_the_instrument_is_answered_already(forms, form):
    """One option, chosen, read only."""
    question = questions(forms[form])["INSTRUMENT"]
    (option,) = question["answerOption"]
    assert (option["valueCoding"]["code"], option["initialSelected"], question["readOnly"]) == (form, True, True)


def test_enable_when_stands_where_a_rule_forbids_the_answer(forms):
    """INCOMPLETE_REASON: not where the status is complete, nor where it is documented on paper (B002)."""
    question = questions(forms["five-through-twenty"])["INCOMPLETE_REASON"]
    assert [(each["operator"], each["answerCoding"]["code"]) for each in question["enableWhen"]] == [
        ("!=", "complete"),
        ("!=", "paper"),
    ]
    assert question["enableBehavior"] == "all"


def test_that_an_item_is_not_owed_disables_nothing(forms):
    """Ratings of a broken-off assessment may still be given."""
    assert "enableWhen" not in questions(forms["five-through-twenty"])["LDF_FAMILY"]


def _forbidding(spec, when: str, severity: str = "error"):
    rule = next(rule for rule in spec.rules if rule.code == "B002")
    changed = replace(rule, severity=type(rule.severity)(severity), terms={"item": "SERVICE", "when": when})
    return replace(spec, rules=(changed,))


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("COMPLETION_STATUS=paper", (["!="], None)),
        ("COMPLETION_STATUS!=complete|paper", (["=", "="], "any")),
        ("FINALIZED_ON", (["exists"], None)),
        ("COMPLETION_STATUS=paper;CONSENT=refused", (["!=", "!="], "any")),
        ("COMPLETION_STATUS=complete|paper;CONSENT=refused", None),
        ("SED_DETERMINATION", None),
        ("SERVICE=ICC", None),
    ],
    ids=["one value", "none of", "presence", "two tests", "all and any mixed", "undecided tri-state", "itself"],
)
def test_the_opposite_of_a_condition_is_said_or_left_out(spec, when, said):
    """FHIR joins tests by all or by any; what it would have to mix is a constraint and a note, never a half-truth."""
    told = enable_when(spec.items["SERVICE"], _forbidding(spec, when))
    expected = {} if said is None else {"operators": said[0], "behavior": said[1]}
    assert expected == (
        {"operators": [each["operator"] for each in told["enableWhen"]], "behavior": told.get("enableBehavior")}
        if told
        else {}
    )


def test_a_warning_disables_nothing(spec):
    """Only an error forbids."""
    assert enable_when(spec.items["SERVICE"], _forbidding(spec, "COMPLETION_STATUS=paper", "warning")) == {}


def test_an_age_gate_of_a_whole_section_is_the_sections_own(forms):
    """Transition to Adulthood is enabled from 14 years, and says so in words."""
    group = next(group for group in forms["five-through-twenty"]["item"] if group["linkId"] == "TRA")
    (enabled,) = extensions(group, f"{SDC}/sdc-questionnaire-enableWhenExpression")
    assert enabled["valueExpression"]["expression"] == "%age >= 14"
    assert extensions(group, f"{CORE}/designNote")
    assert not any(extensions(item, f"{SDC}/sdc-questionnaire-enableWhenExpression") for item in group["item"])


def test_an_age_gate_of_one_item_is_its_own(spec):
    """Where its neighbours have none, or another."""
    items = {**spec.items, "LDF_SLEEP": replace(spec.items["LDF_SLEEP"], age=AgeRange(youngest=6, oldest=9))}
    form = questionnaire(spec.instruments["five-through-twenty"], replace(spec, items=items))
    (enabled,) = extensions(questions(form)["LDF_SLEEP"], f"{SDC}/sdc-questionnaire-enableWhenExpression")
    assert enabled["valueExpression"]["expression"] == "%age >= 6 and %age <= 9"


@pytest.mark.parametrize(
    ("born", "on", "age"),
    [
        ("2012-02-29", "2026-02-28", 13),
        ("2012-02-29", "2026-03-01", 14),
        ("2010-03-01", "2024-02-29", 13),
        ("2012-05-02", "2026-05-02", 14),
        ("2012-12-31", "2026-01-01", 13),
    ],
)
def test_the_variable_age_counts_as_our_judge_does(spec, born, on, age):
    """Completed years; a child of 29 February is a year older on 1 March."""
    assert evaluated("%age", {"MEMBER_DOB": born, "ASSESSMENT_DATE": on}, spec) == [age]


def test_repeating_sections_repeat(forms, spec):
    """As often as the dictionary lets them."""
    for group in forms["five-through-twenty"]["item"]:
        section = next(
            each for each in spec.instruments["five-through-twenty"].sections if each.code == group["linkId"]
        )
        assert group.get("repeats", False) is (section.repeats > 1)
        most = [each["valueInteger"] for each in extensions(group, f"{CORE}/questionnaire-maxOccurs")]
        assert most == [section.repeats] * (section.repeats > 1)
    assert any(group.get("repeats") for group in forms["five-through-twenty"]["item"])


@pytest.mark.parametrize("form", FORMS)
def test_every_accepted_example_keeps_the_constraints_of_errors(forms, spec, form):
    """What our judges accept, a tool that runs the constraints accepts."""
    errors = [each for each in constraints(forms[form]) if each["severity"] == "error"]
    accepted = [each for each in examples(spec) if not each.rules and each.answers["INSTRUMENT"] == form]
    assert errors
    assert accepted
    broken = [
        (example.name, constraint["key"])
        for example in accepted
        for constraint in errors
        if evaluated(constraint["expression"], dict(example.answers), spec) == [False]
    ]
    assert broken == []


@pytest.mark.parametrize(
    "item", ["LDF_FAMILY", "SED_DETERMINATION", "TRA_JOB", "TRA_COMMENT", "CGR_SAFETY", "CGR_COMMENT"]
)
def test_an_answer_that_is_owed_and_missing_breaks_exactly_one_constraint(forms, spec, item):
    """Ratings, tri-states and comments; with an age gate; in a section that repeats."""
    example = next(each for each in examples(spec) if each.name.endswith("twenty-transition-age.json"))
    answers = {code: text for code, text in example.answers.items() if code != item}
    owed = [each for each in constraints(forms["five-through-twenty"]) if each["key"].startswith("S001.")]
    broken = [each for each in owed if evaluated(each["expression"], answers, spec) == [False]]
    assert len(broken) == 1
    assert f"'{item}'" in broken[0]["expression"]


def test_nothing_is_owed_without_consent_or_below_the_age(forms, spec):
    """Constraints hold back where the judge does."""
    owed = [each for each in constraints(forms["five-through-twenty"]) if each["key"].startswith("S001.")]
    example = next(each for each in examples(spec) if each.name.endswith("twenty-not-asked.json"))
    assert not [each["key"] for each in owed if evaluated(each["expression"], dict(example.answers), spec) == [False]]


@pytest.mark.parametrize("rule", TWINS)
def test_the_twin_of_a_rule_judges_its_cases_as_the_rule_does(spec, rule):
    """It travels in the Questionnaire, so it must be right: false for each fail case, and for no pass case."""
    passes = [case.why for case in rule.passes if evaluated(rule.fhirpath, dict(case.answers), spec) == [False]]
    fails = [case.why for case in rule.fails if evaluated(rule.fhirpath, dict(case.answers), spec) != [False]]
    assert (passes, fails) == ([], [])


def test_the_rules_about_the_form_are_its_constraints(forms, spec):
    """Those with a twin; advice becomes FHIR's warning."""
    told = {each["key"]: each["severity"] for each in constraints(forms["five-through-twenty"])}
    rules = {rule.code: rule for rule in spec.rules if rule.fhirpath}
    assert {key for key in told if key.startswith("B")} <= set(rules)
    assert all(
        told[key] == ("error" if rules[key].severity.value == "error" else "warning") for key in told if key in rules
    )
    assert "B012" in told
