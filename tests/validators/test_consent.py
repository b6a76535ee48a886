from __future__ import annotations

from dataclasses import replace

import pytest

from canonical.finding import Conformance, HoldCause, Severity
from specs.spec import ConsentClass

CLINICAL = ("LDF_SLEEP", "LDF_SCHOOL", "LDF_COMMENT")
NOTHING_CLINICAL = dict.fromkeys(CLINICAL)


@pytest.mark.parametrize("decision", ["refused", "withdrawn"])
def test_without_consent_clinical_answers_stay_home_and_their_number_is_told(judge, decision):
    """The assessment goes on with demographics and SED, and nobody is surprised."""
    report = judge({"CONSENT": decision})
    (finding,) = report.findings
    assert (finding.rule, finding.severity, finding.hold) == ("S021", Severity.ADVICE, None)
    assert "3 clinical answers stay home" in finding.message
    assert report.conformance is Conformance.CONFORMS


def test_one_answer_is_counted_as_one(judge):
    """The sentence is English for one answer too."""
    (finding,) = judge({**NOTHING_CLINICAL, "CONSENT": "refused", "LDF_SLEEP": "1"}).findings
    assert "1 clinical answer stays home" in finding.message


@pytest.mark.parametrize("decision", [None, "perhaps", "GIVEN", " "])
def test_clinical_answers_without_a_readable_consent_are_held(judge, decision):
    """Nothing is stripped in silence: the assessment waits until somebody has looked."""
    report = judge({"CONSENT": decision})
    held = [finding for finding in report.findings if finding.rule == "S020"]
    assert [(finding.severity, finding.hold) for finding in held] == [(Severity.ERROR, HoldCause.CONSENT)]
    assert HoldCause.CONSENT in report.holds
    assert report.conformance is Conformance.DOES_NOT_CONFORM


@pytest.mark.parametrize("severity", list(Severity))
def test_a_consent_that_the_adapter_complained_of_is_not_readable(judge, unreadable, severity):
    """Given on one line and refused on the next is no consent, and a warning is a complaint too."""
    report = judge({"CONSENT": "given"}, unreadable("CONSENT", severity=severity))
    assert [finding.rule for finding in report.findings] == ["A004", "S020"]


@pytest.mark.parametrize("decision", [None, "refused", "withdrawn"])
def test_without_clinical_answers_consent_does_not_matter(judge, decision):
    """Demographics and SED are sent in any case."""
    report = judge({**NOTHING_CLINICAL, "CONSENT": decision})
    assert report.findings == ()


@pytest.mark.parametrize("decision", [None, "refused"])
def test_what_stays_home_is_not_judged(judge, decision):
    """Only what would leave is judged: no rating is out of its list, of another instrument, or missing."""
    changes = {"CONSENT": decision, "LDF_SLEEP": "7", "LDF_SCHOOL": None, "LDF_MOTOR": "9", "TRA_JOB": "1"}
    assert {finding.rule for finding in judge(changes).findings} == {"S021" if decision else "S020"}


def test_with_consent_the_same_answers_are_judged(judge):
    """Consent brings every check back."""
    changes = {"LDF_SLEEP": "7", "LDF_SCHOOL": None, "LDF_MOTOR": "9", "TRA_JOB": "1"}
    assert [finding.rule for finding in judge(changes).findings] == ["S004", "S001", "S009", "S008"]


def test_a_section_comment_stays_home_whatever_its_own_line_says(judge, build_spec):
    """Free text says more than its section."""
    spec = build_spec(replace(build_spec().items["LDF_COMMENT"], consent=ConsentClass.ALWAYS))
    (finding,) = judge({"CONSENT": "refused", "LDF_SLEEP": None, "LDF_SCHOOL": None}, by=spec).findings
    assert finding.rule == "S021"


def test_consent_is_shown_at_its_place(judge):
    """And where there is none, at the assessment."""
    refused, missing = judge({"CONSENT": "refused"}), judge({"CONSENT": None})
    assert refused.findings[0].sources[0].label == "the place of CONSENT"
    assert missing.findings[0].sources[0].label == "the assessment"
