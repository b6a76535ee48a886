"""One assessment, four forms of FHIR, one document on the wire."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from fhir.resources.bundle import Bundle as BundleR5
from fhir.resources.R4B.bundle import Bundle
from fhir_bundles import bundle_of
from fhir_forms import as_r5, as_xml, samples

from adapters import fhir_xml, registry
from adapters.fhir_release import Release
from canonical.assessment import Answer, Assessment, Source, identified
from canonical.finding import Conformance
from canonical.payload import Payload
from gateway_client.envelope import build
from service.fixtures.pack import pack
from specs.catalog import Catalog

SPEC = Catalog().named("2026.1")
SAMPLES = Path(__file__).parents[2] / "samples"
ROOT = SAMPLES.parent
GOOD = [json.loads(file.read_bytes()) for file in sorted((SAMPLES / "good").glob("*.json"))]
NOWHERE = Source(file="", label="")


def written(document):
    """Return a document of R4 in the four forms, by the name that a reading must give them."""
    later = as_r5(document)
    return {
        "FHIR R4, JSON": json.dumps(document).encode(),
        "FHIR R4, XML": as_xml(document),
        "FHIR R5, JSON": json.dumps(later).encode(),
        "FHIR R5, XML": as_xml(later),
    }


def read(content):
    reading = registry.read(Payload(content=content, name="export", agency="riverbend"))
    (assessment,) = reading.assessments
    assert [*reading.findings, *assessment.findings] == []
    return reading.dialect, assessment


@pytest.fixture(scope="module")
def conforming():
    """Return invented assessments of every kind: each eighth of those that conform."""
    fixtures = [one for one in pack(SPEC).fixtures if one.expected.conformance is Conformance.CONFORMS]
    return [dict(one.answers) for one in fixtures if "CONSENT" in one.answers][::4]


def test_forty_assessments_in_four_forms_are_the_same_bytes_on_the_wire(conforming):
    """Whatever form an assessment comes in, the state's document is byte for byte the one of its answers."""
    assert len(conforming) >= 40
    for answers in conforming:
        told = {item: Answer(text=text, source=NOWHERE) for item, text in answers.items()}
        straight = build(identified(Assessment(agency="riverbend", answers=told, origin=NOWHERE)), SPEC).content
        for dialect, content in written(bundle_of(answers, SPEC)).items():
            seen, assessment = read(content)
            assert seen == dialect
            assert build(assessment, SPEC).content == straight


@pytest.mark.parametrize("document", GOOD, ids=["birth-through-four", "five-through-twenty"])
def test_samples_in_four_forms_are_the_same_bytes_on_the_wire(document):
    """The samples, with their Consent, Coverage and Organization, do not differ by a byte either."""
    assert len({build(read(content)[1], SPEC).content for content in written(document).values()}) == 1


@pytest.mark.parametrize("document", GOOD, ids=["birth-through-four", "five-through-twenty"])
@pytest.mark.parametrize("release", Release)
def test_xml_becomes_exactly_the_json(release, document):
    """Arrays, numbers and resources inside resources come back as JSON has them."""
    document = document if release is Release.R4 else as_r5(document)
    opened = fhir_xml.opened(Payload(content=as_xml(document), name="x"), None)
    assert opened.told.release is release
    assert opened.complaints == ()
    assert opened.value == document


@pytest.mark.parametrize("document", GOOD, ids=["birth-through-four", "five-through-twenty"])
@pytest.mark.parametrize("release", Release)
def test_xml_of_fhir_resources_is_read_as_its_json(release, document):
    """What another library writes in XML is, brought into the form of JSON, what it was made of."""
    document = document if release is Release.R4 else as_r5(document)
    judge = Bundle if release is Release.R4 else BundleR5
    content = judge.model_validate(document).model_dump_xml()
    opened = fhir_xml.opened(Payload(content=content, name="x"), None)
    assert opened.complaints == ()
    assert judge.model_validate(opened.value) == judge.model_validate(document)


def test_places_in_xml_are_those_of_the_sender():
    """A source is an XPath, and its line and column are where the element begins."""
    document = GOOD[0]
    payload = Payload(content=as_xml(document), name="x.xml")
    reading = registry.read(payload)
    (assessment,) = reading.assessments
    sources = [answer.source for answer in assessment.answers.values()]
    places = registry.locate(payload, reading.format, sources)
    lines = payload.content.decode().splitlines()
    for source in sources:
        place = places[source]
        if "derived" in source.label:
            continue
        name = source.pointer.rpartition("/")[2].partition("[")[0]
        assert lines[place.line - 1][place.column - 1 :].startswith((f"<{name}>", f"<{name} ")), source
    born = assessment.answers["MEMBER_DOB"].source
    assert born.pointer == "/Bundle/entry[1]/resource/Patient/birthDate"
    assert "2023-02-10" in lines[places[born].line - 1]


def test_samples_of_the_other_forms_are_fresh():
    """What lies under samples/fhir is the good sample in its other forms, and reads to the same document for the state."""
    good = (SAMPLES / "good/five-through-twenty.json").read_bytes()
    contents = {file.name: file.read_bytes() for file in (SAMPLES / "fhir").iterdir()}
    assert contents == samples(SAMPLES)
    assert len({build(read(content)[1], SPEC).content for content in (good, *contents.values())}) == 1


COLD = """
import sys, pathlib
from adapters import registry
from canonical.payload import Payload
reading = registry.read(Payload(content=pathlib.Path(sys.argv[1]).read_bytes(), name='x'))
assert reading.assessments and not reading.findings
later = [name for name in sys.modules if name.startswith('fhir.resources.') and 'R4B' not in name]
xml = [name for name in sys.modules if name.startswith(('adapters.fhir_xml', 'adapters.xml'))]
print(later, xml, 'adapters.fhir_schema_writer' in sys.modules)
"""


def test_json_of_r4_imports_neither_r5_nor_xml():
    """Who sends R4 in JSON does not pay for the other forms."""
    sample = SAMPLES / "good/five-through-twenty.json"
    done = subprocess.run(
        [sys.executable, "-c", COLD, str(sample)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
    )
    assert done.stdout == "[] [] False\n"
