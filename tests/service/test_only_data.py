"""A package from outside the repository is only data: every command follows it, and no line of code knows its name."""

from __future__ import annotations

from pathlib import Path

import draft
import pytest
from lxml import etree
from stage import Stage

from service.processes import Program

ROOT = Path(__file__).parents[2]
ROSTER = (
    "key,last_name,first_name,former_names,agencies,state,certified_on,issued_on,expires_on,status,approved_on\n"
    "EX-0001-0001,Example,Robin,,,MA,2025-06-01,,2031-06-01,,\n"
)


@pytest.fixture
def here(tmp_path):
    """A folder with the draft on a shelf outside the repository, an assessment that follows it and one that does not."""
    shelf = draft.shelf(tmp_path / "outside")
    (tmp_path / "good.json").write_bytes(draft.response(draft.answers()))
    (tmp_path / "old.json").write_bytes(draft.response(draft.of_2026(DOCUMENT_ID="old-01")))
    (tmp_path / "roster.csv").write_text(ROSTER)
    made = Stage(
        folder=tmp_path,
        environment={
            "ECAS_DATA_DIR": str(tmp_path / "var"),
            "ECAS_SPEC_PATH": str(shelf),
            "ECAS_ROSTER": str(tmp_path / "roster.csv"),
        },
    )
    yield made
    for program in reversed(made.programs):
        program.end()


def test_no_code_knows_it():
    """Neither its version nor its namespaces nor its words stand in any room."""
    words = (draft.VERSION, "urn:example:ecas", "TAKEN-NOTED", "MEMBER_POSTAL_CODE")
    rooms = ("canonical", "markup", "specs", "adapters", "validators", "gateway_client", "sandbox", "service")
    files = [file for room in rooms for file in (ROOT / room).rglob("*.py")]
    knowing = [file for file in files if any(word in file.read_text("utf-8") for word in words)]
    assert [str(file.relative_to(ROOT)) for file in knowing] == []


def test_the_commands_that_read_follow_it(here):
    """validate, map, and what ecas spec tells: by version from the shelf, or by its folder."""
    good, old = str(here.folder / "good.json"), str(here.folder / "old.json")
    for name in (draft.VERSION, str(here.folder / "outside" / draft.VERSION)):
        assert here.try_("validate", good, "--spec", name) == 0
        assert here.try_("validate", old, "--spec", name) == 1
    assert here.try_("validate", good) == 1  # a draft is never chosen by a date
    assert here.try_("validate", old) == 0
    assert here.try_("map", good, "--spec", draft.VERSION, "--out", str(here.folder / "document.xml")) == 0
    root = etree.parse(here.folder / "document.xml").getroot()
    assert root.tag == "{urn:example:ecas:cans:2027}Cans"
    assert root.findtext(".//{*}Recreation") == "2"
    assert f"{draft.VERSION}  draft" in here.run("spec", "list")
    assert "TAKEN means accepted" in here.run("spec", "show", draft.VERSION)
    assert "B101" in here.run("spec", "explain", "MEMBER_POSTAL_CODE", "--spec", draft.VERSION)
    assert here.try_("spec", "diff", "2026.1", draft.VERSION) == 0


def test_from_submission_to_receipt_it_is_followed(here):
    """Intake, worker and sandbox under the draft by name: another namespace, other paths, other words for every verdict."""
    here.environment["ECAS_SPEC"] = draft.VERSION
    (here.folder / "weather.toml").write_text(
        "[[weather]]\nmatch = { nth = 2 }\ndo = 'accept-with-warnings'\n"
        "[[weather]]\nmatch = { nth = 3 }\ndo = 'reject'\nreasons = ['B101']\n"
    )
    sandbox = here.start("sandbox", "--port", "0", "--ledger", "ledger.jsonl", "--weather", "weather.toml")
    here.environment["ECAS_GATEWAY_URL"] = sandbox.address()
    here.environment["ECAS_API_KEY"] = here.run("agencies", "add", "riverbend").splitlines()[-1]
    here.environment["ECAS_URL"] = here.start("serve", "--port", "0").address()
    for number in (1, 2, 3):
        given = draft.answers(
            DOCUMENT_ID=f"doc-{number}", MEMBER_ID=f"10000000000{number}", MEMBER_LOCAL_ID=f"L{number}"
        )
        (here.folder / f"{number}.json").write_bytes(draft.response(given))
        assert here.try_("submit", str(here.folder / f"{number}.json")) == 0, here.said[-2:]
    assert here.try_("submit", str(here.folder / "old.json")) == 1
    here.run("work", "--until-idle")
    entries = {one["document_id"]: one for one in here.ask("/v1/submissions")["submissions"]}
    verdicts = {name: one["verdict"] for name, one in entries.items()}
    assert verdicts == {"doc-1": "accepted", "doc-2": "accepted-with-warnings", "doc-3": "rejected", "old-01": None}
    assert entries["old-01"]["state"] == "blocked"
    words = {name: _status(here, one["id"]) for name, one in entries.items() if name != "old-01"}
    assert words == {"doc-1": "TAKEN", "doc-2": "TAKEN-NOTED", "doc-3": "RETURNED"}


def test_a_deployment_that_names_a_draft_is_told_so(here):
    """The doctor says that one package judges everything, and whether the interlock lets it go there."""
    here.environment |= {"ECAS_SPEC": draft.VERSION, "ECAS_GATEWAY_URL": "https://ecas.example"}
    assert here.try_("doctor") == 2
    told = here.said[-2]
    assert f"judges all     {draft.VERSION}, draft" in told
    assert "the interlock is closed" in told


def test_a_sandbox_may_be_told_by_option(here):
    """A draft only by name, and the name may be a folder."""
    folder = str(here.folder / "outside" / draft.VERSION)
    started: Program = here.start("sandbox", "--port", "0", "--ledger", "ledger.jsonl", "--spec", folder)
    here.environment["ECAS_URL"], here.environment["ECAS_API_KEY"] = started.address(), "none"
    assert here.ask("/_sandbox")["spec"]["version"] == draft.VERSION


def _status(here: Stage, submission: str) -> str:
    """Return the state's own word from the last receipt of a submission."""
    (*_, last) = here.ask(f"/v1/submissions/{submission}/receipts")["receipts"]
    return etree.fromstring(last.encode()).findtext("{urn:example:ecas:answer:2027}Status") or ""
