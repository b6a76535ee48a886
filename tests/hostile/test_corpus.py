"""The corpus holds what it is said to hold: it cannot shrink without anybody seeing it."""

from __future__ import annotations

import hashlib
from collections import Counter

import pytest
from hostile.corpus import FORMATS, corpus

#: By format and by what is wrong: at least so many files.
LEAST = {
    "fhir": {
        "cut off": 400, "damaged": 240, "mutants": 300, "nested": 14, "huge numbers": 20, "keys": 8, "lone surrogates": 12,
        "from outside": 20, "too much": 28, "of many": 10,
    },
    "delimited": {
        "cut off": 45, "cut off whole": 300, "damaged": 280, "headers": 9, "ragged": 8, "quotes": 12, "formulas": 8,
        "huge numbers": 17, "encodings": 34, "too much": 18,
    },
    "workbook": {
        "cut off": 30, "damaged": 40, "zip bombs": 9, "archives": 11, "from outside": 14, "places": 14, "formulas": 14,
        "huge numbers": 14, "of before 2007": 160,
    },
    "json": {
        "cut off": 55, "damaged": 150, "nested": 8, "huge numbers": 10, "no numbers": 8, "keys": 5, "lone surrogates": 11,
        "encodings": 11, "too much": 15,
    },
    "xml": {
        "cut off": 60, "damaged": 150, "from outside": 48, "billion laughs": 6, "nested": 5, "huge numbers": 6, "keys": 3,
        "encodings": 17, "too much": 25,
    },
    "hl7v2": {
        "cut off": 18, "damaged": 150, "redefined delimiters": 120, "injected segments": 95, "huge numbers": 10,
        "encodings": 17, "too much": 18,
    },
    "mapping": {"cut off": 120, "damaged": 150, "bombs": 47, "values": 94, "paths": 57, "encodings": 11},
    "roster": {"cut off": 19, "damaged": 100, "rows": 11},
}  # fmt: skip


def told() -> list[tuple[str, str, str, bytes]]:
    """Return format, kind and label of each file, and a digest; an archive notes when it was made, so it has none."""
    return [
        (one.format, one.kind, one.label, b"" if one.format == "workbook" else hashlib.sha256(one.content).digest())
        for one in corpus()
    ]


@pytest.fixture(scope="module")
def files() -> list[tuple[str, str, str, bytes]]:
    return told()


def test_no_kind_of_hostile_file_is_missing(files):
    """Of every format and kind there are as many files as ever, and of all together far more than a thousand."""
    found = Counter((format_, kind) for format_, kind, *_ in files)
    assert set(found) == {(format_, kind) for format_, kinds in FORMATS.items() for kind in kinds}
    least = {(format_, kind): number for format_, kinds in LEAST.items() for kind, number in kinds.items()}
    assert set(found) == set(least)
    assert {one: (found[one], number) for one, number in least.items() if found[one] < number} == {}
    assert found.total() >= 3_800


def test_no_two_files_of_a_kind_bear_one_name(files):
    """What is wrong with a file is its name: a failure tells which one it was."""
    names = Counter(one[:3] for one in files)
    assert [name for name, number in names.items() if number > 1] == []


def test_the_corpus_is_always_the_same(files):
    """Two makings give the same bytes: what failed once can be made again."""
    assert told() == files
