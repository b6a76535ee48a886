from __future__ import annotations

import http.client
import itertools
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CANARY = "canary-c0de"


def ecas(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "service", *arguments],
        cwd=folder,
        env=_environment(settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ECAS_")}
    return {**kept, "PYTHONPATH": str(ROOT), **{f"ECAS_{name.upper()}": value for name, value in settings.items()}}


@pytest.fixture
def served(tmp_path):
    """Return the address and key of ``ecas serve`` as a process of its own, and end it in good order."""
    key = ecas(tmp_path, "agencies", "add", "riverbend").stdout.strip()
    with (tmp_path / "serve.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "service", "serve", "--port", "0"],
            cwd=tmp_path,
            env=_environment({}),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    match = re.fullmatch(r"ecas-bridge listens on (http://127\.0\.0\.1:\d+)\n", line)
    assert match, line
    yield {"url": match[1], "api_key": key}
    process.send_signal(signal.SIGTERM)
    assert process.stdout.read() == ""
    process.stdout.close()
    assert process.wait(20) == 0


def test_the_key_is_the_last_line(tmp_path):
    """The key is printed once, alone on standard output; the list shows the agency and no key."""
    added = ecas(tmp_path, "agencies", "add", "riverbend", "--route", "not_live")
    assert added.returncode == 0
    assert re.fullmatch(r"ecas_[A-Za-z0-9_-]{43}\n", added.stdout)
    listed = ecas(tmp_path, "agencies", "list", "--report", "json")
    (agency,) = json.loads(listed.stdout)["agencies"]
    assert (agency["id"], agency["route"], agency["has_key"]) == ("riverbend", "not_live", True)
    assert "ecas_" not in listed.stdout


def test_another_key_is_made_and_taken_away(tmp_path):
    """Rotate prints a new key, revoke leaves none that works."""
    first = ecas(tmp_path, "agencies", "add", "riverbend").stdout
    second = ecas(tmp_path, "agencies", "rotate", "riverbend").stdout
    assert first != second
    assert ecas(tmp_path, "agencies", "revoke", "riverbend").returncode == 0
    assert "none" in ecas(tmp_path, "agencies", "list").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["agencies", "add", "Not An Id"],
        ["agencies", "add", "riverbend", "--route", "fax"],
        ["agencies", "rotate", "nobody"],
        ["serve", "--host", "0.0.0.0"],
        ["serve", "--host", "::"],
        ["serve", "--host", "ecas.example.org"],
        ["submit"],
        ["submit", "nowhere.json"],
        ["status", "--state", "lost"],
    ],
)
def test_wrong_usage_is_a_sentence(tmp_path, arguments):
    """Wrong usage exits 2 with one sentence and no traceback."""
    done = ecas(tmp_path, *arguments, api_key="ecas_x")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


def test_without_a_key_nobody_is_asked(tmp_path):
    """Without ECAS_API_KEY the command says where it comes from."""
    done = ecas(tmp_path, "status")
    assert done.returncode == 2
    assert "ECAS_API_KEY" in done.stderr


@pytest.mark.parametrize("url", ["http://ecas.example.org", "http://10.0.0.1:8000"])
def test_key_and_records_do_not_travel_in_the_clear(tmp_path, url):
    """Over plain HTTP the client speaks to loopback alone."""
    done = ecas(tmp_path, "status", url=url, api_key="ecas_x")
    assert done.returncode == 2
    assert "in the clear" in done.stderr


def test_a_service_that_is_not_there(tmp_path, response):
    """A service that does not answer exits 3, and says what to look at."""
    (tmp_path / "good.json").write_bytes(response())
    for arguments in (["status"], ["submit", "good.json"]):
        done = ecas(tmp_path, *arguments, url="http://127.0.0.1:9", api_key="ecas_x")
        assert done.returncode == 3
        assert "ecas serve" in done.stderr


def test_a_key_that_does_not_work(tmp_path, served):
    """A key that the service does not know is a matter of configuration."""
    done = ecas(tmp_path, "status", **{**served, "api_key": "ecas_" + "A" * 43})
    assert done.returncode == 2
    assert "ECAS_API_KEY" in done.stderr


def test_a_submission_s_way_by_the_commands(tmp_path, served, response):
    """Submit takes a payload once however often it is repeated; status tells the rest."""
    roster = (
        "key,last_name,first_name,former_names,agencies,state,certified_on,issued_on,expires_on,status,approved_on\n"
    )
    (tmp_path / "roster.csv").write_text(roster)
    (tmp_path / "payloads").mkdir()
    (tmp_path / "payloads" / "sleep.json").write_bytes(response(LDF_SLEEP="4", DOCUMENT_ID=CANARY))
    first = ecas(tmp_path, "submit", "payloads", "--report", "json", **served)
    again = ecas(tmp_path, "submit", "payloads/sleep.json", "--report", "json", **served)
    (submission,) = json.loads(first.stdout)["submissions"]
    assert (first.returncode, again.returncode) == (1, 1)
    assert (submission["file"], submission["state"]) == ("payloads/sleep.json", "blocked")
    assert json.loads(again.stdout)["submissions"] == [submission]
    anew = ecas(tmp_path, "submit", "payloads", "--again", **served)
    assert submission["id"] not in anew.stdout

    listed = json.loads(ecas(tmp_path, "status", "--report", "json", "--state", "blocked", **served).stdout)
    assert submission["id"] in [one["id"] for one in listed["submissions"]]
    assert CANARY in ecas(tmp_path, "status", **served).stdout
    story = ecas(tmp_path, "status", submission["id"], **served)
    assert story.returncode == 0
    assert "S004" in story.stdout
    assert "LDF_SLEEP" in story.stdout


def test_a_payload_that_nobody_can_read(tmp_path, served):
    """What is not taken exits 1 and says why, with the way out."""
    (tmp_path / "strange.json").write_bytes(b"strange")
    done = ecas(tmp_path, "submit", "strange.json", **served)
    assert done.returncode == 1
    assert "A001" in done.stdout
    refused = json.loads(ecas(tmp_path, "submit", "strange.json", "--report", "json", **served).stdout)
    assert [one["status"] for one in refused["refused"]] == [422]


def test_nothing_of_a_request_is_left_lying_about(tmp_path, served, response):
    """After good and hostile requests no canary is in the log, nor in the clear in any file of the service."""
    texts = dict.fromkeys(
        ("MEMBER_LAST_NAME", "MEMBER_FIRST_NAME", "DOCUMENT_ID", "LDF_COMMENT", "MEMBER_LOCAL_ID"), CANARY
    )
    contents = [response(**texts), response(**texts, LDF_SLEEP=CANARY), f"{CANARY},{CANARY}".encode()]
    paths = [f"/v1/submissions?{CANARY}", f"/v1/{CANARY}", f"/v1/validate?format={CANARY}"]
    connection = http.client.HTTPConnection(served["url"].removeprefix("http://"))
    for number, (content, path) in enumerate(itertools.product(contents, paths)):
        headers = {"Authorization": f"Bearer {served['api_key']}", "Idempotency-Key": f"{CANARY}-{number}"}
        connection.request("POST", path, content, headers)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status < 400 or (answer.status < 500 and CANARY.encode() not in body)
    connection.close()
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert {"serve.log", "ecas.sqlite3", "master.key"} <= {file.name for file in files}
    assert [file.name for file in files if CANARY.encode() in file.read_bytes()] == []
    assert served["api_key"].encode() not in b"".join(file.read_bytes() for file in files)
    log = [json.loads(line) for line in (tmp_path / "serve.log").read_text().splitlines()]
    assert len(log) == 9
    assert {line["event"] for line in log} == {"request answered"}
    assert all(file.stat().st_mode & 0o077 == 0 for file in (tmp_path / "var").rglob("*") if file.is_file())
