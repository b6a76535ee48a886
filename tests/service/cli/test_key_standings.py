"""Every case of the table of standings, through ``ecas keys check`` as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from standing_cases import AGENCY, CASES, KEY, NAME, ON, dated_package, roster_csv

from service.cli.main import outcome

EXITS = {"pass": 0, "warn": 0, "hold": 1, "block": 1}
#: One case of each standing, for the runs that start a process.
ONE_OF_EACH = list({case.held: case for case in CASES}.values())


@pytest.fixture(name="package", scope="session")
def _package(tmp_path_factory):
    """Return a package that judges by these suspensions and this validity: ours, or a copy with other dates."""
    folder = tmp_path_factory.mktemp("packages")
    made: dict[object, Path] = {}

    def package(waivers, years) -> Path:
        if (waivers, years) not in made:
            made[waivers, years] = dated_package(folder / str(len(made)), waivers, years)
        return made[waivers, years]

    return package


@pytest.fixture(name="asked")
def _asked(tmp_path, package):
    """Return the arguments and the settings that ask a case's question."""

    def asked(case) -> tuple[list[str], dict[str, str]]:
        (tmp_path / "roster.csv").write_bytes(roster_csv(case.lines))
        (tmp_path / "key.txt").write_text(case.asked.get("key", KEY), "utf-8")
        agency = case.asked.get("agency", AGENCY)
        arguments = [
            *("keys", "check", "--name", case.asked.get("name", NAME), "--on", case.asked.get("on", ON)),
            *("--roster", tmp_path / "roster.csv", "--key-file", tmp_path / "key.txt"),
            *("--spec", package(*case.policy), "--report", "json"),
        ]
        return [str(argument) for argument in arguments], {"ECAS_AGENCY": agency} if agency else {}

    return asked


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.says)
def test_standing(case, asked, tmp_path, monkeypatch, capsys):
    """The command tells what the validators judge, with the action, the desk and the exit code that belong to it."""
    arguments, settings = asked(case)
    monkeypatch.chdir(tmp_path)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    code = outcome(arguments)
    printed = capsys.readouterr()
    answer = json.loads(printed.out)

    assert answer["standing"] == case.held.value
    assert code == (3 if case.held == "could_not_check" else EXITS[answer["action"]])
    assert (answer["desk"] is None) is (case.held == "valid")
    assert case.asked.get("key", KEY) not in printed.err


@pytest.mark.parametrize("case", ONE_OF_EACH, ids=lambda case: case.held)
def test_standing_in_a_process_of_its_own(case, asked, ecas, tmp_path):
    """Nothing of it depends on the process of the tests."""
    arguments, settings = asked(case)
    assert json.loads(ecas(*arguments, cwd=tmp_path, **settings).stdout)["standing"] == case.held.value


def test_a_duplicate_names_the_key_to_keep(asked, tmp_path, monkeypatch, capsys):
    """Masked, and with the words for the help desk; so are the desks of a changed name."""
    arguments, settings = asked(
        next(case for case in CASES if case.says == "two keys of one person, asked by the second")
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ECAS_AGENCY", settings["ECAS_AGENCY"])

    outcome([*arguments[:-1], "text"])
    told = capsys.readouterr().out

    assert "keep      ••••••34\narchive   ••••••78\n" in told
    assert "This key is the one to have archived" in told
    assert "archive the duplicate" in told
    assert not {"AB-1234", "CD-5678"} & set(told.split())


def test_a_changed_name_is_told_both_desks(asked, tmp_path, monkeypatch, capsys):
    """The Access Administrator first, and the Virtual Gateway where there is none, each with the words to say."""
    arguments, _ = asked(next(case for case in CASES if case.says == "a new last name"))
    monkeypatch.chdir(tmp_path)

    outcome([*arguments[:-1], "text"])
    told = capsys.readouterr().out

    assert [line.split(maxsplit=1)[0] for line in told.splitlines()].count("ask") == 2
    assert told.index("Access Administrator") < told.index("1-800-421-0938")
