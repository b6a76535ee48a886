"""FHIR in XML: what its JSON form is, and what has no place in that form."""

from __future__ import annotations

import pytest

from adapters import fhir_xml, registry
from adapters.fhir_release import Release
from canonical.payload import Payload

HEAD = '<QuestionnaireResponse xmlns="http://hl7.org/fhir">'
TAIL = "</QuestionnaireResponse>"
STATUS = '<status value="completed"/>'
ANSWER = '<item><linkId value="LDF_SLEEP"/><answer><valueInteger value="2"/></answer></item>'


def opened(inside, release=Release.R4):
    return fhir_xml.opened(Payload(content=f"{HEAD}{inside}{TAIL}".encode(), name="x"), release)


FORMS = [
    pytest.param(STATUS, {"status": "completed"}, id="a text"),
    pytest.param(ANSWER, {"item": [{"linkId": "LDF_SLEEP", "answer": [{"valueInteger": 2}]}]}, id="one of an array"),
    pytest.param("<item><answer><valueBoolean value='true'/></answer></item>", {"item": [{"answer": [{"valueBoolean": True}]}]},
                 id="a boolean"),
    pytest.param("<item><answer><valueDecimal value='1.50'/></answer></item>", {"item": [{"answer": [{"valueDecimal": 1.5}]}]},
                 id="a decimal"),
    pytest.param("<item><answer><valueInteger value='02'/></answer></item>", {"item": [{"answer": [{"valueInteger": "02"}]}]},
                 id="no number of FHIR stays a text"),
    pytest.param('<status id="s" value="completed"><extension url="urn:x"><valueCode value="y"/></extension></status>',
                 {"status": "completed", "_status": {"id": "s", "extension": [{"url": "urn:x", "valueCode": "y"}]}},
                 id="an extension of a primitive"),
    pytest.param('<status><extension url="urn:x"><valueCode value="y"/></extension></status>',
                 {"_status": {"extension": [{"url": "urn:x", "valueCode": "y"}]}}, id="without a value"),
    pytest.param('<contained><Patient><name><given value="a"/><given id="g" value="b"/><given value="c"/></name></Patient></contained>',
                 {"contained": [{"resourceType": "Patient", "name": [{"given": ["a", "b", "c"], "_given": [None, {"id": "g"}, None]}]}]},
                 id="extensions keep their place"),
    pytest.param('<identifier id="i"><value value="x"/></identifier>', {"identifier": {"id": "i", "value": "x"}}, id="the id of an element"),
    pytest.param('<text><status value="empty"/><div xmlns="http://www.w3.org/1999/xhtml"><p class="a">x &lt; y<br/></p></div></text>',
                 {"text": {"status": "empty", "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p class="a">x &lt; y<br></br></p></div>'}},
                 id="a narrative"),
]  # fmt: skip


@pytest.mark.parametrize(("inside", "value"), FORMS)
def test_xml_has_one_form_in_json(inside, value):
    """Attributes, cardinalities, primitive extensions and the narrative become what JSON has."""
    document = opened(inside)
    assert document.value == {"resourceType": "QuestionnaireResponse", **value}
    assert document.complaints == ()


def test_cardinality_is_that_of_the_release():
    """One identifier is an array in R5, and none in R4."""
    inside = "<identifier><value value='x'/></identifier>"
    assert opened(inside, Release.R4).value["identifier"] == {"value": "x"}
    assert opened(inside, Release.R5).value["identifier"] == [{"value": "x"}]


ODD = [
    pytest.param("<zz value='1'/>", "/QuestionnaireResponse/*[2]", (1, 79), id="an unknown element"),
    pytest.param('<status value="amended"/>', "/QuestionnaireResponse/status", (1, 52), id="one that stands twice"),
    pytest.param("<subject/><subject/>", "/QuestionnaireResponse/subject", (1, 79), id="two objects"),
    pytest.param("words", "/QuestionnaireResponse", (1, 1), id="text between elements"),
    pytest.param("<authored/>", "/QuestionnaireResponse/authored", (1, 79), id="neither value nor extension"),
    pytest.param("<authored value='2026' zz='1'/>", "/QuestionnaireResponse/authored", (1, 79), id="an unknown attribute"),
    pytest.param("<item zz='1'><linkId value='a'/></item>", "/QuestionnaireResponse/item", (1, 79), id="of an element"),
    pytest.param("<contained/>", "/QuestionnaireResponse/contained", (1, 79), id="no resource"),
    pytest.param("<contained><Patient/><Patient/></contained>", "/QuestionnaireResponse/contained", (1, 79), id="two resources"),
    pytest.param("<x:item xmlns:x='urn:x'/>", "/QuestionnaireResponse/*[2]", (1, 79), id="another namespace"),
    pytest.param("<authored value='2026-02-30'/>", "/QuestionnaireResponse/authored", (1, 79), id="no day"),
    pytest.param("<item><linkId value='a'/><linkId value='b'/></item>", "/QuestionnaireResponse/item/linkId", (1, 85), id="deeper"),
]  # fmt: skip


@pytest.mark.parametrize(("inside", "pointer", "place"), ODD)
def test_what_json_has_no_place_for_is_complained_of(inside, pointer, place):
    """Each is an A002 at its XPath, with its line and column."""
    payload = Payload(content=f"{HEAD}{STATUS}{inside}{TAIL}".encode(), name="x")
    reading = registry.read(payload)
    sources = [one.sources[0] for one in reading.assessments[0].findings if one.rule == "A002"]
    assert pointer in [source.pointer for source in sources]
    source = next(one for one in sources if one.pointer == pointer)
    located = registry.locate(payload, reading.format, [source])[source]
    assert (located.line, located.column) == place
    assert "zz" not in repr(sources)


def test_answer_that_is_complained_of_is_broken():
    """A complaint of the form breaks the item as one of the tiers does."""
    twice = '<item><linkId value="A"/><answer><valueInteger value="1"/><valueInteger value="2"/></answer></item>'
    reading = registry.read(Payload(content=f"{HEAD}{STATUS}{twice}{TAIL}".encode(), name="x"))
    (assessment,) = reading.assessments
    assert assessment.text("A") is None
    assert [(one.rule, one.items) for one in assessment.findings] == [("A002", ("A",))]


REFUSED = [
    b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + f"{HEAD}&e;{TAIL}".encode(),
    f"{HEAD}{STATUS}".encode(),
    HEAD.encode() + b"<item>" * 100 + b"</item>" * 100 + TAIL.encode(),
    f"{HEAD}{STATUS}{TAIL}".encode().replace(b"completed", b"\xff"),
]


@pytest.mark.parametrize("content", REFUSED, ids=["DOCTYPE", "cut", "deep", "bytes"])
def test_hostile_xml_is_refused(content):
    """What no parser should take is one A001."""
    reading = registry.read(Payload(content=content, name="x"))
    assert (reading.format, [one.rule for one in reading.findings], reading.assessments) == ("fhir", ["A001"], ())


@pytest.mark.parametrize("content", [b"<ClinicalDocument/>", b'<a xmlns="urn:x"><b xmlns="http://hl7.org/fhir"/></a>'])
def test_other_xml_is_not_taken_for_fhir(content):
    """Only a root in FHIR's namespace makes a document FHIR; asked all the same, we say what is wrong."""
    payload = Payload(content=content, name="x")
    assert registry.detect(payload) != "fhir"
    assert [one.rule for one in registry.read(payload, format="fhir").findings] == ["A001"]


def test_prefixed_namespace_is_read():
    """FHIR's namespace may have a prefix."""
    content = b'<?xml version="1.0"?><!-- x --><f:QuestionnaireResponse xmlns:f="http://hl7.org/fhir"><f:status value="completed"/></f:QuestionnaireResponse>'
    reading = registry.read(Payload(content=content, name="x"))
    assert reading.dialect == "FHIR R4, XML"
    assert len(reading.assessments) == 1
