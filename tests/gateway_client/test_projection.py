from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canonical.assessment import Answer, Assessment, Source
from canonical.finding import Finding, Kind, Severity
from gateway_client.projection import project
from specs.catalog import Catalog
from specs.spec import ConsentClass

SPEC = Catalog().named("2026.1")
HERE = Source(file="sample", label="sample")
CONSENTS = [*SPEC.codes["consent"], None, "", "GIVEN", "yes", "given "]
TEXT = st.text(min_size=1, max_size=5)
ANSWERS = st.dictionaries(st.one_of(st.sampled_from(sorted(SPEC.items)), st.text(min_size=1, max_size=8)), TEXT)
COMMENTS = {
    section.comment for instrument in SPEC.instruments.values() for section in instrument.sections if section.comment
}


def assessment(answers: dict[str, str], *, consent: str | None, instrument: str | None) -> Assessment:
    texts = {**answers, "CONSENT": consent, "INSTRUMENT": instrument}
    kept = {item: Answer(text=text, source=HERE) for item, text in texts.items() if text}
    return Assessment(agency=None, answers=kept, origin=HERE)


@settings(max_examples=300, deadline=None)
@given(
    answers=ANSWERS, consent=st.sampled_from(CONSENTS), instrument=st.sampled_from([*SPEC.instruments, None, "other"])
)
def test_nothing_outside_the_allow_list_leaves(answers, consent, instrument):
    """Whatever is answered, only what the dictionary, the instrument and the consent let go is in the projection."""
    given_ = assessment(answers, consent=consent, instrument=instrument)
    texts = project(given_, SPEC)
    assert list(texts) == [item for item in SPEC.items if item in texts]
    assert all(SPEC.items[item].wire for item in texts)
    assert all(SPEC.items[item].belongs_to(instrument or "") for item in texts)
    assert all(texts[item] == given_.text(item) for item in texts)
    if consent not in SPEC.consent_full:
        assert texts.keys() <= SPEC.leaves_without_consent
        assert not texts.keys() & COMMENTS


@settings(max_examples=100, deadline=None)
@given(answers=ANSWERS, instrument=st.sampled_from(list(SPEC.instruments)))
def test_with_consent_nothing_that_may_leave_stays_home(answers, instrument):
    """With consent, every answer of the instrument that has a place in the document is in it."""
    given_ = assessment(answers, consent="given", instrument=instrument)
    fitting = {
        code
        for code, item in SPEC.items.items()
        if item.wire and item.belongs_to(instrument) and code in given_.answers
    }
    assert project(given_, SPEC).keys() == fitting


@pytest.mark.parametrize("consent", [code for code in SPEC.codes["consent"] if code not in SPEC.consent_full] + [None])
def test_demographics_and_sed_leave_without_consent_and_the_cans_does_not(assess, consent):
    """Without consent, the member, the assessor and SED leave; ratings and comments stay home."""
    texts = project(assess(CONSENT=consent), SPEC)
    assert {"MEMBER_LAST_NAME", "ASSESSOR_KEY", "SED_DETERMINATION"} <= texts.keys()
    assert not {"LDF_FAMILY", "LDF_COMMENT"} & texts.keys()


def test_a_consent_that_could_not_be_read_is_no_consent(assess):
    """An answer that an adapter calls unreadable, for example given twice, does not open the gate."""
    finding = Finding(
        rule="A010",
        severity=Severity.ERROR,
        kind=Kind.READING,
        title="Twice",
        message="Answered twice.",
        items=("CONSENT",),
    )
    assert "LDF_FAMILY" not in project(assess(findings=(finding,)), SPEC)


def test_what_has_no_place_in_the_document_stays_home(assess):
    """The agency's own id of the child, and an item that nobody knows, never leave."""
    assert not {"MEMBER_LOCAL_ID", "UNKNOWN"} & project(assess(UNKNOWN="x"), SPEC).keys()


def test_a_comment_stays_home_without_consent_even_if_its_line_says_always(assess):
    """Free text is never covered by the lesser consent class."""
    loose = replace(SPEC.items["LDF_COMMENT"], consent=ConsentClass.ALWAYS)
    careless = replace(SPEC, items={**SPEC.items, "LDF_COMMENT": loose})
    assert "LDF_COMMENT" not in project(assess(CONSENT="refused"), careless)
    assert "LDF_COMMENT" in project(assess(), careless)
