from __future__ import annotations

import csv
import json

import pytest


@pytest.fixture
def key(office):
    """The key and the name of the roster's first line."""
    with (office / "roster.csv").open(encoding="utf-8") as file:
        line = next(csv.DictReader(file))
    return line["key"], f"{line['last_name']}, {line['first_name']}"


def test_the_json_answer_has_exactly_the_promised_shape(ecas, key):
    """Standing, action, desk, why."""
    number, name = key
    done = ecas(
        "keys",
        "check",
        "--name",
        name,
        "--on",
        "2026-03-02",
        "--roster",
        "roster.csv",
        "--report",
        "json",
        stdin=number,
    )
    answer = json.loads(done.stdout)

    assert set(answer) == {"standing", "action", "desk", "why"}
    assert (answer["standing"], answer["action"]) == ("valid", "pass")
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("given", "on", "standing", "code"),
    [
        ("MA-CANS-00000", "2026-03-02", "unknown", 1),
        ("not a key", "2026-03-02", "malformed", 1),
        (None, "2026-01-02", "valid", 0),
        (None, "2029-03-02", "valid_recertification_waived", 0),
    ],
)
def test_a_standing_that_would_stop_an_assessment_is_exit_code_1(ecas, key, given, on, standing, code):
    """Held and blocked keys fail a build; waived ones do not."""
    number, name = key
    done = ecas("keys", "check", "--name", name, "--on", on, "--report", "json", stdin=given or number)

    assert json.loads(done.stdout)["standing"] == standing
    assert done.returncode == code


def test_without_a_roster_a_key_could_not_be_checked(ecas, key, tmp_path):
    """Exit code 3, and the desk says what to do."""
    number, name = key
    done = ecas("keys", "check", "--name", name, "--on", "2026-03-02", "--report", "json", stdin=number, cwd=tmp_path)

    assert json.loads(done.stdout)["standing"] == "could_not_check"
    assert done.returncode == 3


def test_a_key_comes_from_a_file_or_standard_input(ecas, key, tmp_path):
    """Never as an argument: there is no option for it; and it is never printed."""
    number, name = key
    (tmp_path / "key.txt").write_text(f"{number}\r\n")
    done = ecas("keys", "check", "--name", name, "--on", "2026-03-02", "--key-file", tmp_path / "key.txt")

    assert done.returncode == 0
    assert "standing  valid" in done.stdout
    assert number not in done.stdout + done.stderr
    assert ecas("keys", "check", "--name", name, "--on", "2026-03-02", "--key", number).returncode == 2
    assert ecas("keys", "check", "--name", name, "--on", "2026-03-02").returncode == 2


@pytest.mark.parametrize("name", ["Ana Rivera", ""])
def test_a_name_in_another_form_is_wrong_usage(ecas, name):
    """A name that could be read two ways is not guessed at."""
    assert ecas("keys", "check", "--name", name, "--on", "2026-03-02", stdin="x").returncode == 2


def test_the_list_masks_every_key(ecas, office, key):
    """Names are the person's own roster; keys are credentials."""
    done = ecas("keys", "list")

    assert done.returncode == 0
    assert key[1] in done.stdout
    with (office / "roster.csv").open(encoding="utf-8") as file:
        assert not any(line["key"] in done.stdout for line in csv.DictReader(file))
