from __future__ import annotations

import codecs

import pytest

from adapters import registry
from adapters.mapping import load_mapping
from canonical.payload import Payload

MAPPING = """
agency    = "riverbend"
format    = "delimited"
effective = 2026-01-01
{options}
[items]
MEMBER_LOCAL_ID  = {{ from = "Nr" }}
MEMBER_LAST_NAME = {{ from = "Last" }}
"""
TEXT = "Nr,Last\n1,Galvão\n"
MARK = "\ufeff"


@pytest.fixture
def read(tmp_path):
    def reader(content, options="", format_=None):
        path = tmp_path / "m.toml"
        path.write_text(MAPPING.format(options=options), "utf-8")
        return registry.read(Payload(content=content, name="x"), format=format_, mapping=load_mapping(path))

    return reader


ENCODED = [
    pytest.param(TEXT.encode(), "UTF-8,", [], id="UTF-8"),
    pytest.param((MARK + TEXT).encode(), "UTF-8 with a byte order mark,", [], id="UTF-8 with a mark"),
    pytest.param(
        (MARK + TEXT).encode("utf-16-le"), "UTF-16 (little-endian) with a byte order mark,", [], id="UTF-16 LE"
    ),
    pytest.param((MARK + TEXT).encode("utf-16-be"), "UTF-16 (big-endian) with a byte order mark,", [], id="UTF-16 BE"),
    pytest.param(TEXT.encode("utf-16-le"), "UTF-16 (little-endian),", ["A012"], id="UTF-16 LE without a mark"),
    pytest.param(TEXT.encode("utf-16-be"), "UTF-16 (big-endian),", ["A012"], id="UTF-16 BE without a mark"),
    pytest.param(TEXT.encode("windows-1252"), "Windows-1252,", ["A012"], id="Windows-1252"),
]


@pytest.mark.parametrize(("content", "told", "rules"), ENCODED)
def test_encoding_is_found_out_and_stated(content, told, rules, read):
    """The letters come out, the mark is no part of the first name, and the reading says how the text is written."""
    reading = read(content)
    assert [finding.rule for finding in reading.findings] == rules
    assert [one.text("MEMBER_LAST_NAME") for one in reading.assessments] == ["Galvão"]
    assert reading.dialect.startswith(told)


NAMED = [
    pytest.param(TEXT.encode("utf-16-le"), "utf-16", [], id="UTF-16 without a mark"),
    pytest.param((MARK + TEXT).encode("utf-16-be"), "utf-16", [], id="UTF-16 whose mark says big-endian"),
    pytest.param(TEXT.encode("utf-16-be"), "utf-16-be", [], id="UTF-16 BE"),
    pytest.param((MARK + TEXT).encode(), "utf-8", [], id="UTF-8 with a mark"),
    pytest.param(TEXT.encode("windows-1252"), "windows-1252", [], id="Windows-1252"),
    pytest.param(TEXT.encode("windows-1252"), "utf-8", ["A001"], id="not the UTF-8 that was promised"),
    pytest.param((MARK + TEXT).encode(), "windows-1252", ["A001"], id="a mark that says something else"),
    pytest.param((MARK + TEXT).encode("utf-16"), "utf-8", ["A001"], id="UTF-16 that was promised as UTF-8"),
]


@pytest.mark.parametrize(("content", "encoding", "rules"), NAMED)
def test_encoding_that_the_mapping_names_is_the_only_one(content, encoding, rules, read):
    """Nothing is guessed then, and what is written otherwise is not read."""
    reading = read(content, f'encoding = "{encoding}"', "delimited")
    assert [finding.rule for finding in reading.findings] == rules
    assert len(reading.assessments) == (not rules)


NO_TEXT = [
    pytest.param(TEXT.encode("utf-32"), id="UTF-32"),
    pytest.param(TEXT.encode() + b"\0", id="NUL at the end"),
    pytest.param((MARK + TEXT).encode() + b"2,a\0b\n", id="NUL inside"),
    pytest.param(codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le") + b"\0\0", id="NUL in UTF-16"),
    pytest.param(codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le") + b"x", id="half a character"),
    pytest.param(codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le") + b"\x00\xd8", id="half a pair"),
    pytest.param(codecs.BOM_UTF8 + TEXT.encode("windows-1252"), id="not what the mark says"),
    pytest.param(TEXT.encode() + b"x" * 200_000 + b"\0", id="NUL far below"),
]


@pytest.mark.parametrize("content", NO_TEXT)
def test_what_is_no_text_is_not_read(content, read):
    """One finding, no assessment, wherever it breaks."""
    reading = read(content, format_="delimited")
    assert [finding.rule for finding in reading.findings] == ["A001"]
    assert reading.assessments == ()


QUOTING = [
    pytest.param('1,"a,""b"""', "double", 'a,"b"', "double quotes", id="doubled"),
    pytest.param("1,'a,''b'''", "single", "a,'b'", "single quotes", id="single"),
    pytest.param('1,"a,\\"b\\""', "backslash", 'a,"b"', "double quotes and backslashes", id="backslash"),
    pytest.param('1,"a"b', "none", '"a"b', "no quotes", id="quotes that quote nothing"),
    pytest.param("1,ab", "double", "ab", "no quotes", id="none are there"),
]


@pytest.mark.parametrize(("row", "quoting", "text", "told"), QUOTING)
def test_quoting_is_the_mappings_word(row, quoting, text, told, read):
    """Double quotes unless the mapping says otherwise."""
    reading = read(f"Nr,Last\n{row}\n".encode(), f'quoting = "{quoting}"')
    assert [one.text("MEMBER_LAST_NAME") for one in reading.assessments] == [text]
    assert f", {told}," in reading.dialect


LINES = [("\n", "LF"), ("\r\n", "CR LF"), ("\r", "CR")]


@pytest.mark.parametrize(("end", "told"), LINES)
def test_line_ends_are_stated_and_rows_counted_by_them(end, told, read):
    """Those inside quotes end no row, and are not counted among them."""
    reading = read(f'Nr,Last{end}1,"a\nb"{end}2,c{end}'.encode())
    assert reading.dialect.endswith(f"lines ending in {told}.")
    assert [one.origin.line for one in reading.assessments] == [2, 4]


def test_delimiter_is_stated(read):
    """In words, as people call it."""
    assert "cells between semicolons" in read(TEXT.replace(",", ";").encode()).dialect


def test_header_below_a_title_is_found(read):
    """What stands above the row of the header is no data; rows count from the top of the file."""
    content = f"CANS export\n\n{TEXT}".encode()
    (one,) = read(content, "header_row = 3", "delimited").assessments
    assert one.origin.label == "row 4"
