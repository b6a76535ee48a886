from __future__ import annotations

import contextlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.mapping import MappingDefect, load_mapping

HEAD = 'agency = "riverbend"\nformat = "delimited"\neffective = 2026-01-01\n'
FLAT = HEAD + "header = false\n"
TALL = HEAD + 'layout = "long"\n'
TREE = HEAD.replace("delimited", "json")
BODY = '[items]\nMEMBER_DOB = { from = "DOB", date = "%m/%d/%Y" }\n'


@pytest.fixture
def load(tmp_path):
    def loader(text):
        path = tmp_path / "care.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_mapping(path)

    return loader


def test_mapping_is_read(load):
    """A mapping brings its agency, its date, its digest and the columns that it names."""
    mapping = load(HEAD + BODY)
    assert (mapping.agency, mapping.format, mapping.effective) == ("riverbend", "delimited", date(2026, 1, 1))
    assert mapping.digest.startswith("sha-256:")
    assert mapping.name == "care.toml"
    assert mapping.columns == {"DOB": ("MEMBER_DOB",)}


DEFECTS = [
    pytest.param(HEAD + 'colour = "red"\n' + BODY, 4, "colour", id="unknown key"),
    pytest.param(HEAD + BODY + 'LDF_SLEEP = { from = "S", code = "r" }\n', 6, "code", id="unknown key of an item"),
    pytest.param(HEAD + BODY + 'LDF_SLEEP = { value = "S", from = "r" }\n', 6, "from", id="constant and column"),
    pytest.param(HEAD + BODY + 'LDF_SLEEP = { from = "S", codes = "r" }\n', 6, "[codes.r]", id="no such code table"),
    pytest.param(HEAD + BODY + "LDF_SLEEP = { from = [] }\n", 6, "from", id="no column"),
    pytest.param(HEAD + BODY + 'LDF_SLEEP = { from = ["A", "B"] }\n', 6, "join", id="columns without join"),
    pytest.param(
        HEAD + BODY + 'LDF_SLEEP = { from = "A", date = "%m/%d/%Y %d" }\n', 6, "each once", id="a part of a date twice"
    ),
    pytest.param(
        HEAD + BODY + 'LDF_SLEEP = { from = "A", date = "%x" }\n', 6, "date", id="a date that depends on place"
    ),
    pytest.param(
        HEAD + BODY + 'LDF_SLEEP = { from = "A", date = "m/d/y" }\n', 6, "date", id="a date without directives"
    ),
    pytest.param(HEAD + BODY + 'LDF_SLEEP = { from = "A", pad = 0 }\n', 6, "pad", id="pad to nothing"),
    pytest.param(HEAD + BODY + 'LDF_SLEEP = { from = "A", empty = "x" }\n', 6, "empty", id="empty is no list"),
    pytest.param(HEAD + BODY + "LDF_SLEEP = { value = 1 }\n", 6, "value", id="a constant that is no text"),
    pytest.param(HEAD + BODY + "LDF_SLEEP = 1\n", 6, "table", id="an item that is no table"),
    pytest.param(HEAD + BODY + '[items.ldf_sleep]\nfrom = "S"\n', 6, "capitals", id="no code of an item"),
    pytest.param(HEAD + BODY + '[codes.r]\n"a" = "1"\n"A " = "2"\n', 8, "twice", id="a word twice"),
    pytest.param(HEAD + BODY + '[codes.r]\n"a" = 1\n', 7, "code", id="a code that is no text"),
    pytest.param(HEAD.replace('"delimited"', '"pdf"') + BODY, 2, "format", id="unknown format"),
    pytest.param(HEAD.replace("2026-01-01", '"2026"') + BODY, 3, "effective", id="no date"),
    pytest.param(HEAD.replace('"riverbend"', '""') + BODY, 1, "agency", id="no agency"),
    pytest.param(HEAD + 'delimiter = "x"\n' + BODY, 4, "delimiter", id="unknown delimiter"),
    pytest.param(HEAD + "[items]\n", 4, "no items", id="no items"),
    pytest.param(HEAD + "items =\n", 4, "TOML", id="no TOML"),
    pytest.param(b"\xff", 1, "UTF-8", id="no UTF-8"),
    pytest.param(HEAD + f"effective_on = {'9' * 5000}\n" + BODY, 1, "too large", id="a number of five thousand digits"),
    pytest.param(HEAD + f"empty = {'[' * 5000}{']' * 5000}\n" + BODY, 1, "too large", id="lists within lists"),
    pytest.param(HEAD + BODY + "#" * 1_000_000, 1, "larger", id="a megabyte"),
    pytest.param(HEAD + BODY + "LDF_SLEEP = { field = 3 }\n", 6, "header = false", id="a number under a header"),
    pytest.param(FLAT + '[items]\nLDF_SLEEP = { from = "S" }\n', 6, "number", id="a name without a header"),
    pytest.param(FLAT + "[items]\nLDF_SLEEP = { field = 0 }\n", 6, "1 to 16384", id="no field"),
    pytest.param(FLAT + "[items]\nLDF_SLEEP = { field = true }\n", 6, "number", id="a field that is no number"),
    pytest.param(FLAT + "fields = 3\n[items]\nLDF_SLEEP = { field = 4 }\n", 7, "1 to 3", id="beyond the width"),
    pytest.param(
        FLAT + 'short_records = "pad"\n[items]\nLDF_SLEEP = { field = 4 }\n', 5, "fields", id="padded to what"
    ),
    pytest.param(FLAT + "header_row = 2\n[items]\nLDF_SLEEP = { field = 4 }\n", 5, "header", id="row of no header"),
    pytest.param(HEAD + "fields = 3\n" + BODY, 4, "header", id="a width beside a header"),
    pytest.param(HEAD + "header_row = 0\n" + BODY, 4, "header_row", id="row nought"),
    pytest.param(HEAD + 'header = "no"\n' + BODY, 4, "header", id="a flag in quotes"),
    pytest.param(HEAD + 'layout = "tall"\n' + BODY, 4, "layout", id="unknown layout"),
    pytest.param(HEAD + 'layout = "long"\n' + BODY, 1, "[long]", id="long without its columns"),
    pytest.param(HEAD + BODY + '[long]\nkey = ["a"]\nitem = "b"\nvalue = "c"\n', 6, "long", id="columns of no layout"),
    pytest.param(TALL + '[long]\nkey = ["a"]\nitem = "b"\n' + BODY, 5, "value", id="long without its answers"),
    pytest.param(TALL + '[long]\nkey = ["a"]\nitem = "a"\nvalue = "c"\n' + BODY, 5, "own", id="a column twice"),
    pytest.param(HEAD + BODY + 'LDF_SLEEP = { question = "S" }\n', 6, "question", id="a question of a wide table"),
    pytest.param(
        HEAD + BODY + 'LDF_SLEEP = { from = "S", split = { at = "", part = 1 } }\n', 6, "at", id="split at nothing"
    ),
    pytest.param(
        HEAD + BODY + 'LDF_SLEEP = { from = "S", split = { at = "/", part = 0 } }\n', 6, "part", id="part nought"
    ),
    pytest.param(HEAD + BODY + 'LDF_SLEEP = { from = "S", number = "x" }\n', 6, "number", id="unknown decimal mark"),
    pytest.param(HEAD + BODY + 'LDF_SLEEP = { from = "S", truth = "ja" }\n', 6, "truth", id="unknown pair"),
    pytest.param(HEAD + BODY + 'LDF_SLEEP = { from = "S", truth = "yes-no", date = "%Y" }\n', 6, "both", id="two ends"),
    pytest.param(HEAD + BODY + 'LDF_SLEEP = { from = "S", default = "" }\n', 6, "default", id="a default of nothing"),
    pytest.param(HEAD + BODY + 'LDF_SLEEP = { from = "S", date = ["%Y", "x"] }\n', 6, "date", id="one bad form of two"),
    pytest.param(HEAD + 'ignore = ["A"]\n' + BODY, 4, "because", id="ignored without a reason"),
    pytest.param(HEAD + 'ignore = [{ from = ["A"] }]\n' + BODY, 4, "because", id="ignored without a reason why"),
    pytest.param(HEAD + 'ignore = [{ from = ["DOB"], because = "x" }]\n' + BODY, 4, "reads", id="ignored and read"),
    pytest.param(HEAD + 'ignore = [{ because = "x" }]\n' + BODY, 4, "from", id="nothing ignored"),
    pytest.param(HEAD + 'quoting = "odd"\n' + BODY, 4, "quoting", id="unknown quoting"),
    pytest.param(HEAD + 'encoding = "utf-7"\n' + BODY, 4, "encoding", id="unknown encoding"),
    pytest.param(HEAD + 'records = "a"\n' + BODY, 4, "records", id="records of a table"),
    pytest.param(TREE + 'delimiter = ","\n' + BODY, 4, "delimiter", id="a delimiter of JSON"),
    pytest.param(TREE + 'records = "a["\n' + BODY, 4, "no path", id="records at no path"),
    pytest.param(TREE + '[items]\nMEMBER_DOB = { from = "a//b" }\n', 5, "no path", id="no path"),
]


@pytest.mark.parametrize(("text", "line", "word"), DEFECTS)
def test_defect_is_named_with_its_line(text, line, word, load):
    """Each defect of a mapping is refused as file, line and sentence."""
    with pytest.raises(MappingDefect) as refused:
        load(text)
    (defect,) = str(refused.value).splitlines()
    assert f"care.toml:{line}: " in defect
    assert word in defect


def test_all_defects_are_listed(load):
    """Whoever mends a mapping sees every defect at once."""
    with pytest.raises(MappingDefect) as refused:
        load('format = "pdf"\ncolour = 1\n')
    assert len(refused.value.defects) == 5


def test_missing_file_is_a_defect(tmp_path):
    """A mapping that is not there is a defect of the configuration, not a crash."""
    with pytest.raises(MappingDefect):
        load_mapping(tmp_path / "none.toml")


def test_places_questions_and_steps_are_read(load):
    """Fields by number, questions of a long table, paths; the steps in their own order, whatever that of the keys."""
    flat = load(FLAT + 'fields = 9\n[items]\nASSESSOR_NAME = { field = [4, 3], join = ", " }\n')
    assert flat.items["ASSESSOR_NAME"].paths == ("4", "3")
    tall = load(
        TALL
        + '[long]\nkey = ["a"]\nitem = "b"\nvalue = "c"\n[items]\nLDF_SLEEP = { question = " SLP " }\nMEMBER_ID = { from = "a" }\n'
    )
    assert tall.items["LDF_SLEEP"].questions == ("SLP",)
    assert tall.items["LDF_SLEEP"].paths != tall.items["MEMBER_ID"].paths == ("a",)
    tree = load(
        TREE
        + 'records = "visits"\n[items]\nMEMBER_DOB = { codes = "d", pad = 2, number = ".", strip = "x", from = "b/c" }\n[codes.d]\n'
    )
    assert tree.records == "visits"
    assert [step.name for step in tree.items["MEMBER_DOB"].transforms] == ["strip 'x'", "number .", "pad 2", "codes d"]


def test_each_item_knows_its_line(load):
    """So that whoever asks where an answer came from is led to it."""
    mapping = load(HEAD + BODY + '\n[items.LDF_SLEEP]\nfrom = "S"\n')
    assert [mapped.line for mapped in mapping.items.values()] == [5, 7]


def test_what_is_ignored_has_its_reason(load):
    """Each place by itself, whichever way the list is written."""
    inline = load(HEAD + 'ignore = [{ from = ["A", "B"], because = "ours" }]\n' + BODY)
    tables = load(HEAD + '[[ignore]]\nfrom = "A"\nbecause = "ours"\n[[ignore]]\nfrom = "B"\nbecause = "ours"\n' + BODY)
    assert inline.ignored == tables.ignored == {"A": "ours", "B": "ours"}


@given(text=st.text(alphabet='[]{}="\n.,ab items codes#1') | st.text())
def test_any_text_is_a_mapping_or_a_defect(text, tmp_path_factory):
    """No text makes loading fail in any other way."""
    path = tmp_path_factory.mktemp("mapping") / "m.toml"
    path.write_bytes((HEAD + text).encode())
    with contextlib.suppress(MappingDefect):
        load_mapping(path)
