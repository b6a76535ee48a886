from __future__ import annotations

import pytest
from workbook_file import DATE, number, packed, parts, sheet, workbook

from adapters import registry
from adapters.mapping import load_mapping
from canonical.payload import Payload

MAPPING = """agency = "riverbend"
format = "workbook"
effective = 2026-01-01
[items]
MEMBER_LOCAL_ID = { from = "Nr" }
CONSENT         = { from = "Consent", default = "not-asked" }
ASSESSOR_NAME   = { from = ["Last", "First"], join = ", " }
"""
LONG = """agency = "riverbend"
format = "workbook"
effective = 2026-01-01
layout = "long"
[long]
key = ["Nr"]
item = "Q"
value = "A"
[items]
LDF_SLEEP = { question = "SLP", default = "0" }
"""
HEAD = ["Nr", "Consent", "Last", "First"]
ERROR, UNCOMPUTED = 't="e"><v>#N/A</v></c>', "><f>1+1</f></c>"


@pytest.fixture
def read(tmp_path):
    def reader(mapping, content):
        path = tmp_path / "m.toml"
        path.write_text(mapping, "utf-8")
        return registry.read(Payload(content=content, name="x"), format="workbook", mapping=load_mapping(path))

    return reader


def texts(assessment):
    return {i: a.text for i, a in assessment.answers.items() if "ecas-bridge" not in a.source.label}


@pytest.mark.parametrize("cell", [ERROR, UNCOMPUTED])
@pytest.mark.parametrize(
    ("column", "item"), [(0, "MEMBER_LOCAL_ID"), (1, "CONSENT"), (2, "ASSESSOR_NAME"), (3, "ASSESSOR_NAME")]
)
def test_a_cell_that_shows_no_value_is_no_blank(column, item, cell, read):
    """An error and a formula that nobody computed answer nothing: no default and no other part stands in for them."""
    row = ["7", "yes", "Orr", "Bo"]
    whole = {"MEMBER_LOCAL_ID": "7", "CONSENT": "yes", "ASSESSOR_NAME": "Orr, Bo"}
    (one,) = read(MAPPING, workbook([HEAD, [*row[:column], cell, *row[column + 1 :]]])).assessments
    assert texts(one) == {code: text for code, text in whole.items() if code != item}
    assert one.unreadable == {item}
    assert [(f.rule, f.items, f.sources[0].label) for f in one.findings] == [
        ("A004", (item,), f"Sheet1!{'ABCD'[column]}2")
    ]


def test_a_question_whose_answer_is_an_error_is_not_left_out(read):
    """One row an item: the item of the row is unreadable; a row whose key is an error could be anybody's."""
    rows = [["Nr", "Q", "A"], ["7", "SLP", ERROR]]
    reading = read(LONG, workbook(rows))
    assert [(texts(one), one.unreadable) for one in reading.assessments] == [({}, {"LDF_SLEEP"})]
    reading = read(LONG, workbook([*rows, [ERROR, "SLP", "2"]]))
    assert reading.assessments == ()
    assert ("A004", "Sheet1, row 3") in {(f.rule, f.sources[0].label) for f in reading.findings}
    assert reading.ledger.balances


@pytest.mark.parametrize(
    ("date1904", "form", "born"), [("", "serial", "2015-03-02"), ("1", "serial-1904", "2019-03-03")]
)
def test_numbers_are_days_of_the_count_of_the_workbook(date1904, form, born, read):
    """In a workbook that counts from 1904 a mapping that counts from 1900 is refused: every such day would be four years off."""
    mapping = f'{MAPPING}MEMBER_DOB = {{ from = "Born", date = "{form}" }}\n'
    rows = [[*HEAD, "Born"], ["7", "yes", "Orr", "Bo", number("42065")]]
    (one,) = read(mapping, workbook(rows, date1904=date1904)).assessments
    assert texts(one)["MEMBER_DOB"] == born


def test_a_count_that_is_not_the_workbooks_is_refused(read):
    """A cell that is formatted as a day would be right, and one that is not would be four years off; nobody sees which."""
    mapping = f'{MAPPING}MEMBER_DOB = {{ from = "Born", date = ["%m/%d/%Y", "serial"] }}\n'
    rows = [[*HEAD, "Born"], ["7", "yes", "Orr", "Bo", number("42065", DATE)]]
    reading = read(mapping, workbook(rows, date1904="1"))
    assert reading.assessments == ()
    assert [(f.rule, f.items, "1904" in f.message) for f in reading.findings] == [("A001", ("MEMBER_DOB",), True)]


@pytest.mark.parametrize(
    ("named", "second", "told"),
    [("", [["x"]], [("A015", "warning")]), ("", [], []), ('sheet = "Sheet1"\n', [["x"]], [])],
    ids=["nobody says which", "the other is empty", "the mapping says which"],
)
def test_a_sheet_that_is_not_read_is_told(named, second, told, read):
    """Assessments could stand there."""
    content = packed(parts({"Sheet1": sheet([HEAD, ["7", "yes", "Orr", "Bo"]]), "Old": sheet(second)}))
    reading = read(MAPPING.replace("[items]", f"{named}[items]"), content)
    assert [(finding.rule, finding.severity) for finding in reading.findings] == told
    assert len(reading.assessments) == 1
