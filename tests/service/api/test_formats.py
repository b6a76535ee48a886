"""A sample of the forty in each of the twenty formats, handed in over HTTP and delivered to the sandbox."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from forty.assessments import AGENCY, forty
from forty.assessments import assessment as canonical
from forty.formats import Format, formats

from gateway_client.envelope import build
from service.processes import Program, run
from service.rehearsal import hurried_package

FORMATS = formats()
#: Of each instrument one that every format carries.
SAMPLE = (0, 20)
MEDIA = {"json": "application/fhir+json", "xml": "application/fhir+xml"}


@dataclass(frozen=True)
class Handed:
    """What became of one format."""

    #: The answers to its payloads.
    taken: list[Any]
    #: And to the same ones when they are only looked at.
    looked: list[Any]
    #: The documents as the sandbox got them, by their ids.
    sent: Mapping[str, tuple[str, bytes]]
    #: Those that the canonical answers give.
    wanted: Mapping[str, tuple[str, bytes]]


def of_agency(agency: str, number: int) -> dict[str, str]:
    return {**forty()[number], "AGENCY_ID": agency}


@pytest.fixture(scope="module")
def handed(running, tmp_path_factory) -> Iterator[Mapping[str, Handed]]:
    """Hand in all formats, each as an agency of its own, and let one worker deliver them."""
    folder = tmp_path_factory.mktemp("formats")
    (folder / "mappings").mkdir()
    agencies = {format_.name: f"agency-{at:02}" for at, format_ in enumerate(FORMATS)}
    for format_ in FORMATS:
        if format_.mapping is not None:
            agency = agencies[format_.name]
            text = format_.mapping.replace(f'"{AGENCY}"', f'"{agency}"', 1)
            (folder / "mappings" / f"{agency}.toml").write_text(text, "utf-8")
    sandbox = Program(
        ("sandbox", "--port", "0", "--ledger", "ledger.jsonl"), folder=folder, settings={}, log=folder / "sandbox.log"
    )
    try:
        given = {
            "spec_path": (hurried_package(folder / "specs"),),
            "mapping_path": folder / "mappings",
            "gateway_url": sandbox.address(),
        }
        for api in running(folder, **given):
            callers = {name: api.caller(agency) for name, agency in agencies.items()}
            answers = {format_.name: hand_in(callers[format_.name], format_) for format_ in FORMATS}
            settings = {
                "ECAS_DATA_DIR": str(folder / "var"),
                "ECAS_SPEC_PATH": str(folder / "specs"),
                "ECAS_GATEWAY_URL": sandbox.address(),
                "ECAS_ROSTER": str(folder / "roster.csv"),
            }
            run(("work", "--until-idle"), folder=folder, settings=settings)
            yield {name: outcome(api, callers[name], *both) for name, both in answers.items()}
    finally:
        sandbox.end()


def hand_in(caller, format_: Format) -> tuple[list[Any], list[Any]]:
    payloads = format_.write([of_agency(caller.id, number) for number in SAMPLE])
    looked = [caller.ask("POST", "/v1/validate", content) for content in payloads]
    return [caller.submit(content, key=f"k{at}") for at, content in enumerate(payloads)], looked


def outcome(api, caller, taken: list[Any], looked: list[Any]) -> Handed:
    ids = [one["id"] for answer in taken if answer.status == 202 for one in answer.data["submissions"]]
    sent = {}
    for id_ in ids:
        document = caller.ask("GET", f"/v1/submissions/{id_}/document")
        shown = caller.ask("GET", f"/v1/submissions/{id_}").data
        sent[shown["document_id"]] = (document.headers.get("ecas-document", ""), document.body)
    judge, today = api.service.judge, api.service.clock().date()
    wanted = {}
    for number in SAMPLE:
        one = canonical(of_agency(caller.id, number))
        content = build(one, judge.spec_for(one, today), judge.sending(today)).content
        wanted[forty()[number]["DOCUMENT_ID"]] = ("sent", content)
    return Handed(taken=taken, looked=looked, sent=sent, wanted=wanted)


each_format = pytest.mark.parametrize("format_", FORMATS, ids=lambda format_: format_.name)


@each_format
def test_every_format_is_taken_over_http(handed, format_):
    """Nothing but the bytes says what they are; every assessment becomes a submission, and nothing is complained of."""
    taken = handed[format_.name].taken
    assert [answer.status for answer in taken] == [202] * len(taken)
    assert [finding for answer in taken for finding in answer.data["findings"]] == []
    assert sum(len(answer.data["submissions"]) for answer in taken) == len(SAMPLE)


@each_format
def test_the_state_gets_the_same_documents(handed, format_):
    """What the sandbox gave its receipts for is byte for byte what the canonical answers give."""
    found = handed[format_.name]
    assert found.sent == found.wanted


@each_format
def test_a_report_tells_what_read_and_what_became_of_every_field(handed, format_):
    """By mapping: which one, and a ledger that balances; of text also how it was cut. FHIR needs neither."""
    for answer in handed[format_.name].looked:
        report = answer.data
        assert (answer.status, report["conformance"]) == (200, "conforms")
        if format_.mapping is None:
            assert (report["mappings"], report["ledger"]) == ([], [])
            continue
        ((mapping,), (ledger,)) = report["mappings"], report["ledger"]
        assert mapping["effective"] in format_.mapping
        assert mapping["digest"].startswith("sha-256:")
        assert sum(ledger["counts"].values()) == ledger["fields"] > 0
        assert (ledger["dialect"] is not None) == (format_.suffix in ("csv", "tsv", "txt"))


@pytest.mark.parametrize("format_", FORMATS[:4], ids=lambda format_: format_.name)
def test_fhir_is_taken_at_its_own_door(handed, api, format_):
    """JSON or XML, R4 or R5: the answer is a Bundle with the submission in its place, and issues lead into the resource."""
    caller = api.caller()
    answers = of_agency(caller.id, SAMPLE[1])
    headers = {"content_type": MEDIA[format_.suffix]}
    (content,) = format_.write([answers])
    answer = caller.ask("POST", "/fhir", content, **headers)
    assert answer.status == 200
    assert [one["response"]["status"] for one in answer.data["entry"]] == ["202 Accepted"]
    (broken,) = format_.write([{**answers, "LDF_SLEEP": "7"}])
    found = caller.ask("POST", "/fhir/QuestionnaireResponse/$validate", broken, **headers)
    issue = next(one for one in found.data["issue"] if one["details"].get("coding", [{}])[0].get("code") == "S004")
    assert issue["expression"][0].startswith("Bundle.entry[0].resource.item[")
