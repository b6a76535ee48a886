"""The spreadsheet: everything of an item in one row, and nothing that a spreadsheet would compute."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from service.exports.dictionary_csv import dictionary_csv, harmless


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_every_item_has_its_row(spec):
    """In the dictionary's order, each with the package that it is of."""
    told = rows(dictionary_csv(spec))
    assert [row["item"] for row in told] == list(spec.items)
    assert {row["specification"] for row in told} == {"2026.1 (provisional)"}


def test_a_row_says_everything_in_words(spec):
    """When an answer is owed, the codes with their labels, the sentences that it rests on."""
    row = next(row for row in rows(dictionary_csv(spec)) if row["item"] == "TRA_JOB")
    assert row["section"] == "TRA: Transition to Adulthood"
    assert row["instruments"] == "five-through-twenty"
    assert row["required"] == (
        "required when “Completion status” is “Complete” or “Documented on paper”, with the member's consent, "
        "at ages 14 and over"
    )
    assert row["codes"].splitlines() == ["0 = Rating 0", "1 = Rating 1", "2 = Rating 2", "3 = Rating 3"]
    assert row["consent"] == "leaves only with the member's consent"
    assert row["place in the document"] == spec.items["TRA_JOB"].wire
    member = next(row for row in rows(dictionary_csv(spec)) if row["item"] == "MEMBER_DOB")
    assert f"REQ-031 (SHALL): {spec.requirements['REQ-031'].text}" in member["cites"]
    assert "B012" in member["rules"]


def test_the_mark_that_spreadsheets_need_is_there(spec):
    """Without it they take UTF-8 for something else."""
    assert dictionary_csv(spec).startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\uff1d1", "\n=1"])
def test_what_would_begin_a_formula_gets_an_apostrophe(cell):
    """Blanks before it make no difference."""
    assert harmless(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "Sleep", "5-20", "a=b", "[0-9]{12}"])
def test_other_cells_stay_as_they_are(cell):
    """An apostrophe is a change, and made for a reason only."""
    assert harmless(cell) == cell


def test_no_cell_of_a_hostile_package_is_a_formula(spec):
    """Labels, codes and patterns are somebody else's text."""
    hostile = replace(spec.items["LDF_SLEEP"], label="=cmd|' /C calc'!A0", wire="@x", pattern="+1")
    told = rows(dictionary_csv(replace(spec, items={**spec.items, "LDF_SLEEP": hostile})))
    assert not [cell for row in told for cell in row.values() if cell.lstrip().startswith(("=", "+", "-", "@"))]
