from __future__ import annotations

import contextlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.mapping import MappingDefect, load_mapping

HEAD = 'agency = "riverbend"\nformat = "delimited"\neffective = 2026-01-01\n'
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


@given(text=st.text(alphabet='[]{}="\n.,ab items codes#1') | st.text())
def test_any_text_is_a_mapping_or_a_defect(text, tmp_path_factory):
    """No text makes loading fail in any other way."""
    path = tmp_path_factory.mktemp("mapping") / "m.toml"
    path.write_bytes((HEAD + text).encode())
    with contextlib.suppress(MappingDefect):
        load_mapping(path)
