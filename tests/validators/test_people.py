"""Some five hundred names of the kind that the people of a real roster bear; none of them is anybody's."""

from __future__ import annotations

import csv
import io
import unicodedata
from datetime import date
from pathlib import Path

import pytest

from specs.catalog import Catalog
from validators.certification import Standing, standing
from validators.names import match_key
from validators.roster import COLUMNS, Roster

FILE = Path(__file__).with_name("people.txt")
PEOPLE = [line for line in FILE.read_text("utf-8").splitlines() if not line.startswith("#")]

#: How the same name arrives from other systems.
SPELLINGS = {
    "composed": lambda name: unicodedata.normalize("NFC", name),
    "decomposed": lambda name: unicodedata.normalize("NFD", name),
    "in capitals": str.upper,
    "in small letters": str.lower,
    "with blanks": lambda name: f"  {name.replace(',', ' , ')} ",
    "with an invisible mark": lambda name: f"\ufeff\u200e{name}",
    "without accents": lambda name: unicodedata.normalize(
        "NFC", "".join(sign for sign in unicodedata.normalize("NFD", name) if not "\u0300" <= sign <= "\u036f")
    ),
}


def key_of(number: int) -> str:
    return f"EX-{number:04}"


@pytest.fixture(name="cells", scope="module")
def _cells() -> list[tuple[str, str]]:
    """Last and first names as a roster holds them."""
    return [tuple(part.strip() for part in f"{name},".split(",", 1)) for name in PEOPLE]


@pytest.fixture(name="roster", scope="module")
def _roster(cells) -> Roster:
    """A roster of all of them, each with a key."""
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, restval="")
    writer.writeheader()
    for number, (last, first) in enumerate(cells):
        name = {"last_name": last, "first_name": first.removesuffix(",")}
        writer.writerow({"key": key_of(number), "certified_on": "2026-01-05", **name})
    return Roster.from_csv(file.getvalue().encode(), "roster.csv")


@pytest.fixture(name="held")
def _held(roster):
    """Ask for the standing of a person's key under a name."""
    policy = Catalog().named("2026.1").certification

    def held(number: int, name: str) -> Standing:
        return standing(roster, policy, key=key_of(number), name=name, on=date(2026, 5, 20), agency=None)

    return held


def test_there_are_five_hundred_of_many_scripts():
    """The file keeps its promise: scripts, twins in decomposed letters, apostrophes, one letter, very long."""
    assert len(set(PEOPLE)) == len(PEOPLE) >= 500
    scripts = {unicodedata.name(sign).split()[0] for name in PEOPLE for sign in name if sign.isalpha()}
    assert len(scripts) >= 25
    assert any(not unicodedata.is_normalized("NFC", name) for name in PEOPLE)
    assert {"'", "`", "\u2019", "\u00b4", "\u02bb", "-", "\u2010"} <= set("".join(PEOPLE))
    assert max(map(len, PEOPLE)) > 100
    assert any(len(part) == 1 for name in PEOPLE for part in name.split(","))


def test_none_is_rejected_and_none_is_altered(roster, cells):
    """What the roster holds is letter for letter what came, in the normal form in which it came."""
    stored = [(line.last_name, line.first_name) for line in roster.assessors]
    assert stored == [(last, first.removesuffix(",")) for last, first in cells]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_is_the_same_person(held, spelling):
    """Composed or decomposed, in capitals or not: the key is good under the name."""
    other = [
        name for number, name in enumerate(PEOPLE) if held(number, SPELLINGS[spelling](name)) is not Standing.VALID
    ]
    assert other == []


def test_no_two_of_them_are_taken_for_one():
    """Tolerance makes nobody another person."""
    keys = [match_key(name) for name in PEOPLE]
    pairs = [
        (PEOPLE[one], PEOPLE[other])
        for one in range(len(keys))
        for other in range(one)
        if keys[one].agrees(keys[other])
    ]
    assert pairs == []


def test_nobody_is_good_under_the_next_persons_name(held):
    """A key under a name of which no part is its owner's is a conflict; where a part is kept it waits."""
    standings = [held(number, PEOPLE[number - 1]) for number in range(len(PEOPLE))]
    assert set(standings) <= {Standing.CONFLICT, Standing.AWAITING_NAME_CHANGE}
    assert standings.count(Standing.CONFLICT) > len(PEOPLE) * 0.98
