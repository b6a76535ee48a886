"""What repeats in the provisional package, when its assessments fall due, and which of its rules are retired."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from specs.due import due
from specs.reader import load
from specs.spec import Spec

PACKAGE = Path(__file__).parents[2] / "specs" / "packages" / "2026.1"


@pytest.fixture(scope="module")
def package() -> Spec:
    return load(PACKAGE)


def test_what_repeats(package: Spec) -> None:
    """Up to twelve diagnoses, and up to four caregivers with a comment each; nothing else is answered more than once."""
    repeats = {item.section: (item.repeats, item.group) for item in package.items.values() if item.repeats > 1}
    assert repeats == {"DX": (12, "Diagnoses/Diagnosis"), "CGR": (4, "CaregiverNeedsAndResources")}
    assert {"CGR_COMMENT.4", "DX_CODE.12"} <= package.occurrences.keys()
    assert not {"CGR_COMMENT.5", "DX_CODE.13", "LDF_SLEEP.2"} & package.occurrences.keys()


@pytest.mark.parametrize(
    ("service", "assessed", "by"),
    [
        ("IHT", date(2026, 3, 2), date(2026, 8, 29)),
        (None, date(2023, 10, 31), date(2024, 4, 28)),
        ("IHT", date(2023, 10, 30), date(2024, 1, 28)),
        ("ICC", date(2026, 3, 2), date(2026, 5, 31)),
    ],
)
def test_the_next_assessment_is_due(package: Spec, service: str | None, assessed: date, by: date) -> None:
    """180 days since 31 October 2023, 90 before; 90 for Intensive Care Coordination (our assumption)."""
    for instrument in package.instruments.values():
        assert due(instrument, service, assessed) == by


def test_retired_codes_stay_retired(package: Spec) -> None:
    """A code is never used again: what NOTES.md says is retired has no file."""
    notes = (PACKAGE / "NOTES.md").read_text("utf-8")
    retired = set(re.findall(r"B\d{3}", notes.partition("## Retired rules")[2].partition("##")[0])) - {"B027", "B028"}
    assert retired == {f"B{number:03}" for number in (*range(16, 20), *range(21, 26))}
    assert not retired & {rule.code for rule in package.rules}
