"""``ecas reconcile`` as its operator types it, and what it may never print."""

from __future__ import annotations

import base64
import json
import os
import re
from pathlib import Path

import pytest
from cbhi import AGENCY, NAME, OLDER, content, line
from sqlalchemy import Engine
from vaults import MASTER
from waiting import draft, put

from canonical.submission import State
from service.cli.main import outcome
from service.outbox.engine import open_engine
from service.sample_files import SAMPLES

MAPPING = SAMPLES / "cbhi/cans-export.toml"
GOLDEN = Path(__file__).parent / "golden"
CHILDREN = [f"98765432{number:04}" for number in range(1001, 1010)]
VALUES = {"f3": "Kunigunde", "f4": "Kanarienvogel", "f18": "02149", "f90": "F43.25"}
DAY, THERE = "2026-10-13", "10/13/2026"
#: Every form in which something of the export, or of what lies here, could be written.
SECRETS = [*CHILDREN, *VALUES.values(), "Vogelsang", "2026-10-13", "10/13/2026", "20261013", "2014-03-02"]


@pytest.fixture
def ecas(database_url, tmp_path, monkeypatch, capfd):
    """Return what runs a command on this database, under the master key that the outbox of the tests has."""
    key = tmp_path / "master.key"
    key.write_bytes(base64.b64encode(MASTER))
    key.chmod(0o600)
    monkeypatch.chdir(tmp_path)
    for name, value in {"DATABASE_URL": database_url, "KEY_FILE": key, "DATA_DIR": tmp_path / "var"}.items():
        monkeypatch.setenv(f"ECAS_{name}", str(value))

    opened = []

    def opening(url: str) -> Engine:
        opened.append(open_engine(url))
        return opened[-1]

    monkeypatch.setattr("service.main.open_engine", opening)  # a process would end; here its connections must be closed

    def run(*arguments: str) -> tuple[int, str, str]:
        code = outcome(arguments)
        said = capfd.readouterr()
        return code, said.out, said.err

    yield run
    for engine in opened:
        engine.dispose()


@pytest.fixture
def scene(outbox, stand, tmp_path) -> list[str]:
    """Write an export beside submissions of every kind, and return the arguments that compare them."""
    about = {"MEMBER_LAST_NAME": "Vogelsang", "MEMBER_DOB": "2014-03-02"}
    for state, child in zip(
        (State.CLOSED, State.ACCEPTED, State.HANDED_OFF, State.REJECTED, State.CLOSED, State.CLOSED),
        CHILDREN,
        strict=False,
    ):
        stand(state, child, DAY, **about)
    stand(State.HANDED_OFF, CHILDREN[6], DAY, **about)
    stand(State.HELD, CHILDREN[7], DAY, **about)
    stand(State.BLOCKED, "", DAY, **about)
    stand(State.ACCEPTED, CHILDREN[0], "2026-09-01", **about)
    lines = [line(child, THERE, **VALUES) for child in (*CHILDREN[1:3], CHILDREN[4], *CHILDREN[7:])]
    lines.append(line(CHILDREN[5], THERE, status="paper", **VALUES))
    lines += [line("12345", THERE, **VALUES), line(CHILDREN[1], "the 13th", **VALUES), "Kanarienvogel" + "|" * 300]
    (tmp_path / NAME).write_bytes(content(*lines))
    (tmp_path / "20261026-20261101.txt").write_bytes(content(line(CHILDREN[4], THERE, **VALUES)))
    return ["reconcile", NAME, "20261026-20261101.txt", "--agency", AGENCY, "--mapping", str(MAPPING)]


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_result_looks_like_this(ecas, scene, form):
    """Exit code, both streams and all the words; ``GOLDEN=1`` writes it anew, and the diff is the review."""
    code, out, err = ecas(*scene, "--report", form, *(["--settled"] if form == "text" else []))
    seen = f"exit code: {code}\n--- stdout\n{out}--- stderr\n{err}"
    file = GOLDEN / f"{form}.txt"
    if os.environ.get("GOLDEN"):
        file.write_text(seen, "utf-8")
    assert seen == file.read_text("utf-8")


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_value_of_either_side_is_printed_or_kept(ecas, scene, form, tmp_path):
    """No id, name, day, ZIP or diagnosis: not on a stream, not in the audit trail, not in a file that was made."""
    before = {file for file in tmp_path.rglob("*") if file.is_file()}
    code, out, err = ecas(*scene, "--report", form, "--settled", *(["--limit", "9999"] if form == "text" else []))
    trail = ecas("audit", "export", "--jsonl")[1]
    assert code == 1
    for said in (out, err, trail):
        assert [secret for secret in SECRETS if secret.casefold() in said.casefold()] == []
    made = {file for file in tmp_path.rglob("*") if file.is_file()} - before
    for file in made:
        kept = file.read_bytes()
        assert [secret for secret in SECRETS if secret.encode() in kept] == [], file.name


def test_who_looked_is_written_down_before_anything_is_told(ecas, scene):
    """The account, and how much they looked at; of the exports a keyed digest, and never their names."""
    ecas(*scene)
    entries = [json.loads(one) for one in ecas("audit", "export", "--jsonl")[1].splitlines()]
    (entry,) = [one for one in entries if one["action"] == "submissions.reconciled"]
    assert (entry["agency"], entry["role"], entry["principal"][:5]) == (AGENCY, "host", "host:")
    pattern = r"exports=2 records=10 submissions=10 open=\d+ digest=[0-9a-f]{16}"
    assert re.fullmatch(pattern, entry["detail"])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_look_that_cannot_be_written_down_is_not_told(ecas, scene, outbox):
    """Nothing on standard output where the trail takes no entry."""
    with outbox._engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        )
    code, out, _ = ecas(*scene)
    assert (code == 0, out) == (False, "")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_all_there_ends_with_0(ecas, stand, tmp_path):
    """One typed, one accepted, and one export of the week."""
    stand(State.CLOSED, CHILDREN[0], DAY)
    stand(State.ACCEPTED, CHILDREN[1], DAY)
    (tmp_path / NAME).write_bytes(content(line(CHILDREN[0], THERE)))
    code, out, err = ecas("reconcile", NAME, "--agency", AGENCY, "--mapping", str(MAPPING))
    assert (code, out.splitlines()[-1], err) == (0, "Reconciled: nothing to look at.", "")
    assert "sub_" not in out


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([NAME, "--mapping", str(MAPPING)], 2, "Name the agency"),
        ([NAME, "--agency", "nobody", "--mapping", str(MAPPING)], 2, "There is no agency of that id"),
        ([NAME, "--agency", "harborlight", "--mapping", str(MAPPING)], 2, "is of the agency riverbend"),
        (["away.txt", "--agency", AGENCY], 2, "There is no file or folder"),
        ([NAME, "--agency", AGENCY, "--since", "2026-10-12"], 2, "--since and --until"),
        ([NAME, "--agency", AGENCY, "--since", "2026-10-12", "--until", "2026-10-11"], 2, "wrong way round"),
        ([NAME, "--agency", AGENCY], 3, "Could not check"),
        ([], 2, "Missing argument"),
    ],
    ids=["no agency", "unknown", "another's mapping", "no file", "half a period", "backwards", "no mapping", "nothing"],
)
def test_what_cannot_be_done_is_said(ecas, outbox, tmp_path, arguments, code, said):
    """With the exit codes of every command."""
    (tmp_path / NAME).write_bytes(content(line(CHILDREN[0], THERE)))
    ended, out, err = ecas("reconcile", *arguments)
    assert (ended, said in out + err) == (code, True), out + err


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_long_list_is_cut_and_says_so(ecas, outbox, tmp_path):
    """So many lines of a kind, and how many more there are; the JSON holds all."""
    put(outbox, *(draft(child, child, State.BLOCKED, ASSESSMENT_DATE=DAY, INSTRUMENT=OLDER) for child in CHILDREN))
    (tmp_path / NAME).write_bytes(content(line("100000000124", THERE)))
    arguments = ["reconcile", NAME, "--agency", AGENCY, "--mapping", str(MAPPING)]
    out = ecas(*arguments, "--limit", "4")[1]
    assert "… and 5 more" in out
    assert out.count("sub_") == 4
    told = json.loads(ecas(*arguments, "--report", "json")[1])
    assert len(told["matches"]) == 10
    assert told["submissions"]["nowhere"] == 9


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_any_format_with_a_mapping_is_an_export(ecas, outbox):
    """Records without lines are named as people of that format do, in the order of the file; without a period it is said."""
    exports = SAMPLES / "exports"
    workbook, mapping = exports / "castlegate-evaluations.xlsx", exports / "mappings/castlegate-workbook.toml"
    code, out, _ = ecas("reconcile", str(workbook), "--agency", AGENCY, "--mapping", str(mapping))
    assert code == 1
    assert "no period in the name" in out
    told = json.loads(
        ecas("reconcile", str(workbook), "--agency", AGENCY, "--mapping", str(mapping), "--report", "json")[1]
    )
    assert (told["files"][0]["period"], told["files"][0]["stated"]) == (None, False)
    assert [row[-5:] for row in out.splitlines() if row.startswith(f"  {workbook}")] == ["row 4", "row 5"]
