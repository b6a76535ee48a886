"""``ecas routes``, ``handoffs`` and ``worksheet``, as people type them."""

from __future__ import annotations

import json
import stat

import pytest
from stage import Stage, stage

from service.sample_files import SAMPLES

GOOD = str(SAMPLES / "good/birth-through-four.json")


@pytest.fixture
def here(tmp_path):
    with stage(tmp_path) as running:
        yield running


def said(here: Stage, *arguments: str) -> tuple[int, str, str]:
    """Return exit code, standard output and standard error of a command."""
    code = here.try_(*arguments)
    return code, here.said[-2], here.said[-1]


def set_to(here: Stage, route: str, *more: str) -> str:
    return here.run("routes", "set", "riverbend", "--route", route, "--note", "letter of 4 January", *more)


def one(here: Stage) -> dict[str, str]:
    (entry,) = here.ask("/v1/submissions")["submissions"]
    return entry


@pytest.mark.timeout(180)
def test_from_the_queue_into_a_person_s_hands_and_out(here, tmp_path):
    """Preview, move, print, close: each says what it did, and the preview does nothing."""
    assert here.try_("submit", GOOD) == 0
    preview = here.run("routes", "set", "riverbend", "--route", "virtual_gateway", "--preview")
    assert "riverbend, all others: ecas becomes virtual_gateway, from now." in preview
    assert "1  ready: people enter them from now on" in preview
    assert (one(here)["state"], here.run("routes", "list").count("virtual_gateway")) == ("ready", 0)

    assert set_to(here, "virtual_gateway").endswith("Set. 1 submissions moved.\n")
    entry = one(here)
    assert entry["state"] == "handed_off"
    assert here.run("work", "--until-idle") == ""
    assert here.ledger()["documents"] == []  # nothing of it ever left
    assert entry["id"] in here.run("handoffs", "list")
    (listed,) = json.loads(here.run("handoffs", "list", "--report", "json"))["handoffs"]
    assert (listed["submission"]["id"], listed["submission"]["owner"]) == (entry["id"], "own")

    code, printed, told = said(here, "worksheet", entry["id"])
    assert (code, printed) == (0, "")
    page = tmp_path / f"worksheet-{entry['id']}.html"
    assert page.name in told
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert here.run("worksheet", entry["id"], "--out", "-") == page.read_text("utf-8")
    assert "MA-CANS" not in page.read_text("utf-8")
    assert "MA-CANS" in here.run("worksheet", entry["id"], "--with-key", "--out", "-")

    assert here.run("handoffs", "close", entry["id"], "--note", "confirmation 8812") == f"{entry['id']} is closed.\n"
    assert here.run("handoffs", "list").count("\n") == 1
    code, _, told = said(here, "worksheet", entry["id"])
    assert (code, "Only what was handed off" in told) == (2, True)
    code, _, told = said(here, "worksheet", entry["id"], entry["id"], "--out", "one.html")
    assert (code, "need a folder" in told) == (2, True)
    code, _, told = said(here, "worksheet", "sub_../x")
    assert (code, "no submission of that id" in told) == (2, True)


@pytest.mark.timeout(180)
def test_a_go_live_on_a_day_and_hand_offs_taken_back(here):
    """A later day moves nothing now; hand-offs go back on the day itself, when somebody says so."""
    set_to(here, "virtual_gateway")
    assert here.try_("submit", GOOD) == 0
    printed = set_to(here, "ecas", "--from", "2035-03-01", "--programme", "ICC")
    assert "from 2035-03-01, midnight in Massachusetts" in printed
    assert printed.endswith("Set. Nothing moves before that day; then the workers do it.\n")
    listed = here.run("routes", "list", "riverbend")
    assert [line.split()[-1] != "" and line.split()[1:3] for line in listed.splitlines()[1:]][-1] == ["ICC", "ecas"]
    assert "later" in listed
    wanted = [
        (line["programme"], line["in_force"])
        for line in json.loads(here.run("routes", "list", "--report", "json"))["routes"]
    ]
    assert wanted == [("", True), ("", False), ("ICC", False)]
    printed = set_to(here, "ecas", "--take-back")
    assert "1  handed off: they are judged again and go the new way" in printed
    assert printed.endswith("Set. 1 submissions moved.\n")
    assert one(here)["state"] == "ready"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--route", "ecas"), "Say why"),
        (("--route", "ecas", "--from", "2020-01-01", "--note", "n"), "today or later"),
        (("--route", "ecas", "--programme", "XYZ", "--note", "n"), "The programmes of package"),
        (("--route", "ecas", "--from", "2035-01-01", "--take-back", "--note", "n"), "people are at work on them"),
        (("--route", "fax", "--note", "n"), "not_live"),
    ],
    ids=["no-note", "past", "programme", "take-back-later", "route"],
)
def test_what_cannot_be_set_says_why(tmp_path, arguments, why):
    """Each refusal is one sentence that names the way out, with the exit code of wrong usage."""
    here = Stage(folder=tmp_path, environment={"ECAS_DATA_DIR": str(tmp_path / "var")})
    here.run("agencies", "add", "riverbend")
    code, _, told = said(here, "routes", "set", "riverbend", *arguments)
    assert (code, why in told) == (2, True), told


def test_an_agency_that_is_not_there_has_no_route(tmp_path):
    """Nothing is set or listed for it."""
    here = Stage(folder=tmp_path, environment={"ECAS_DATA_DIR": str(tmp_path / "var")})
    for arguments in (("list", "riverbend"), ("set", "riverbend", "--route", "ecas", "--note", "n")):
        code, _, told = said(here, "routes", *arguments)
        assert (code, "no agency of that id" in told) == (2, True)
