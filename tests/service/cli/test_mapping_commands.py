"""``ecas mapping init``, ``check`` and ``test`` as a person runs them: exit codes, files, and what is never shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

LAYOUTS = Path(__file__).parents[2] / "mapping_layouts"
MAPPING = """agency = "riverbend"
format = "delimited"
effective = 2026-01-01
[items]
MEMBER_LAST_NAME = { from = "Last" }
LDF_SLEEP = { from = "Sleep" }
LDF_COMMENT = { from = "Why" }
"""


@pytest.fixture
def clinic(tmp_path: Path) -> Path:
    """A mapping with a payload among its cases."""
    (tmp_path / "clinic.toml").write_text(MAPPING, "utf-8")
    (tmp_path / "clinic.cases").mkdir()
    (tmp_path / "clinic.cases/one.csv").write_text("Last,Sleep,Why\nQuillfeather,2,Lamp on\n", "utf-8")
    return tmp_path


def test_a_draft_is_a_new_file_with_its_questions_on_top(ecas, tmp_path):
    """It is for its owner alone, it loads, it is told in a report, and it is never written over."""
    out = tmp_path / "draft.toml"
    first = ecas("mapping", "init", LAYOUTS / "long-csv/sample.csv", "--out", out, cwd=tmp_path)
    text = out.read_text("utf-8")
    again = ecas("mapping", "init", LAYOUTS / "long-csv/sample.csv", "--out", out, cwd=tmp_path)
    checked = ecas("mapping", "check", out, "--report", "json", cwd=tmp_path)

    assert (first.returncode, again.returncode) == (0, 2)
    assert "is there already" in again.stderr
    assert out.stat().st_mode & 0o777 == 0o600
    assert text.splitlines()[4].startswith("#   1. [required] Where ")
    assert "Questions for a person:" in first.stdout
    assert "defect" not in {remark["name"] for remark in json.loads(checked.stdout)["remarks"]}


def test_a_draft_goes_to_standard_output_or_is_told_to_programs(ecas, tmp_path):
    """Without a file the draft itself is printed; as JSON its questions come first, and the draft last."""
    sample = LAYOUTS / "long-csv/sample.csv"
    plain = ecas("mapping", "init", sample, cwd=tmp_path)
    told = json.loads(ecas("mapping", "init", sample, "--report", "json", cwd=tmp_path).stdout)

    assert told["mapping"] == plain.stdout
    assert [*told][5] == "questions"
    assert told["questions"][0]["kind"] == "required"
    assert {"item", "places", "line", "confidence"} == told["items"][0].keys()


@pytest.mark.parametrize(
    "arguments",
    [
        ["init", "nowhere.csv"],
        ["check", "nowhere.toml"],
        ["test", "nowhere.toml"],
        ["test", "clinic.toml", "--cases", "none"],
    ],
)
def test_what_is_not_there_is_wrong_usage(ecas, clinic, arguments):
    """A file that does not exist is exit code 2 and one sentence."""
    done = ecas("mapping", *arguments, cwd=clinic)

    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("path", "options", "code"),
    [
        ("mappings", (), 0),
        ("mappings", ("--fail-on", "warning"), 0),
        ("cbhi/cans-export.toml", (), 1),
        ("cbhi/cans-export.toml", ("--fail-on", "never"), 0),
    ],
)
def test_errors_fail_a_check_and_other_remarks_where_somebody_says_so(ecas, path, options, code):
    """Exit code 1 is for remarks at or above --fail-on."""
    assert ecas("mapping", "check", path, *options).returncode == code


def test_a_check_annotates_a_pull_request(ecas, clinic):
    """Each remark is a command of GitHub at its file and line, and the last is the verdict."""
    (clinic / "clinic.toml").write_text(MAPPING + 'LDF_SLEEPS = { from = "S" }\n', "utf-8")
    lines = ecas("mapping", "check", "clinic.toml", "--report", "github", cwd=clinic).stdout.splitlines()

    assert any(line.startswith("::error file=clinic.toml,line=8,title=unknown-item::") for line in lines)
    assert lines[-1].startswith("::notice title=ecas-bridge::1 mapping ")


def test_cases_are_frozen_and_hold_from_then_on(ecas, clinic):
    """A payload without a case fails, --write makes the case, and a change of the mapping is seen."""
    codes = [ecas("mapping", "test", "clinic.toml", *more, cwd=clinic).returncode for more in ((), ("--write",), ())]
    (clinic / "clinic.toml").write_text(
        MAPPING.replace('"Sleep"', '"Why"').replace('LDF_COMMENT = { from = "Why" }\n', ""), "utf-8"
    )
    quiet = ecas("mapping", "test", "clinic.toml", cwd=clinic)
    loud = ecas("mapping", "test", "clinic.toml", "--show-values", cwd=clinic)

    assert codes == [1, 0, 0]
    assert quiet.returncode == loud.returncode == 1
    assert "assessment 1, LDF_SLEEP: read otherwise" in quiet.stdout
    assert not [value for value in ("Quillfeather", "Lamp on") if value in quiet.stdout]
    assert "expected 2, read Lamp on" in loud.stdout
    assert "LDF_COMMENT: not read; expected •••••• (masked), read nothing" in loud.stdout


def test_no_case_at_all_is_no_pass(ecas, clinic):
    """A folder without cases checks nothing: exit code 3."""
    (clinic / "clinic.cases/one.csv").unlink()

    assert ecas("mapping", "test", "clinic.toml", cwd=clinic).returncode == 3
