"""What differs between two packages, in the words of those who must follow."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import draft
import pytest

from canonical.finding import Severity
from service.changes.comparison import differences
from service.changes.difference import Difference, Fate, Part
from specs.catalog import Catalog
from specs.spec import AgeRange, Code, Condition, ConsentClass, Spec, Type


@pytest.fixture(scope="module")
def old() -> Spec:
    return Catalog().named("2026.1")


@pytest.fixture(scope="module")
def found(old) -> dict[tuple[Part, str], Difference]:
    return {(one.part, one.subject): one for one in differences(old, Catalog().named(draft.DRAFT))}


def test_a_package_does_not_differ_from_itself(old):
    """Nothing is told where nothing changed."""
    assert differences(old, old) == ()


@pytest.mark.parametrize(
    ("part", "subject", "fate", "phrase"),
    [
        (Part.PACKAGE, "in force", Fate.CHANGED, "2027-07-01, was 2026-01-01"),
        (Part.ITEM, "LDF_LEGAL", Fate.REMOVED, "“Legal”"),
        (Part.ITEM, "MEMBER_LANGUAGE", Fate.ADDED, "one of en, es, pt, other"),
        (Part.ITEM, "MEMBER_LANGUAGE", Fate.ADDED, "required"),
        (Part.ITEM, "RSK_ONLINE", Fate.ADDED, "only in five-through-twenty"),
        (Part.ITEM, "FINALIZED_ON", Fate.CHANGED, "type: datetime, was date"),
        (Part.ITEM, "PROVIDER_ID", Fate.CHANGED, "required, was optional"),
        (Part.ITEM, "MEMBER_LAST_NAME", Fate.CHANGED, "characters at most: 60, was 100"),
        (Part.ITEM, "TRA_JOB", Fate.CHANGED, "asked at: ages 16 to …, was ages 14 to …"),
        (Part.ITEM, "MEMBER_LIVING_SITUATION", Fate.CHANGED, "leaves only with consent to the full CANS now, was always"),
        (Part.CODE_LIST, "living_situation", Fate.CHANGED, "group-home (“Group home”) is gone"),
        (Part.CODE_LIST, "living_situation", Fate.CHANGED, "shared-home (“Home shared with others”) is new"),
        (Part.CODE_LIST, "living_situation", Fate.CHANGED, "shelter: label: Shelter, was Shelter or other residential"),
        (Part.CODE_LIST, "service", Fate.CHANGED, "CBHC: valid to: 2027-12-31, was none"),
        (Part.CODE_LIST, "language", Fate.ADDED, "en (“English”)"),
        (Part.RULE, "B101", Fate.ADDED, "Home without a postal code (error)"),
        (Part.RULE, "B011", Fate.REMOVED, "First name and last name the same"),
        (Part.RULE, "B010", Fate.CHANGED, "weight: warning, was advice"),
        (Part.CERTIFICATION, "validity years", Fate.CHANGED, "3, was 2"),
        (Part.CERTIFICATION, "expired", Fate.CHANGED, "action: warn, was block"),
        (Part.WIRE, "namespace", Fate.CHANGED, "urn:example:ecas:cans:2027, was urn:ecas-bridge:cans:2026.1"),
        (Part.WIRE, "Member/Language", Fate.ADDED, "presence: required"),
        (Part.WIRE, "LifeDomainFunctioning/Legal", Fate.REMOVED, ""),
        (Part.WIRE, "DocumentId", Fate.CHANGED, "maxLength: 40, was none"),
        (Part.WIRE, "Member/LivingSituation", Fate.CHANGED, "group-home is refused now"),
        (Part.TRANSPORT, "submit", Fate.CHANGED, "/ecas/cans, was /v1/assessments"),
        (Part.TRANSPORT, "receipt words", Fate.CHANGED, "rejected is said: RETURNED, was rejected"),
    ],
)  # fmt: skip
def test_each_change_of_the_draft_is_told(found, part, subject, fate, phrase):
    """One of each kind, under its own code, as a phrase."""
    difference = found[part, subject]
    assert difference.fate is fate
    assert not phrase or phrase in difference.phrases


@pytest.mark.parametrize(
    ("gone", "fresh"), [("MEMBER_ZIP", "MEMBER_POSTAL_CODE"), ("LDF_RECREATIONAL", "LDF_RECREATION")]
)
def test_what_looks_like_a_new_name_is_told_as_perhaps_one(found, gone, fresh):
    """The same place in the document, or the same label in the same section; neither is told as added or removed."""
    difference = found[Part.ITEM, gone]
    assert (difference.fate, difference.became) == (Fate.PERHAPS_RENAMED, fresh)
    assert (Part.ITEM, fresh) not in found


def test_an_heir_has_one_former_name_only(old):
    """Two that are gone cannot both have become the one that is new."""
    items = dict(old.items)
    sleep, legal = items.pop("LDF_SLEEP"), items.pop("LDF_LEGAL")
    items["LDF_REST"] = replace(sleep, code="LDF_REST")
    fates = {
        one.subject: one.fate
        for one in differences(
            replace(old, items={**old.items, "LDF_LEGAL": replace(legal, label="Sleep")}), replace(old, items=items)
        )
        if one.part is Part.ITEM
    }
    assert fates == {"LDF_SLEEP": Fate.REMOVED, "LDF_LEGAL": Fate.PERHAPS_RENAMED}


@pytest.mark.parametrize(
    ("change", "phrase"),
    [
        ({"required": False, "required_when": (Condition(item="CONSENT", values=("given",)),)}, "required when CONSENT is given, was required when COMPLETION_STATUS is complete or paper"),
        ({"required_when": ()}, "optional, was required when COMPLETION_STATUS is complete or paper"),
        ({"label": "Rest"}, "label: Rest, was Sleep"),
        ({"type": Type.TEXT, "codes": None}, "code list: none, was rating"),
        ({"instruments": ("five-through-twenty",)}, "instruments: five-through-twenty, was none"),
        ({"age": AgeRange(youngest=3)}, "asked at: ages 3 to …, was none"),
        ({"consent": ConsentClass.ALWAYS}, "leaves always now, was only with consent to the full CANS"),
        ({"sensitive": True}, "sensitive: yes, was none"),
        ({"wire": "Elsewhere"}, "place in the document: Elsewhere, was LifeDomainFunctioning/Sleep"),
        ({"repeats": 3}, "times that it may be answered: 3, was 1"),
    ],
)  # fmt: skip
def test_no_change_of_an_item_goes_untold(old, change, phrase):
    """Every field of the dictionary that somebody must follow has its phrase."""
    new = replace(old, items={**old.items, "LDF_SLEEP": replace(old.items["LDF_SLEEP"], **change)})
    (difference,) = differences(old, new)
    assert phrase in difference.phrases


def test_every_field_of_the_transport_is_compared(old):
    """Times in seconds, sets in order."""
    changed = replace(
        old.transport, schedule=(timedelta(seconds=5), timedelta(minutes=1)), key_reasons=frozenset({"B", "A"})
    )
    told = {one.subject: one.phrases for one in differences(old, replace(old, transport=changed))}
    assert told["schedule"][0].startswith("5 s, 60 s, was 15 s")
    assert told["key reasons"] == ("A, B, was KEY-REFUSED, KEY-UNKNOWN",)


def test_a_rule_that_asks_something_else_says_what(old):
    """Kind, terms and words; the case tables are the package's own affair."""
    rule = next(rule for rule in old.rules if rule.code == "B012")
    changed = replace(rule, severity=Severity.ADVICE, terms={**rule.terms, "strict": True}, fix="Another.", passes=())
    rules = tuple(changed if one is rule else one for one in old.rules)
    (difference,) = differences(old, replace(old, rules=rules))
    assert difference.phrases == ("weight: advice, was error", "strict: yes, was none", "says it in other words (fix)")


def test_instruments_tell_ages_sections_and_intervals(old):
    """What decides which form is filled, and how often."""
    young = old.instruments["birth-through-four"]
    changed = replace(young, age=AgeRange(youngest=0, oldest=5), sections=young.sections[:-1], due=())
    instruments = {**old.instruments, young.code: changed}
    (difference,) = differences(old, replace(old, instruments=instruments))
    assert difference.phrases[0] == "ages 0 to 5, was ages 0 to 4"
    assert difference.phrases[1].startswith("sections: DOC, ")
    assert difference.phrases[2] == "the next assessment is due at another time"


def test_codes_tell_their_days(old):
    """A code that ends is told before it is refused."""
    rating = {**old.codes["rating"], "3": Code(value="3", label="Rating 3", valid_to=date(2026, 12, 31))}
    (difference,) = differences(old, replace(old, codes={**old.codes, "rating": rating}))
    assert difference.phrases == ("3: valid to: 2026-12-31, was none",)
