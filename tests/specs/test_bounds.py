"""What a package may cost: one that would cost more is refused, at the file and the line."""

from __future__ import annotations

import pytest

from canonical.errors import SpecDefect
from specs.bounds import MOST_CASES, MOST_CODES, MOST_ITEMS, MOST_RULES
from specs.reader import load

ITEM = "LDF_COMMENT,,LDF,Comment"


def more_items(files):
    lines = [f"LDF_X{number},,LDF,X,text,no,,,,,,,,full,no,,our assumption\n" for number in range(MOST_ITEMS)]
    return {"items.csv": files["items.csv"] + "".join(lines)}


def more_codes(files):
    return {"codes.csv": files["codes.csv"] + "".join(f"many,{number},Many,,\n" for number in range(MOST_CODES))}


def more_rules(files):
    text = files["rules/B001.toml"]
    return {f"rules/B{number:03}.toml": text.replace("B001", f"B{number:03}") for number in range(2, MOST_RULES + 2)}


def more_cases(files):
    case = '\n[[pass]]\nwhy = "again"\nanswers = { MEMBER_DOB = "2030-03-01" }\n'
    return {"rules/B001.toml": files["rules/B001.toml"] + case * MOST_CASES}


def more_occurrences(files):
    repeats = files["instruments.toml"].replace('"LDF_COMMENT"', '"LDF_COMMENT"\nrepeats = 99')
    lines = [f"LDF_X{number},,LDF,X,text,no,,,,,,,,full,no,,our assumption\n" for number in range(60)]
    return {"instruments.toml": repeats, "items.csv": files["items.csv"] + "".join(lines)}


def larger_program(files):
    return {"items.csv": files["items.csv"].replace("[0-9]{12}", "(\\pL{10}){5}")}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (more_items, f"items.csv:{MOST_ITEMS + 2}: 2,022 items are more than a package may hold (2,000)."),
        (more_occurrences, "items.csv:83: 6,158 occurrences of items are more than a package may hold (5,000)."),
        (more_codes, f"codes.csv:{MOST_CODES + 2}: 150,010 codes are more than a package may hold (150,000)."),
        (more_rules, "rules:1: 501 rules are more than a package may hold (500)."),
        (more_cases, "rules/B001.toml:1: 102 cases of one rule are more than a package may hold (100)."),
        (larger_program, "items.csv:9: The pattern makes a program of"),
    ],
)
def test_a_package_that_costs_too_much_is_refused(tmp_path, files, write, change, says):
    """One sentence, at the place to look at."""
    with pytest.raises(SpecDefect) as refusal:
        load(write(tmp_path, {**files, **change(files)}))
    (defect,) = refusal.value.defects
    assert defect.startswith(says)


def test_a_deep_macro_of_a_rule_is_refused_at_its_line(tmp_path, files, write):
    """Load never runs what it refuses."""
    dates = 'kind = "date_order"\nfirst = "MEMBER_DOB"\nthen = "ASSESSMENT_DATE"\n'
    deep = "[1].all(x, [1].all(y, [1].all(z, a.MEMBER_ID != '')))"
    cel = f'kind = "cel"\nitems = ["MEMBER_ID"]\nexpression = "{deep}"\n'
    files["rules/B001.toml"] = files["rules/B001.toml"].replace(dates, cel)
    with pytest.raises(SpecDefect) as refusal:
        load(write(tmp_path, files))
    (defect,) = refusal.value.defects
    assert defect.startswith("rules/B001.toml:6: More than 2 macros within one another (character 30).")
