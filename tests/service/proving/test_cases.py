"""The cases of a mapping: run, told, frozen."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.mapping import load_mapping
from canonical.errors import ConfigurationError
from service.proving.case import cases, write
from service.proving.trial import differences, read

ROOT = Path(__file__).parents[3]
MAPPING = """agency = "riverbend"
format = "delimited"
effective = 2026-01-01
[items]
MEMBER_LOCAL_ID = { from = "Id" }
LDF_SLEEP = { from = "Sleep", codes = "need" }
LDF_COMMENT = { from = "Why" }
[codes.need]
"Mild" = "1"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A mapping and a case of its own that is as it was."""
    (tmp_path / "m.toml").write_text(MAPPING, "utf-8")
    beside = tmp_path / "m.cases"
    beside.mkdir()
    (beside / "two.csv").write_text('Id,Sleep,Why\nC-1,Mild,"said ""so"""\nC-2,Odd,\n', "utf-8")
    return tmp_path


def run(folder: Path):
    mapping = load_mapping(folder / "m.toml")
    return [(case, read(case, mapping)) for case in cases(folder / "m.cases")]


def freeze(folder: Path) -> None:
    for case, now in run(folder):
        case.file.write_text(write(replace(now, why="Two children.")), "utf-8")


def test_a_payload_that_nobody_described_is_a_difference(folder):
    """What has no expectations is no pass."""
    ((case, now),) = run(folder)

    assert case.assessments is None
    assert len(list(differences(case, now))) == 1


def test_what_was_frozen_is_read_again_without_a_difference(folder):
    """A case holds answers and findings of every assessment, and its own reading differs in nothing."""
    freeze(folder)
    ((case, now),) = run(folder)

    assert (case.why, case.assessments) == ("Two children.", now.assessments)
    assert case.assessments is not None
    assert case.assessments[0].answers["LDF_COMMENT"] == 'said "so"'
    assert case.assessments[1].findings == ("A005 LDF_SLEEP",)
    assert "DOCUMENT_ID" not in case.assessments[0].answers
    assert list(differences(case, now)) == []


@pytest.mark.parametrize(
    ("change", "item", "says"),
    [
        (('"Mild" = "1"', '"Mild" = "2"'), "LDF_SLEEP", "read otherwise"),
        (('LDF_COMMENT = { from = "Why" }', ""), "LDF_COMMENT", "not read"),
        (('"Mild" = "1"', '"Mild" = "1"\n"Odd" = "3"'), "LDF_SLEEP", "read, and not expected"),
        (('"Mild" = "1"', '"Mild" = "1"\n"Odd" = "3"'), "", "expected, and not found: A005 LDF_SLEEP"),
        (('"Mild" = "1"', '"Milder" = "1"'), "", "found, and not expected: A005 LDF_SLEEP"),
    ],
)
def test_a_changed_mapping_differs_at_its_items(folder, change, item, says):
    """Each difference names the item and the kind, and no value."""
    freeze(folder)
    file = folder / "m.toml"
    file.write_text(file.read_text("utf-8").replace(*change), "utf-8")
    ((case, now),) = run(folder)
    found = list(differences(case, now))

    assert (item, says) in {(difference.item, difference.text) for difference in found}
    assert not [one for one in found if "so" in one.text or "C-1" in one.text or "C-1" in repr(one)]


def test_another_number_of_assessments_is_a_difference(folder):
    """A row more or less is told."""
    freeze(folder)
    payload = folder / "m.cases/two.csv"
    payload.write_text(payload.read_text("utf-8") + "C-3,Mild,\n", "utf-8")
    ((case, now),) = run(folder)

    assert "Assessments: 2 expected, 3 read." in [difference.text for difference in differences(case, now)]


@pytest.mark.parametrize(
    "text",
    [
        "payload = 3",
        'payload = "../other.csv"',
        'payload = "absent.csv"',
        'payload = "two.csv"\nsurplus = 1',
        'payload = "two.csv"\nassessment = 3',
        'payload = "two.csv"\nfindings = ["whatever"]',
        'payload = "two.csv"\n[[assessment]]\nanswers = { A = 3 }',
        'payload = "two.csv"\n[[assessment]]\nanswer = {}',
        "[",
    ],
)
def test_a_broken_case_is_told_by_its_file(folder, text):
    """No case is half believed, and none leads out of its folder."""
    (folder / "m.cases/broken.toml").write_text(text, "utf-8")

    with pytest.raises(ConfigurationError, match=r"broken\.toml"):
        cases(folder / "m.cases")


def test_two_payloads_of_one_stem_have_a_case_each(folder):
    """A case never takes the file of another."""
    freeze(folder)
    shutil.copy(folder / "m.cases/two.csv", folder / "m.cases/two.txt")

    assert {case.file.name for case in cases(folder / "m.cases")} == {"two.toml", "two.txt.toml"}
