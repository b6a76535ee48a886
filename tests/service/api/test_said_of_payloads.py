"""What a caller says of a payload, and what a report tells about the reading of it."""

from __future__ import annotations

import hashlib
import json

import pytest

from service.sample_files import SAMPLES

AGENCY = "riverbend"
EXPORT = (SAMPLES / "good/caredesk-export.csv").read_bytes()
OLD = (SAMPLES / "mappings/riverbend-caredesk.toml").read_text("utf-8")
NEW = OLD.replace("effective = 2026-01-01", "effective = 2026-11-01")


@pytest.fixture(scope="module")
def api(running, tmp_path_factory):
    folder = tmp_path_factory.mktemp("said")
    (folder / "mappings").mkdir()
    (folder / "mappings/old.toml").write_text(OLD, "utf-8")
    (folder / "mappings/new.toml").write_text(NEW, "utf-8")
    yield from running(folder, mapping_path=folder / "mappings")


@pytest.fixture(scope="module")
def caller(api):
    return api.caller(AGENCY)


def used(report):
    return [(one["name"], one["effective"]) for one in report["mappings"]]


def test_a_payload_is_read_with_the_mapping_of_the_day_that_is_said(caller):
    """Without a day it is today's; the stored report tells it as well, with the digest of the file."""
    assert used(caller.ask("POST", "/v1/validate", EXPORT).data) == [("new.toml", "2026-11-01")]
    assert used(caller.ask("POST", "/v1/validate?dated=2026-10-31", EXPORT).data) == [("old.toml", "2026-01-01")]
    taken = caller.submit(EXPORT, key="dated", query="?dated=2026-10-31").data["submissions"]
    report = caller.ask("GET", f"/v1/submissions/{taken[0]['id']}/report").data
    digest = hashlib.sha256(OLD.encode()).hexdigest()
    assert report["mappings"] == [{"name": "old.toml", "effective": "2026-01-01", "digest": f"sha-256:{digest}"}]
    assert report["ledger"] == []


def test_another_day_is_another_request(caller, assert_problem):
    """Under one key; and a repeat of the same is answered as it was."""
    first = caller.submit(EXPORT, key="one-key", query="?dated=2026-10-30")
    again = caller.submit(EXPORT, key="one-key", query="?dated=2026-10-30")
    assert (first.status, again.body, again.headers["idempotency-replayed"]) == (202, first.body, "true")
    assert_problem(caller.submit(EXPORT, key="one-key"), 422, "idempotency-key-reused")


@pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "20261031", "", "2026-10-31T00:00:00Z", "1792368000"])
def test_what_is_no_day_is_refused(caller, assert_problem, day):
    """With the parameter's name, and nothing of what it held."""
    answer = caller.submit(EXPORT, key="no-day", query=f"?dated={day}")
    assert_problem(answer, 422, "wrong-parameter")
    assert not day or day not in answer.whole


def test_a_mechanical_fault_comes_with_its_edit(caller):
    """Bytes of the body and what to write there; written, the fault is gone. Only who asks for values gets any."""
    broken = EXPORT.replace(b",2/1/2026,", b",2026-02-01,", 1)
    assert broken != EXPORT
    findings = caller.ask("POST", "/v1/validate?edits=true", broken).data["findings"]
    (edit,) = [one["edit"] for one in findings if one["edit"]]
    text = edit["replacement"].encode(edit["encoding"])
    assert edit["certain"]
    assert broken[: edit["start"]] + text + broken[edit["end"] :] == EXPORT.replace(b",2/1/2026,", b",02/01/2026,", 1)
    spared = caller.ask("POST", "/v1/validate", broken).data["findings"]
    assert [one["rule"] for one in spared] == [one["rule"] for one in findings]
    assert {one["edit"] for one in spared} == {None}


def test_what_is_stored_and_every_other_answer_has_no_edit(caller):
    """Neither the answer to a submission, nor its report, nor a map."""
    broken = EXPORT.replace(b",2/1/2026,", b",2026-02-01,", 1)
    taken = caller.submit(broken, key="edits").data
    reports = [caller.ask("GET", f"/v1/submissions/{one['id']}/report").data for one in taken["submissions"]]
    mapped = caller.ask("POST", "/v1/map", broken).data["report"]
    told = [*taken["outcomes"], *reports, mapped]
    found = [finding for one in told for finding in one["findings"]]
    assert "A004" in {one["rule"] for one in found}
    assert {json.dumps(one["edit"]) for one in found} == {"null"}


def test_a_map_tells_of_the_reading_too(caller):
    """Which mapping, how the text was cut, and what became of every field."""
    report = caller.ask("POST", "/v1/map", EXPORT).data["report"]
    (ledger,) = report["ledger"]
    assert used(report) == [("new.toml", "2026-11-01")]
    assert ledger["dialect"].startswith("UTF-8, cells between commas")
    assert sum(ledger["counts"].values()) == ledger["fields"]
