from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.hl7_escapes import decoded
from adapters.hl7_record import Hl7Record, records
from adapters.hl7_remarks import remarks
from adapters.hl7_text import Delimiters, Hl7File, split
from adapters.remark import Oddity

BATCH = (Path(__file__).parent / "data/oru-batch.hl7").read_text("utf-8")
HEAD = "MSH|^~\\&|A|B|C|D|20260304||ORU^R01|1|P|2.5.1\r"


def read(text: str | bytes) -> Hl7File:
    found = split(text.encode() if isinstance(text, str) else text, "a.hl7")
    assert isinstance(found, Hl7File)
    return found


def only(text: str) -> Hl7Record:
    (record,) = records(read(text))
    return record


PATHS = {
    'PID-3[5 = "MA"].1': [["100000000472"], ["100000000483"]],
    "PID-3[2]": [["CD-472"], []],
    "PID-5.2": [["Wren"], ["Zoë"]],
    'OBX[3.1 = "LDF_SLEEP"]-5': [["2"], ["0"]],
    'OBX[3.1 = "LDF_SLEEP"]-5.2': [["Action needed"], []],
    'OBX[3.1 = "LDF_COMMENT"]-5': [["Sleeps little & late\nSchool goes well, | she says", "and is liked"], []],
    "OBX[3]/5[2]": [["and is liked"], []],
    "OBX-3.1": [["LDF_SLEEP", "LDF_SOCIAL", "LDF_COMMENT"], ["LDF_SLEEP"]],
    "MSH-9.2": [["R01"], ["T02"]],
    "MSH-7": [["20260304101500-0500"], ["20260304103000-0500"]],
    "MSH-2": [[], []],
    "OBX": [[], []],
    "PID-99": [[], []],
    "PID-0": [[], []],
    "ZZ1-1": [[], []],
}


def test_parts_of_parts_are_counted_from_the_field():
    """Subcomponents without components beside them are those of the first component."""
    record = only(HEAD + "PID|1||a&b")
    assert [field.source.label for field in record.all() if field.text in "ab"] == ["PID-3.1.1", "PID-3.1.2"]
    assert [field.text for field in record.fields("PID-3.1.2")] == ["b"]


@pytest.mark.parametrize(("path", "texts"), PATHS.items())
def test_a_path_names_its_fields_in_each_message(path, texts):
    """Repetitions, components and answers by their code are found in every message of a batch."""
    assert [[field.text for field in record.fields(path)] for record in records(read(BATCH))] == texts


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\n\n", "\r\x1c\r\x0b", "mixed"])
def test_every_end_of_a_line_ends_a_segment(end):
    """Whatever a program writes between segments, the same fields are read; lines are counted as an editor does."""
    lines = BATCH.split("\n")
    mixed = "".join(line + ("\r", "\n", "\r\n")[n % 3] for n, line in enumerate(lines))
    text = mixed if end == "mixed" else end.join(lines)
    expected = [field.text for record in records(read(BATCH)) for field in record.all()]
    assert [field.text for record in records(read(text)) for field in record.all()] == expected
    if len(end) == 1 or end in ("\r\n", "mixed"):
        assert [message.segments[0].line for message in read(text).messages] == [3, 9]


def test_every_field_stands_where_it_says():
    """Line and column of each leaf lead to it, and its label names segment, field, repetition and component."""
    lines = BATCH.split("\n")
    fields = [field for record in records(read(BATCH)) for field in record.all()]
    for field in fields:
        place = field.source
        there = lines[(place.line or 0) - 1][(place.column or 0) - 1 :]
        assert decoded(there, Delimiters(), "utf-8").startswith(field.text)
    for record in records(read(BATCH)):
        for field in record.all():
            assert record.fields(field.source.label.partition(", ")[2])[0].key == field.key
    labels = {field.source.label: field.text for field in fields}
    assert labels["message 1, OBX[1]-5.1"] == "2"
    assert labels["message 1, OBX[3]-5[2]"] == "and is liked"
    assert labels["message 2, OBX-5"] == "0"
    assert len(labels) == len(fields)
    assert {field.name for field in fields if field.text == "2"} >= {"OBX-5.1"}


@pytest.mark.parametrize("signs", ["|^~\\&", "#*!?%", "$:;\"'", "|^~\\&#", "/.-_+"])
def test_each_message_is_cut_by_its_own_delimiters(signs):
    """Redefined delimiters cut, and the usual ones are then text; the escapes mean the redefined ones."""
    f, c, r, e, s = signs[:5]
    usual = "|^&" if f != "|" else "#*%"
    text = (
        f"MSH{f}{signs[1:]}{f}A{f}B{f}C{f}D{f}2026{f}{f}ORU{c}R01{f}1\r"
        f"PID{f}1{f}{f}a{s}b{c}{usual}{r}x{e}F{e}y{e}S{e}{e}R{e}{e}T{e}{e}E{e}"
    )
    record = only(text)
    assert [field.text for field in record.fields("PID-3.1")] == ["a", f"x{f}y{c}{r}{s}{e}"]
    assert [field.text for field in record.fields("PID-3[1].1.2")] == ["b"]
    assert [field.text for field in record.fields("PID-3[1].2")] == [usual]


@pytest.mark.parametrize(
    "head",
    [
        "MSH",
        "MSH|",
        "MSH||||",
        "MSH|^~\\",
        "MSH|^^\\&|",
        "MSH|^~\\|&|",
        "MSHA^~\\&A",
        "MSH|^~\\1|",
        "MSH ^~\\& ",
        "MSH|^~\\é|",
        "MSH|^~\\&#$|",
    ],
)
def test_delimiters_that_could_be_mistaken_refuse_the_message(head):
    """Too few, too many, twice the same, letters, digits and blanks cut nothing."""
    found = read(head + "\rPID|1")
    assert found.messages == ()
    assert "MSH-1 and MSH-2" in found.refusals[0].reason
    assert found.refusals[0].line == 1


INJECTIONS = [
    "\\X0D\\",
    "\\X0D0A\\PID|9",
    "\\.br\\PID\\F\\9",
    "\\X0B\\",
    "\\X1C\\",
    "\\F\\",
    "\\S\\\\T\\\\R\\",
    "\\E\\X0D\\E\\",
    "\\X00\\",
]


@pytest.mark.parametrize("injected", INJECTIONS)
@pytest.mark.parametrize("place", ["PID-3.1", "PID-5.1", "PID-5.2", "OBX-5", "OBX-3.2"])
def test_no_escape_becomes_a_segment_or_a_delimiter(injected, place):
    """Whatever an escape stands for, it stands within its leaf: no segment, field or component is added."""
    bare = injected.replace("|", "\\F\\")
    values = dict.fromkeys(("PID-3.1", "PID-5.1", "PID-5.2", "OBX-5", "OBX-3.2"), "x")
    plain = _shape(HEAD + _message(values))
    assert _shape(HEAD + _message({**values, place: f"a{bare}b"})) == plain


def _message(values: dict[str, str]) -> str:
    return (
        f"PID|1||{values['PID-3.1']}^^^A^MR||{values['PID-5.1']}^{values['PID-5.2']}\r"
        f"OBX|1|CWE|Q^{values['OBX-3.2']}||{values['OBX-5']}||||||F"
    )


def _shape(text: str) -> list[str]:
    return [field.source.label for field in only(text).all()]


ESCAPES = {
    "plain": "plain",
    "\\F\\\\S\\\\T\\\\R\\\\E\\": "|^&~\\",
    "a\\.br\\b": "a\nb",
    "\\H\\loud\\N\\": "loud",
    "\\X41c3A9\\": "Aé",
    "\\X0D0A\\\\X0D\\\\X0A\\": "\n\n\n",
    "\\X0B\\": "\\X0B\\",
    "\\X00\\": "\\X00\\",
    "\\X4\\": "\\X4\\",
    "\\Xff\\": "\\Xff\\",
    "\\Z12\\": "\\Z12\\",
    "\\C2842\\": "\\C2842\\",
    "\\.sk3\\": "\\.sk3\\",
    "a\\b": "a\\b",
    "\\E\\F\\E\\": "\\F\\",
    "\\\\": "\\\\",
}


@pytest.mark.parametrize(("written", "text"), ESCAPES.items())
def test_escapes_are_decoded_once_and_the_unknown_stay(written, text):
    """What an escape stands for is text and is not looked at again; one that nobody knows stays, and is told."""
    record = only(HEAD + f"OBX|1|ST|Q||{written}")
    assert [field.text for field in record.fields("OBX-5")] == [text]
    told = [remark.what for message in read(HEAD + f"OBX|1|ST|Q||{written}").messages for remark in remarks(message)]
    kept = written == text and "\\" in text
    assert told == ([Oddity.UNKNOWN_ESCAPE] if kept else [])


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n", exclude_categories=["Cc", "Cs"])))
def test_every_text_survives_its_escapes(text):
    """Whatever is escaped as HL7 asks for comes back as it was."""
    escaped = "".join(
        {"|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\", "\\": "\\E\\"}.get(one, one) for one in text
    )
    fields = only(HEAD + f"OBX|1|CWE|Q||x^{escaped}").fields("OBX-5.2")
    assert [field.text for field in fields] == ([text] if text and text != '""' else [""] if text else [])


def test_a_text_with_bare_delimiters_stays_whole():
    """Where OBX-2 says that the value has no parts, an ampersand is an ampersand; that is told, and a code is still cut."""
    text = HEAD + "OBX|1|TX|A||sad & tired^~here||||||F\rOBX|2|CWE|B||1^sad & tired"
    record = only(text)
    assert [field.text for field in record.fields('OBX[3 = "A"]-5')] == ["sad & tired^", "here"]
    assert [field.text for field in record.fields('OBX[3 = "B"]-5.2')] == ["sad "]
    assert [remark.what for remark in remarks(read(text).messages[0])] == [Oddity.BARE_DELIMITER]


def test_each_order_can_be_a_record():
    """By order each OBR begins a record, which shares what stands before the first; by message there is one."""
    text = HEAD + "PID|1||7\rOBR|1\rOBX|1|NM|Q||1\rOBR|2\rOBX|1|NM|Q||2"
    by_order = list(records(read(text), by_order=True))
    assert [[f.text for f in one.fields('OBX[3 = "Q"]-5')] for one in by_order] == [["1"], ["2"]]
    assert [[f.text for f in one.fields("PID-3")] for one in by_order] == [["7"], ["7"]]
    assert [one.origin.label for one in by_order] == ["OBR[1]", "OBR[2]"]
    assert [f.text for f in only(text).fields("OBX-5")] == ["1", "2"]


REFUSED = [
    (b"", None, "empty"),
    (b"\r\n\r\n", None, "empty"),
    (b"PID|1", 1, "does not begin"),
    (b"M\0S\0H\0", None, "zero byte"),
    (HEAD.encode().replace(b"|2.5.1", b"|2.5.1||||||UNICODE UTF-16"), None, "character set"),
    (HEAD.encode().replace(b"|2.5.1", b"|2.5.1||||||ASCII") + b"PID|\xe9", 2, "MSH-18 says"),
    ((HEAD.strip() + "||||||ASCII\r" + HEAD.strip() + "||||||UTF-8").encode(), None, "different character sets"),
    (HEAD.encode() + b"NTE|\r" * 100_001, None, "100,000 segments"),
    (HEAD.encode() + b"N" * 10_000_000, None, "larger than 10 MB"),
]


@pytest.mark.parametrize(("content", "line", "word"), REFUSED)
def test_a_file_that_is_refused_says_why_and_where(content, line, word):
    """Each file that is not read has one reason in our words."""
    (refusal,) = split(content, "a.hl7")
    assert word in refusal.reason
    assert refusal.line == line


BROKEN = [
    ("a line break in a comment\rsecond line", "begins no segment"),
    ("x\x07", "control character"),
    ("|" * 10_001, "10,000 parts"),
    ("^" * 10_001, "10,000 parts"),
]


@pytest.mark.parametrize(("value", "word"), BROKEN)
def test_one_broken_message_refuses_no_other(value, word):
    """The message is refused at its line, and the one behind it is read."""
    found = read(HEAD + f"OBX|1|TX|Q||{value}\r" + HEAD + "OBX|1|TX|Q||1")
    assert [(refusal.line in (2, 3), word in refusal.reason) for refusal in found.refusals] == [(True, True)]
    assert [field.text for record in records(found) for field in record.fields("OBX-5")] == ["1"]


@pytest.mark.parametrize("kind", ["ADT^A08", "ORU", "ORU^R02", "ACK^R01", "", "MDM^T01"])
def test_a_message_of_another_type_is_passed_over_and_told(kind):
    """Only results and documents carry assessments; an empty batch of others is no silence."""
    found = read(HEAD.replace("ORU^R01", kind) + "PID|1")
    assert (found.messages, [remark.what for remark in found.remarks]) == ((), [Oddity.OTHER_MESSAGE])


COUNTS = {
    "BHS|^~\\&\r{m}{m}BTS|2\r": [],
    "BHS|^~\\&\r{m}BTS|2\r": ["BTS"],
    "BHS|^~\\&\r{m}BTS\r": [],
    "BHS|^~\\&\r{m}": ["BHS"],
    "FHS|^~\\&\rBHS|^~\\&\r{m}BTS|1\rFTS|1\r": [],
    "FHS|^~\\&\rBHS|^~\\&\r{m}BTS|1\rBHS|^~\\&\r{m}BTS|1\rFTS|1\r": ["FTS"],
    "FHS|^~\\&\rBHS|^~\\&\r{m}BTS|1\r": ["FHS"],
    "{m}BTS|{n}\r": ["BTS"],
}


@pytest.mark.parametrize(("text", "labels"), COUNTS.items())
def test_a_batch_that_lost_something_is_told(text, labels):
    """A trailer that counts otherwise, and a batch or file without its end, may mean messages that never came."""
    found = read(text.replace("{m}", HEAD).replace("{n}", "9" * 5000))
    assert [(remark.what, remark.source.label) for remark in found.remarks] == [
        (Oddity.WRONG_COUNT, one) for one in labels
    ]


def test_what_says_no_character_set_is_utf8_or_else_windows():
    """Windows-1252 is stated; what MSH-18 says is believed."""
    windows = read((HEAD + "PID|1||||Zoë").encode("windows-1252"))
    assert [remark.what for remark in windows.remarks] == [Oddity.READ_AS_WINDOWS]
    latin = (HEAD.strip() + "||||||8859/1\rPID|1||||Zoë").encode("latin-1")
    for found in (windows, read(HEAD + "PID|1||||Zoë"), read(latin)):
        assert [field.text for record in records(found) for field in record.fields("PID-5")] == ["Zoë"]


@given(st.binary() | st.text().map(lambda text: (HEAD + text).encode("utf-8", "replace")))
def test_no_bytes_make_it_raise(content):
    """Any bytes are messages, refusals or both, and every message can be looked at to its end."""
    found = split(content, "a.hl7")
    if isinstance(found, Hl7File):
        assert found.messages or found.refusals or found.remarks
        for record in records(found):
            assert [field.key for field in record.all()]
        for message in found.messages:
            assert all(remark.sentence for remark in remarks(message))


def test_what_is_lost_beyond_the_list_is_counted():
    """The lists of what was refused and passed over are bounded; that there is more is told, of every kind."""
    broken, other = HEAD + "OBX|1|TX|Q||\x07\r", HEAD.replace("ORU^R01", "ADT^A01")
    found = read(broken * 103 + other * 150 + HEAD + "OBX|1|TX|Q||1\r")
    assert (len(found.refusals), len(found.remarks)) == (101, 101)
    assert found.refusals[-1].reason.startswith("3 more places")
    assert (found.remarks[-1].what, found.remarks[-1].sentence[:14]) == (Oddity.OTHER_MESSAGE, "50 more places")
