"""No value of a child's record, nor a certification key, outside the document that goes to the state."""

from __future__ import annotations

import base64
import binascii
import copy
import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from stage import stage

from adapters import registry
from adapters.mapping import load_mapping
from canonical.payload import Payload
from service.judging import Judge, located
from service.reports import formats
from service.reports.run import Checked, Run
from service.sample_files import SAMPLES
from specs.catalog import Catalog
from validators.roster import Roster

BUNDLE = json.loads((SAMPLES / "good/five-through-twenty.json").read_text())
#: The places of values that may be replaced while the document stays one that the state accepts.
FREE = {
    ("Patient", "family"): "Kanarienvogel",
    ("Patient", "given"): "Zitronenzeisig",
    ("Patient", "birthDate"): "2013-07-19",
    ("Patient", "postalCode"): "02199",
    ("Patient", "line"): "77 Canarystreet",
    ("Patient", "city"): "Canaryfield",
}
KEY = "MA-CANS-48213"


def leaves(node: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of every text in a JSON document."""
    if isinstance(node, str):
        yield path
    elif isinstance(node, dict):
        for name, child in node.items():
            yield from leaves(child, (*path, name))
    elif isinstance(node, list):
        for number, child in enumerate(node):
            yield from leaves(child, (*path, number))


def replaced(document: object, path: tuple[str | int, ...], value: object) -> object:
    """Return a copy of the document with one value replaced."""
    copied = copy.deepcopy(document)
    node = copied
    for step in path[:-1]:
        node = node[step]  # type: ignore[index]
    node[path[-1]] = value  # type: ignore[index]
    return copied


def forms(token: str) -> set[bytes]:
    """Return how a text looks when somebody wrote it down: raw, cased, UTF-16, hex, JSON, base64 at each offset."""
    raw = token.encode()
    found = {raw, token.lower().encode(), token.upper().encode(), token.encode("utf-16-le"), binascii.hexlify(raw)}
    for offset in range(3):
        whole = base64.b64encode(b"\0" * offset + raw)
        found.add(whole[4 if offset else 0 : -4])
    return {form for form in found if len(form) > 3}


def leaks(content: bytes, tokens: set[str]) -> list[str]:
    """Return the tokens of which some form is in the content."""
    return sorted(token for token in tokens if any(form in content for form in forms(token)))


def reports(payload: Payload, mapping: object = None, *, and_repr: bool = True) -> str:
    """Return everything that any report format says about a payload, and the repr of all that judged it."""
    judge = Judge(catalog=Catalog(), roster=Roster.from_csv((SAMPLES / "roster.csv").read_bytes(), "roster.csv"))
    reading = registry.read(payload, mapping=mapping)  # type: ignore[arg-type]
    judged = judge.judge_reading(reading, datetime(2026, 11, 16, tzinfo=UTC))
    own, *found = located(payload, reading, reading.findings, *(report.findings for _, report in judged))
    run = Run(payloads=(Checked(name=payload.name, findings=tuple(f for group in (own, *found) for f in group)),))
    return "\n".join(formats.writer(name)(run) for name in formats.FORMATS) + (
        repr((payload, reading, judged)) if and_repr else ""
    )


def test_the_searcher_finds_what_is_planted():
    """Every form of a planted value is found; without it nothing is."""
    for form in forms("Zitronenzeisig"):
        assert leaks(b"some " + form + b" text", {"Zitronenzeisig"}) == ["Zitronenzeisig"]
    assert leaks(b"some text", {"Zitronenzeisig"}) == []


def test_no_report_repeats_a_value_of_a_fhir_payload():
    """Each text of the sample, one by one, becomes a canary; no report in any format, and no repr, sings it."""
    for number, path in enumerate(leaves(BUNDLE)):
        token = f"Qanary{number:04}z"
        payload = Payload(
            content=json.dumps(replaced(BUNDLE, path, token)).encode(), name="payload:p1", agency="riverbend"
        )
        assert leaks(reports(payload).encode(), {token}) == [], path


def test_no_report_repeats_a_name_that_the_sender_made_up():
    """A key that FHIR does not know may itself be a value: it is named by its position."""
    for path in (("entry", 0, "resource"), ("entry", 6, "resource", "item", 0), ()):
        document = copy.deepcopy(BUNDLE)
        node = document
        for step in path:
            node = node[step]
        node["Qanarykey"] = "Qanaryvalue"
        payload = Payload(content=json.dumps(document).encode(), name="payload:p1", agency="riverbend")
        assert leaks(reports(payload).encode(), {"Qanarykey", "Qanaryvalue"}) == []


@pytest.mark.parametrize("answers", [[], [{"valueDecimal": 1}], [{"valueString": "x"}, {"valueString": "y"}], {"a": 1}])
def test_no_report_repeats_a_link_id_that_looks_like_an_item(answers):
    """A name in capitals has the form of an item code; only codes of the dictionary are named."""
    document = copy.deepcopy(BUNDLE)
    document["entry"][6]["resource"]["item"].append({"linkId": "JANE_CANARY", "answer": answers})
    payload = Payload(content=json.dumps(document).encode(), name="payload:p1", agency="riverbend")
    assert leaks(reports(payload, and_repr=False).encode(), {"JANE_CANARY"}) == []


def test_no_report_repeats_a_value_of_a_delimited_payload():
    """Each cell of a row becomes a canary, column by column."""
    mapping = load_mapping(SAMPLES / "mappings/riverbend-caredesk.toml")
    rows = list(csv.reader(io.StringIO((SAMPLES / "good/caredesk-export.csv").read_text())))
    for column in range(len(rows[0])):
        row = [*rows[1]]
        row[column] = token = f"Qanary{column:04}z"
        written = io.StringIO()
        csv.writer(written).writerows([rows[0], row])
        payload = Payload(content=written.getvalue().encode(), name="payload:p1", agency="riverbend")
        assert leaks(reports(payload, mapping).encode(), {token}) == [], rows[0][column]


def canary_bundle() -> tuple[bytes, set[str]]:
    """Return a payload that the state accepts, in which every value that can be one is a canary."""
    document = copy.deepcopy(BUNDLE)
    tokens = set(FREE.values()) | {KEY}
    for entry in document["entry"]:
        resource = entry["resource"]
        for path in list(leaves(resource)):
            name = next(step for step in reversed(path) if isinstance(step, str))
            if (resource["resourceType"], name) in FREE:
                entry["resource"] = resource = replaced(resource, path, FREE[resource["resourceType"], name])
    text = json.dumps(document)
    found_texts = set(re.findall(r'"valueString": ("(?:[^"\\]|\\.)*")', text))
    comments = sorted(found for found in found_texts if len(found) > len('"F41.10.A"'))
    for number, found in enumerate(comments):
        tokens.add(f"Canarycomment{number:02}")
        text = text.replace(found, f'"Canarycomment{number:02}"')
    for old, new in (("100482917365", "988776655443"), ("RB-20417", "CANARY-LOCAL-77")):
        text = text.replace(old, new)
        tokens.add(new)
    return text.encode(), tokens


@pytest.mark.timeout(120)
def test_nothing_of_a_record_stays_in_the_clear(tmp_path):
    """Accepted, blocked, held and unreadable canaries: none in a log, an output, a database page, a journal, the ledger."""
    accepted, tokens = canary_bundle()
    sent = tmp_path / "sent"
    sent.mkdir()
    (sent / "accepted.json").write_bytes(accepted)
    (sent / "blocked.json").write_bytes(
        accepted.replace(b"2013-07-19", b"2027-01-09").replace(b"RB-CANS-2026-00871", b"opaque-2")
    )
    (sent / "held.json").write_bytes(
        accepted.replace(KEY.encode(), b"MA-CANARY-90909").replace(b"RB-CANS-2026-00871", b"opaque-3")
    )
    (sent / "broken.json").write_bytes(accepted[:-700])
    (sent / "unknown.json").write_bytes(accepted.replace(b'"family"', b'"Canarykey"'))
    (sent / "text.txt").write_text("Canarytext about Kanarienvogel")
    tokens |= {"2027-01-09", "MA-CANARY-90909", "Canarykey", "Canarytext"}
    place = tmp_path / "stage"
    place.mkdir()
    with stage(place) as here:
        (place / "var").mkdir(exist_ok=True)
        for file in sorted(sent.iterdir()):
            here.try_("validate", str(file), "--roster", str(SAMPLES / "roster.csv"))
            here.try_("submit", str(file))
        here.run("work", "--until-idle")
        here.try_("status")
        for entry in here.ask("/v1/submissions")["submissions"]:
            here.try_("status", entry["id"])
        states = sorted(entry["state"] for entry in here.ask("/v1/submissions")["submissions"])
        assert states == ["accepted", "blocked", "blocked", "held"]
        assert sum(row["effects"] for row in here.ledger()["documents"]) == 1
        while_running = _everything(place)
    for name, content in {**while_running, **_everything(place), "output": "\n".join(here.said).encode()}.items():
        assert leaks(content, tokens) == [], name
        if name not in {"ledger.jsonl", "output"}:  # the two places where a document id is the handle
            assert leaks(content, {"RB-CANS-2026-00871"}) == [], name


def _everything(folder: Path) -> dict[str, bytes]:
    """Return every file that the programs wrote, by name: database, journal, ledger, logs, locks."""
    files = {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and "specs" not in file.parts
    }
    assert any(name.endswith((".sqlite3-wal", ".sqlite3")) for name in files)
    return files
