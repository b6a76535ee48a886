"""One standing of a certification key, warm."""

from __future__ import annotations

from datetime import date

from bench.figure import Figure, beside
from specs.catalog import Catalog
from validators.certification import Standing, standing
from validators.names import match_key
from validators.roster import Assessor, Roster

_TIMES = 1000


def one_standing() -> Figure:
    """A thousand standings on a roster of 2,000 assessors, beside a thousand name keys (20 µs for one, where a name takes 5)."""
    people = tuple(
        Assessor(key=f"EX-{number:04}", last_name=f"Example{number}", first_name="Robin", certified_on=date(2025, 6, 1))
        for number in range(2000)
    )
    roster = Roster(digest="sha-256:0", assessors=people)
    policy = Catalog().named("2026.1").certification
    on = date(2026, 3, 2)

    def ours() -> None:
        for _ in range(_TIMES):
            held = standing(roster, policy, key="EX-1234", name="EXAMPLE1234, ROBIN", on=on, agency="riverbend")
        assert held is Standing.VALID

    def names() -> None:
        for number in range(_TIMES):
            match_key(f"NOBODY {number}, NOWHERE, LICSW" + " " * 120)  # too long to be remembered

    return beside(
        f"{_TIMES} standings, warm, of a roster of {len(people)}",
        ours,
        f"{_TIMES} names folded for comparison, cold",
        names,
        rounds=30,
        aim=4,
    )
