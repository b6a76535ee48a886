from __future__ import annotations

import pytest
import workbook_file
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters import registry
from adapters.mapping import load_mapping
from canonical.ledger import Fate
from canonical.payload import Payload

HEAD = 'agency = "riverbend"\nformat = "{format}"\neffective = 2026-01-01\n'
ITEMS = """{options}
[items]
MEMBER_LOCAL_ID = {{ {key} = {nr} }}
MEMBER_DOB      = {{ {key} = {born}, date = ["%m/%d/%Y"] }}
LDF_SLEEP       = {{ {answer} = {sleep}, codes = "need" }}
SERVICE         = {{ value = "OPT" }}
[codes.need]
"Mild" = "1"
"""
JSON = b"""{"by": "export 7", "visits": [
 {"nr": "C-1", "born": "3/2/2015", "answers": [{"q": "SLP", "a": "Mild"}, {"q": "X", "a": "y"}]},
 {"nr": "C-2", "born": "1/1/2016", "answers": []}]}"""
XML = b"""<export by="7"><visit nr="C-1"><born>3/2/2015</born><a q="SLP">Mild</a><a q="X">y</a></visit>
<visit nr="C-2"><born>1/1/2016</born></visit></export>"""
HL7 = b"\r".join(
    b"MSH|^~\\&|a|b|c|d|20260301||ORU^R01|%d|P|2.5.1\rPID|1||%s||||%s\rOBX|1|ST|SLP||%s||||||F" % row
    for row in ((1, b"C-1", b"3/2/2015", b"Mild"), (2, b"C-2", b"1/1/2016", b""))
)
ROWS = [["CANS"], ["Nr", "Born", "Sleep"], ["C-1", "3/2/2015", "Mild"], ["C-2", "1/1/2016", ""]]
BOOK = workbook_file.workbook(ROWS, name="CANS")
FORMS = {
    "json": (JSON, 'records = "visits"', "from", '"nr"', '"born"', "from", """'answers[q = "SLP"]/a'"""),
    "xml": (XML, 'records = "/export/visit"', "from", '"@nr"', '"born"', "from", """'a[@q = "SLP"]'"""),
    "hl7v2": (HL7, "", "from", '"PID-3"', '"PID-7"', "from", """'OBX[3 = "SLP"]-5'"""),
    "workbook": (BOOK, 'sheet = "CANS"\nheader_row = 2', "from", '"Nr"', '"Born"', "from", '"Sleep"'),
    "delimited": (
        b"Nr,Born,Sleep\nC-1,3/2/2015,Mild\nC-2,1/1/2016,\n",
        "",
        "from",
        '"Nr"',
        '"Born"',
        "from",
        '"Sleep"',
    ),
}


@pytest.fixture(scope="module")
def mappings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mappings")
    found = {}
    for name, (_, options, key, nr, born, answer, sleep) in FORMS.items():
        text = HEAD + ITEMS
        path = folder / f"{name}.toml"
        path.write_text(
            text.format(format=name, options=options, key=key, nr=nr, born=born, answer=answer, sleep=sleep)
        )
        found[name] = load_mapping(path)
    return found


def read(name, mappings, content=None):
    payload = Payload(content=FORMS[name][0] if content is None else content, name="x", agency="riverbend")
    return payload, registry.read(payload, mapping=mappings[name], format=None if content is None else name)


@pytest.mark.parametrize("name", FORMS)
def test_one_assessment_is_the_same_in_every_format(name, mappings):
    """What differs is only how a place is called; the answers, and how they were found, are the same."""
    _, reading = read(name, mappings)
    assert (reading.format, reading.findings) == (name, ())
    own = [
        {item: answer.text for item, answer in one.answers.items() if "ecas-bridge" not in answer.source.label}
        for one in reading.assessments
    ]
    assert own == [
        {"MEMBER_LOCAL_ID": "C-1", "MEMBER_DOB": "2015-03-02", "LDF_SLEEP": "1", "SERVICE": "OPT"},
        {"MEMBER_LOCAL_ID": "C-2", "MEMBER_DOB": "2016-01-01", "SERVICE": "OPT"},
    ]
    assert reading.assessments[0].answers["LDF_SLEEP"].provenance.transforms == ("codes need",)
    assert reading.assessments[0].findings == ()


def test_cell_that_holds_a_day_is_that_day(mappings):
    """However the mapping says that days are typed: 42065 with the format of a date is the second of March 2015."""
    rows = [*ROWS[:2], ["C-1", workbook_file.number("42065", workbook_file.DATE), "Mild"]]
    _, reading = read("workbook", mappings, workbook_file.workbook(rows, name="CANS"))
    assert [one.text("MEMBER_DOB") for one in reading.assessments] == ["2015-03-02"]


PLACES = {
    "json": ("/visits[1]/answers[1]/a", 2, 66),
    "xml": ("/export/visit[1]/a[1]", 1, 64),
    "hl7v2": ("message 1, OBX-5", 3, 15),
    "workbook": ("CANS!C3", None, None),
    "delimited": ("row 2, column Sleep", 2, 14),
}


@pytest.mark.parametrize("name", FORMS)
def test_place_of_an_answer_is_found_again(name, mappings):
    """By its label alone: whoever looks later has no mapping in hand."""
    payload, reading = read(name, mappings)
    source = reading.assessments[0].answers["LDF_SLEEP"].source
    located = registry.locate(payload, name, [source])[source]
    assert (located.label, located.line, located.column) == PLACES[name]


UNMAPPED = {"json": 3, "xml": 2, "hl7v2": None, "workbook": 0, "delimited": 0}


@pytest.mark.parametrize("name", FORMS)
def test_ledger_counts_what_stands_around_the_records_too(name, mappings):
    """Who exported the file is in no assessment of it, and is a field all the same; so is what a condition looked at."""
    _, reading = read(name, mappings)
    assert reading.ledger.balances
    assert reading.ledger.counts[Fate.MAPPED] == 5
    if UNMAPPED[name] is not None:
        assert reading.ledger.counts[Fate.UNMAPPED] >= UNMAPPED[name]


def test_field_of_the_document_that_every_record_reads_is_counted_once(tmp_path):
    """A path from the top leaves the record; what it finds is mapped, and is one field."""
    text = HEAD.format(format="json") + 'records = "visits"\n[items]\nPROVIDER_ID = { from = "/by" }\n'
    (tmp_path / "m.toml").write_text(text)
    payload = Payload(content=b'{"by": "7", "visits": [{"a": "1"}, {"a": "2"}]}', name="x")
    reading = registry.read(payload, mapping=load_mapping(tmp_path / "m.toml"))
    assert [one.text("PROVIDER_ID") for one in reading.assessments] == ["7", "7"]
    assert (reading.ledger.fields, reading.ledger.counts[Fate.MAPPED], reading.ledger.counts[Fate.UNMAPPED]) == (
        3,
        1,
        2,
    )


@pytest.mark.parametrize("name", FORMS)
def test_mapping_of_another_format_reads_nothing(name, mappings):
    """A finding names both formats; nothing is tried."""
    other = "json" if name != "json" else "xml"
    payload = Payload(content=FORMS[name][0], name="x")
    reading = registry.read(payload, mapping=mappings[other])
    assert [finding.rule for finding in reading.findings] == ["A001"]
    assert reading.assessments == ()


@pytest.mark.parametrize("name", FORMS)
def test_without_a_mapping_a_format_is_recognised_and_not_guessed_at(name):
    """The finding says what the file is, and that a mapping is missing."""
    reading = registry.read(Payload(content=FORMS[name][0], name="x"))
    assert [finding.rule for finding in reading.findings] == ["A001"]
    assert "mapping" in reading.findings[0].message


@pytest.mark.parametrize("name", ["json", "xml", "hl7v2", "workbook"])
def test_mapping_knows_its_payloads(name, mappings):
    """Of several of one format the one whose places are there is chosen."""
    payload = Payload(content=FORMS[name][0], name="x")
    assert registry.describes(mappings[name], payload)
    assert not registry.describes(mappings[name], Payload(content=b"{}", name="x"))


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_no_bytes_make_a_mapped_format_raise(data, mappings):
    """Bytes cut, changed or added anywhere are read or complained of, and what was read can be located."""
    name = data.draw(st.sampled_from(["json", "xml", "hl7v2", "delimited"]))
    content = FORMS[name][0]
    start = data.draw(st.integers(0, len(content)))
    end = start + data.draw(st.integers(0, 9))
    payload, reading = read(name, mappings, content[:start] + data.draw(st.binary(max_size=9)) + content[end:])
    assert reading.assessments or reading.findings
    sources = [answer.source for one in reading.assessments for answer in one.answers.values()]
    registry.locate(payload, name, [*sources, *(one.origin for one in reading.assessments)])
    if reading.ledger:
        assert reading.ledger.balances


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        ('"yes"', ["yes"]),
        ("null", ["no"]),
        ("[]", ["no"]),
        ('{"code": "yes"}', []),
        ('[{"code": "yes"}]', []),
    ],
)
def test_no_default_stands_in_for_what_has_parts(value, texts, tmp_path):
    """A path that leads to an object where a value was meant is told; what the object says may be the contrary."""
    path = tmp_path / "m.toml"
    path.write_text(
        'agency = "riverbend"\nformat = "json"\neffective = 2026-01-01\n[items]\nCONSENT = { from = "c", default = "no" }\n',
        "utf-8",
    )
    payload = Payload(content=b'{"c": %s}' % value.encode(), name="x")
    (one,) = registry.read(payload, format="json", mapping=load_mapping(path)).assessments
    assert [answer.text for item, answer in one.answers.items() if item == "CONSENT"] == texts
    assert [finding.rule for finding in one.findings] == ([] if texts else ["A004"])
