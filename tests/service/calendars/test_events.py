"""What an event of a calendar file closes, by the letter of RFC 5545 and on the nights on which clocks are set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.calendars.content_lines import CalendarFault
from service.calendars.events import read_events
from specs.windows import Windows

NOVEMBER = datetime(2026, 11, 1, 4, tzinfo=UTC)
CUSTOM_ZONE = """\
BEGIN:VTIMEZONE
TZID:Capital
BEGIN:STANDARD
DTSTART:19701101T020000
RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700308T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
END:DAYLIGHT
END:VTIMEZONE
"""


def calendar(*events: str, head: str = "") -> bytes:
    inside = head + "".join(f"BEGIN:VEVENT\n{event}\nEND:VEVENT\n" for event in events)
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//the tests//EN\n{inside}END:VCALENDAR\n"
    return text.replace("\n", "\r\n").encode()


def closed(content: bytes, start: datetime = NOVEMBER, days: int = 61) -> list[str]:
    """Return what a calendar closes in November and December of 2026, in UTC, shortly."""
    spans = Windows(*read_events(content)).spans(start, start + timedelta(days=days))
    return [f"{span.start:%m-%dT%H:%M} {span.end:%m-%dT%H:%M}" for span in spans]


EVENTS = {
    "in UTC": ("DTSTART:20261107T220000Z\nDTEND:20261108T060000Z", ["11-07T22:00 11-08T06:00"]),
    "in a zone": ("DTSTART;TZID=America/Chicago:20261107T220000\nDURATION:PT2H", ["11-08T04:00 11-08T06:00"]),
    "in a zone of Windows": ("DTSTART;TZID=Eastern Standard Time:20261107T220000\nDURATION:PT2H", ["11-08T03:00 11-08T05:00"]),
    "without a zone": ("DTSTART:20261107T220000\nDURATION:PT2H", ["11-08T03:00 11-08T05:00"]),
    "a whole day": ("DTSTART;VALUE=DATE:20261107", ["11-07T05:00 11-08T05:00"]),
    "whole days": ("DTSTART;VALUE=DATE:20261107\nDTEND;VALUE=DATE:20261110", ["11-07T05:00 11-10T05:00"]),
    "a whole day that has 25 hours": ("DTSTART;VALUE=DATE:20261101", ["11-01T04:00 11-02T05:00"]),
    "begins in the hour that comes twice": ("DTSTART;TZID=America/New_York:20261101T013000\nDURATION:PT30M", ["11-01T05:30 11-01T07:00"]),
    "weekly": (
        "DTSTART;TZID=America/New_York:20261107T220000\nDURATION:PT8H\nRRULE:FREQ=WEEKLY;COUNT=3",
        ["11-08T03:00 11-08T11:00", "11-15T03:00 11-15T11:00", "11-22T03:00 11-22T11:00"],
    ),
    "across the night on which the clock is set": (
        "DTSTART;TZID=America/New_York:20261024T220000\nDTEND;TZID=America/New_York:20261025T060000\nRRULE:FREQ=WEEKLY;COUNT=3",
        ["11-01T02:00 11-01T11:00", "11-08T03:00 11-08T11:00"],
    ),
    "since years": (
        "DTSTART;TZID=America/New_York:20200101T030000\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;BYDAY=2SU",
        ["11-08T08:00 11-08T09:00", "12-13T08:00 12-13T09:00"],
    ),
    "until a moment": (
        "DTSTART;TZID=America/New_York:20261201T230000\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=20261204T035959Z",
        ["12-02T04:00 12-02T05:00", "12-03T04:00 12-03T05:00"],
    ),
    "until a day": (
        "DTSTART;TZID=America/New_York:20261201T230000\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=20261202",
        ["12-02T04:00 12-02T05:00", "12-03T04:00 12-03T05:00"],
    ),
    "with an exception": (
        "DTSTART;TZID=America/New_York:20261201T230000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE;TZID=America/New_York:20261202T230000",
        ["12-02T04:00 12-02T05:00", "12-04T04:00 12-04T05:00"],
    ),
    "with an exception in another zone": (
        "DTSTART;TZID=America/New_York:20261201T230000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE:20261203T040000Z",
        ["12-02T04:00 12-02T05:00", "12-04T04:00 12-04T05:00"],
    ),
    "with a day left out": (
        "DTSTART;TZID=America/New_York:20261201T230000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2\nEXDATE;VALUE=DATE:20261202",
        ["12-02T04:00 12-02T05:00"],
    ),
    "with more dates": (
        "DTSTART:20261201T230000Z\nDURATION:PT1H\nRDATE:20261205T230000Z,20261203T230000Z\nRDATE:20261203T230000Z",
        ["12-01T23:00 12-02T00:00", "12-03T23:00 12-04T00:00", "12-05T23:00 12-06T00:00"],
    ),
    "with periods": (
        "DTSTART:20261201T230000Z\nDURATION:PT1H\nRDATE;VALUE=PERIOD:20261205T000000Z/PT3H,20261203T000000Z/20261203T010000Z",
        ["12-01T23:00 12-02T00:00", "12-03T00:00 12-03T01:00", "12-05T00:00 12-05T03:00"],
    ),
    "that is not sure yet": ("DTSTART:20261107T220000Z\nDURATION:PT1H\nSTATUS:TENTATIVE", ["11-07T22:00 11-07T23:00"]),
    "that is cancelled": ("DTSTART:20261107T220000Z\nDURATION:PT1H\nSTATUS:CANCELLED", []),
    "that takes no time": ("DTSTART:20261107T220000Z\nDURATION:PT1H\nTRANSP:TRANSPARENT", []),
    "with folded lines": ("DTSTART:20261107\n T220000Z\nDURATION:PT1\n\tH", ["11-07T22:00 11-07T23:00"]),
}  # fmt: skip


@pytest.mark.parametrize(("event", "spans"), EVENTS.values(), ids=EVENTS)
def test_an_event_closes_the_road(event: str, spans: list[str]):
    """Each form of an event closes these hours."""
    assert closed(calendar(event)) == spans


def test_a_beginning_that_no_clock_shows_comes_an_hour_later():
    """RFC 5545: a time in the gap is read with the offset before it; 02:30 of that night is 03:30."""
    event = "DTSTART;TZID=America/New_York:20260301T023000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=3"
    spans = ["03-01T07:30 03-01T08:30", "03-08T07:30 03-08T08:30", "03-15T06:30 03-15T07:30"]
    assert closed(calendar(event), datetime(2026, 3, 1, tzinfo=UTC)) == spans


def test_a_zone_may_be_defined_in_the_file():
    """Its VTIMEZONE holds, and holds for its own file alone."""
    event = "DTSTART;TZID=Capital:20261031T220000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=2"
    assert closed(calendar(event, head=CUSTOM_ZONE), NOVEMBER - timedelta(days=1)) == [
        "11-01T02:00 11-01T03:00",
        "11-08T03:00 11-08T04:00",
    ]
    with pytest.raises(CalendarFault, match="time zone"):
        read_events(calendar(event))


def test_one_occurrence_may_be_moved_and_another_dropped():
    """An event with a RECURRENCE-ID stands for one occurrence of its series; cancelled, for none."""
    series = (
        "UID:a\nDTSTART;TZID=America/New_York:20261201T230000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3\nSUMMARY:Nightly"
    )
    moved = "UID:a\nRECURRENCE-ID;TZID=America/New_York:20261202T230000\nDTSTART:20261210T000000Z\nDURATION:PT5H"
    dropped = "UID:a\nRECURRENCE-ID:20261204T040000Z\nDTSTART:20261204T040000Z\nDURATION:PT1H\nSTATUS:CANCELLED"
    other = "UID:b\nDTSTART:20261204T040000Z\nDURATION:PT1H"
    assert closed(calendar(moved, series, dropped)) == ["12-02T04:00 12-02T05:00", "12-10T00:00 12-10T05:00"]
    assert closed(calendar(series, dropped, other))[-1] == "12-04T04:00 12-04T05:00"


def test_the_summary_is_the_reason():
    """Whoever asks why the road is closed hears the title of the event."""
    events = read_events(calendar("DTSTART:20261107T220000Z\nDURATION:PT1H\nSUMMARY:Database upgrade\\, part 2"))
    span = Windows(*events).closed_at(datetime(2026, 11, 7, 22, 30, tzinfo=UTC))
    assert span is not None
    assert span.why == "Database upgrade, part 2"


GOOD = "DTSTART:20261107T220000Z\nDURATION:PT1H"
FAULTS = {
    "every second": (calendar(f"{GOOD}\nRRULE:FREQ=SECONDLY"), 7, "SECONDLY"),
    "every hour": (calendar(f"{GOOD}\nRRULE:FREQ=HOURLY"), 7, "HOURLY"),
    "never": (calendar(f"{GOOD}\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"), 7, "never comes"),
    "without a step": (calendar(f"{GOOD}\nRRULE:FREQ=DAILY;INTERVAL=0"), 7, "INTERVAL"),
    "too often a day": (calendar(f"{GOOD}\nRRULE:FREQ=DAILY;BYHOUR=1,2;BYMINUTE=0,1,2"), 7, "4 times a day"),
    "count and until": (calendar(f"{GOOD}\nRRULE:FREQ=DAILY;COUNT=3;UNTIL=20261201"), 7, "not both"),
    "an unknown part": (calendar(f"{GOOD}\nRRULE:FREQ=DAILY;BYEASTER=1"), 7, "do not know"),
    "a zone that changes every second": (
        calendar(GOOD, head=CUSTOM_ZONE.replace("YEARLY;BYMONTH=11", "SECONDLY;BYMONTH=11")), 8, "SECONDLY",
    ),
    "exceptions by a rule": (calendar(f"{GOOD}\nEXRULE:FREQ=DAILY"), 7, "EXDATE"),
    "no beginning": (calendar("DURATION:PT1H"), 4, "DTSTART"),
    "no end": (calendar("DTSTART:20261107T220000Z"), 4, "must end"),
    "ends before it begins": (calendar("DTSTART:20261107T220000Z\nDTEND:20261107T210000Z"), 6, "must end"),
    "ends with a day": (calendar("DTSTART:20261107T220000Z\nDTEND;VALUE=DATE:20261109"), 6, "the other way round"),
    "an unreadable beginning": (calendar("DTSTART:7 November\nDURATION:PT1H"), 5, "DTSTART"),
    "an unknown zone": (calendar("DTSTART;TZID=Gotham:20261107T220000\nDURATION:PT1H"), 5, "TZID"),
    "long ago": (calendar(GOOD.replace("2026", "1601")), 5, "between 2000 and 2399"),
    "from here on": (calendar(f"{GOOD}\nUID:a\nRECURRENCE-ID;RANGE=THISANDFUTURE:20261107T220000Z"), 8, "RANGE"),
    "cut off": (calendar(GOOD)[:-15], 7, "END:VCALENDAR"),
    "empty": (b"", 1, "END:VCALENDAR"),
    "a web page": (b"<!DOCTYPE html>\n<title>Sign in</title>\n", 1, "NAME:value"),
    "another encoding": (calendar(f"{GOOD}\nSUMMARY:caf").replace(b"caf", b"caf\xe9"), 7, "UTF-8"),
    "crossed": (calendar(GOOD).replace(b"END:VEVENT", b"END:VALARM"), 7, "END"),
    "deep": (b"BEGIN:VCALENDAR\n" + b"BEGIN:VEVENT\n" * 9, 5, "deep"),
    "too many rules": (calendar(*[f"{GOOD}\nRRULE:FREQ=DAILY"] * 101), 509, "more than 100 rules"),
    "too many events": (calendar(*[GOOD] * 2001), 8008, "more than 2000 events"),
    "too large": (calendar(GOOD, f"{GOOD}\nX-PADDING:{'x' * 1_000_000}"), 1, "larger than 1000000 bytes"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "line", "sentence"), FAULTS.values(), ids=FAULTS)
def test_what_nobody_can_follow_is_refused_at_its_line(content: bytes, line: int, sentence: str):
    """A file of which a part cannot be read closes nothing for sure: its owner hears where, and what to mend."""
    with pytest.raises(CalendarFault, match=sentence) as caught:
        read_events(content)
    assert caught.value.line == line


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;COUNT=999999999",
        "FREQ=DAILY;BYHOUR=1,2,3,4;INTERVAL=1",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO",
        "FREQ=YEARLY;BYYEARDAY=366;INTERVAL=3",
        "FREQ=YEARLY;INTERVAL=999999999",
        "FREQ=WEEKLY;INTERVAL=999999999;BYDAY=MO,TU",
    ],
)
def test_a_rule_for_ever_ends(rule: str):
    """Frequent, far and sparse rules answer a question about ten years; each in a fraction of a second."""
    series = read_events(calendar(f"DTSTART:20000229T220000Z\nDURATION:PT1H\nRRULE:{rule}"))
    assert len(list(Windows(*series).spans(NOVEMBER, NOVEMBER + timedelta(days=3_660)))) < 20_000


RULES = st.builds(
    ";".join,
    st.tuples(
        st.sampled_from(["FREQ=DAILY", "FREQ=WEEKLY", "FREQ=MONTHLY", "FREQ=YEARLY"]),
        st.integers(1, 5).map("INTERVAL={}".format),
        st.sampled_from(["BYDAY=MO,SA", "BYMONTH=3,11", "BYMONTHDAY=-1,29", "WKST=SU", "BYSETPOS=1;BYDAY=SU,SA"]),
        st.sampled_from(["COUNT=70", "UNTIL=20270101T000000Z", "WKST=MO;BYHOUR=2,23"]),
    ),
).filter(lambda rule: rule.count("WKST") < 2)


@settings(max_examples=150, deadline=None)
@given(rule=RULES, begins=st.datetimes(datetime(2000, 1, 1), datetime(2026, 1, 1)), after=st.integers(0, 9_000))  # noqa: DTZ001
def test_a_rule_is_followed_as_dateutil_does(rule: str, begins: datetime, after: int):
    """That we follow it in the last 400 years of the calendar changes no date of ours."""
    begins, zone = begins.replace(microsecond=0), ZoneInfo("America/New_York")
    event = f"DTSTART;TZID=America/New_York:{begins:%Y%m%dT%H%M%S}\nDURATION:PT1M\nRRULE:{rule}"
    try:
        (series,) = read_events(calendar(event))
    except CalendarFault:
        return
    start = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(days=after)
    found = [span.start for span in series.spans(start, start + timedelta(days=900))]
    plain = rrulestr(rule.replace("T000000Z", "T000000"), dtstart=begins)
    if "UNTIL" in rule:
        plain = plain.replace(until=datetime(2026, 12, 31, 19))  # noqa: DTZ001
    low, high = start.replace(tzinfo=None) - timedelta(days=1), start.replace(tzinfo=None) + timedelta(days=901)
    walls = {*plain.between(low, high, inc=True), *([begins] if low <= begins <= high else [])}
    expected = [wall.replace(tzinfo=zone).astimezone(UTC) for wall in sorted(walls)]
    last = start + timedelta(days=900)
    assert sorted(found) == sorted(one for one in expected if one < last and one + timedelta(minutes=1) > start)


def refused_at(content: bytes) -> int | None:
    """Return the line of the fault; None where the file is read, and followed for a month."""
    try:
        series = read_events(content)
    except CalendarFault as fault:
        return fault.line
    list(Windows(*series).spans(NOVEMBER, NOVEMBER + timedelta(days=30)))
    return None


ALL = calendar(*(event for event, _ in EVENTS.values()), head=CUSTOM_ZONE).decode()


@settings(max_examples=200, deadline=None)
@given(data=st.data())
@example(data=None)
def test_a_spoilt_file_is_read_or_refused(data: st.DataObject | None):
    """Whatever happens to a file on its way, the answer is a calendar or a fault with a line; never anything else."""
    text = ALL
    for _ in range(0 if data is None else data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text) - 1))
        cut = data.draw(st.integers(0, 12))
        text = text[:at] + data.draw(st.text(st.sampled_from('\r\n;:=,"TZ0129-AX\x00é'), max_size=6)) + text[at + cut :]
    assert 1 <= (refused_at(text.encode()) or 1) <= text.count("\n") + text.count("\r") + 1
