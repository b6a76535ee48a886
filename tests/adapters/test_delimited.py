from __future__ import annotations

import csv
import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import registry
from adapters.delimited import delimiter_of
from adapters.mapping import load_mapping
from canonical.finding import Severity
from canonical.payload import Payload

MAPPING = """
agency    = "riverbend"
format    = "delimited"
effective = 2026-01-01
empty     = ["N/A"]
{options}
[items]
SERVICE          = {{ value = "OPT" }}
MEMBER_ID        = {{ from = "RID", strip = "'", pad = 4 }}
MEMBER_LAST_NAME = {{ from = "Last" }}
MEMBER_DOB       = {{ from = "DOB", date = "%m/%d/%Y" }}
LDF_SLEEP        = {{ from = "Sleep", codes = "rating" }}
LDF_COMMENT      = {{ from = "Notes", empty = [] }}
ASSESSOR_NAME    = {{ from = ["Clin Last", "Clin First"], join = ", " }}
[codes.rating]
"Watchful" = "1"
"Très"     = "2"
"""
HEADER = "RID,Last,DOB,Sleep,Notes,Clin Last,Clin First"
ROW = "'7,Ames,3/2/2015,watchful ,n/a,Orr,Bo"


@pytest.fixture
def read(tmp_path):
    def reader(text, options="", agency=None):
        path = tmp_path / "care.toml"
        path.write_text(MAPPING.format(options=options), "utf-8")
        content = text if isinstance(text, bytes) else text.encode()
        return registry.read(
            Payload(content=content, name="care.csv", agency=agency), format="delimited", mapping=load_mapping(path)
        )

    return reader


def told(finding):
    (source,) = finding.sources
    return finding.rule, finding.items, source.line, source.column, source.label


def test_row_becomes_an_assessment(read):
    """Cells are trimmed, unquoted, padded, dated, translated and joined; a constant is its own text."""
    (assessment,) = read(f"{HEADER}\n{ROW}\n").assessments
    texts = {
        item: answer.text for item, answer in assessment.answers.items() if "ecas-bridge" not in answer.source.label
    }
    assert texts == {
        "SERVICE": "OPT",
        "MEMBER_ID": "0007",
        "MEMBER_LAST_NAME": "Ames",
        "MEMBER_DOB": "2015-03-02",
        "LDF_SLEEP": "1",
        "LDF_COMMENT": "n/a",
        "ASSESSOR_NAME": "Orr, Bo",
    }
    assert assessment.findings == ()
    assert assessment.agency == "riverbend"


def test_credential_names_the_agency(read):
    """The agency of the credential stands before the one of the mapping."""
    assert read(f"{HEADER}\n{ROW}\n", agency="harborlight").assessments[0].agency == "harborlight"


PLACES = [
    pytest.param(f"{HEADER}\n{ROW}\n", 2, 9, "row 2, column DOB", id="plain"),
    pytest.param(f"{HEADER}\r\n\r\n{ROW}\r\n", 3, 9, "row 3, column DOB", id="behind a blank line"),
    pytest.param(
        f'{HEADER}\n\'7,"Am""es, B",3/2/2015,Watchful,,,\n', 2, 16, "row 2, column DOB", id="quotes in the row"
    ),
    pytest.param(
        f'{HEADER}\n7,"A\nB",3/2/2015,Watchful,,,\n', 2, None, "row 2, column DOB", id="line break in the row"
    ),
    pytest.param(f'{HEADER}\n7,"A\n\nB",,,,,\n{ROW}', 5, 9, "row 3, column DOB", id="line breaks before the row"),
    pytest.param(f"\ufeff{HEADER}\n{ROW}", 2, 9, "row 2, column DOB", id="byte order mark"),
    pytest.param(f"{HEADER}\n{ROW}".replace(",", ";"), 2, 9, "row 2, column DOB", id="semicolons"),
    pytest.param(f"{HEADER}\n{ROW}".replace(",", "\t"), 2, 9, "row 2, column DOB", id="tabs"),
    pytest.param(f"{HEADER}\n{ROW}".replace(",", "|"), 2, 9, "row 2, column DOB", id="bars"),
]


@pytest.mark.parametrize(("text", "line", "column", "label"), PLACES)
def test_cell_knows_its_place(text, line, column, label, read):
    """Lines are those of the file, however rows break; columns are those of the row's only line."""
    source = next(
        assessment.answers["MEMBER_DOB"].source
        for assessment in read(text).assessments
        if assessment.text("MEMBER_DOB")
    )
    assert (source.line, source.column, source.label) == (line, column, label)


BROKEN_CELLS = [
    pytest.param("3/2/2015", "2015-03-02", ("A004", ("MEMBER_DOB",), 2, 9, "row 2, column DOB"), id="ISO date"),
    pytest.param("3/2/2015", "2/30/2015", ("A004", ("MEMBER_DOB",), 2, 9, "row 2, column DOB"), id="30 February"),
    pytest.param("3/2/2015", "3/2/2015 00:00", ("A004", ("MEMBER_DOB",), 2, 9, "row 2, column DOB"), id="with a time"),
    pytest.param("watchful", "Awful", ("A005", ("LDF_SLEEP",), 2, 18, "row 2, column Sleep"), id="unknown word"),
    pytest.param("'7", "A7", ("A004", ("MEMBER_ID",), 2, 1, "row 2, column RID"), id="letters among digits"),
    pytest.param("Ames", "A\x07", ("A004", ("MEMBER_LAST_NAME",), 2, 4, "row 2, column Last"), id="control character"),
]


@pytest.mark.parametrize(("good", "bad", "expected"), BROKEN_CELLS)
def test_broken_cell_is_found_and_never_shown(good, bad, expected, read):
    """A cell that cannot be read is a finding at its place, without its value, and its item has no answer."""
    (assessment,) = read(f"{HEADER}\n{ROW.replace(good, bad)}\n").assessments
    (finding,) = assessment.findings
    assert told(finding) == expected
    assert bad not in repr(finding)
    assert assessment.text(expected[1][0]) is None


REFUSED = [
    pytest.param(
        HEADER.replace("Sleep", "Slept"), ("A006", ("LDF_SLEEP",), 1, None, "row 1"), id="a column is missing"
    ),
    pytest.param(HEADER + ",DOB", ("A008", ("MEMBER_DOB",), 1, 47, "row 1, column DOB"), id="a mapped column twice"),
    pytest.param("a,b,c", ("A001", (), 1, None, "row 1"), id="another file"),
]


@pytest.mark.parametrize(("header", "expected"), REFUSED)
def test_file_that_the_mapping_does_not_describe_is_not_read(header, expected, read):
    """Where a mapped column is missing or stands twice, no row is read, and one finding says why."""
    reading = read(f"{header}\n{ROW}\n")
    assert [told(finding) for finding in reading.findings] == [expected]
    assert reading.assessments == ()


def test_unmapped_column_twice_is_a_warning_without_its_name(read):
    """A column that nobody reads may stand twice; its name, which nothing declares, is not repeated."""
    reading = read(f"{HEADER},Jane,Jane,,\n{ROW},,,,\n")
    (finding,) = reading.findings
    assert (finding.rule, finding.severity) == ("A008", Severity.WARNING)
    assert finding.sources[0].label == "row 1, column the 9th"
    assert len(reading.assessments) == 1


@pytest.mark.parametrize("row", ["1,2", ROW + ",more"])
def test_ragged_row_is_left_out_and_the_others_read(row, read):
    """A row of another width is a finding of its own; its neighbours are read."""
    reading = read(f"{HEADER}\n{ROW}\n{row}\n,,,\n{ROW}\n")
    assert [told(finding) for finding in reading.findings] == [("A007", (), 3, None, "row 3")]
    assert [assessment.origin.label for assessment in reading.assessments] == ["row 2", "row 5"]


NOT_TEXT = [
    pytest.param(b"", "empty", id="nothing"),
    pytest.param(f'{HEADER}\n1,"open'.encode(), "quote", id="a quote that is not closed"),
    pytest.param(f'{HEADER}\n1,"a"b,'.encode(), "quote", id="a quote inside a field"),
    pytest.param(HEADER.encode("utf-32"), "not text", id="UTF-32"),
    pytest.param(HEADER.encode() + b"\x81\x8d", "not text", id="no Windows-1252 either"),
]


@pytest.mark.parametrize(("content", "words"), NOT_TEXT)
def test_what_cannot_be_cut_into_cells_is_no_payload(content, words, read):
    """A file that is no delimited text to its end is not read at all."""
    reading = read(content)
    assert [finding.rule for finding in reading.findings] == ["A001"]
    assert words in reading.findings[0].message
    assert reading.assessments == ()


def test_header_alone_holds_no_assessment(read):
    """A header without rows says so."""
    assert [finding.rule for finding in read(HEADER).findings] == ["A003"]


def test_windows_text_is_read_and_said_to_be(read):
    """Text that is not UTF-8 is read as Windows-1252, with advice; the mapping can settle it."""
    content = f"{HEADER}\n{ROW}".replace("Ames", "Galvão").replace("watchful", "très").encode("windows-1252")
    reading = read(content)
    assert [(finding.rule, finding.severity) for finding in reading.findings] == [("A012", Severity.ADVICE)]
    assert reading.assessments[0].text("MEMBER_LAST_NAME") == "Galvão"
    assert reading.assessments[0].text("LDF_SLEEP") == "2"
    assert read(content, 'encoding = "windows-1252"').findings == ()
    assert [finding.rule for finding in read(content, 'encoding = "utf-8"').findings] == ["A001"]


def test_named_delimiter_is_not_guessed(read):
    """The mapping's delimiter stands, whatever the header has more of."""
    text = f"{HEADER},x;y;z;a;b;c;d;e;f\n{ROW},\n"
    assert read(text).assessments == ()
    assert len(read(text, 'delimiter = ","').assessments) == 1


def test_empty_words_are_no_answers(read):
    """A cell that holds nothing, blanks, or one of the mapping's words for nothing has no answer and no finding."""
    (assessment,) = read(f"{HEADER}\n7,x, ,n/a,,N/A,Bo\n").assessments
    assert {"MEMBER_DOB", "LDF_SLEEP", "LDF_COMMENT"}.isdisjoint(assessment.answers)
    assert assessment.text("ASSESSOR_NAME") == "Bo"
    assert assessment.findings == ()


def test_without_a_mapping_nothing_is_guessed():
    """Delimited text without a mapping is a finding, not a guess."""
    reading = registry.read(Payload(content=b"a,b\n1,2\n", name="x"))
    assert [finding.rule for finding in reading.findings] == ["A001"]
    assert "mapping" in reading.findings[0].message


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)


@given(
    rows=st.lists(st.tuples(CELLS, st.dates(date(1000, 1, 1))), min_size=1, max_size=5),
    delimiter=st.sampled_from("\t,;|"),
)
def test_every_cell_comes_back_and_its_place_is_true(rows, delimiter, tmp_path_factory):
    """Whatever a CSV writer writes is read back, and at the line and column of a one-line row stands that very cell."""
    path = tmp_path_factory.mktemp("mapping") / "m.toml"
    path.write_text(MAPPING.format(options=f'delimiter = "{delimiter}"'.replace("\t", "\\t")), "utf-8")
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter)
    writer.writerow(HEADER.split(","))
    writer.writerows(["1", name, f"{day.month}/{day.day}/{day.year}", "", "", "", ""] for name, day in rows)
    text = written.getvalue()
    payload = Payload(content=text.encode(), name="x")
    reading = registry.read(payload, format="delimited", mapping=load_mapping(path))
    assert reading.findings == ()
    assert [assessment.text("MEMBER_DOB") for assessment in reading.assessments] == [day.isoformat() for _, day in rows]
    lines = list(io.StringIO(text, newline=""))
    for assessment, (name, day) in zip(reading.assessments, rows, strict=True):
        if "MEMBER_LAST_NAME" not in assessment.unreadable:
            said = "" if name.strip().casefold() == "n/a" else name.strip()
            assert (assessment.text("MEMBER_LAST_NAME") or "") == said
        source = assessment.answers["MEMBER_DOB"].source
        if source.column is not None:
            assert lines[source.line - 1][source.column - 1 :].startswith(f"{day.month}/{day.day}/{day.year}")


@pytest.mark.parametrize(("line", "delimiter"), [("a;b;c,d", ";"), ('"a;b;c",d', ","), ("a\tb", "\t"), ("words", None)])
def test_delimiter_is_the_one_the_header_has_most_of(line, delimiter):
    """Delimiters are counted outside quotes; a line without any has none."""
    assert delimiter_of(line) == delimiter
