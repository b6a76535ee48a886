"""Payloads that want to do harm, over HTTP: each is answered in words, and the service goes on; of workbooks few at once."""

from __future__ import annotations

import io
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import workbook_file

MAPPING = 'agency = "{agency}"\nformat = "{format}"\neffective = 2026-01-01\n[items]\nMEMBER_LOCAL_ID = {{ {place} }}\n'
PLACES = {
    "workbook": 'from = "Nr"',
    "delimited": 'from = "Nr"',
    "json": "from = '/nr'",
    "xml": "from = '/a/nr'",
    "hl7v2": "from = 'PID-3'",
}
AGENCY = "agency-hostile"


@pytest.fixture(scope="module")
def api(running, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    for format_, place in PLACES.items():
        text = MAPPING.format(agency=AGENCY, format=format_, place=place)
        (folder / f"{format_}.toml").write_text(text)
    (folder / "mappings").mkdir()
    for file in folder.glob("*.toml"):
        file.rename(folder / "mappings" / file.name)
    yield from running(folder, mapping_path=folder / "mappings")


@pytest.fixture(scope="module")
def caller(api):
    return api.caller(AGENCY)


def bomb() -> bytes:
    """Return a workbook of 300 kB whose one sheet unfolds to 300 MB."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"<row>" + b" " * 300_000_000)
    return content.getvalue()


def wide_sheet() -> bytes:
    """Return a workbook whose one cell is the last that Excel has."""
    whole = workbook_file.workbook([[workbook_file.text("Nr")]])
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(content, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b'r="A1"', b'r="XFD1048576"'))
    return content.getvalue()


DOCTYPE = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
LAUGHS = b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>'
HOSTILE: dict[str, tuple[str, Callable[[], bytes]]] = {
    "a zip bomb": ("", bomb),
    "a sheet as wide as can be": ("", wide_sheet),
    "no archive behind the mark of one": ("workbook", lambda: b"PK\x03\x04xl/" + b"\0" * 1000),
    "an old workbook cut off": ("", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 600),
    "a DOCTYPE": ("", lambda: DOCTYPE + b"<a><nr>&x;</nr></a>"),
    "a DOCTYPE in FHIR": (
        "fhir",
        lambda: DOCTYPE + b'<Bundle xmlns="http://hl7.org/fhir"><type value="batch"/></Bundle>',
    ),
    "a billion laughs": ("", lambda: LAUGHS),
    "JSON as deep as a well": ("json", lambda: b"[" * 200_000),
    "JSON with one key twice": ("json", lambda: b'{"nr": 1, "nr": 2}'),
    "a number without an end": ("json", lambda: b'{"nr": ' + b"9" * 1_000_000 + b"}"),
    "half of a surrogate in FHIR": ("", lambda: b'{"resourceType": "QuestionnaireResponse", "status": "\\ud800"}'),
    "HL7 that is all delimiters": ("hl7v2", lambda: b"MSH||||||" + b"|" * 100_000),
    "a quote that is never closed": ("delimited", lambda: b'Nr,Born\n"1' + b"," * 100_000),
    "nothing but noughts": ("", lambda: b"\0" * 10_000),
}


@pytest.mark.parametrize(("format_", "made"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_payload_is_answered_with_its_finding(caller, api, format_, made, assert_problem):
    """422 with what is wrong, within seconds, and the service answers the next one who asks."""
    content = made()
    query = f"?format={format_}" if format_ else ""
    began = time.monotonic()
    answer = caller.submit(content, key=f"{hash(content)}", query=query)
    looked = caller.ask("POST", f"/v1/validate{query}", content)
    assert time.monotonic() - began < 20
    assert_problem(answer, 422, "unreadable-payload")
    assert answer.data["findings"]
    assert {finding["rule"][0] for finding in answer.data["findings"]} == {"A"}
    assert (looked.status, looked.data["conformance"]) == (200, "does-not-conform")
    assert api.ask("GET", "/healthz").status == 200


def unfolding() -> int:
    """Return how many processes are unfolding a workbook now."""
    count = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                count += b"adapters.workbook_worker" in (entry / "cmdline").read_bytes()
            except OSError:
                continue
    return count


def test_few_workbooks_are_unfolded_at_once_and_others_are_served(caller, api):
    """Under a crowd of workbooks two processes at most are at work, and who asks for anything else is answered at once."""
    content = workbook_file.workbook([["Nr"], *([str(at)] for at in range(800))])
    answers: list[int] = []
    crowd = [
        threading.Thread(target=lambda: answers.append(caller.ask("POST", "/v1/validate", content).status))
        for _ in range(10)
    ]
    for one in crowd:
        one.start()
    most, slowest = 0, 0.0
    while any(one.is_alive() for one in crowd):
        began = time.monotonic()
        assert api.ask("GET", "/healthz").status == 200
        slowest = max(slowest, time.monotonic() - began)
        most = max(most, unfolding())
    assert answers == [200] * 10
    assert 1 <= most <= 2
    assert slowest < 5


def test_who_would_wait_too_long_is_told_to_come_again(caller, api, assert_problem):
    """Where as many wait as may, the next one is refused with 503 and Retry-After; no other format is."""
    turns = api.app.state.workbooks
    content = workbook_file.workbook([["Nr"], ["1"]])
    before, turns._in_line = turns._in_line, 0
    try:
        answer = caller.submit(content, key="crowded")
        other = caller.ask("POST", "/v1/validate", b"Nr\n1\n")
    finally:
        turns._in_line = before
    assert_problem(answer, 503, "workbooks-wait")
    assert answer.headers["retry-after"] == "10"
    assert other.status == 200
    assert caller.submit(content, key="crowded").status == 202


def test_a_payload_of_too_many_is_not_read_to_its_end(caller, api, assert_problem):
    """Reading stops at the first assessment that is too many."""
    service = api.service
    content = b"Nr,Born\n" + b"".join(b"%d,x\n" % at for at in range(5000))
    most = service.intake.at_most
    answer = caller.submit(content, key="many")
    assert_problem(answer, 413, "too-many-assessments")
    assert (answer.data["count"], answer.data["most"]) == (most + 1, most)
