"""The tools for the day of change, as a person runs them."""

from __future__ import annotations

import json
from pathlib import Path

import draft
import pytest

DRAFT = draft.DRAFT


def test_a_difference_that_breaks_nothing_of_yours_is_clean(ecas):
    """Without a mapping and samples there is nothing that could break."""
    done = ecas("spec", "diff", "2026.1", DRAFT)
    assert done.returncode == 0, done.stderr
    assert "perhaps renamed MEMBER_ZIP to MEMBER_POSTAL_CODE" in done.stdout
    assert "your mapping" not in done.stdout


def test_a_broken_mapping_is_exit_code_one(ecas):
    """File and line, so that an editor can jump there."""
    done = ecas("spec", "diff", "2026.1", DRAFT, "--mapping", "mappings/riverbend-caredesk.toml")
    assert done.returncode == 1
    lines = Path("samples/mappings/riverbend-caredesk.toml").read_text("utf-8").splitlines()
    number = next(n for n, line in enumerate(lines, start=1) if line.startswith("LDF_LEGAL"))
    assert f"BREAKS      mappings/riverbend-caredesk.toml:{number}: LDF_LEGAL is no item" in done.stdout


def test_samples_that_stop_conforming_are_exit_code_one(ecas):
    """With the rules that appeared, and no value."""
    done = ecas("spec", "diff", "2026.1", DRAFT, "--samples", "good/five-through-twenty.json", "--report", "json")
    assert done.returncode == 1
    (change,) = json.loads(done.stdout)["samples"]["changes"]
    assert (change["was"], change["becomes"], change["breaks"]) == ("conforms", "does-not-conform", True)
    assert {"S001", "S003", "B101"} <= {finding["rule"] for finding in change["appeared"]}


def test_a_schema_that_is_stricter_than_the_dictionary_is_seen_in_the_samples(ecas, tmp_path):
    """The document is built by both packages: what dictionary and rules let pass, the schema may refuse."""
    sample = tmp_path / "long.json"
    sample.write_bytes(draft.response(draft.answers(DOCUMENT_ID="x" * 50)))
    done = ecas("spec", "diff", DRAFT, DRAFT, "--samples", sample, "--report", "json", cwd=tmp_path)
    assert json.loads(done.stdout)["samples"] == {"judged": 1, "changes": []}
    done = ecas("spec", "diff", "2026.1", DRAFT, "--samples", sample, "--report", "json", cwd=tmp_path)
    (change,) = json.loads(done.stdout)["samples"]["changes"]
    assert "X003" in {finding["rule"] for finding in change["appeared"]}
    assert "xxxxx" not in done.stdout


def test_samples_that_conform_to_both_change_nothing(ecas, tmp_path):
    """Exit code 0, and a count of what was judged."""
    sample = tmp_path / "ours.json"
    sample.write_bytes(draft.response(draft.answers()))
    done = ecas("spec", "diff", DRAFT, DRAFT, "--samples", sample, cwd=tmp_path)
    assert done.returncode == 0
    assert "Nothing differs." in done.stdout
    assert "Of 1 assessment, 0 conformed and would not any more." in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [["2026.1"], ["2026.1", "nowhere"], ["2026.1", str(DRAFT), "--mapping", "nowhere.toml"], ["2026.1", str(DRAFT), "--samples", "nowhere"]],
)  # fmt: skip
def test_wrong_usage_is_exit_code_two(ecas, arguments):
    """A package, a mapping or a sample that is not there."""
    assert ecas("spec", "diff", *arguments).returncode == 2


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("B012", ["fix  ", "REQ-031 (SHALL): A CANS SHALL be made", "fhirpath", "passes      assessed on the day of birth", "ask         eCAS"]),
        ("LDF_SLEEP", ["codes       0 (Rating 0)", "rules       B026", "wire        LifeDomainFunctioning/Sleep", "required    when COMPLETION_STATUS"]),
        ("S004", ["# S004"]),
        ("C003", ["# C003"]),
        ("X006", ["# X006"]),
    ],
)  # fmt: skip
def test_a_code_is_explained(ecas, code, says):
    """A rule, an item, or a check of ours."""
    done = ecas("spec", "explain", code)
    assert done.returncode == 0, done.stderr
    assert [text for text in says if text not in done.stdout] == []
    assert "by the provisional 2026.1" in done.stdout


def test_another_package_explains_its_own(ecas):
    """--spec names it."""
    done = ecas("spec", "explain", "MEMBER_POSTAL_CODE", "--spec", DRAFT)
    assert "rules       B036" in done.stdout
    assert "B101" in done.stdout


def test_an_unknown_code_asks_whether_another_was_meant(ecas):
    """Exit code 2, with what is spelt most like it."""
    done = ecas("spec", "explain", "LDF_SLEEPS")
    assert done.returncode == 2
    assert "Did you mean LDF_SLEEP" in done.stderr


@pytest.mark.parametrize(
    "says",
    ["code lists", "rating: 0, 1, 2, 3", "certification: a key is valid", "hold   unknown (C001)", "document: CansAssessment in urn:",
     "the full CANS leaves where CONSENT is given", "submit  /v1/assessments", "accepted means accepted", "desks", "REQ-003  "],
)  # fmt: skip
def test_a_package_is_shown_whole(ecas, says):
    """Dictionary, rules, policy, document, transport and desks."""
    assert says in ecas("spec", "show", "2026.1").stdout


def test_folders_named_on_the_command_line_are_listed_too(ecas, tmp_path):
    """Before they stand in any setting."""
    done = ecas("spec", "list", draft.shelf(tmp_path))
    assert f"{draft.VERSION}  draft        2027-07-01" in done.stdout


def test_a_setting_names_a_package_for_every_command(ecas, office):
    """ECAS_SPEC, by version or folder; the option still wins."""
    assert draft.VERSION in ecas("spec", "show", ECAS_SPEC=str(DRAFT)).stdout.splitlines()[0]
    assert ecas("validate", "good/five-through-twenty.json", ECAS_SPEC=str(DRAFT)).returncode == 1
    assert ecas("validate", "good/five-through-twenty.json", "--spec", "2026.1", ECAS_SPEC=str(DRAFT)).returncode == 0


def test_a_sample_that_was_wrong_before_breaks_nothing(ecas):
    """What did not conform to the older package does not stop conforming; it is told, and the exit code is 0."""
    done = ecas("spec", "diff", "2026.1", DRAFT, "--samples", "bad/rating-out-of-list.json")
    assert done.returncode == 0
    assert "changes     bad/rating-out-of-list.json" in done.stdout
    assert "Of 1 assessment, 0 conformed and would not any more." in done.stdout
