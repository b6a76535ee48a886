"""What a sample shows, in every format, and what it must never show."""

from __future__ import annotations

import json

import pytest
from mapping_layout import Layout, draft_of
from workbook_file import number, packed, parts, sheet

from adapters.mapping import load_mapping
from canonical.errors import ConfigurationError
from canonical.payload import Payload
from service.drafting import draft_text
from service.drafting.question import Kind
from specs.catalog import Catalog

SPEC = Catalog().named("2026.1")
HEAD = ["Last Name", "First Name", "Date of Birth", "Sex", "Family Functioning", "Sleep", "Anxiety", "Suicide Risk"]
ROWS = [
    ["Quillfeather", "Basil", "03/04/2016", "F", "0", "1", "2", "0"],
    ["Marrowby", "Clover", "05/06/2014", "M", "1", "1", "0", "0"],
    ["Tansley", "Dorian", "01/02/2015", "F", "2", "0", "1", "3"],
    ["Larkspur", "Ginger", "09/10/2013", "M", "0", "0", "3", "1"],
]


def csv(*rows: list[str]) -> bytes:
    return "".join(",".join(row) + "\n" for row in rows).encode()


def draft(content: bytes, name: str = "export.csv"):
    return draft_of(Payload(content=content, name=name), SPEC)


def places(content: bytes, name: str = "export.csv") -> dict[str, tuple[str, ...]]:
    return {line.item: line.places for line in draft(content, name).lines}


def test_days_that_can_be_read_in_two_ways_are_asked_for():
    """03/04 and its like are a question with both forms, and no day of the sample in it."""
    asked = [question for question in draft(csv(HEAD, *ROWS)).questions if question.kind is Kind.DATE]

    assert [(question.items, question.candidates) for question in asked] == [(("MEMBER_DOB",), ("Date of Birth",))]
    assert "%m/%d/%Y or %d/%m/%Y" in asked[0].text
    one_clear = [*ROWS[:3], [*ROWS[3][:2], "09/30/2013", *ROWS[3][3:]]]
    assert not [q for q in draft(csv(HEAD, *one_clear)).questions if q.kind is Kind.DATE]


def test_two_columns_that_could_be_one_item_are_asked_for():
    """The two best candidates are named, the drafted one first."""
    found = draft(csv([*HEAD, "Sleep Score"], *([*row, "1"] for row in ROWS)))
    asked = [question for question in found.questions if question.kind is Kind.AMBIGUOUS]

    assert [(question.items, question.candidates) for question in asked] == [(("LDF_SLEEP",), ("Sleep", "Sleep Score"))]


def test_a_file_without_a_header_shows_numbers_alone():
    """Where the first row holds data, nothing of it is taken for a name."""
    found = draft(csv(*ROWS))
    text = draft_text.mapping(found) + draft_text.as_json(found)

    assert "header = false" in text
    assert not [cell for row in ROWS for cell in row if len(cell) > 1 and cell in text]


def test_a_first_row_of_words_is_data_where_its_words_come_again():
    """Without a single number too: what stands above a column never stands in it."""
    rows = [
        ["Tansley", "Dorian", "F", "Mild", "None"],
        ["Ash", "Bo", "F", "None", "Mild"],
        ["Orr", "Cy", "M", "Mild", "None"],
    ]
    text = draft_text.mapping(draft(csv(*rows)))

    assert "header = false" in text
    assert not [cell for row in rows for cell in row if len(cell) > 1 and cell in text]


def test_a_file_with_more_columns_than_anybody_can_compare_is_refused():
    """A sentence, and not a minute of work."""
    with pytest.raises(ConfigurationError, match="more than 1,000 places"):
        draft(csv([f"c{at}x" for at in range(1001)], ["1"] * 1001))


def test_a_code_word_is_shown_only_where_it_repeats_and_is_nobodys_name():
    """A column called Sex in which names stand, or a word that stands once, is asked for without its words."""
    once = [
        [*row[:3], word, *row[4:]] for row, word in zip(ROWS, ("Fluid", "Boyish", "Quillfeather", "Z."), strict=True)
    ]
    twice = [[*row[:3], word, *row[4:]] for row, word in zip(ROWS, ("Agender", "M", "Agender", "M"), strict=True)]
    names = [[*row[:3], word, *row[4:]] for row, word in zip(ROWS, ("Tansley", "M", "Tansley", "M"), strict=True)]
    shown = draft_text.as_json(draft(csv(HEAD, *twice)))

    assert not [
        word for word in ("Fluid", "Boyish", "Quillfeather") if word in draft_text.as_json(draft(csv(HEAD, *once)))
    ]
    assert "Agender" in shown
    assert "# Agender = ?" in json.loads(shown)["mapping"]
    assert "Tansley" not in draft_text.as_json(draft(csv(HEAD, *names)))


def test_the_names_of_one_record_are_not_taken_for_those_of_all():
    """A member of a JSON object that stands in one record alone may be made of a value, and is not told."""
    records = [
        {"firstName": row[1], "lastName": row[0], "ratings": {"sleep": row[5]}, row[0]: "x", "n": [{"k": 1, "v": 2}]}
        for row in ROWS
    ]
    padded = [{**record, **{f"a{i}": i for i in range(9)}} for record in records]
    found = draft(json.dumps({"list": padded}).encode(), "export.json")
    text = draft_text.as_json(found)

    assert found.sample.head == ('records = "list"',)
    assert not [row[0] for row in ROWS if row[0] in text]


def test_a_list_of_questions_in_json_is_read_by_their_codes():
    """Where each element names its question, the path selects it by that name."""
    asked = {
        "LDF_SLEEP": "Sleep",
        "EBN_ANXIETY": "Anxiety",
        "RSK_SUICIDE": "Suicide risk",
        "LDF_FAMILY": "Family functioning",
    }
    asked |= {
        "CGR_SAFETY": "Caregiver safety",
        "STR_FAMILY": "Family strengths",
        "LDF_LEGAL": "Legal",
        "EBN_CONDUCT": "Conduct",
    }
    visits = [
        {
            "dob": row[2],
            "answers": [{"q": f"Q-{at}", "label": label, "v": at % 4} for at, label in enumerate(asked.values())],
        }
        for row in ROWS
    ]
    found = places(json.dumps({"visits": visits}).encode(), "export.json")

    assert found["EBN_ANXIETY"] == ('answers[q = "Q-1"]/v',)
    assert set(asked) <= found.keys()


def test_xml_is_read_by_its_paths():
    """Elements and attributes are places; the repeated element is one assessment."""
    visits = "".join(
        f'<visit id="v{at}"><client><lastName>{row[0]}</lastName><firstName>{row[1]}</firstName><dob>2015-0{at + 1}-09</dob></client>'
        f'<scores sleep="{row[5]}" anxiety="{row[6]}" suicideRisk="{row[7]}"/></visit>'
        for at, row in enumerate(ROWS)
    )
    content = f"<export><vendor>x</vendor>{visits}</export>".encode()
    found = places(content * 1, "export.xml")

    assert found["MEMBER_LAST_NAME"] == ("client/lastName",) or found["MEMBER_LAST_NAME"] == (
        "visit[1]/client/lastName",
    )
    assert found["LDF_SLEEP"][0].endswith("scores/@sleep")


def test_words_for_nothing_are_named_and_no_answers():
    """Where N/A stands in some places, the draft says that it is no answer, and it is in no code table."""
    found = draft(csv(HEAD, *([*row[:3], "N/A", *row[4:]] for row in ROWS[:1]), *ROWS[1:]))

    assert found.sample.head == ('empty = ["N/A"]',)
    assert "N/A" not in found.tables["gender"]


def test_a_workbook_is_read_as_a_table(tmp_path):
    """Its fullest sheet is taken, a title above the header is passed over, and the draft says so."""
    rows = [["Monthly export"], HEAD, *([*row[:2], "2015-03-09", row[3], *map(number, row[4:])] for row in ROWS)]
    content = packed(parts({"Read me": sheet([["Hello"]]), "CANS": sheet(rows)}))
    found = draft(content, "export.xlsx")
    file = tmp_path / "draft.toml"
    file.write_text(draft_text.mapping(found), "utf-8")
    mapping = load_mapping(file)

    assert (mapping.format, mapping.sheet, mapping.layout.header_row) == ("workbook", "CANS", 2)
    assert mapping.items["RSK_SUICIDE"].columns == ("Suicide Risk",)


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "is empty"), (b"\x00\x01", "no format"), (b"{", "export"), (b'{"resourceType": "Bundle"}', "FHIR")],
)
def test_what_is_no_sample_is_refused_in_a_sentence(content, says):
    """Nothing is drafted from what cannot be read, and nothing of it is repeated."""
    with pytest.raises(ConfigurationError, match=says):
        draft(content, "export.json")


def test_a_long_table_names_its_key():
    """Of the columns that could make an assessment the one that tells evaluations apart is drafted, and asked about."""
    found = Layout.named("long-csv").draft

    assert 'key   = ["Eval No"]' in found.sample.tail
    assert any("Eval No" in question.text for question in found.questions if question.kind is Kind.LAYOUT)


@pytest.mark.parametrize("day", ["2-Mar-2015", "02MAR15", "Mar 2 2015", "2 March 2015"])
def test_a_day_with_the_name_of_its_month_is_no_name_of_a_column(day):
    """A single row of data, without a header and without a number, shows nothing of itself."""
    row = ["Tansley", "Dorian", day, "Mild", "Quillfeather"]
    text = draft_text.mapping(draft(csv(row)))

    assert "header = false" in text
    assert not [cell for cell in row if cell in text]


def test_ratings_with_a_decimal_comma_are_ratings():
    """A table between semicolons writes 2,0: the names count as they would beside 2.0."""
    rows = [[*row[:4], *(f"{rating},0" for rating in row[4:])] for row in ROWS]
    found = draft("".join(";".join(row) + "\n" for row in [HEAD, *rows]).encode())

    line = next(line for line in found.lines if line.item == "LDF_SLEEP")
    assert (line.places, line.keys[1:]) == (("Sleep",), ('number = ","',))


def test_names_that_are_made_of_values_are_no_places():
    """Assessments by the names of their children: no path can name them all, and nothing of them is shown."""
    record = dict.fromkeys(("dob", "sleep", "school", "family", "gender", "day", "note"), "1")
    keyed = {"Tansley, Dorian": record, "Quillfeather/Bo": {**record, "more": "2"}}
    with pytest.raises(ConfigurationError, match="keys of assessments") as told:
        draft(json.dumps(keyed).encode())
    assert "Tansley" not in str(told.value)
