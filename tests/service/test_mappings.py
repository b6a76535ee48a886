"""Which mapping reads a payload of which day."""

from __future__ import annotations

from datetime import date

import pytest

from canonical.payload import Payload
from service.mappings import Mappings

PAYLOAD = Payload(content=b"Nr,Born\n1,2\n", name="x", agency="riverbend")
MAPPING = (
    'agency = "{agency}"\nformat = "delimited"\neffective = {day}\n[items]\nMEMBER_LOCAL_ID = {{ from = "{column}" }}\n'
)


@pytest.fixture
def mappings(tmp_path):
    written = {
        "early": ("riverbend", "2026-01-01", "Nr"),
        "late": ("riverbend", "2026-06-01", "Nr"),
        "other-columns": ("riverbend", "2026-07-01", "Number"),
        "other-agency": ("harborlight", "2026-07-01", "Nr"),
    }
    for name, (agency, day, column) in written.items():
        (tmp_path / f"{name}.toml").write_text(MAPPING.format(agency=agency, day=day, column=column))
    return Mappings.at(tmp_path)


DAYS = [
    pytest.param(date(2025, 12, 31), None, id="before any"),
    pytest.param(date(2026, 1, 1), "early.toml", id="on the first day"),
    pytest.param(date(2026, 5, 31), "early.toml", id="on its last day"),
    pytest.param(date(2026, 6, 1), "late.toml", id="on the first day of the next"),
    pytest.param(date(2027, 1, 1), "late.toml", id="long after"),
]


@pytest.mark.parametrize(("day", "name"), DAYS)
def test_payload_is_read_with_the_mapping_of_its_day(day, name, mappings):
    """Of those that describe its columns and are its agency's, the one that came into force last by then."""
    chosen = mappings.choose(PAYLOAD, None, day)
    assert (chosen and chosen.name) == name


def test_two_that_came_into_force_on_one_day_are_both_told(mappings, tmp_path):
    """Whoever asks can then refuse to guess."""
    (tmp_path / "twin.toml").write_text((tmp_path / "late.toml").read_text())
    fitting = Mappings.at(tmp_path).fitting(PAYLOAD, "delimited", date(2026, 8, 1))
    assert [mapping.name for mapping in fitting] == ["late.toml", "twin.toml"]


WITHOUT_HEADER = [(b"1|2|^\n", "bars.toml"), (b"1,2,3,4\n", "commas.toml"), (b"1,2\n", None)]


@pytest.mark.parametrize(("content", "name"), WITHOUT_HEADER)
def test_file_without_a_header_is_known_by_the_form_of_its_rows(content, name, tmp_path):
    """Width, delimiter and the mark of the end tell which mapping is meant."""
    head = 'agency = "riverbend"\nformat = "delimited"\neffective = 2026-01-01\nheader = false\n'
    item = "[items]\nMEMBER_LOCAL_ID = { field = 1 }\n"
    (tmp_path / "bars.toml").write_text(head + 'delimiter = "|"\nfields = 3\ntrailer = "^"\n' + item)
    (tmp_path / "commas.toml").write_text(head + 'delimiter = ","\nfields = 4\n' + item)
    chosen = Mappings.at(tmp_path).choose(Payload(content=content, name="x"), "delimited", date(2026, 8, 1))
    assert (chosen and chosen.name) == name
