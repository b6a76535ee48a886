from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.declared import Everything
from adapters.path import parse
from adapters.xml_record import XmlDocument, read_xml

SAMPLE = (Path(__file__).parent / "data/ccda-assessment.xml").read_bytes()
PATHS = {
    "recordTarget/patientRole/id[1]/@extension": ["100000000472"],
    'recordTarget/patientRole/id[@root = "2.999.7.3"]/@extension': ["CD-472"],
    "recordTarget/patientRole/patient/birthTime/@value": ["20150521"],
    "recordTarget/patientRole/patient/raceCode/@nullFlavor": ["UNK", "ASKU"],
    "recordTarget/patientRole/patient/{urn:hl7-org:v3}raceCode/@nullFlavor": ["UNK"],
    "recordTarget/patientRole/patient/{urn:hl7-org:sdtc}raceCode/@nullFlavor": ["ASKU"],
    "recordTarget/patientRole/patient/name/given": ["Wren"],
    'component/structuredBody/component/section[code/@code = "LDF"]/entry/organizer/component/observation'
    '[code/@code = "SLEEP"]/value/@code': ["2"],
    'component/structuredBody/component/section/entry/organizer/component/observation[code/@code = "SOCIAL"]'
    "/value/@{http://www.w3.org/2001/XMLSchema-instance}type": ["INT"],
    'component/structuredBody/component/section[code/@code = "CGR"]/text': ["Two caregivers <both> answered."],
    'component/structuredBody/component/section[code/@code = "LDF"]/text': [
        "Sleeps little since the move; ",
        "school",
        " goes <well> & is liked.",
    ],
    "/ClinicalDocument/title": ["CANS, Five through Twenty"],
    "title[2]": [],
    "title/text": [],
    "@code": [],
    "component/*/component[2]/*/title": ["Caregiver"],
}


def document(content: bytes, declared: object = Everything()) -> XmlDocument:
    read = read_xml(content, "a.xml", declared)
    assert isinstance(read, XmlDocument)
    return read


@pytest.mark.parametrize(("path", "texts"), PATHS.items())
def test_a_path_names_its_fields_in_a_clinical_document(path, texts):
    """Elements, attributes, conditions, namespaces and mixed text of a C-CDA assessment are found by path."""
    (record,) = document(SAMPLE).records()
    assert [field.text for field in record.fields(path)] == texts


def test_every_field_stands_where_it_says():
    """Line and column of each field lead to its first character, and no two fields share a pointer."""
    read = document(SAMPLE)
    fields = list(read.all())
    lines = SAMPLE.decode().splitlines()
    located = read.locate([field.source for field in fields])
    for field in fields:
        place = located[field.source]
        assert place.line is not None
        assert place.column is not None
        assert lines[place.line - 1][place.column - 1 :].startswith(field.text.strip()[:1].replace("<", "&lt;"))
    assert len({field.key for field in fields}) == len(fields) == 62


def test_a_name_that_nothing_declares_is_told_by_its_position():
    """Pointers, labels and the ledger's names hold declared names and positions only."""
    content = b"<r><Wren_Invented id='1'><score>2</score></Wren_Invented><score secret='3'/></r>"
    (record,) = document(content, parse("r/score").names).records()
    told = [(field.source.pointer, field.source.label, field.name) for field in record.all()]
    assert told == [
        ("/r/*[1]/@*[1]", "/r/*[1]/@*[1]", "*[1]/@*[1]"),
        ("/r/*[1]/score", "/r/*[1]/score", "*[1]/score"),
        ("/r/score/@*[1]", "/r/score/@*[1]", "score/@*[1]"),
    ]


def test_elements_become_records():
    """A path from above the root names the records; each sees its own fields, and the document's by a path from it."""
    read = document(b"<f agency='7'><a><v>1</v></a><b/><a><v>2</v><v>3</v></a></f>")
    records = list(read.records("f/a"))
    assert [record.origin.pointer for record in records] == ["/f/a[1]", "/f/a[2]"]
    assert [[field.text for field in record.fields("v")] for record in records] == [["1"], ["2", "3"]]
    assert [[field.text for field in record.fields("/f/@agency")] for record in records] == [["7"], ["7"]]
    assert [field.source.pointer for field in records[1].all()] == ["/f/a[2]/v[1]", "/f/a[2]/v[2]"]


def test_blanks_by_number_are_blanks():
    """A text that is written with the numbers of blanks is no field, and does not shift the places of those that are."""
    content = b"<r>&#32;<a/>\n&#x0A;x&#13;<b/> y</r>"
    read = document(content)
    fields = list(read.all())
    located = [read.locate([field.source])[field.source] for field in fields]
    assert [(field.text.strip(), place.line, place.column) for field, place in zip(fields, located, strict=True)] == [
        ("x", 2, 7),
        ("y", 2, 18),
    ]


WORDS = st.sampled_from(["", " ", "x", "y z", "&amp;", "<![CDATA[<p>]]>", "<!-- <c d='1'> -->", "<?p <q?>", "é"])
MARKUP = st.recursive(
    WORDS,
    lambda inner: st.tuples(
        st.sampled_from("abc"), st.sampled_from(["", " k='1'", ' k="\'>" l = "2"']), inner, inner
    ).map(lambda parts: f"<{parts[0]}{parts[1]}>{parts[2]}{parts[3]}</{parts[0]}>"),
    max_leaves=12,
)


@given(MARKUP, MARKUP)
def test_places_agree_with_the_parser(one, other):
    """Whatever stands between them, each text and attribute is found at its own place, and by its own label."""
    content = f"<r>{one}\n{other}</r>".encode()
    read = document(content)
    (record,) = read.records()
    fields = list(record.all())
    located = read.locate([field.source for field in fields])
    offsets = [(place.line or 0, place.column or 0) for place in (located[field.source] for field in fields)]
    assert all(line for line, _ in offsets)
    assert len(set(offsets)) == len(offsets)
    for field in fields:
        if "text()" not in field.key:
            assert field.key in {found.key for found in record.fields(field.key)}
