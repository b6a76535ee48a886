from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters import registry
from adapters.mapping import load_mapping
from canonical.errors import ConfigurationError
from canonical.payload import Payload

SAMPLES = Path(__file__).parents[2] / "samples"
CAREDESK = load_mapping(SAMPLES / "mappings" / "riverbend-caredesk.toml")
BUNDLE = json.loads((SAMPLES / "good" / "birth-through-four.json").read_bytes())
EXPORT = (SAMPLES / "good" / "caredesk-export.csv").read_bytes()
CANARY = "Qz7Canary"

DETECTED = [
    (b'{"resourceType": "Bundle"}', "fhir"),
    (b"\xef\xbb\xbf \n[1]", "json"),
    (b"a,b\n", "delimited"),
    (b"a;b", "delimited"),
    (b"just words", None),
    (b"", None),
    (b" \n", None),
    (b"<Bundle/>", "xml"),
    (b'<Bundle xmlns="http://hl7.org/fhir"/>', "fhir"),
    (b"<!DOCTYPE html><p>", None),
    (b"<HTML><p>", None),
    (b"MSH|^~\\&|x", "hl7v2"),
    (b"MSH#*?!%#x", "hl7v2"),
    (b"FHS|^~\\&|x", "hl7v2"),
    (b"MSHA,b\n", "delimited"),
    (b"PK\x03\x04 xl/workbook.xml", "workbook"),
    (b"\xd0\xcf\x11\xe0", "workbook"),
    (b"PK\x03\x04,,,", None),
    (b"PKID,Name\n", "delimited"),
    (b"a,\0", None),
    ("a,b".encode("utf-16"), "delimited"),
    ("a,b".encode("utf-16-le"), "delimited"),
    ("\n\na,b".encode("utf-16-be"), "delimited"),
    ("words".encode("utf-16"), None),
]


@pytest.mark.parametrize(("content", "name"), DETECTED)
def test_format_is_known_by_content(content, name):
    """The format is what the content looks like, whatever the file is called."""
    assert registry.detect(Payload(content=content, name="x.pdf")) == name


@pytest.mark.parametrize(("content", "name"), [one for one in DETECTED if one[1] is None])
def test_what_is_no_payload_is_one_finding(content, name):
    """Content in no known format is one A001, and there is nothing to locate."""
    payload = Payload(content=content, name="x")
    reading = registry.read(payload)
    assert [finding.rule for finding in reading.findings] == ["A001"]
    (source,) = reading.findings[0].sources
    assert registry.locate(payload, reading.format, [source]) == {source: source}
    assert name is None


def test_unknown_format_is_a_wrong_configuration():
    """Asking for a format that does not exist is no fault of the data."""
    with pytest.raises(ConfigurationError):
        registry.read(Payload(content=b"", name="x"), format="pdf")


def read_all(content):
    """Read content as every format, and locate everything that was found."""
    payload = Payload(content=content, name="payload:1", agency="riverbend")
    for name in (None, *registry.FORMATS):
        for mapping in (None, CAREDESK):
            reading = registry.read(payload, format=name, mapping=mapping)
            findings = [*reading.findings, *(f for one in reading.assessments for f in one.findings)]
            sources = [*(s for f in findings for s in f.sources), *(one.origin for one in reading.assessments)]
            registry.locate(payload, reading.format, sources)
            assert reading.assessments or reading.findings
            yield from findings


@given(st.binary() | st.text().map(str.encode) | st.text(alphabet='{}[]":,\\ue+-0123456789nul\n').map(str.encode))
def test_no_bytes_make_reading_raise(content):
    """Any bytes are read or refused, in every format, with and without a mapping."""
    assert list(read_all(content)) is not None


HOSTILE = [
    pytest.param(b'{"resourceType":"Bundle","x":NaN}', id="NaN"),
    pytest.param(b'{"resourceType":"Bundle","x":"\\ud800"}', id="lone surrogate"),
    pytest.param(b'{"resourceType":"Bundle","x":' + b"9" * 5000 + b"}", id="five thousand digits"),
    pytest.param(b'{"resourceType":"Bundle","x":' + b"[" * 3000 + b"]" * 3000 + b"}", id="three thousand levels"),
    pytest.param(b'{"resourceType":"Bundle","resourceType":"Bundle"}', id="key twice"),
    pytest.param(b'"' * 100_001, id="quotes"),
    pytest.param(b"a,b\n" + b"x" * 200_000 + b",y\n", id="an enormous cell"),
]


@pytest.mark.parametrize("content", HOSTILE)
def test_hostile_payload_is_refused(content):
    """What is built to break a parser is a finding, and nothing is read from it."""
    assert [finding.rule for finding in registry.read(Payload(content=content, name="x"), mapping=CAREDESK).findings]
    assert registry.read(Payload(content=content, name="x"), mapping=CAREDESK).assessments == ()


def paths(value, path=()):
    """Yield the path of everything inside a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inner:
        yield (*path, key)
        yield from paths(below, (*path, key))


PATHS = list(paths(BUNDLE))
SCALARS = [None, True, 0, -1, 2.5, 2**62, "", "x", "{}", "[]", '{"resourceType": "Foo"}', "2026-02-30", "#p", CANARY]
SHAPES = [[], {}, [None], [[]], [{}], {"a": 1}, {"resourceType": "Foo"}, {"resourceType": 5}, {"reference": 5}]
REPLACEMENTS = st.sampled_from([*SCALARS, *SHAPES])


def without(document, path):
    """Return a copy of the document, and the container of the last step of the path in it."""
    copy = json.loads(json.dumps(document))
    holder = copy
    for step in path[:-1]:
        holder = holder[step]
    return copy, holder


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(PATHS), REPLACEMENTS, st.sampled_from(["replace", "remove", "add"]))
def test_no_change_of_a_bundle_makes_reading_raise(path, value, change):
    """A Bundle with anything in any place is read or complained of; no text that was put in comes out in a finding."""
    document, holder = without(BUNDLE, path)
    if change == "remove":
        del holder[path[-1]]
    elif change == "add" and isinstance(holder, dict):
        holder[CANARY] = value
    else:
        holder[path[-1]] = value
    for finding in read_all(json.dumps(document).encode()):
        assert CANARY not in repr(finding)


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_no_change_of_an_export_makes_reading_raise(data):
    """A CSV with bytes changed, cut or added anywhere is read or complained of."""
    start = data.draw(st.integers(0, 4000))
    end = start + data.draw(st.integers(0, 20))
    findings = list(read_all(EXPORT[:start] + data.draw(st.binary(max_size=12)) + EXPORT[end:4500]))
    assert all(finding.rule.startswith("A") for finding in findings)


def test_reading_twice_gives_the_same(sample):
    """The same bytes make the same assessments, ids included."""
    payload = sample("good/caredesk-export.csv")
    assert registry.read(payload, mapping=CAREDESK) == registry.read(payload, mapping=CAREDESK)


def test_no_value_shows_in_the_repr_of_a_reading(sample):
    """A reading that lands in a traceback shows no answer."""
    payload = Payload(content=sample("good/birth-through-four.json").content, name="payload:1")
    reading = registry.read(payload)
    shown = repr(reading)
    texts = {answer.text for answer in reading.assessments[0].answers.values()}
    assert [text for text in texts if len(text) > 2 and text in shown] == []


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"[1]", b"<a/>", b"MSH|^~\\&|x\r", b"PK\x03\x04 xl/workbook.xml"])
def test_without_a_mapping_it_is_not_said_that_the_agency_has_none(content):
    """It may have some: for other columns, or for another day."""
    (finding,) = registry.read(Payload(content=content, name="a")).findings

    assert finding.message.endswith("none describes it and was in force on its day.")
