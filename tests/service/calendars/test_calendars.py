"""Calendar files that change, break and vanish under a worker that goes on asking."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from canonical.errors import ConfigurationError
from service.calendars.calendars import MOST_OCCURRENCES, Calendars
from specs.windows import Windows

NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MEND = "Correct it, or take it out of ECAS_BLACKOUT_CALENDARS. What was read before still holds."
#: Two writes within one tick of the file system's clock are two changes.
TICKS = itertools.count(step=1_000_000_000)


def event(begins: datetime, more: str = "") -> str:
    return f"BEGIN:VEVENT\nDTSTART:{begins:%Y%m%dT%H%M%SZ}\nDURATION:PT1H\nSUMMARY:maintenance\n{more}END:VEVENT\n"


def write(path: Path, *events: str) -> Path:
    path.write_text(f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:tests\n{''.join(events)}END:VCALENDAR\n", "utf-8")
    os.utime(
        path, ns=(write.count, write.count)
    )  # two writes within one tick of the file system's clock are two changes
    write.count += 1_000_000_000
    return path


write.count = 0


@pytest.fixture
def told() -> list[str]:
    return []


def test_all_files_close_the_road(tmp_path: Path, told: list[str]):
    """What one file leaves open another may close, and what touches is one window."""
    paths = [write(tmp_path / "a.ics", event(NOW)), write(tmp_path / "b.ics", event(NOW + HOUR), event(NOW - 9 * HOUR))]
    windows = Windows(Calendars(paths, tell=told.append))
    span = windows.closed_at(NOW)
    assert span is not None
    assert (span.start, span.end, span.why) == (NOW, NOW + 2 * HOUR, "maintenance")
    assert windows.closed_at(NOW - HOUR) is None
    assert len(list(windows.spans(NOW - DAY, NOW + DAY))) == 2


def test_a_file_that_changes_is_read_again(tmp_path: Path, told: list[str]):
    """The next question hears what the file says now."""
    path = write(tmp_path / "a.ics", event(NOW))
    windows = Windows(Calendars([path], tell=told.append))
    assert windows.closed_at(NOW) is not None
    write(path, event(NOW + 5 * HOUR))
    assert windows.closed_at(NOW) is None
    assert windows.closed_at(NOW + 5 * HOUR) is not None
    assert told == []


def test_a_file_that_breaks_goes_on_closing_the_road(tmp_path: Path, told: list[str]):
    """Half a copy, or none, opens nothing; that is told once for each change, and what is mended holds."""
    path = write(tmp_path / "a.ics", event(NOW))
    windows = Windows(Calendars([path], tell=told.append))
    write(path, event(NOW), "BEGIN:VEVENT\n")
    assert [windows.closed_at(NOW) is not None for _ in range(3)] == [True] * 3
    assert told == [f"{path}:10: This END closes something else than was begun last. {MEND}"]
    path.unlink()
    assert windows.closed_at(NOW) is not None
    assert told[1:] == [f"{path}: The calendar cannot be read: No such file or directory. {MEND}"]
    write(path, event(NOW + 5 * HOUR))
    assert windows.closed_at(NOW) is None
    assert len(told) == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\n", "a.ics:2: The calendar has no end: END:VCALENDAR is missing."),
        (None, "a.ics: The calendar cannot be read: No such file or directory."),
    ],
    ids=["broken", "not there"],
)
def test_nothing_starts_with_a_broken_file(tmp_path: Path, told: list[str], content: str | None, message: str):
    """Whoever starts the worker hears the file, the line, and how to mend it."""
    path = tmp_path / "a.ics"
    if content is not None:
        path.write_text(content, "utf-8")
    with pytest.raises(ConfigurationError) as caught:
        Calendars([path], tell=told.append)
    assert message in str(caught.value)
    assert "ECAS_BLACKOUT_CALENDARS" in str(caught.value)


def test_a_question_looks_at_so_many_occurrences(tmp_path: Path, told: list[str]):
    """A file that closes the road without end answers with the first ones, and with the next ones when they are near."""
    often = [event(NOW + minute * timedelta(minutes=1), "RRULE:FREQ=DAILY;BYHOUR=1,2,3,4\n") for minute in range(99)]
    calendars = Calendars([write(tmp_path / "a.ics", *often)], tell=told.append)
    assert len(list(calendars.spans(NOW, NOW + 3_660 * DAY))) == MOST_OCCURRENCES
    assert list(calendars.spans(NOW + 3_000 * DAY, NOW + 3_001 * DAY)) != []
    assert list(calendars.spans(NOW + DAY, NOW + 2 * DAY)) != []
    assert list(calendars.spans(NOW + 60 * DAY, NOW + 61 * DAY)) != []


def test_questions_of_the_past_are_answered_too(tmp_path: Path, told: list[str]):
    """How long the road was open is asked about days gone by, between questions about now."""
    calendars = Calendars([write(tmp_path / "a.ics", event(NOW - 5 * DAY), event(NOW))], tell=told.append)
    assert [span.start for span in calendars.spans(NOW, NOW + HOUR)] == [NOW]
    assert [span.start for span in calendars.spans(NOW - 7 * DAY, NOW)] == [NOW - 5 * DAY]
    assert [span.start for span in calendars.spans(NOW - 7 * DAY, NOW + HOUR)] == [NOW - 5 * DAY, NOW]
    assert [span.start for span in calendars.spans(NOW + 200 * DAY, NOW + 201 * DAY)] == []


def test_icalendar_is_loaded_when_a_file_is(tmp_path: Path):
    """Whoever has no calendar does not pay for the library."""
    script = (
        "import sys\nfrom service.calendars.calendars import Calendars\nCalendars([], tell=print)\n"
        "print({'icalendar', 'dateutil'} & set(sys.modules))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd=Path(__file__).parents[3]
    )
    assert ran.stdout == "set()\n"
