"""Documents made to take long: the work grows with the document, never with its square."""

from __future__ import annotations

import json

import pytest
from fhir_builders import SUBJECT, bundle, patient, response
from hostile.fhir_documents import CYCLE, MANY, NAMESPACE, WIDE, shared

from adapters import registry
from canonical.payload import Payload


@pytest.mark.timeout(40)  # each took minutes, or would, as a square
@pytest.mark.parametrize("document", shared().values(), ids=shared())
def test_what_many_responses_share_is_looked_at_once(document, fhir):
    """Thousands of responses around one resource with thousands of things in it."""
    assert len(registry.read(fhir(document)).assessments) == MANY


@pytest.mark.timeout(60)
def test_contained_resources_in_a_circle_end(fhir):
    """Resources that contain references to one another are followed no further than asked."""
    reading = registry.read(fhir(response(contained=CYCLE, subject={"reference": "#c1"})))
    assert len(reading.assessments) == 1


DEEP = 10_000
NESTED_XML = f"<QuestionnaireResponse {NAMESPACE}>" + "<item>" * DEEP + "</item>" * DEEP + "</QuestionnaireResponse>"
NESTED_JSON = '{"resourceType":"QuestionnaireResponse","item":[' + '{"item":[' * DEEP + "]}" * DEEP + "]}"


@pytest.mark.parametrize("text", [NESTED_JSON, NESTED_XML], ids=["JSON", "XML"])
def test_items_ten_thousand_deep_are_refused(text):
    """Nesting beyond what any form has is one finding."""
    reading = registry.read(Payload(content=text.encode(), name="x"))
    assert [one.rule for one in reading.findings] == ["A001"]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("text", WIDE.values(), ids=WIDE)
def test_wide_xml_takes_its_time_and_no_more(text):
    """Thousands of elements side by side are read, or complained of one by one."""
    payload = Payload(content=text.encode(), name="x")
    reading = registry.read(payload)
    registry.locate(payload, reading.format, [source for one in reading.findings for source in one.sources])
    assert reading.findings


@pytest.mark.timeout(60)
def test_cut_documents_are_findings():
    """A Bundle cut off anywhere is read or refused."""
    document = json.dumps(bundle(patient(), response(**SUBJECT))).encode()
    for end in range(0, len(document), 7):
        assert registry.read(Payload(content=document[:end], name="x"), format="fhir").findings
