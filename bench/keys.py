"""The import of a large agency's roster, beside reading the file alone."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import count
from pathlib import Path

from bench.figure import Figure, beside
from service.agencies import Agencies
from service.clock import utc_now
from service.credentials.api_keys import ApiKeys
from service.identifiers import new_id
from service.outbox import migrate
from service.outbox.engine import open_engine
from service.roster import file as roster_file
from service.roster.rosters import Rosters
from tests.vaults import vault_of
from validators.roster import COLUMNS, Roster

ASSESSORS = 2_000


def import_of_2000() -> Figure:
    """2,000 assessors read, compared, sealed and written in one transaction, each time for a new agency."""
    content = roster_of(ASSESSORS)
    with _rosters() as (rosters, agencies):
        numbers = count(1)

        def ours() -> None:
            agency = f"agency-{next(numbers)}"
            agencies.add(agency)
            roster = roster_file.read_content(content, "roster.csv")
            rosters.preview(agency, roster)
            rosters.take(agency, roster, actor="bench", content=content)

        return beside(
            f"keys import: {ASSESSORS} assessors, preview and history included",
            ours,
            "Roster.from_csv of the same file",
            lambda: Roster.from_csv(content, "roster.csv"),
            rounds=5,
            aim=15,
        )


def import_of_the_same() -> Figure:
    """The same file again, as a nightly job sends it: compared, found to change nothing."""
    content = roster_of(ASSESSORS)
    with _rosters() as (rosters, agencies):
        agencies.add("riverbend")
        roster = roster_file.read_content(content, "roster.csv")
        rosters.take("riverbend", roster, actor="bench", content=content)
        return beside(
            f"keys import: the same {ASSESSORS} again",
            lambda: rosters.take(
                "riverbend", roster_file.read_content(content, "roster.csv"), actor="bench", content=content
            ),
            "Roster.from_csv of the same file",
            lambda: Roster.from_csv(content, "roster.csv"),
            rounds=5,
            aim=6,
        )


def roster_of(assessors: int) -> bytes:
    """Return an invented roster."""
    rows = [",".join(COLUMNS)]
    for number in range(assessors):
        certified = date(2024, 1, 1) + timedelta(days=number % 700)
        expires = certified + timedelta(days=730)
        rows.append(f"EX-{number:05},Name{number:05},Given{number % 97},,,MA,{certified},,{expires},active,")
    return "\n".join(rows).encode()


@contextmanager
def _rosters() -> Iterator[tuple[Rosters, Agencies]]:
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 'bench.sqlite3'}")
        migrate.upgrade(engine)
        vault = vault_of(engine)
        keys = ApiKeys(engine, vault, utc_now, new_id)
        yield Rosters(engine, vault, utc_now, new_id), Agencies(engine, keys, utc_now)
        engine.dispose()
