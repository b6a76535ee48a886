from __future__ import annotations

from pathlib import Path

import pytest

from adapters import registry
from adapters.mapping import load_mapping
from canonical.ledger import Fate
from canonical.payload import Payload

FOLDER = Path(__file__).parents[2] / "samples/cbhi"
MAPPING = load_mapping(FOLDER / "cans-export.toml")
WEEK = (FOLDER / "20261012-20261018.txt").read_bytes()
#: The fields whose meaning is published; nothing may be read from any other.
KNOWN = {2, 3, 4, 5, 6, 18, 32, 53, 90}


def read(content):
    return registry.read(Payload(content=content, name="week.txt", agency="riverbend"), mapping=MAPPING)


def own(assessment):
    return {i: a.text for i, a in assessment.answers.items() if "ecas-bridge" not in a.source.label}


def test_export_of_the_state_s_application_is_read_as_far_as_it_is_known():
    """Trailing blanks, lost zeros, dates of the month first, words for states and tools."""
    reading = read(WEEK)
    assert reading.findings == ()
    assert [one.findings for one in reading.assessments] == [()] * 4
    assert own(reading.assessments[0]) == {
        "MEMBER_ID": "100000000124",
        "ASSESSOR_NAME": "Ostrowski, Delphine",
        "COMPLETION_STATUS": "complete",
        "MEMBER_ZIP": "02138",
        "ASSESSMENT_DATE": "2026-10-12",
        "INSTRUMENT": "five-through-twenty",
        "DX_CODE": "F90.2",
    }
    states = [one.text("COMPLETION_STATUS") for one in reading.assessments]
    assert states == ["complete", "paper", "incomplete-final", None]
    assert [one.text("INSTRUMENT") for one in reading.assessments][1] == "birth-through-four"
    assert [one.text("MEMBER_ZIP") for one in reading.assessments][2] == "02139"


def test_record_from_before_november_2010_is_filled_up():
    """It has fewer fields, and its caret is no answer."""
    (one,) = read((FOLDER / "20100926-20101002.txt").read_bytes()).assessments
    assert own(one)["ASSESSMENT_DATE"] == "2010-09-30"
    assert one.findings == ()


def test_record_that_was_cut_off_is_not_read():
    """A transfer that broke in the middle leaves no caret, and a whole record has 254 fields at most."""
    lines = WEEK.splitlines()
    cut = read(lines[0] + b"\n" + lines[1][:-40] + b"\n" + lines[2].replace(b"^", b"|^") + b"\n")
    assert [(finding.rule, finding.sources[0].label) for finding in cut.findings] == [
        ("A007", "row 2"),
        ("A007", "row 3"),
    ]
    assert len(cut.assessments) == 1


@pytest.mark.parametrize("number", sorted({*range(1, 254)} - KNOWN))
def test_field_whose_meaning_is_unknown_is_never_read(number):
    """It changes no answer, and the ledger says that it stayed behind, by its number."""
    cells = WEEK.splitlines()[0].decode().split("|")
    before = own(read(WEEK.splitlines()[0]).assessments[0])
    cells[number - 1] = "2"
    reading = read("|".join(cells).encode())
    assert own(reading.assessments[0]) == before
    assert reading.ledger.counts[Fate.UNMAPPED] == 1
    assert [place.name for place in reading.ledger.unmapped] == [f"field {number}"]
