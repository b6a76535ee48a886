from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from canonical.assessment import Answer, Assessment, Source
from canonical.finding import HoldCause
from canonical.submission import State
from service.outbox.outbox import Entry
from service.roster.calendar_file import write
from service.roster.forecast import Coming, Made, foresee
from service.roster.person import Certificate, Person
from specs.catalog import Catalog
from specs.spec import Spec
from validators.roster import AccountStatus

SPEC = Catalog().named("2026.1")
TODAY = date(2026, 11, 16)
AT = datetime(2026, 11, 1, tzinfo=UTC)
PLACE = Source(file="p", label="row 2")


def person(name: str = "Ostrowski", **said) -> Person:
    key = said.pop("key", "EX-0001-01")
    state = said.pop("state", "MA")
    said.setdefault("certified_on", date(2024, 12, 20))
    return Person(id=f"asr_{name}", last_name=name, first_name="D.", state=state, certificates=(Certificate(id=f"crt_{name}", key=key, **said),))  # fmt: skip


def made(on: str, *, key: str = "EX-0001-01", child: str = "1", state: State = State.ACCEPTED, holds=(), name="Ostrowski, D.", escalated=None) -> Made:  # fmt: skip
    texts = {"ASSESSMENT_DATE": on, "ASSESSOR_KEY": key, "ASSESSOR_NAME": name, "MEMBER_ID": child, "INSTRUMENT": "five-through-twenty"}  # fmt: skip
    answers = {item: Answer(text=text, source=PLACE) for item, text in texts.items()}
    entry = Entry(id=f"sub_{child}{on}", agency="riverbend", document_id="d", payload="p", ordinal=0, state=state, holds=holds, attempts=0, verdict=None, receipt=None, received_at=AT, updated_at=AT, escalated_at=escalated)  # fmt: skip
    return Made(entry=entry, assessment=Assessment(agency="riverbend", answers=answers, origin=PLACE))


def unwaived(_: date) -> Spec:
    """Return the package without any suspension."""
    return replace(SPEC, certification=replace(SPEC.certification, waivers=()))


def coming(people, submissions=(), *, days=120, spec=unwaived):
    return [
        (one.what, one.on, one.next_due, one.count)
        for one in foresee(people, submissions, spec, today=TODAY, days=days)
    ]


@pytest.mark.parametrize(
    ("people", "submissions", "days", "told"),
    [
        ([person()], [], 120, [(Coming.LAPSES, date(2026, 12, 20), None, 0)]),
        ([person()], [], 30, []),
        ([person(status=AccountStatus.ARCHIVED)], [], 120, []),
        ([person()], [made("2026-09-01")], 120, [(Coming.LAPSES, date(2026, 12, 20), date(2027, 2, 28), 1)]),
        ([person()], [made("2026-03-01"), made("2026-09-01")], 120, [(Coming.LAPSES, date(2026, 12, 20), date(2027, 2, 28), 1)]),
        ([person()], [made("2026-05-01")], 120, [(Coming.LAPSES, date(2026, 12, 20), None, 0)]),
        ([person()], [made("2026-09-01"), made("2026-10-01", key="EX-0002-02")], 120, [(Coming.LAPSES, date(2026, 12, 20), None, 0)]),
        ([person()], [made("2026-09-01"), made("2026-10-01", child="2")], 120, [(Coming.LAPSES, date(2026, 12, 20), date(2027, 2, 28), 2)]),
        ([person(state="NH")], [], 10, [(Coming.AWAITS_APPROVAL, None, None, 0)]),
        ([person(state="NH", approved_on=date(2025, 1, 1))], [], 10, []),
    ],
    ids=[
        "it ends within the days",
        "it ends later",
        "an archived key ends unnoticed",
        "a child is due after its end",
        "only the latest assessment of a child counts",
        "the child is due before its end",
        "another assessor saw the child last",
        "two children are due after its end",
        "an out-of-state account without approval",
        "an approved one",
    ],
)  # fmt: skip
def test_what_is_coming(people, submissions, days, told):
    """Certificates that end, with the reassessments that fall due after it, and accounts that wait for approval."""
    assert coming(people, submissions, days=days) == told


def test_a_suspension_makes_an_end_harmless_and_still_worth_knowing():
    """While testing is suspended the certificate stays good; when the suspension ends, it will not."""
    assert [what for what, *_ in coming([person()], spec=lambda _: SPEC)] == [Coming.WAIVED]


def test_who_is_named_in_held_submissions():
    """By assessor and cause: how many, since when, and whether it was escalated; of an unknown key the name in the record."""
    submissions = [
        made("2026-10-01", child="1", state=State.HELD, holds=(HoldCause.NAME_CHANGE,), name="Vale, D."),
        made("2026-10-02", child="2", state=State.HELD, holds=(HoldCause.NAME_CHANGE,), name="Vale, D.", escalated=AT),
        made(
            "2026-10-03", child="3", state=State.HELD, holds=(HoldCause.UNKNOWN_KEY,), key="EX-7777-77", name="New, N."
        ),
        made("2026-10-04", child="4", state=State.HELD, holds=(HoldCause.CONSENT,)),
    ]
    found = [one for one in foresee([person()], submissions, unwaived, today=TODAY, days=0) if one.what is Coming.HELD]
    assert {(one.name, one.key, one.count, one.why) for one in found} == {
        ("Vale, D.", "••••••01", 2, "name_change since 2026-11-01, escalated"),
        ("New, N.", "••••••77", 1, "unknown_key since 2026-11-01"),
    }


def test_the_calendar_is_one():
    """Lines end with CRLF and are folded at 75 octets, commas are escaped, and a thing keeps its UID from day to day."""
    people = [person("Ó" * 60 + ", Jr"), person("Peltier", key="EX-0002-02", state="NH", certified_on=None)]
    texts = [write(foresee(people, (), unwaived, today=TODAY, days=120), at) for at in (AT, datetime.now(UTC))]
    lines = texts[0].split("\r\n")
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-2:] == ["END:VCALENDAR", ""]
    assert max(len(line.encode()) for line in lines) <= 75
    assert "\\, Jr" in texts[0].replace("\r\n ", "")
    assert "DTSTART;VALUE=DATE:20261220" in lines
    assert lines.count("BEGIN:VTODO") == 1
    uids = [[line for line in text.split("\r\n") if line.startswith("UID")] for text in texts]
    assert uids[0] == uids[1]
    assert len(set(uids[0])) == 2


def test_every_format_tells_the_same(ecas, service, roster):
    """Text, CSV, JSON and a calendar, from the service's own roster; every key masked."""
    service.rosters.take(
        "riverbend", roster("EX-0001-01,Ostrowski,Delphine,,,MA,2024-12-20,,2027-01-20"), actor="a test"
    )
    told = {
        name: ecas("keys", "forecast", "--agency", "riverbend", "--days", "3660", "--format", name).stdout
        for name in ("text", "csv", "json", "ics")
    }
    assert json.loads(told["json"])["forecast"][0]["last_day"] == "2027-01-20"
    assert next(csv.DictReader(io.StringIO(told["csv"])))["last day"] == "2027-01-20"
    assert "2027-01-20" in told["text"]
    assert "20270120" in told["ics"]
    assert "EX-0001-01" not in "".join(told.values())
