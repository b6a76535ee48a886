"""``ecas road``, ``pause``, ``resume`` and ``deadlines``, as people type them; with a state that does not answer."""

from __future__ import annotations

import json
import time

import pytest
from stage import Stage, stage

from service.cli.main import outcome
from service.sample_files import SAMPLES

#: Nobody is at home.
OUTAGE = "[[outage]]\nfrom = 2020-01-01T00:00:00Z\ndo = 'unavailable'\n"
GOOD = str(SAMPLES / "good/caredesk-export.csv")
HELD = str(SAMPLES / "bad/unknown-key.json")


def said(here: Stage, *arguments: str) -> tuple[int, str, str]:
    """Return exit code, standard output and standard error of a command."""
    code = here.try_(*arguments)
    return code, here.said[-2], here.said[-1]


def told(here: Stage, *arguments: str) -> tuple[int, dict]:
    code, printed, _ = said(here, *arguments, "--report", "json")
    return code, json.loads(printed)


@pytest.fixture
def alone(tmp_path):
    """A deployment in which nothing runs."""
    here = Stage(folder=tmp_path, environment={"ECAS_DATA_DIR": str(tmp_path / "var")})
    here.run("agencies", "add", "riverbend")
    return here


@pytest.mark.timeout(180)
def test_an_outage_from_both_sides(tmp_path):
    """The operator sees what is closed and whom to call; the agency sees what is late and why; a monitor sees a word."""
    with stage(tmp_path, weather=OUTAGE) as here:
        assert here.try_("submit", GOOD, HELD) == 1
        worker = here.start("work")
        code, road, until = 0, {}, time.monotonic() + 60
        while road.get("closed_by") != "breaker":
            assert time.monotonic() < until, worker
            code, road = told(here, "road")
        assert (code, road["open"], road["call"]["name"]) == (1, False, "eCAS technical team")
        assert road["since"] == road["breaker"]["since"]
        assert road["breaker"]["next_try_at"]
        assert road["sent_last_hour"]["TryLater"] >= 5
        assert road["waiting"]["held"] == 1
        code, printed, _ = said(here, "road")
        assert (code, "leaves       nothing (breaker) since" in printed, "EHS-MA-ECAS-IT@mass.gov" in printed) == (
            1,
            True,
            True,
        )
        assert here.ask("/readyz") == {"status": "ready", "delivering": False, "reason": "breaker"}

        code, found = told(here, "deadlines", "--days", "3660")
        assert (code, found["closed_by"], found["counts"]["overdue"] > 0) == (1, "breaker", True)
        (held,) = (one for one in found["submissions"] if one["state"] == "held")
        assert (held["held_up_by"], held["owner"]) == ("unknown_key", "own")
        code, printed, _ = said(here, "deadlines", "--days", "3660")
        assert (code, printed.startswith("The state does not answer:"), "unknown_key" in printed) == (1, True, True)
        code, of_all = told(here, "deadlines", "--every-agency", "--days", "3660")
        assert (code, of_all["agencies"]) == (1, found["agencies"])

        late = next(one["id"] for one in found["submissions"] if one["fate"] == "overdue" and one["state"] == "ready")
        story = here.run("status", late)
        assert "due         20" in story
        assert " days\n" in story
        assert "  send 1     TryLater after " in story
        _, one = told(here, "status", late)
        assert one["days_left"] < 0
        assert one["attempts_made"][0]["kind"] == "send"


def test_a_pause_and_its_end(alone):
    """A part is named, kept with who and why, told twice without harm, and resumed by its own name alone."""
    printed = alone.run("pause", "--agency", "riverbend", "--programme", "ICC", "--note", "their export is wrong")
    assert printed == "Paused: agency riverbend, programme ICC. 0 under way; they are finished.\n"
    assert alone.run("pause", "--note", "the state asked").startswith("Paused: everything.")
    assert "It is paused already: everything, since" in alone.run("pause", "--note", "again")
    code, road = told(alone, "road")
    assert (code, road["closed_by"], road["why"], road["call"], road["until"]) == (
        1,
        "paused",
        "the state asked",
        None,
        None,
    )
    assert [(one["agency"], one["programme"]) for one in road["pauses"]] == [("riverbend", "ICC"), (None, None)]
    assert all(one["who"].startswith("operator") for one in road["pauses"])
    code, printed, _ = said(alone, "doctor")
    assert (code, printed.count("warn  road"), "ecas resume" in printed) == (0, 2, True)

    printed = alone.run("resume", "--note", "they are well")
    assert printed.startswith("Resumed: everything.\nPaused: agency riverbend, programme ICC, since")
    code, road = told(alone, "road")
    assert (code, road["open"], len(road["pauses"])) == (0, True, 1)
    assert road["ended"][0]["why"].endswith(": they are well")
    code, _, why = said(alone, "resume", "--note", "once more")
    assert (code, "There is no pause of everything" in why) == (2, True)


def test_a_worker_says_what_is_paused(alone):
    """A part does not stop it and is told; everything makes it end with the exit code of a wrong configuration."""
    alone.environment["ECAS_GATEWAY_URL"] = "http://127.0.0.1:9"
    alone.run("pause", "--agency", "riverbend", "--note", "their export is wrong")
    code, _, why = said(alone, "work", "--until-idle")
    assert (code, why.count("Paused: agency riverbend, since")) == (0, 2)
    alone.run("pause", "--note", "the state asked")
    code, _, why = said(alone, "work", "--until-idle")
    assert (code, "The destination is paused: operator" in why, "the state asked" in why) == (2, True, False)
    assert said(alone, "work", "--until-idle", "--resume")[0] == 0
    assert "everything" not in alone.run("road")[:200]


def test_nothing_due_is_said(alone):
    """An empty outlook is a sentence, and clean."""
    assert alone.run("deadlines", "--every-agency") == "Nothing is overdue, and nothing falls due within 14 days.\n"
    assert alone.run("deadlines", "--agency", "riverbend", "--days", "3").endswith("within 3 days.\n")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("pause",), "--note"),
        (("pause", "--note", " "), "Say why"),
        (("pause", "--agency", "nobody", "--note", "n"), "no agency of that id"),
        (("pause", "--programme", "XYZ", "--note", "n"), "The programmes of package"),
        (("resume", "--agency", "riverbend", "--note", "n"), "no pause of agency riverbend"),
        (("deadlines", "--agency", "riverbend", "--every-agency"), "not both"),
        (("deadlines", "--agency", "nobody"), "no agency of that id"),
        (("deadlines", "--days", "-1"), "--days"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, tuple) else "",
)
def test_wrong_usage_is_a_sentence(tmp_path, monkeypatch, capsys, arguments, why):
    """Exit 2, and one sentence that names the fault."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ECAS_DATA_DIR", str(tmp_path / "var"))
    assert outcome(["agencies", "add", "riverbend"]) == 0
    capsys.readouterr()
    assert outcome(arguments) == 2
    printed = capsys.readouterr()
    assert (printed.out, "Traceback" in printed.err, why in printed.err) == ("", False, True), printed.err
