"""The kinds of rules and the shape of their terms."""

from __future__ import annotations

import pytest

from canonical.errors import SpecDefect
from specs.reader import load
from specs.rules import KINDS, Shape

DATES = 'kind = "date_order"\nfirst = "MEMBER_DOB"\nthen = "ASSESSMENT_DATE"\n'

SOUND = [
    ("required_when", 'item = "INCOMPLETE_REASON"\nwhen = "COMPLETION_STATUS=incomplete-final"'),
    ("forbidden_when", 'item = "INCOMPLETE_REASON"\nwhen = "COMPLETION_STATUS=complete|paper;!CONSENT"'),
    ("allowed_when", 'item = "SERVICE"\nvalues = ["ICC"]\nwhen = "CONSENT!=refused"'),
    ("date_order", 'first = "MEMBER_DOB"\nthen = "ASSESSMENT_DATE"'),
    ("date_order", 'first = "MEMBER_DOB"\nthen = "ASSESSMENT_DATE"\nstrict = true'),
    ("date_within", 'first = "MEMBER_DOB"\nthen = "ASSESSMENT_DATE"\ndays = 90'),
    ("age_between", 'born = "MEMBER_DOB"\non = "ASSESSMENT_DATE"\noldest = 20'),
    ("count_between", 'items = ["LDF_SLEEP"]\nvalues = ["0", "1"]\nminimum = 0\nmaximum = 1'),
    ("all_or_none", 'items = ["MEMBER_LAST_NAME", "MEMBER_FIRST_NAME"]'),
    ("differs", 'first = "MEMBER_ID"\nsecond = "MEMBER_LOCAL_ID"'),
    ("any_implies", 'items = ["LDF_SLEEP"]\nvalues = ["1"]\nthen = "CONSENT"\nthen_values = ["given"]'),
    (
        "any_implies",
        'items = ["LDF_SLEEP"]\nvalues = ["1"]\nthen = "CONSENT"\nthen_values = ["given"]\notherwise_values = ["refused"]',
    ),
    ("distinct", 'item = "LDF_SLEEP"'),
    ("one_matches", 'item = "MEMBER_ID"\npattern = "1.*"\nwhen = "CONSENT"'),
    ("determined", 'item = "CONSENT"\nways = ["LDF_SLEEP=1;SERVICE", "!SERVICE"]\nmet = "given"\nunmet = "refused"'),
    ("cel", 'items = ["MEMBER_ID", "MEMBER_DOB"]\nexpression = "has(a.MEMBER_ID) || \'MEMBER_DOB\' in a"'),
]


def with_terms(files, kind, terms):
    """Return the package with its rule changed to these terms."""
    rule = files["rules/B001.toml"].replace(DATES, f'kind = "{kind}"\n{terms}\n')
    return {**files, "rules/B001.toml": rule}


def test_every_kind_has_a_sound_rule_here():
    """A new kind without a line in the table fails."""
    assert {kind for kind, _ in SOUND} == set(KINDS)


@pytest.mark.parametrize(("kind", "terms"), SOUND)
def test_a_rule_of_each_kind_is_read(tmp_path, files, write, kind, terms):
    """Its terms are those of the kind, lists as tuples, and optional ones only where the file gives them."""
    (rule,) = load(write(tmp_path, with_terms(files, kind, terms))).rules
    assert rule.kind == kind
    assert list(rule.terms) == [line.split(" = ")[0] for line in terms.splitlines()] or kind == "allowed_when"
    assert not any(isinstance(value, list) for value in rule.terms.values())


@pytest.mark.parametrize(
    ("kind", "terms", "says"),
    [
        ("required_when", 'item = "SERVICE"\nwhen = "COMPLETION_STATUS==paper"', "is no condition"),
        ("required_when", 'item = "SERVICE"\nwhen = "STATUS=paper"', "'STATUS' is no item"),
        ("forbidden_when", 'item = "SERVICE"\nwhen = "CONSENT=granted"', "'granted' is no value of CONSENT."),
        ("allowed_when", 'item = "SERVICE"\nvalues = ["IHT"]\nwhen = "CONSENT"', "'IHT' is no value of SERVICE."),
        ("allowed_when", 'item = "SERVICE"\nvalues = []\nwhen = "CONSENT"', "The list 'values' is empty."),
        ("date_order", f'{DATES}strict = "yes"'.partition("\n")[2], "The key 'strict' must be true or false."),
        ("date_within", 'first = "MEMBER_ID"\nthen = "ASSESSMENT_DATE"\ndays = 9', "The item MEMBER_ID is no date"),
        ("date_within", 'first = "MEMBER_DOB"\nthen = "ASSESSMENT_DATE"', "The key 'days' is missing."),
        ("date_within", 'first = "MEMBER_DOB"\nthen = "ASSESSMENT_DATE"\ndays = -1', "must lie between 0 and"),
        ("age_between", 'born = "MEMBER_DOB"\non = "ASSESSMENT_DATE"', "names the youngest age, the oldest, or both"),
        (
            "age_between",
            'born = "MEMBER_DOB"\non = "ASSESSMENT_DATE"\nyoungest = 5\noldest = 4',
            "The term 'oldest' is below 'youngest'.",
        ),
        ("count_between", 'items = ["LDF_SLEEP"]\nvalues = ["4"]\nminimum = 0\nmaximum = 1', "'4' is no value"),
        ("count_between", 'items = ["LDF_SLEEP"]\nvalues = ["1"]\nminimum = 2\nmaximum = 1', "'maximum' is below"),
        ("all_or_none", 'items = ["MEMBER_ID", "MEMBER_ID"]', "The list 'items' names something twice."),
        ("all_or_none", 'items = ["MEMBER_ID", 5]', "The key 'items' must be a list of texts."),
        ("all_or_none", 'items = ["MEMBER_ID", "SHOE_SIZE"]', "'SHOE_SIZE' is no item of items.csv."),
        (
            "any_implies",
            'items = ["LDF_SLEEP"]\nvalues = ["1"]\nthen = "CONSENT"\nthen_values = ["yes"]',
            "'yes' is no value of CONSENT.",
        ),
    ],
)
def test_a_rule_that_could_not_judge_is_refused(tmp_path, files, write, kind, terms, says):
    """Unknown items, impossible values, empty ranges: each would make a rule that never speaks, or always."""
    with pytest.raises(SpecDefect) as refusal:
        load(write(tmp_path, with_terms(files, kind, terms)))
    (defect,) = refusal.value.defects
    assert defect.startswith("rules/B001.toml:")
    assert says in defect


def test_the_kinds_say_which_terms_name_items():
    """Whoever draws a rule, or lists the items of one, reads it here."""
    naming = {term.name for terms in KINDS.values() for term in terms if term.names_items}
    assert naming == {"item", "items", "when", "ways", "first", "then", "second", "born", "on"}
    assert all(
        term.of in {other.name for other in terms}
        for terms in KINDS.values()
        for term in terms
        if term.shape in (Shape.VALUES, Shape.VALUE, Shape.EXPRESSION)
    )
