"""The programme is kept in the clear, so it is a code of the package or nothing."""

from __future__ import annotations

import pytest
from draft import of_2026
from office import Office

from service.programmes import asked_for
from specs.catalog import Catalog

CANARY = "Qvxjzkwqhbcdfghk"


@pytest.mark.parametrize(
    ("changed", "kept"),
    [
        ({"SERVICE": "ICC"}, "ICC"),
        ({"SERVICE": None}, ""),
        ({"SERVICE": CANARY}, ""),
        ({"SERVICE": CANARY, "ASSESSMENT_DATE": "1901-01-01"}, ""),  # no package: nobody can judge it
    ],
)
def test_a_programme_is_a_code_or_nothing(changed, kept, tmp_path):
    """What a sender wrote in its place stays sealed with the record."""
    office = Office(tmp_path)
    office.open()
    entry = office.submit(of_2026(**changed))
    assert office.look(entry).programme == kept
    office.close()
    assert not [file.name for file in tmp_path.rglob("*") if file.is_file() and CANARY.encode() in file.read_bytes()]


@pytest.mark.parametrize(("asked", "sent"), [(None, None), ("", ""), ("ICC", "ICC"), (CANARY, "-")])
def test_what_no_package_knows_is_not_asked_of_the_database(asked, sent):
    """A filter may hold anything, and a database may log what it was asked."""
    assert asked_for(Catalog(), asked) == sent
