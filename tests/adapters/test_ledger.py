from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters import registry
from adapters.mapping import load_mapping
from canonical.ledger import Fate, Ledger, Unmapped
from canonical.payload import Payload

SAMPLES = Path(__file__).parents[2] / "samples"
HEAD = 'agency = "riverbend"\nformat = "delimited"\neffective = 2026-01-01\ndelimiter = ","\n'
WIDE = """
empty  = ["n/a"]
ignore = [{ from = ["Staff"], because = "It is the agency's own." }]
[items]
MEMBER_LOCAL_ID = { from = "Nr" }
ASSESSOR_NAME   = { from = ["Last", "First"], join = ", " }
CONSENT         = { from = "Consent", default = "not-asked" }
MEMBER_DOB      = { from = "Born", date = "%m/%d/%Y" }
SERVICE         = { value = "OPT" }
"""
HEADER = ["Nr", "Last", "First", "Consent", "Born", "Staff", "Extra", "Nr 2"]
LONG = """
layout = "long"
ignore = [{ question = ["Staff"], because = "It is the agency's own." }]
[long]
key = ["Nr"]
item = "Q"
value = "A"
[items]
MEMBER_LOCAL_ID = { from = "Nr" }
LDF_SLEEP = { question = "SLP" }
"""


def written(rows):
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mappings")
    loaded = {}
    for name, text in (("wide", WIDE), ("long", LONG)):
        (folder / f"{name}.toml").write_text(HEAD + text)
        loaded[name] = load_mapping(folder / f"{name}.toml")
    return lambda name, text: registry.read(
        Payload(content=text.encode(), name="x"), format="delimited", mapping=loaded[name]
    )


def counts(reading):
    return {fate.value: count for fate, count in reading.ledger.counts.items() if count}


def test_every_field_has_its_fate(read):
    """Named by itself, part of a join, a default in the place of a word for nothing, dropped, or named by nothing."""
    reading = read("wide", written([HEADER, ["1", "Orr", "Bo", "n/a", "3/2/2015", "memo", "x", ""]]))
    assert counts(reading) == {"mapped": 2, "derived": 2, "defaulted": 1, "dropped-by-rule": 1, "unmapped": 1}
    assert reading.ledger.unmapped == (Unmapped(name="column the 7th", fields=1),)
    assert (reading.ledger.fields, reading.ledger.defaults, reading.ledger.balances) == (7, 1, True)


FATES = [
    pytest.param(["1", "Orr", "", "", "", "", "", ""], {"mapped": 2}, 2, id="one part of a join is all of it"),
    pytest.param(
        ["1", "n/a", "", "yes", "", "", "", ""], {"mapped": 2, "dropped-by-rule": 1}, 1, id="a word for nothing"
    ),
    pytest.param(["1", "", "", "", "never", "", "", ""], {"mapped": 2}, 2, id="what cannot be read has a finding"),
    pytest.param(["1", "", "", "yes", "", "", "a", "b"], {"mapped": 2, "unmapped": 2}, 1, id="what nothing names"),
    pytest.param(["1", "2", "3"], {"unmapped": 3}, 0, id="a row that was left out is lost"),
]


@pytest.mark.parametrize(("row", "fates", "defaults"), FATES)
def test_fate_is_what_became_of_the_text(row, fates, defaults, read):
    """Blank cells hold nothing and are not counted; constants and defaults that no field gave are, by themselves."""
    reading = read("wide", written([HEADER, row]))
    assert counts(reading) == fates
    assert reading.ledger.defaults == defaults
    assert reading.ledger.balances


def test_key_and_questions_of_a_long_table_are_used_to_decide(read):
    """The key is the answer of an item as well here; a question that no item names leaves its answer behind."""
    rows = [["Nr", "Q", "A", "X"], ["1", "SLP", "2", ""], ["1", "Other", "y", "z"], ["1", "staff", "memo", ""]]
    reading = read("long", written(rows))
    assert counts(reading) == {"mapped": 4, "derived": 3, "dropped-by-rule": 1, "unmapped": 2}
    assert [place.name for place in reading.ledger.unmapped] == ["column A", "column the 4th"]


def test_names_that_nothing_declares_are_not_in_the_ledger(read):
    """They are positions: a header can hold a child's name."""
    assert "Extra" not in repr(read("wide", written([HEADER, ["1", "", "", "", "", "", "x", "y"]])).ledger)


SAMPLED = sorted(
    [(path, SAMPLES / "mappings/riverbend-caredesk.toml") for path in SAMPLES.glob("*/caredesk-*.csv")]
    + [(path, SAMPLES / "cbhi/cans-export.toml") for path in SAMPLES.glob("cbhi/*.txt")]
)


@pytest.mark.parametrize(("path", "mapping"), SAMPLED, ids=lambda path: path.stem)
def test_ledger_of_every_sample_balances(path, mapping):
    """Every cell that holds anything, counted by another reader, has one fate; nothing is lost without being listed."""
    content = path.read_bytes()
    reading = registry.read(Payload(content=content, name=path.name), mapping=load_mapping(mapping))
    delimiter = "," if path.suffix == ".csv" else "|"
    rows = list(csv.reader(io.StringIO(content.decode(), newline=""), delimiter=delimiter))
    data = rows[1:] if path.suffix == ".csv" else rows
    refused = any(finding.rule == "A006" for finding in reading.findings)
    assert reading.ledger.balances
    assert reading.ledger.fields == (0 if refused else sum(bool(cell.strip()) for row in data for cell in row))


CELL = st.sampled_from(["", " ", "n/a", "x", "N/A ", "2", "3/2/2015", 'a,"b"', "two\nlines"])


@settings(deadline=None)
@given(rows=st.lists(st.lists(CELL, min_size=1, max_size=9), min_size=1, max_size=6))
def test_counts_balance_whatever_the_rows(rows, read):
    """Each cell under the header that is not blank is counted exactly once, by its column where that alone decides."""
    reading = read("wide", written([HEADER, *rows]))
    held = [[cell for cell in row if cell.strip()] for row in rows]
    ledger = reading.ledger
    assert ledger.balances
    assert ledger.fields == sum(map(len, held))
    whole = [row for row in rows if len(row) == len(HEADER)]
    unnamed = sum(bool(row[column].strip()) for row in whole for column in (6, 7))
    left_out = sum(len(cells) for row, cells in zip(rows, held, strict=True) if len(row) != len(HEADER))
    assert ledger.counts[Fate.UNMAPPED] == unnamed + left_out
    dropped = sum(bool(row[5].strip()) for row in whole)
    words = sum(row[column].strip().casefold() == "n/a" for row in whole for column in (0, 1, 2, 4))
    assert ledger.counts[Fate.DROPPED] == dropped + words
    assert ledger.counts[Fate.DEFAULTED] == sum(row[3].strip().casefold() == "n/a" for row in whole)


@settings(deadline=None)
@given(rows=st.lists(st.tuples(*[st.sampled_from(["", "1", "2", "SLP", "staff", "zz"])] * 4), min_size=1, max_size=8))
def test_counts_of_a_long_table_balance_whatever_the_rows(rows, read):
    """Rows are put together, and no cell of them is lost or counted twice."""
    reading = read("long", written([["Nr", "Q", "A", "X"], *rows]))
    assert reading.ledger.balances
    assert reading.ledger.fields == sum(bool(cell.strip()) for row in rows for cell in row)


def test_unmapped_places_beyond_the_list_are_counted_all_the_same(read):
    """The list is bounded, the counts are not."""
    header = [*HEADER, *(f"c{number}" for number in range(1500))]
    ledger = read("wide", written([header, ["1"] * len(header)])).ledger
    assert (len(ledger.unmapped), ledger.unlisted) == (1000, 502)
    assert ledger.counts[Fate.UNMAPPED] == 1502
    assert ledger.balances


UNBALANCED = [
    pytest.param({"fields": 2, "counts": {Fate.MAPPED: 1}}, id="a field without a fate"),
    pytest.param({"fields": 1, "counts": {Fate.UNMAPPED: 1}}, id="an unmapped field that no place lists"),
    pytest.param(
        {"fields": 1, "counts": {Fate.MAPPED: 1}, "unmapped": (Unmapped(name="x", fields=1),)}, id="a place too many"
    ),
]


@pytest.mark.parametrize("given_", UNBALANCED)
def test_ledger_that_does_not_add_up_says_so(given_):
    """The balance is a check, not a definition."""
    complete = {**given_, "counts": {**dict.fromkeys(Fate, 0), **given_["counts"]}}
    assert not Ledger(**complete).balances


def test_every_answer_says_how_it_was_found(read):
    """The line of the mapping, the steps in their order, what was joined, and whether the file says it at all."""
    row = ["1", "Orr", "Bo", "", "3/2/2015", "", "", ""]
    (one,) = read("wide", written([HEADER, row])).assessments
    told = {
        item: (p.mapping, p.line, p.transforms, p.default, [source.label for source in p.also])
        for item, answer in one.answers.items()
        for p in (answer.provenance,)
    }
    assert told == {
        "MEMBER_LOCAL_ID": ("wide.toml", 9, (), False, []),
        "ASSESSOR_NAME": ("wide.toml", 10, ("join ', '",), False, ["row 2, column First"]),
        "CONSENT": ("wide.toml", 11, ("default",), True, []),
        "MEMBER_DOB": ("wide.toml", 12, ("date %m/%d/%Y",), False, []),
        "SERVICE": ("wide.toml", 13, ("value",), True, []),
        **dict.fromkeys(
            ("DOCUMENT_ID", "DOCUMENT_VERSION", "SUBMISSION_TYPE", "AGENCY_ID"),
            (None, None, ("derived by ecas-bridge",), True, []),
        ),
    }


def test_neither_ledger_nor_provenance_holds_a_value(read):
    """A canary in every cell, and in the name of every column that nothing declares, shows in neither."""
    reading = read("wide", written([[*HEADER[:6], "Qanary", "Qanary"], [f"Qanary{n}" for n in range(8)]]))
    (one,) = reading.assessments
    assert "Qanary0" in one.answers["MEMBER_LOCAL_ID"].text
    assert "Qanary" not in repr([reading.ledger, *(answer.provenance for answer in one.answers.values())])


@pytest.mark.parametrize("first", [True, False])
def test_of_two_uses_the_nobler_is_the_fate(first, tmp_path):
    """What is a word for nothing to one item, and the answer of another, is mapped, in whichever order they stand."""
    lines = ['LDF_COMMENT = { from = "Consent", empty = [] }', 'CONSENT = { from = "Consent" }']
    (tmp_path / "m.toml").write_text(
        "\n".join([HEAD, 'empty = ["n/a"]', "[items]", *(lines if first else reversed(lines))])
    )
    payload = Payload(content=written([["Consent"], ["n/a"]]).encode(), name="x")
    reading = registry.read(payload, format="delimited", mapping=load_mapping(tmp_path / "m.toml"))
    assert counts(reading) == {"mapped": 1}
