"""The promises of the provisional package's data: what it lists, what it cites, and that its own cases and examples hold."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from canonical.assessment import Answer, Assessment, Source
from canonical.finding import Conformance, Severity
from gateway_client.envelope import build
from sandbox.form import Form, completed_years
from sandbox.judge import judge_answers
from sandbox.rules import broken_at
from specs.reader import load
from specs.spec import ConsentClass, Rule, Spec, Status, Type
from validators.engine import validate

PACKAGE = Path(__file__).parents[2] / "specs" / "packages" / "2026.1"
ACCEPTED = sorted((PACKAGE / "examples" / "accepted").glob("*.json"))
REJECTED = sorted((PACKAGE / "examples" / "rejected").glob("*.json"))
RULES = sorted(path.stem for path in (PACKAGE / "rules").glob("*.toml"))
OURS = "our assumption"
JUDGED_AT = datetime(2026, 6, 1, tzinfo=UTC)
DONE = "COMPLETION_STATUS=complete|paper"
XS = "{http://www.w3.org/2001/XMLSchema}"

FIVE_THROUGH_TWENTY = {
    "LDF": "Family Functioning|Social Functioning|Medical/Physical|Living Situation|School Behavior|School Achievement"
    "|School Attendance|Recreational|Developmental|Communication|Legal|Sleep|Sexual Development",
    "EBN": "Psychosis|Hyperactivity/Impulsivity|Depression|Anxiety|Oppositional|Conduct|Adjustment to Trauma"
    "|Emotional Control|Substance Use|Eating Disturbance",
    "RSK": "Suicide Risk|Self-Mutilation|Other Self Harm|Danger to Others|Sexual Aggression|Runaway|Delinquency|Judgment"
    "|Fire Setting|Social Behavior|Bullying",
    "CUL": "Language|Discrimination/Bias|Cultural Identity|Cultural Differences within Family"
    "|Agreement about Strengths and Needs|Youth/Family Relationship to System",
    "TRA": "Independent Living|Transportation|Parenting Roles|Intimate Relationships|Medication Adherence"
    "|Educational Attainment|Victimization|Job Functioning",
    "CGR": "Medical/Physical|Mental Health|Substance Use|Developmental|Family Stress|Housing Stability|Safety|Supervision"
    "|Involvement|Knowledge|Organization|Social Resources",
    "STR": "Family|Interpersonal|Optimism|Educational|Vocational|Talents/Interests|Spiritual/Religious|Community Life"
    "|Relationship Permanence|Coping/Resiliency",
}
BIRTH_THROUGH_FOUR = {
    "LDF": "Family Functioning|Living Situation|Social Functioning|Recreation/Play|Developmental/Intellectual|Motor|Sensory"
    "|Communication|Medical|Physical|Sleep|Daycare/Preschool",
    "EBN": "Attachment|Regulatory|Failure to Thrive|Depression/Withdrawal|Anxiety|Atypical Behaviors"
    "|Impulsivity/Hyperactivity|Oppositional Behavior|Adjustment to Trauma|Eating|Elimination",
    "RSK": "Self-Harm|Aggressive Behavior|Social Behavior",
    "RFK": "Birth Weight|Prenatal Care|Length of Gestation|Labor and Delivery|Substance Exposure|Parent or Sibling Problems"
    "|Maternal Availability|Maltreatment",
    "CUL": "Language|Discrimination/Bias|Cultural Identity|Cultural Differences within Family"
    "|Agreement about Strengths and Needs|Family Relationship to System",
    "CGR": "Medical/Physical|Mental Health|Substance Use|Developmental|Family Stress|Housing Stability|Safety|Supervision"
    "|Involvement|Knowledge|Empathy for Child|Organization|Social Resources",
    "STR": "Family|Interpersonal|Relationship Permanence|Adaptability|Persistence|Curiosity|Playfulness"
    "|Creativity/Imagination|Self-Confidence|Extended Family",
}
CATALOGUES = {"birth-through-four": BIRTH_THROUGH_FOUR, "five-through-twenty": FIVE_THROUGH_TWENTY}
CLINICAL = sorted(FIVE_THROUGH_TWENTY.keys() | BIRTH_THROUGH_FOUR.keys())

CONTACTS = {
    "masscans": ("MassCans@umassmed.edu", None),
    "vg": ("virtualgatewayCBHI@state.ma.us", "1-800-421-0938"),
    "ecas-it": ("EHS-MA-ECAS-IT@mass.gov", None),
    "cbhi": ("CANS-CBHI@state.ma.us", "1-800-421-0938"),
    "access-administrator": (None, None),
    "own": (None, None),
}
ACTIONS = {
    "valid": ("pass", "", None),
    "valid_recertification_waived": ("pass", "C009", None),
    "unknown": ("hold", "C001", "unknown_key"),
    "not_yet_certified": ("block", "C002", None),
    "expired": ("block", "C003", None),
    "conflict": ("block", "C004", None),
    "malformed": ("block", "C005", None),
    "awaiting_name_change": ("hold", "C006", "name_change"),
    "awaiting_approval": ("hold", "C007", "approval"),
    "archived": ("block", "C008", None),
    "duplicate": ("warn", "C011", None),
    "could_not_check": ("hold", "C010", "could_not_check"),
}


@pytest.fixture(scope="module")
def package() -> Spec:
    return load(PACKAGE)


def rule_of(package: Spec, code: str) -> Rule:
    return next(rule for rule in package.rules if rule.code == code)


def example(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def assessment(answers: dict[str, str]) -> Assessment:
    place = Source(file="example", label="example")
    return Assessment(
        agency="riverbend",
        answers={item: Answer(text=text, source=place) for item, text in answers.items()},
        origin=place,
    )


def days(first: str, then: str) -> timedelta:
    return date.fromisoformat(then) - date.fromisoformat(first)


def test_it_says_what_it_is(package: Spec) -> None:
    """The package is provisional, says so in its title, and names a publisher that is not the state."""
    assert package.status is Status.PROVISIONAL
    assert "provisional" in package.title
    assert "not the Commonwealth" in package.publisher


@pytest.mark.parametrize("instrument", CATALOGUES)
def test_every_item_of_the_catalogue_is_listed(package: Spec, instrument: str) -> None:
    """Each form carries exactly the sections and items of the dossier's catalogue, and a comment after each section."""
    listed: dict[str, set[str]] = {}
    for item in package.items.values():
        if item.section in CLINICAL and item.belongs_to(instrument) and not item.code.endswith("_COMMENT"):
            listed.setdefault(item.section, set()).add(item.label)
    assert listed == {section: set(labels.split("|")) for section, labels in CATALOGUES[instrument].items()}
    comments = {s.code: s.comment for s in package.instruments[instrument].sections if s.code in CLINICAL}
    assert comments == {section: f"{section}_COMMENT" for section in CATALOGUES[instrument]}


def test_one_name_in_one_section_is_one_item(package: Spec) -> None:
    """An item of the same section and name is one line for both forms."""
    names = [(item.section, item.label) for item in package.items.values()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("section", CLINICAL)
def test_clinical_items_wait_for_consent(package: Spec, section: str) -> None:
    """What is clinical leaves only with consent, and is asked for only once the assessment is done."""
    items = [item for item in package.items.values() if item.section == section]
    assert {item.consent for item in items} == {ConsentClass.FULL}
    assert {f"{c.item}={'|'.join(c.values)}" for item in items for c in item.required_when} == {DONE}
    assert all(item.required_when and not item.required for item in items)


def test_what_leaves_without_consent(package: Spec) -> None:
    """Without consent, header, member, assessor, consent itself and SED may leave; diagnoses may not."""
    sections = {package.items[code].section for code in package.leaves_without_consent}
    assert sections == {"DOC", "AGY", "MEM", "ASR", "CON", "SED"}
    assert package.consent_full == {"given"}


def test_older_youth(package: Spec) -> None:
    """The section on the transition to adulthood, and nothing else, is gated by age: from 14 years on."""
    gated = {item.section: item.age for item in package.items.values() if item.age}
    assert gated.keys() == {"TRA"}
    assert (gated["TRA"].youngest, gated["TRA"].oldest) == (14, None)
    assert all(item.age for item in package.items.values() if item.section == "TRA")


def test_sed_is_answered_in_three_ways(package: Spec) -> None:
    """Every criterion of both parts, and the determination, is yes, no or unanswered, and asked for without consent too."""
    items = [item for item in package.items.values() if item.section == "SED"]
    assert [item.code for item in items] == [
        "SED_PART1_DISORDER",
        "SED_PART1_IMPAIRMENT",
        "SED_PART2_LEARNING",
        "SED_PART2_RELATIONSHIPS",
        "SED_PART2_BEHAVIOR",
        "SED_PART2_UNHAPPINESS",
        "SED_PART2_FEARS",
        "SED_DETERMINATION",
    ]
    assert all(i.type is Type.TRISTATE and i.required_when and i.consent is ConsentClass.ALWAYS for i in items)


def test_missing_consent_is_left_to_its_own_check(package: Spec) -> None:
    """Consent is no required item: its absence beside clinical answers is a hold (S020), which S001 would turn into a block."""
    assert not package.items["CONSENT"].required
    assert not package.items["CONSENT"].required_when


def test_no_wording_of_the_rating_levels(package: Spec) -> None:
    """The levels of the CANS are copyrighted: a rating is a number and nothing more."""
    for name in ("rating", "strength"):
        assert {value: code.label for value, code in package.codes[name].items()} == {
            level: f"Rating {level}" for level in "0123"
        }


def test_credentials_and_free_text_are_masked(package: Spec) -> None:
    """The certification key and every comment are sensitive."""
    comments = {f"{section}_COMMENT" for section in CLINICAL}
    assert {item.code for item in package.items.values() if item.sensitive} == comments | {"ASSESSOR_KEY"}


def test_only_sourced_facts_are_cited(package: Spec) -> None:
    """Of the ratings only the three that were read in a source cite one; all others are our assumption."""
    comments = {f"{section}_COMMENT" for section in CLINICAL}
    ratings = {item.code: item.cites for item in package.items.values() if item.section in CLINICAL}
    sourced = {code for code, cites in ratings.items() if cites != (OURS,)}
    assert sourced == comments | {"LDF_FAMILY", "LDF_SOCIAL", "LDF_MEDICAL_PHYSICAL"}


def test_everything_cites_something(package: Spec) -> None:
    """Every item, rule and standing with a finding cites a requirement or says that it is our assumption."""
    citing = [item.cites for item in package.items.values()] + [rule.cites for rule in package.rules]
    citing += [policy.cites for policy in package.certification.standings.values() if policy.rule]
    assert all(citing)
    assert {cite for cites in citing for cite in cites} <= package.requirements.keys() | {OURS}


def test_every_requirement_is_used_or_excused(package: Spec) -> None:
    """A requirement has a public source and is either cited, or says why nothing checks it."""
    cited = {cite for item in package.items.values() for cite in item.cites}
    cited |= {cite for rule in package.rules for cite in rule.cites}
    cited |= {cite for policy in package.certification.standings.values() for cite in policy.cites}
    cited |= {cite for form in package.instruments.values() for due in form.due for cite in due.cites}
    assert {r.id for r in package.requirements.values() if not r.not_checked_because} == cited - {OURS}
    assert all(r.cites and OURS not in r.cites for r in package.requirements.values())


@pytest.mark.parametrize("code", RULES)
def test_each_rule_keeps_its_cases(package: Spec, code: str) -> None:
    """Read as the state reads it, a rule lets its pass cases pass and finds fault with its fail cases."""
    rule = rule_of(package, code)
    assert len(rule.passes) >= 2
    assert rule.fails
    assert {case.why: broken_at(rule, Form.of(case.answers, package)) for case in rule.passes} == {
        case.why: None for case in rule.passes
    }
    assert all(broken_at(rule, Form.of(case.answers, package)) for case in rule.fails)


@pytest.mark.parametrize("code", RULES)
def test_each_rule_speaks_to_people(package: Spec, code: str) -> None:
    """A rule tells the clinician why, the engineer what to repair and whom to ask, and EHR teams its FHIRPath."""
    rule = rule_of(package, code)
    assert rule.why
    assert rule.fix
    assert rule.desk in package.desks
    assert "linkId" in rule.fhirpath
    assert rule.message.endswith(".")
    assert not rule.title.endswith(".")


@pytest.mark.parametrize("code", ["B003", "B012", "B015"])
def test_date_orders_are_tried_at_the_edge(package: Spec, code: str) -> None:
    """Two dates in order are tried on the same day, which passes, and one day apart the wrong way, which fails."""
    rule = rule_of(package, code)
    first, then = rule.terms["first"], rule.terms["then"]

    def gaps(cases: Any) -> set[int]:
        return {days(c.answers[first], c.answers[then]).days for c in cases if {first, then} <= c.answers.keys()}

    assert 0 in gaps(rule.passes)
    assert -1 in gaps(rule.fails)


def test_the_span_of_days_is_tried_at_the_edge(package: Spec) -> None:
    """The last day within the span passes, and the next one fails."""
    rule = rule_of(package, "B005")
    spans = [
        [days(*(c.answers[rule.terms[t]] for t in ("first", "then"))).days for c in cs]
        for cs in (rule.passes, rule.fails)
    ]
    assert rule.terms["days"] in spans[0]
    assert rule.terms["days"] + 1 in spans[1]


def test_the_age_is_tried_at_the_birthday(package: Spec) -> None:
    """The day before the twenty-first birthday passes, and the birthday fails."""
    rule = rule_of(package, "B013")
    day = date(2026, 3, 1)
    tried = {case.answers["MEMBER_DOB"]: case in rule.passes for case in (*rule.passes, *rule.fails)
             if case.answers.get("FINALIZED_ON") == day.isoformat()}  # fmt: skip
    assert tried["2005-03-02"]
    assert not tried["2005-03-01"]
    assert [completed_years(date.fromisoformat(born), day) for born in ("2005-03-02", "2005-03-01")] == [20, 21]


def test_the_count_is_tried_at_the_edge(package: Spec) -> None:
    """As many as may be pass, and one more fails."""
    rule = rule_of(package, "B026")
    counts = [
        [sum(v in rule.terms["values"] for v in c.answers.values()) for c in cs] for cs in (rule.passes, rule.fails)
    ]
    assert rule.terms["maximum"] in counts[0]
    assert rule.terms["maximum"] + 1 in counts[1]


def test_assessed_before_birth(package: Spec) -> None:
    """B012 is the rule that the design fixed, word for word."""
    rule = rule_of(package, "B012")
    assert (rule.title, rule.severity, rule.kind) == ("Assessed before birth", Severity.ERROR, "date_order")
    assert rule.terms == {"first": "MEMBER_DOB", "then": "ASSESSMENT_DATE"}
    assert rule.message == "The assessment date is before the member's date of birth."
    assert (rule.desk, rule.cites) == ("ecas-it", ("REQ-031",))


def test_the_senders_determination_is_never_refused(package: Spec) -> None:
    """Where determination and criteria disagree the sender is warned: the clinician decides, not a rule."""
    about = [r for r in package.rules if "SED_DETERMINATION" in (r.terms.get("item"), r.terms.get("then"))]
    assert [rule.code for rule in about] == ["B028", "B033", "B037"]
    assert Severity.ERROR not in {rule.severity for rule in about}


@pytest.mark.parametrize("standing", ACTIONS)
def test_standings(package: Spec, standing: str) -> None:
    """Each standing has its action and finding; what has a finding has all its words, and says that it rests on the roster."""
    policy = package.certification.standings[standing]
    assert (policy.action, policy.rule, policy.hold) == ACTIONS[standing]
    words = (policy.title, policy.message, policy.why, policy.fix, policy.desk, policy.cites)
    assert all(words) if policy.rule else not any(words)
    assert not policy.rule or standing == "malformed" or "roster" in policy.message


def test_contacts_of_the_desks(package: Spec) -> None:
    """The addresses and numbers are those of the MassCANS FAQ, and every desk has words to say."""
    assert {id_: (desk.email, desk.phone) for id_, desk in package.desks.items()} == CONTACTS
    assert all(desk.handles and desk.say for desk in package.desks.values())


def test_the_schema_offers_the_dictionarys_codes(package: Spec) -> None:
    """The enumerations of wire.xsd are the code lists, value for value and in their order."""
    schema = etree.fromstring(package.schema)
    offered = {
        kind.get("name"): tuple(value.get("value") for value in kind.iter(f"{XS}enumeration"))
        for kind in schema.iterfind(f"{XS}simpleType")
    }
    named = {name: f"{name.title().replace('_', '')}Code" for name in package.codes}
    assert {name: offered[kind] for name, kind in named.items()} == {n: tuple(c) for n, c in package.codes.items()}
    assert offered["TriState"] == ("yes", "no", "unanswered")


def test_the_schema_has_an_element_for_every_wire_path(package: Spec) -> None:
    """The leaves of wire.xsd, in document order, are the wire paths of the dictionary."""
    schema = etree.fromstring(package.schema)
    groups = {kind.get("name"): kind for kind in schema.iterfind(f"{XS}complexType")}

    def leaves(group: str, path: tuple[str, ...] = ()) -> list[str]:
        found: list[str] = []
        for element in groups[group].iter(f"{XS}element"):
            below = (*path, element.attrib["name"])
            found += leaves(element.attrib["type"], below) if element.get("type") in groups else ["/".join(below)]
        return found

    assert leaves(package.wire.root) == [item.wire for item in package.items.values() if item.wire]
    assert [item.code for item in package.items.values() if not item.wire] == ["MEMBER_LOCAL_ID"]


@pytest.mark.parametrize("path", ACCEPTED, ids=lambda path: path.stem)
def test_accepted_examples_are_taken(package: Spec, path: Path) -> None:
    """Our judge and the state take each accepted example, and its document is valid by the schema."""
    answers = example(path)["answers"]
    report = validate(assessment(answers), package, None, JUDGED_AT, certification=False)
    assert report.conformance is Conformance.CONFORMS
    assert judge_answers(answers, package) == []
    root = etree.fromstring(build(assessment(answers), package).content)
    assert root.tag == f"{{{package.wire.namespace}}}{package.wire.root}"
    shown = {etree.QName(element).localname for element in root}
    assert answers["CONSENT"] == "given" or not shown & {"Diagnoses", "LifeDomainFunctioning", "ChildStrengths"}


@pytest.mark.parametrize("path", REJECTED, ids=lambda path: path.stem)
def test_rejected_examples_are_refused(package: Spec, path: Path) -> None:
    """Our judge refuses each rejected example for the rules that it names and nothing else, and the state for them too."""
    content = example(path)
    assert path.stem.partition("-")[0] in content["rules"]
    report = validate(assessment(content["answers"]), package, None, JUDGED_AT, certification=False)
    assert {f.rule for f in report.findings if f.severity is Severity.ERROR} == set(content["rules"])
    assert {reason.code for reason in judge_answers(content["answers"], package)} >= set(content["rules"])


def test_every_error_has_an_example(package: Spec) -> None:
    """For each rule that refuses, an example shows what it refuses."""
    shown = {path.stem.partition("-")[0] for path in REJECTED}
    assert {rule.code for rule in package.rules if rule.severity is Severity.ERROR} <= shown
    assert shown >= {"S001", "S003", "S004", "S012", "S013", "S020"}


def test_the_examples_show_both_forms_and_every_status(package: Spec) -> None:
    """The accepted examples show both forms, each completion status and each word of consent."""
    answers = [example(path)["answers"] for path in ACCEPTED]
    for item in ("INSTRUMENT", "COMPLETION_STATUS", "CONSENT", "ASSESSMENT_TYPE"):
        assert {each[item] for each in answers} == set(package.codes[item.lower()])
