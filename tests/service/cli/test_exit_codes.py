from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

GOOD = "good/five-through-twenty.json"
BAD = "bad/rating-out-of-list.json"
HELD = "bad/unknown-key.json"
TABLE = "good/caredesk-export.csv"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["validate", GOOD], 0),
        (["validate", BAD], 1),
        (["validate", HELD], 1),
        (["validate", HELD, "--without-certification"], 0),
        (["validate", GOOD, BAD], 1),
        (["validate", "bad/not-a-payload.txt"], 1),
        (["validate", "bad/truncated.json"], 1),
        (["validate", TABLE], 0),
        (["validate", BAD, "--fail-on", "never"], 0),
        (["validate", "nowhere.json"], 2),
        (["validate", GOOD, "nowhere.json"], 2),
        (["validate", BAD, "--spec", "1999.1"], 2),
        (["validate", BAD, "--roster", "nowhere.csv"], 2),
        (["validate", TABLE, "--mapping", "nowhere.toml"], 2),
        (["validate", GOOD, "--roster", "roster.csv", "--without-certification"], 2),
        (["validate", GOOD, "--report", "xml"], 2),
        (["validate", GOOD, "--report", "json", "--report", "text"], 2),
        (["validate", GOOD, "--report", "json=nowhere/report.json"], 2),
        (["validate", GOOD, "--fail-on", "sometimes"], 2),
        (["validate", GOOD, "--loud"], 2),
        (["validate"], 2),
        (["guess"], 2),
        ([], 2),
        (["--version"], 0),
        (["validate", "--help"], 0),
        (["map", GOOD], 0),
        (["map", BAD], 1),
        (["map", HELD], 1),
        (["map", HELD, "--force"], 0),
        (["map", "bad/not-a-payload.txt", "--force"], 1),
        (["why", GOOD, "LDF_SLEEP"], 0),
        (["why", GOOD, "LDF_SLEPT"], 2),
        (["why", GOOD], 2),
        (["spec", "list"], 0),
        (["spec", "show", "2026.1"], 0),
        (["spec", "show", "1999.1"], 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_the_exit_code_says_what_happened(ecas, arguments, code):
    """0 clean, 1 findings, 2 usage or configuration: the golden matrix."""
    done = ecas(*arguments)

    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(("level", "code"), [("error", 0), ("warning", 1), ("never", 0)])
def test_a_warning_fails_only_where_warnings_were_asked_to(ecas, desk, level, code):
    """An answer that belongs to the other instrument is a warning: it conforms, and may still fail a build."""
    document = json.loads((desk / "export.json").read_text("utf-8"))
    response = next(
        e["resource"] for e in document["entry"] if e["resource"]["resourceType"] == "QuestionnaireResponse"
    )
    response["item"].append({"linkId": "EBN_FAILURE_TO_THRIVE", "answer": [{"valueCoding": {"code": "0"}}]})
    (desk / "export.json").write_text(json.dumps(document), "utf-8")

    done = ecas("validate", "export.json", "--without-certification", "--fail-on", level, cwd=desk)

    assert done.returncode == code
    assert "warning S008" in done.stdout
    assert "conforms to" in done.stdout


def test_without_a_roster_certification_could_not_be_checked(ecas, desk):
    """A check that did not run is never a pass: exit code 3."""
    done = ecas("validate", "export.json", cwd=desk)

    assert done.returncode == 3
    assert "could not be checked whether the export conforms" in done.stdout


def test_findings_come_before_what_could_not_be_checked(ecas, desk, office):
    """Where 1 and 3 both apply, 1 is told."""
    (desk / "broken.json").write_bytes((office / BAD).read_bytes())

    assert ecas("validate", desk, cwd=desk).returncode == 1


def test_never_failing_on_findings_still_tells_what_could_not_be_checked(ecas, desk):
    """``--fail-on never`` is about findings; a check that did not run stays exit code 3."""
    assert ecas("validate", "export.json", "--fail-on", "never", cwd=desk).returncode == 3


def test_a_date_before_every_specification_could_not_be_checked(ecas, office, tmp_path):
    """No package in force on the assessment date is X002 and exit code 3, never a pass."""
    text = (office / GOOD).read_text("utf-8")
    dated = office / "good/before-all.json"
    dated.write_text(text.replace('"authored": "2026', '"authored": "2016'), "utf-8")
    try:
        done = ecas("validate", dated, "--without-certification")
    finally:
        dated.unlink()

    assert "X002" in done.stdout
    assert done.returncode == 3


def test_wrong_usage_is_one_clear_sentence(ecas):
    """A person sees what is wrong and where help is, on standard error."""
    done = ecas("validate", "nowhere.json")

    assert done.stderr == "ecas: There is no file or folder nowhere.json.\n"
    assert done.stdout == ""


def test_a_reader_that_goes_away_is_no_fault(ecas, office):
    """``ecas … | head`` ends quietly."""
    with subprocess.Popen(
        [sys.executable, "-m", "service", "why", "good/caredesk-export.csv", "--all"],
        cwd=office,
        env={"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 141


@pytest.mark.parametrize(("payload", "code"), [(GOOD, 0), (BAD, 1), ("nowhere.json", 2)])
@pytest.mark.parametrize("closed", ["", ">&-", ">&- 2>&- <&-"])
def test_closed_streams_change_no_exit_code(office, payload, code, closed):
    """``ecas … >&-`` ends as it would have with somebody listening."""
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" -m service validate {payload} {closed}', sys.executable],
        cwd=office,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == code
    assert b"fault of ecas-bridge" not in done.stderr


@pytest.mark.parametrize("place", [".", "deeper"])
def test_a_pipe_in_a_folder_is_waited_for_by_nobody(ecas, desk, place):
    """Only files at rest are payloads of a folder."""
    (desk / place).mkdir(exist_ok=True)
    os.mkfifo(desk / place / "pipe.json")

    done = ecas("validate", ".", "--without-certification", cwd=desk)

    assert done.returncode == 0
    assert done.stdout.startswith("1 file, 1 assessment:")
