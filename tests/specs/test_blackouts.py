"""``[[blackout]]`` of transport.toml: read, or refused at its line."""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path
from tomllib import loads

import pytest

from canonical.errors import SpecDefect
from specs.catalog import PACKAGES
from specs.reader import load
from specs.spec import Spec
from specs.windows import DatedBlackout, WeeklyBlackout

WEEKLY = 'days = ["sat", "sun"]\nfrom = "22:00"\nto = "06:00"\nwhy = "maintenance"\n'
DATED = 'from = 2030-12-24T18:00:00-05:00\nto = 2030-12-26T06:00:00-05:00\nwhy = "the move"\n'


@pytest.fixture
def package_with(files, write, tmp_path: Path):
    """Return what loads a small package with these windows."""

    def load_with(*tables: str) -> Spec:
        transport = files["transport.toml"] + "".join(f"\n[[blackout]]\n{table}" for table in tables)
        return load(write(tmp_path / "2030.1", files | {"transport.toml": transport}))

    return load_with


def test_both_kinds_are_read(package_with):
    """A window with days is weekly, by the state's clock; one without is a stretch of time."""
    weekly, dated, other = package_with(WEEKLY, DATED, WEEKLY + 'zone = "America/Chicago"\n').transport.blackouts
    assert weekly == WeeklyBlackout(days=frozenset({5, 6}), begins=time(22), ends=time(6), why="maintenance")
    assert dated == DatedBlackout(
        begins=datetime(2030, 12, 24, 23, tzinfo=UTC), ends=datetime(2030, 12, 26, 11, tzinfo=UTC), why="the move"
    )
    assert (weekly.zone, other.zone) == ("America/New_York", "America/Chicago")
    assert str(weekly) == "sat, sun from 22:00 to 06:00 (America/New_York): maintenance"
    assert str(dated) == "2030-12-24T18:00:00-05:00 to 2030-12-26T06:00:00-05:00: the move"


def test_a_package_needs_no_window(package_with):
    """Without a table nothing is closed."""
    assert package_with().transport.blackouts == ()


@pytest.mark.parametrize(
    ("table", "line", "sentence"),
    [
        (WEEKLY.replace('"sat"', '"Saturday"'), 2, "'Saturday' is no day (mon, tue, wed, thu, fri, sat, sun)."),
        (WEEKLY.replace('"06:00"', '"24:00"'), 4, "The key 'to' must be a time of day, 00:00 to 23:59, in quotes."),
        (WEEKLY.replace('"22:00"', "22:00:00"), 3, "The key 'from' must be a text."),
        (WEEKLY + 'zone = "Boston"\n', 6, "'Boston' is no time zone of the IANA database."),
        (WEEKLY + 'zone = "America"\n', 6, "'America' is no time zone of the IANA database."),
        (WEEKLY + 'zone = "../../etc/passwd"\n', 6, "'../../etc/passwd' is no time zone of the IANA database."),
        (WEEKLY.replace('why = "maintenance"\n', ""), 1, "The key 'why' is missing."),
        (
            DATED.replace("T18:00:00-05:00", "T18:00:00"),
            2,
            "The key 'from' must be a date and time with an offset (2026-01-31T22:00:00-05:00, without quotes).",
        ),
        (DATED.replace("2030-12-26", "2030-12-24").replace("T06", "T18"), 3, "The window ends before it begins."),
        (DATED + 'zone = "America/New_York"\n', 5, "The key 'zone' is not known here."),
    ],
    ids=["day", "hour", "no text", "zone", "folder", "path", "no reason", "no offset", "no length", "zone of a date"],
)
def test_a_window_that_nobody_can_keep_is_refused(files, package_with, table: str, line: int, sentence: str):
    """Its author hears what is wrong, and in which line."""
    first = files["transport.toml"].count("\n") + 1
    with pytest.raises(SpecDefect) as caught:
        package_with(table)
    assert caught.value.defects == (f"transport.toml:{first + line}: {sentence}",)


def test_no_window_of_ours_is_in_force():
    """The state has announced none: the provisional package shows how one is written, in comments that can be read."""
    assert load(PACKAGES / "2026.1").transport.blackouts == ()
    text = (PACKAGES / "2026.1" / "transport.toml").read_text("utf-8")
    shown = "\n".join(
        line.removeprefix("# ") for line in text[text.index("# [[blackout]]") :].splitlines() if line != "#"
    )
    assert [sorted(one) for one in loads(shown)["blackout"]] == [["days", "from", "to", "why"], ["from", "to", "why"]]
