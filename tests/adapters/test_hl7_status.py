"""Every code of HL7 table 0085 (OBX-11), and what becomes of the result that bears it."""

from __future__ import annotations

import pytest

from adapters import registry
from adapters.hl7_remarks import remarks
from adapters.hl7_text import Hl7File, split
from adapters.mapping import load_mapping
from adapters.remark import Oddity
from canonical.assessment import Reading
from canonical.ledger import Fate
from canonical.payload import Payload

HEAD = "MSH|^~\\&|A|B|C|D|20260304||ORU^R01|1|P|2.5.1\r"
MAPPING = """\
agency    = "riverbend"
format    = "hl7v2"
effective = 2026-01-01
[items]
LDF_SLEEP       = { from = 'OBX[3.1 = "LDF_SLEEP"]-5' }
LDF_FAMILY      = { from = 'OBX[3.1 = "LDF_FAMILY"]-5', default = "0" }
ASSESSMENT_DATE = { from = 'OBX[3.1 = "LDF_SLEEP"]-14', date = "%Y%m%d" }
"""
TAKEN = ["", "F", "C", "U", "A", "B", "V", "P", "R", "S", "f", " F "]
WITHDRAWN = ["D", "W", "d"]
NO_RESULT = ["I", "N", "O", "X"]
STRANGE = ["Z", "FINAL", "F^F", "0"]


@pytest.fixture
def read(tmp_path):
    (tmp_path / "m.toml").write_text(MAPPING)
    mapping = load_mapping(tmp_path / "m.toml")

    def reading(*results: str) -> Reading:
        payload = Payload(content=(HEAD + "\r".join(results)).encode(), name="a.hl7", agency="riverbend")
        return registry.read(payload, mapping=mapping)

    return reading


def result(status: str, value: str = "2", code: str = "LDF_SLEEP") -> str:
    return f"OBX|1|NM|{code}||{value}||||||{status}|||20260302"


@pytest.mark.parametrize("status", TAKEN)
def test_a_result_that_holds_is_the_answer(read, status):
    """Final, corrected, confirmed or preliminary, or of no status at all: it is read."""
    (assessment,) = read(result(status)).assessments
    assert (assessment.text("LDF_SLEEP"), assessment.findings) == ("2", ())


@pytest.mark.parametrize("status", [*WITHDRAWN, *NO_RESULT, *STRANGE])
def test_a_result_that_does_not_hold_is_no_answer(read, status):
    """What was deleted, is wrong, pending, never asked or of an unknown status answers nothing, and a finding stops it."""
    reading = read(result(status))
    (assessment,) = reading.assessments
    (finding,) = [one for one in assessment.findings if one.items == ("LDF_SLEEP",)]
    assert assessment.text("LDF_SLEEP") is None
    assert "LDF_SLEEP" in assessment.unreadable
    assert (finding.rule, finding.severity, finding.sources[0].label) == ("A016", "error", "OBX-5")
    assert reading.ledger is not None
    assert reading.ledger.balances
    assert reading.ledger.counts[Fate.DROPPED] >= 1
    assert reading.ledger.counts[Fate.MAPPED] == (1 if status in NO_RESULT else 0)


@pytest.mark.parametrize("status", [*WITHDRAWN, *STRANGE])
def test_of_a_withdrawn_segment_nothing_is_read(read, status):
    """Neither its value nor the day that stands beside it."""
    (assessment,) = read(result(status)).assessments
    assert assessment.text("ASSESSMENT_DATE") is None


@pytest.mark.parametrize("status", NO_RESULT)
def test_beside_no_result_the_rest_of_the_segment_stands(read, status):
    """That there is no value withdraws no day; and where no value stands, nothing is wrong."""
    (assessment,) = read(result(status)).assessments
    assert assessment.text("ASSESSMENT_DATE") == "2026-03-02"
    (assessment,) = read(result(status, value="")).assessments
    assert (assessment.text("LDF_SLEEP"), assessment.findings) == (None, ())


@pytest.mark.parametrize("status", [*WITHDRAWN, *NO_RESULT])
def test_a_correction_takes_the_place_of_what_is_withdrawn(read, status):
    """Before or behind it: the result that holds is the answer, and nobody is told that there are two."""
    for results in ((result(status), result("C", "1")), (result("F", "1"), result(status))):
        reading = read(*results)
        (assessment,) = reading.assessments
        assert (assessment.text("LDF_SLEEP"), assessment.findings) == ("1", ())
        assert reading.ledger is not None
        assert reading.ledger.counts[Fate.DROPPED] >= 1


def test_no_default_stands_in_for_what_is_withdrawn(read):
    """The mapping's default is for what nobody answered."""
    (assessment,) = read(result("W", code="LDF_FAMILY")).assessments
    assert assessment.text("LDF_FAMILY") is None
    assert [one.rule for one in assessment.findings] == ["A016"]


def test_no_finding_holds_the_withdrawn_value(read):
    """Nor does its repr."""
    reading = read(result("W", "77341"))
    assert "77341" not in repr(reading.assessments[0].findings)


@pytest.mark.parametrize("status", "PRS")
def test_results_that_may_change_are_told_once(status):
    """However many there are in a message."""
    file = split((HEAD + "\r".join([result("F"), result(status), result(status)])).encode(), "a.hl7")
    assert isinstance(file, Hl7File)
    (remark,) = remarks(file.messages[0])
    assert (remark.what, remark.source.label) == (Oddity.UNCONFIRMED_RESULT, "OBX[2]-11")
    assert "(2 from here on)" in remark.sentence
