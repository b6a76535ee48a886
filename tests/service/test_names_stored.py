"""Some five hundred names, imported into the database and read back."""

from __future__ import annotations

import csv
import io
import unicodedata
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from service.main import build_service
from service.settings import Settings
from validators.certification import Standing, standing
from validators.roster import COLUMNS, Roster

FILE = Path(__file__).parents[1] / "validators" / "people.txt"
PEOPLE = [line for line in FILE.read_text("utf-8").splitlines() if not line.startswith("#")]
#: Last and first name as a roster holds them.
CELLS = [(last.strip(), first.strip()) for last, _, first in (name.partition(",") for name in PEOPLE)]


@pytest.fixture(name="service", scope="module")
def _service(tmp_path_factory):
    """A service whose agency has imported them all, each with a key."""
    service = build_service(
        Settings(data_dir=tmp_path_factory.mktemp("names")), clock=lambda: datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
    )
    service.agencies.add("riverbend")
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, restval="")
    writer.writeheader()
    for number, (last, first) in enumerate(CELLS):
        line = {"key": f"EX-{number:04}", "last_name": last, "first_name": first, "certified_on": "2026-01-05"}
        writer.writerow(line)
    service.rosters.take("riverbend", Roster.from_csv(file.getvalue().encode(), "roster.csv"), actor="the tests")
    yield service
    service.engine.dispose()


def test_none_is_altered_in_what_is_stored(service):
    """What comes out of the database is letter for letter what went in, in the normal form in which it came."""
    lines = sorted(service.rosters.of("riverbend").assessors, key=lambda line: line.key)
    assert [(line.last_name, line.first_name) for line in lines] == CELLS


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_every_one_is_good_under_either_normal_form(service, form):
    """Whatever form the record has, the key that is stored is good under the name."""
    roster, policy = service.rosters.of("riverbend"), service.catalog.named("2026.1").certification
    other = [
        name
        for number, name in enumerate(PEOPLE)
        if standing(
            roster,
            policy,
            key=f"EX-{number:04}",
            name=unicodedata.normalize(form, name),
            on=date(2026, 5, 20),
            agency="riverbend",
        )
        is not Standing.VALID
    ]
    assert other == []
