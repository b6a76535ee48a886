"""Sections that repeat, as a package declares them."""

from __future__ import annotations

import pytest

from canonical.errors import SpecDefect
from canonical.occurrence import nth_of, parted
from specs.reader import load
from specs.wire import check_wire


@pytest.fixture
def repeating(files):
    """Return the small package with a section that repeats three times."""
    files["instruments.toml"] = files["instruments.toml"].replace('"LDF_COMMENT"', '"LDF_COMMENT"\nrepeats = 3')
    files["wire.xsd"] = files["wire.xsd"].replace(
        'type="Life" minOccurs="0"', 'type="Life" minOccurs="0" maxOccurs="3"'
    )
    return files


def defects_of(place, files, write):
    with pytest.raises(SpecDefect) as refusal:
        load(write(place, files))
    return refusal.value.defects


@pytest.mark.parametrize(
    ("code", "meant"),
    [
        ("CGR_SAFETY", ("CGR_SAFETY", 1)),
        ("CGR_SAFETY.2", ("CGR_SAFETY", 2)),
        ("CGR_SAFETY.12", ("CGR_SAFETY", 12)),
        ("CGR_SAFETY.1", ("CGR_SAFETY.1", 1)),
        ("CGR_SAFETY.02", ("CGR_SAFETY.02", 1)),
        ("CGR_SAFETY.1000", ("CGR_SAFETY.1000", 1)),
        ("1.2.840", ("1.2.840", 1)),
    ],
)
def test_the_code_of_an_occurrence(code, meant):
    """A dot and a number from 2 on, of three digits at most; anything else is a code of its own."""
    assert parted(code) == meant
    assert nth_of(*meant) == code


def test_the_occurrences_stand_in_the_order_of_the_document(tmp_path, repeating, write):
    """All of a section, then all of it again; conditions on the section's own items mean the same occurrence."""
    repeating["items.csv"] = repeating["items.csv"].replace(
        "complete|paper;CONSENT,rating", "LDF_COMMENT;CONSENT,rating"
    )
    repeating["items.csv"] = repeating["items.csv"].replace("COMPLETION_STATUS=LDF_COMMENT", "LDF_COMMENT")
    spec = load(write(tmp_path, repeating))
    assert [code for code in spec.occurrences if code.startswith("LDF")] == [
        "LDF_SLEEP", "LDF_COMMENT", "LDF_SLEEP.2", "LDF_COMMENT.2", "LDF_SLEEP.3", "LDF_COMMENT.3",
    ]  # fmt: skip
    second = spec.occurrences["LDF_SLEEP.2"]
    assert (second.occurrence, second.repeats, second.group, second.label) == (2, 3, "Life", "Sleep (no. 2)")
    assert [condition.item for condition in second.required_when] == ["LDF_COMMENT.2", "CONSENT"]
    assert {"LDF_SLEEP.2", "LDF_COMMENT.3"}.isdisjoint(spec.leaves_without_consent)
    assert set(spec.items) == {code for code, item in spec.occurrences.items() if item.occurrence == 1}


def test_the_schema_must_let_the_element_repeat(tmp_path, repeating, write):
    """As often as the section does, or any number of times."""
    assert check_wire(load(write(tmp_path / "a", repeating))) == ()
    repeating["wire.xsd"] = repeating["wire.xsd"].replace('maxOccurs="3"', 'maxOccurs="unbounded"')
    assert check_wire(load(write(tmp_path / "b", repeating))) == ()
    repeating["wire.xsd"] = repeating["wire.xsd"].replace('maxOccurs="unbounded"', 'maxOccurs="2"')
    (defect,) = check_wire(load(write(tmp_path / "c", repeating)))
    assert defect == "wire.xsd:11: The section LDF repeats 3 times, and its element may stand here 2 times."


def test_all_forms_must_agree(tmp_path, repeating, write):
    """There is one document for all of them."""
    repeating["instruments.toml"] = repeating["instruments.toml"].replace("repeats = 3", "repeats = 2", 1)
    (defect,) = defects_of(tmp_path, repeating, write)
    assert "The section 'LDF' repeats another number of times in another instrument." in defect


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("Life/Comment", "Comment", "its items need an element of their own around them all"),
        ("our assumption\nLDF_SLEEP", "our assumption\nX,,DOC,X,text,no,,,,,,,,always,no,Life/X,our assumption\nLDF_SLEEP",
         "The element Life repeats with the section LDF; no other item may stand in it."),
        ("DOC,Reason,", "LDF,Reason,", "ecas-bridge relies on the item INCOMPLETE_REASON by name"),
    ],
)  # fmt: skip
def test_what_repeats_has_an_element_of_its_own(tmp_path, repeating, write, old, new, says):
    """And nothing that is asked for by name, or once, stands in it."""
    repeating["items.csv"] = repeating["items.csv"].replace(old, new)
    assert any(says in defect for defect in defects_of(tmp_path, repeating, write))


def test_cases_and_examples_stay_within_the_occurrences(tmp_path, repeating, write):
    """They may speak of the third, and of no fourth."""
    case = "MEMBER_DOB = "
    repeating["rules/B001.toml"] = repeating["rules/B001.toml"].replace(case, f'"LDF_SLEEP.3" = "1", {case}')
    load(write(tmp_path / "a", repeating))
    repeating["rules/B001.toml"] = repeating["rules/B001.toml"].replace("LDF_SLEEP.3", "LDF_SLEEP.4", 1)
    (defect,) = defects_of(tmp_path / "b", repeating, write)
    assert "'LDF_SLEEP.4' is one occurrence more than the section of LDF_SLEEP has (3)." in defect


def test_a_rule_names_items_by_their_own_codes(tmp_path, repeating, write):
    """It is asked of each occurrence anyway."""
    repeating["rules/B001.toml"] = repeating["rules/B001.toml"].replace(
        '"ASSESSMENT_DATE"\n', '"ASSESSMENT_DATE.2"\n', 1
    )
    (defect,) = defects_of(tmp_path, repeating, write)
    assert "'ASSESSMENT_DATE.2' is no item of items.csv." in defect
