from __future__ import annotations

import pytest

from adapters import registry
from adapters.mapping import load_mapping
from canonical.payload import Payload

HEAD = 'agency = "riverbend"\nformat = "delimited"\neffective = 2026-01-01\n'
NUMBERED = 'header = false\n[items]\nMEMBER_LOCAL_ID = { field = 2 }\nLDF_SLEEP = { field = 4, number = "." }\n'
LONG = """layout = "long"
[long]
key   = ["Nr", "Date"]
item  = "Question"
value = "Answer"
[items]
MEMBER_LOCAL_ID = { from = "Nr" }
MEMBER_DOB      = { from = "Born" }
LDF_SLEEP       = { question = "SLP", codes = "need" }
LDF_COMMENT     = { question = ["Note 1", "Note 2"], join = "; " }
[codes.need]
"Mild" = "1"
"""
QUESTIONS = """Nr,Date,Born,Question,Answer
1,d,2015-03-02,SLP,Mild
2,d,2016-01-01,slp ,Mild
1,d,2015-03-02,Note 2,second
1,d,2015-03-02,Note 1,first
1,d,,Other,x
"""


@pytest.fixture
def read(tmp_path):
    def reader(mapping, text):
        path = tmp_path / "m.toml"
        path.write_text(HEAD + mapping, "utf-8")
        return registry.read(Payload(content=text.encode(), name="x"), format="delimited", mapping=load_mapping(path))

    return reader


def texts(assessment):
    return {i: a.text for i, a in assessment.answers.items() if "ecas-bridge" not in a.source.label}


def found(reading):
    return [(finding.rule, finding.sources[0].label) for finding in reading.findings]


def test_without_a_header_fields_are_named_by_number(read):
    """The first row is data; sources say the number of the field."""
    reading = read(NUMBERED, "a,1,c,2.0\na,2,c,3\n")
    assert [texts(one) for one in reading.assessments] == [
        {"MEMBER_LOCAL_ID": "1", "LDF_SLEEP": "2"},
        {"MEMBER_LOCAL_ID": "2", "LDF_SLEEP": "3"},
    ]
    source = reading.assessments[1].answers["LDF_SLEEP"].source
    assert (source.label, source.line, source.column) == ("row 2, field 4", 2, 7)


RAGGED = [
    pytest.param("", "a,1,c,2\na,2,c\n", [("A007", "row 2")], ["1"], id="narrower than the first"),
    pytest.param("", "a,1,c,2\na,2,c,2,\n", [("A007", "row 2")], ["1"], id="wider than the first"),
    pytest.param("", "a,1,c\n", [("A006", "row 1")], [], id="narrower than a field that is read"),
    pytest.param("fields = 4\n", "a,1,c\na,2,c,2\n", [("A007", "row 1")], ["2"], id="narrower than the mapping says"),
    pytest.param('fields = 4\nshort_records = "pad"\n', "a,1\na,2,c,2\n", [], ["1", "2"], id="padded"),
    pytest.param(
        'fields = 4\nshort_records = "pad"\n', "a,1,c,2,\n", [("A007", "row 1")], [], id="wider is never right"
    ),
    pytest.param(
        'fields = 5\nshort_records = "refuse"\n', "a,1,c,2\n", [("A007", "row 1")], [], id="short ones are refused"
    ),
    pytest.param('trailer = "^"\n', "a,1,c,2,^\na,2,c,2,x\n", [("A007", "row 2")], ["1"], id="no mark of its end"),
    pytest.param(
        'fields = 5\ntrailer = "^"\nshort_records = "pad"\n',
        "a,1,c,^\na,2,c,2,^\na,3,c\n",
        [("A007", "row 3")],
        ["1", "2"],
        id="cut off",
    ),
]


@pytest.mark.parametrize(("options", "text", "findings", "read_of"), RAGGED)
def test_row_of_another_width_is_left_out_unless_it_may_be_short(options, text, findings, read_of, read):
    """What would stand in the wrong field is not read, and its neighbours are."""
    reading = read(options + NUMBERED, text)
    assert found(reading) == findings
    assert [one.text("MEMBER_LOCAL_ID") for one in reading.assessments] == read_of


def test_mark_of_the_end_is_no_answer(read):
    """In a short record it stands where another field would."""
    (one,) = read('fields = 5\ntrailer = "^"\nshort_records = "pad"\n' + NUMBERED, "a,1,c,^\n").assessments
    assert texts(one) == {"MEMBER_LOCAL_ID": "1"}


def test_short_rows_under_a_header_are_filled_up_where_the_mapping_says_so(read):
    """Spreadsheets leave out what is blank at the end."""
    mapping = 'short_records = "pad"\n[items]\nMEMBER_LOCAL_ID = { from = "Nr" }\nLDF_SLEEP = { from = "S" }\n'
    reading = read(mapping, "Nr,S\n1\n2,3\n")
    assert [texts(one) for one in reading.assessments] == [
        {"MEMBER_LOCAL_ID": "1"},
        {"MEMBER_LOCAL_ID": "2", "LDF_SLEEP": "3"},
    ]


def test_rows_of_one_key_are_one_assessment(read):
    """However they are scattered; questions are known whatever their case, columns are those of all rows."""
    reading = read(LONG, QUESTIONS)
    assert found(reading) == []
    told = {one.text("MEMBER_LOCAL_ID"): (texts(one), one.origin.label) for one in reading.assessments}
    assert told == {
        "1": (
            {"MEMBER_LOCAL_ID": "1", "MEMBER_DOB": "2015-03-02", "LDF_SLEEP": "1", "LDF_COMMENT": "first; second"},
            "rows 2 to 6",
        ),
        "2": ({"MEMBER_LOCAL_ID": "2", "MEMBER_DOB": "2016-01-01", "LDF_SLEEP": "1"}, "row 3"),
    }
    (one,) = (one for one in reading.assessments if one.text("MEMBER_LOCAL_ID") == "1")
    assert one.answers["LDF_COMMENT"].source.label == "row 5, column Answer"
    assert [source.label for source in one.answers["LDF_COMMENT"].provenance.also] == ["row 4, column Answer"]


CONTRADICTIONS = [
    pytest.param("1,d,2015-03-03,Other,x\n", "MEMBER_DOB", ["row 2", "row 7"], id="a column"),
    pytest.param("1,d,,SLP,Severe\n", "LDF_SLEEP", ["row 2", "row 7"], id="a question"),
]


@pytest.mark.parametrize(("row", "item", "rows"), CONTRADICTIONS)
def test_rows_that_contradict_each_other_answer_nothing(row, item, rows, read):
    """Which of them holds is not for a program to say; all places are named."""
    reading = read(LONG, QUESTIONS.replace("1,d,2015-03-02,Note", "1,d,,Note") + row)
    (one,) = (one for one in reading.assessments if one.text("MEMBER_LOCAL_ID") == "1")
    (finding,) = one.findings
    assert (finding.rule, finding.items) == ("A010", (item,))
    assert [source.label.split(",")[0] for source in finding.sources] == rows
    assert item not in one.answers


def test_answer_that_is_given_twice_alike_is_one(read):
    """A row exported twice changes nothing."""
    reading = read(LONG, QUESTIONS + "1,d,2015-03-02,SLP,Mild\n")
    assert [one.findings for one in reading.assessments] == [(), ()]


def test_row_without_its_key_belongs_to_nobody(read):
    """It is not put to another child's; and any of the others could lack it, so none is read."""
    reading = read(LONG, QUESTIONS + "1,,2015-03-02,SLP,Mild\n")
    assert found(reading) == [("A001", "the whole file"), ("A004", "row 7")]
    assert reading.assessments == ()


@pytest.mark.parametrize("column", ["Nr", "Question", "Answer"])
def test_column_that_the_layout_needs_must_be_there(column, read):
    """Without it no row can be put anywhere."""
    reading = read(LONG, QUESTIONS.replace(column, f"{column}x"))
    assert [rule for rule, _ in found(reading)] == ["A006"]
    assert reading.assessments == ()


def test_rows_without_a_header_can_be_one_item_each(read):
    """The columns of the layout are numbers then, like all others."""
    mapping = 'layout = "long"\nheader = false\n[long]\nkey = [1]\nitem = 2\nvalue = 3\n[items]\n'
    mapping += 'LDF_SLEEP = { question = "SLP" }\nMEMBER_LOCAL_ID = { field = 1 }\n'
    (one,) = read(mapping, "7,SLP,1\n7,Other,x\n").assessments
    assert texts(one) == {"MEMBER_LOCAL_ID": "7", "LDF_SLEEP": "1"}


ABSENT = [
    pytest.param("1,N/A,\n", {"CONSENT": "not-asked", "SERVICE": "OPT"}, id="word for nothing, and blank"),
    pytest.param("1,yes,ICC\n", {"CONSENT": "yes", "SERVICE": "ICC"}, id="answered"),
]


@pytest.mark.parametrize(("row", "answers"), ABSENT)
def test_default_stands_in_where_nothing_is_answered(row, answers, read):
    """And only there; what cannot be read is a finding, never a default."""
    mapping = 'empty = ["N/A"]\n[items]\nCONSENT = { from = "C", default = "not-asked" }\n'
    mapping += 'SERVICE = { from = "S", default = "OPT", number = "." }\n'
    reading = read(mapping.replace(', number = "."', ""), f"Nr,C,S\n{row}")
    assert texts(reading.assessments[0]) == answers
    broken = read(mapping, "Nr,C,S\n1,yes,ICC\n")
    assert texts(broken.assessments[0]) == {"CONSENT": "yes"}


def test_part_of_a_text_is_an_answer(read):
    """A sender that writes two things into one cell can be read without asking it to change."""
    mapping = '[items]\nLDF_SLEEP = { from = "S", split = { at = " - ", part = 1 } }\n'
    assert texts(read(mapping, "Nr,S\n1,2 - moderate\n").assessments[0]) == {"LDF_SLEEP": "2"}


@pytest.mark.parametrize("keys", ['split = { at = "/", part = 2 }', 'strip = "3"'])
def test_no_default_stands_in_for_a_text_of_which_nothing_is_left(keys, read):
    """A rating without the sign that it is to be cut at is no rating of 0: it is a finding, and blank it is the default."""
    mapping = f'[items]\nLDF_SLEEP = {{ from = "S", {keys}, default = "0" }}\n'
    blank, cut_off = read(mapping, "Nr,S\n1,\n2,3\n").assessments
    assert (texts(blank), texts(cut_off)) == ({"LDF_SLEEP": "0"}, {})
    assert [(one.rule, one.items) for one in cut_off.findings] == [("A004", ("LDF_SLEEP",))]


@pytest.mark.parametrize(
    "stray",
    [
        pytest.param("1,NOTE,Sleeps, badly,at night\n", id="a cell too many"),
        pytest.param(",NOTE,Sleeps\n", id="no key"),
    ],
)
def test_a_row_of_nobody_knows_whom_keeps_the_whole_table_back(stray, read):
    """Any assessment of it could lack that answer, and a default would stand in its place; the ledger counts it all."""
    mapping = 'layout = "long"\n[long]\nkey = ["Nr"]\nitem = "Q"\nvalue = "A"\n[items]\n'
    mapping += 'LDF_COMMENT = { question = "NOTE", default = "none" }\nLDF_SLEEP = { question = "SLP" }\n'
    reading = read(mapping, "Nr,Q,A\n1,SLP,2\n2,SLP,1\n" + stray)
    assert reading.assessments == ()
    assert len([one for one in reading.findings if one.rule == "A001"]) == 1
    assert len(reading.findings) == 2
    assert reading.ledger.balances
    assert reading.ledger.fields == sum(
        len([cell for cell in row.split(",") if cell.strip()]) for row in ("1,SLP,2", "2,SLP,1", stray)
    )
