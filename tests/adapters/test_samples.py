from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from adapters import registry
from canonical.assessment import Source
from canonical.finding import Severity

HERE = Path(__file__).parent
SAMPLES = HERE.parents[1] / "samples"
EXPECTED = tomllib.loads((SAMPLES / "expected.toml").read_text("utf-8"))["file"]


@pytest.mark.parametrize("name", ["five-through-twenty", "birth-through-four"])
def test_good_bundle_reads_exactly_as_frozen(name, sample):
    """A good Bundle yields every answer with its text, its label and its line, and nothing to complain of."""
    payload = sample(f"good/{name}.json")
    reading = registry.read(payload)
    assert reading.findings == ()
    (assessment,) = reading.assessments
    assert assessment.findings == ()
    places = registry.locate(payload, reading.format, [answer.source for answer in assessment.answers.values()])
    told = {
        item: [answer.text, answer.source.label, places[answer.source].line, places[answer.source].column]
        for item, answer in assessment.answers.items()
    }
    assert told == json.loads((HERE / "expected" / f"{name}.json").read_text("utf-8"))


def test_good_export_reads_exactly_as_frozen(sample, caredesk):
    """A good CSV yields one assessment a row; the first four are frozen, with the place of every cell."""
    reading = registry.read(sample("good/caredesk-export.csv"), mapping=caredesk)
    assert reading.findings == ()
    assert [assessment.findings for assessment in reading.assessments] == [()] * 25
    assert len({assessment.text("DOCUMENT_ID") for assessment in reading.assessments}) == 25
    told = [
        {
            item: [answer.text, answer.source.label, answer.source.line, answer.source.column]
            for item, answer in assessment.answers.items()
        }
        for assessment in reading.assessments[:4]
    ]
    assert told == json.loads((HERE / "expected" / "caredesk-export.json").read_text("utf-8"))


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda expected: expected["name"])
def test_bad_sample_is_found_out_at_its_place(expected, sample, caredesk, findings_of):
    """Each bad file brings exactly the reading errors that its name promises, at the place that it promises."""
    payload = sample(f"bad/{expected['name']}")
    reading = registry.read(payload, mapping=caredesk)
    errors = [finding for finding in findings_of(reading) if finding.severity is Severity.ERROR]
    places = registry.locate(payload, reading.format, [finding.sources[0] for finding in errors])
    told = [
        {
            "rule": finding.rule,
            "items": list(finding.items),
            "line": places[finding.sources[0]].line,
            "column": places[finding.sources[0]].column,
            "pointer": finding.sources[0].pointer,
        }
        for finding in errors
    ]
    promised = [finding for finding in expected.get("finding", []) if finding["rule"].startswith("A")]
    assert told == [
        {
            key: finding.get(key, [] if key == "items" else None)
            for key in ("rule", "items", "line", "column", "pointer")
        }
        for finding in promised
    ]


def test_every_bad_sample_is_promised_something():
    """No file lies under bad/ of which nothing is said, and none is said to be there that is not."""
    assert {expected["name"] for expected in EXPECTED} == {path.name for path in (SAMPLES / "bad").iterdir()}
    assert all(expected.get("finding") for expected in EXPECTED)


PLACED = [
    pytest.param(expected["name"], finding, id=f"{expected['name']} {finding['rule']}")
    for expected in EXPECTED
    for finding in expected["finding"]
    if "pointer" in finding and finding["rule"] != "A002"  # a key that FHIR does not know has no pointer of its own
]


@pytest.mark.parametrize(("name", "finding"), PLACED)
def test_promised_pointer_leads_to_the_promised_line(name, finding, sample):
    """The line and column of a promise, whoever keeps it, are where its pointer leads."""
    source = Source(file=name, pointer=finding["pointer"], label="promised")
    place = registry.locate(sample(f"bad/{name}"), "fhir", [source])[source]
    assert (place.line, place.column) == (finding["line"], finding["column"])
