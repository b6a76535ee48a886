"""Everything that “ecas mapping check” says about a mapping, each by a mapping that has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from canonical.finding import Severity
from service.proving.check import checked
from specs.catalog import Catalog

SPEC = Catalog().named("2026.1")
HEAD = 'agency = "riverbend"\nformat = "delimited"\neffective = 2026-01-01\n'
#: What a mapping says, and the remark that follows: its name, severity, line and items.
CASES = {
    "a defect of the file": ('[items]\nLDF_SLEEP = { form = "S" }', "defect", Severity.ERROR, 5, ()),
    "no TOML": ("[items", "defect", Severity.ERROR, 4, ()),
    "an item that is none": ('[items]\nLDF_SLEEPS = { from = "S" }', "unknown-item", Severity.ERROR, 5, ("LDF_SLEEPS",)),
    "a constant out of the list": ('[items]\nSERVICE = { value = "XYZ" }', "impossible-value", Severity.ERROR, 5, ("SERVICE",)),
    "a default out of the list": (
        '[items]\nSED_DETERMINATION = { from = "S", default = "maybe" }', "impossible-value", Severity.ERROR, 5, ("SED_DETERMINATION",),
    ),
    "truth of another pair": (
        '[items]\nSED_DETERMINATION = { from = "S", truth = "true-false" }', "wrong-truth", Severity.ERROR, 5, ("SED_DETERMINATION",),
    ),
    "more digits than it takes": ('[items]\nMEMBER_ID = { from = "M", pad = 13 }', "too-long", Severity.ERROR, 5, ("MEMBER_ID",)),
    "an occurrence too far": ('[items]\n"DX_CODE.3" = { from = "D" }', "gap", Severity.WARNING, 5, ("DX_CODE.3",)),
    "a code that is in no list": (
        '[items]\nLDF_SLEEP = { from = "S", codes = "need" }\n[codes.need]\n"Worst" = "4"', "unreachable-code", Severity.ERROR, 7, ("LDF_SLEEP",),
    ),
    "a word that stands for nothing": (
        'empty = ["None"]\n[items]\nLDF_SLEEP = { from = "S", codes = "need" }\n[codes.need]\n"None" = "0"', "shadowed-line", Severity.WARNING, 8, ("LDF_SLEEP",),
    ),
    "a word that a step before changes": (
        '[items]\nLDF_SLEEP = { from = "S", number = ".", codes = "need" }\n[codes.need]\n"2.0" = "2"', "shadowed-line", Severity.WARNING, 7, ("LDF_SLEEP",),
    ),
    "a table that nothing uses": ('[items]\nLDF_SLEEP = { from = "S" }\n[codes.need]\n"x" = "0"', "unused-table", Severity.WARNING, 6, ()),
    "codes that no word leads to": (
        '[items]\nLDF_SLEEP = { from = "S", codes = "need" }\n[codes.need]\n"None" = "0"', "list-not-covered", Severity.ADVICE, 6, ("LDF_SLEEP",),
    ),
    "a form without a year": ('[items]\nMEMBER_DOB = { from = "D", date = "%m/%d" }', "impossible-form", Severity.ERROR, 5, ("MEMBER_DOB",)),
    "a form with a part twice": (
        '[items]\nMEMBER_DOB = { from = "D", date = "%m/%d/%Y %d" }', "defect", Severity.ERROR, 5, (),
    ),
    "two forms that differ": (
        '[items]\nMEMBER_DOB = { from = "D", date = ["%m/%d/%Y", "%d/%m/%Y"] }', "twofold-form", Severity.ERROR, 5, ("MEMBER_DOB",),
    ),
    "years of two digits": ('[items]\nMEMBER_DOB = { from = "D", date = "%m/%d/%y" }', "short-year", Severity.ADVICE, 5, ("MEMBER_DOB",)),
    "a day as it stands": ('[items]\nMEMBER_DOB = { from = "D" }', "date-as-it-stands", Severity.ADVICE, 5, ("MEMBER_DOB",)),
    "a day where none is": ('[items]\nLDF_SLEEP = { from = "D", date = "%Y%m%d" }', "no-date", Severity.ERROR, 5, ("LDF_SLEEP",)),
    "one place twice": ('[items]\nLDF_SLEEP = { from = "D" }\nLDF_FAMILY = { from = "D" }', "same-place", Severity.WARNING, 6, ("LDF_FAMILY",)),
    "what every assessment needs": ('[items]\nLDF_SLEEP = { from = "D" }', "required-not-covered", Severity.ERROR, 4, ("MEMBER_ID",)),
}  # fmt: skip


def remarks(folder: Path, text: str):
    file = folder / "clinic.toml"
    file.write_text(HEAD + text + "\n", "utf-8")
    return checked(file, SPEC)


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_is_told_at_its_line(name, tmp_path):
    """Each fault has a name, a weight, and the line where it is mended."""
    text, *wanted = CASES[name]
    found = [[remark.name, remark.severity, remark.line, remark.items] for remark in remarks(tmp_path, text)]

    assert wanted in found


def test_a_required_item_is_asked_for_only_where_its_instrument_is(tmp_path):
    """A mapping for one instrument is not asked for the items of the other; what some need is told by section."""
    found = remarks(tmp_path, '[items]\nINSTRUMENT = { value = "five-through-twenty" }')
    missing = [remark for remark in found if remark.name == "required-not-covered"]
    items = {item for remark in missing for item in remark.items}

    assert {"MEMBER_ID", "LDF_SLEEP", "TRA_JOB"} <= items
    assert not items & {"LDF_MOTOR", "RFK_BIRTH_WEIGHT", "DOCUMENT_ID", "AGENCY_ID", "INSTRUMENT"}
    assert {r.severity for r in missing if "TRA_JOB" in r.items} == {Severity.WARNING}


def test_a_word_that_gets_through_by_one_item_is_not_shadowed(tmp_path):
    """A table that two items share is looked at for both."""
    text = '[items]\nLDF_SLEEP = { from = "S", codes = "n", empty = [] }\nLDF_FAMILY = { from = "F", codes = "n" }\n[codes.n]\n"n/a" = "0"'

    assert "shadowed-line" not in {remark.name for remark in remarks(tmp_path, f'empty = ["N/A"]\n{text}')}


def test_the_mappings_that_we_ship_are_clean():
    """The sample mapping has nothing worse than advice."""
    file = Path(__file__).parents[3] / "samples/mappings/riverbend-caredesk.toml"

    assert {remark.severity for remark in checked(file, SPEC)} <= {Severity.ADVICE}
