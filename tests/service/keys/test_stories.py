"""Holds and their cures, end to end: a real sandbox, a real worker, and a clock that is told the day."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from adapters import registry
from canonical.payload import Payload
from canonical.submission import State
from service.main import Service, build_service, open_delivery
from service.processes import Program
from service.rehearsal import hurried_package
from service.sample_files import SAMPLES
from service.settings import Settings
from validators.roster import AccountStatus

SAMPLE = (SAMPLES / "good/five-through-twenty.json").read_text()
KEY = "MA-CANS-48213"
DOCUMENT = "RB-CANS-2026-00871"


@dataclass
class Office:
    """An agency whose days pass when the test says so."""

    service: Service
    clock: Callable[[], datetime]
    sandbox: str

    def send(self, content: str) -> str:
        taken: list[str] = []

        def answer(entries, _):
            taken.extend(entry.id for entry in entries)
            return 202, b""

        payload = Payload(content=content.encode(), name=f"payload:{len(content)}-{id(answer)}", agency="riverbend")
        self.service.intake.receive(payload, format=None, request=None, answer=answer)
        return taken[0]

    def work(self) -> None:
        """Let a worker look again and deliver, until it is idle."""

        async def deliver() -> None:
            with open_delivery(self.service) as delivery:
                await delivery.run(until_idle=True, stopping=asyncio.Event())
                await delivery.roads.close()

        asyncio.run(deliver())

    def on(self, day: str) -> None:
        self.clock.moment = datetime.fromisoformat(f"{day}T15:00:00+00:00")

    def entry(self, submission: str):
        return self.service.outbox.entry("riverbend", submission)

    def state(self, submission: str) -> State:
        return self.entry(submission).state

    def rules(self, submission: str) -> list[str]:
        return [finding.rule for finding in self.service.outbox.report("riverbend", submission).findings]

    def ledger(self) -> list[dict]:
        with urllib.request.urlopen(f"{self.sandbox}/_sandbox/ledger") as answer:
            return json.load(answer)["documents"]


@contextmanager
def an_office(folder: Path, clock, weather: str = "") -> Iterator[Office]:
    environment = {"ECAS_SPEC_PATH": str(hurried_package(folder / "specs"))}
    (folder / "weather.toml").write_text(weather)
    arguments = ("sandbox", "--port", "0", "--ledger", "ledger.jsonl", "--weather", "weather.toml")
    sandbox = Program(arguments, folder=folder, settings=environment, log=folder / "sandbox.log")
    try:
        address = sandbox.address()
        chosen = Settings(data_dir=folder / "var", spec_path=(folder / "specs",), gateway_url=address)
        service = build_service(chosen, clock=clock)
        service.agencies.add("riverbend")
        yield Office(service, clock, address)
        service.engine.dispose()
    finally:
        sandbox.end()


@pytest.fixture
def office(tmp_path, clock) -> Iterator[Office]:
    clock.moment = datetime(2026, 11, 16, 15, 0, tzinfo=UTC)  # a Monday; the Thursday of the next week is a holiday
    with an_office(tmp_path, clock) as opened:
        yield opened


def take(office, roster) -> None:
    office.service.rosters.take("riverbend", roster, actor="a test")


def test_an_unknown_key_waits_for_the_roster_and_nobody_sends_it_again(office, roster):
    """Held; a later assessment of the child waits behind it; the roster that knows the key lets both go, in order."""
    take(office, roster("EX-9999,Somebody,Else"))
    first = office.send(SAMPLE)
    second = office.send(SAMPLE.replace(DOCUMENT, "the-next-one"))
    office.work()
    assert [office.state(first), office.entry(first).holds] == ["held", ("unknown_key",)]
    assert office.ledger() == []
    take(office, roster(f"{KEY},Ostrowski,Delphine,,,MA,2025-03-11"))
    office.work()  # nobody said that the roster changed: the worker looks by itself
    assert [office.state(first), office.state(second)] == ["accepted", "accepted"]
    told = [(row["document_id"], row["order"], row["effects"]) for row in office.ledger()]
    assert told == [(DOCUMENT, 1, 1), ("the-next-one", 2, 1)]


def test_a_name_change_is_cured_by_the_roster_after_six_business_days(office, roster):
    """It waits, nobody is alarmed, the confirmed name comes, and it goes on."""
    take(office, roster(f"{KEY},Whitcombe,Delphine,,,MA,2025-03-11"))
    submission = office.send(SAMPLE)
    office.work()
    assert office.entry(submission).holds == ("name_change",)
    office.on("2026-11-24")  # the sixth business day
    office.work()
    assert (office.state(submission), office.entry(submission).escalated_at) == ("held", None)
    (person,) = office.service.rosters.standing("riverbend").people
    office.service.rosters.change("riverbend", replace(person, last_name="Ostrowski"), actor="a test")
    office.work()
    assert office.state(submission) == "accepted"
    assert [row["effects"] for row in office.ledger()] == [1]


def test_a_name_change_is_escalated_after_ten_business_days_once(office, roster):
    """Weekends and Thanksgiving do not count; on the tenth business day somebody is told whom to ask."""
    take(office, roster(f"{KEY},Whitcombe,Delphine,,,MA,2025-03-11"))
    submission = office.send(SAMPLE)
    for day, escalated in (("2026-11-30", False), ("2026-12-01", True), ("2026-12-02", True)):
        office.on(day)
        office.work()
        assert (office.entry(submission).escalated_at is not None) is escalated, day
    events = office.service.outbox.events("riverbend", submission)
    (told,) = [event for event in events if event.actor == "escalation"]
    assert "User Request Form" in told.why
    assert office.state(submission) == "held"


def test_a_person_s_word_cures_a_name_change_for_good(office, roster):
    """With a note, which is kept; a later look at the roster does not hold it again, and it is accepted."""
    take(office, roster(f"{KEY},Whitcombe,Delphine,,,MA,2025-03-11"))
    submission = office.send(SAMPLE)
    assert office.service.holds.release("riverbend", submission, actor="the agency", note="confirmed by R. Okafor")
    assert office.state(submission) == "ready"
    assert office.service.adopting.now().changes == ()
    office.work()
    assert office.state(submission) == "accepted"
    (event,) = [event for event in office.service.outbox.events("riverbend", submission) if event.note]
    assert (event.note, event.actor) == ("confirmed by R. Okafor", "the agency")
    report = office.service.outbox.report("riverbend", submission)
    assert [finding.severity for finding in report.findings if finding.rule == "C006"] == ["warning"]


def test_certifying_the_day_after_cures_nothing(office, roster):
    """A new clinician assessed a day too early: blocked, and blocked it stays, whatever the roster says later."""
    (assessment,) = registry.read(Payload(content=SAMPLE.encode(), name="sample")).assessments
    after = date.fromisoformat(assessment.text("ASSESSMENT_DATE")) + timedelta(days=1)
    take(office, roster(f"{KEY},Ostrowski,Delphine,,,MA,{after}"))
    submission = office.send(SAMPLE)
    assert (office.state(submission), office.rules(submission)[:1]) == ("blocked", ["C002"])
    take(office, roster(f"{KEY},Ostrowski,Delphine,,,MA,{after},,2029-01-01"))
    office.work()
    assert office.state(submission) == "blocked"
    assert office.ledger() == []


def test_what_the_roster_says_later_blocks_what_waited(office, roster):
    """An unknown key that turns out to be archived is no key to send under."""
    take(office, roster("EX-9999,Somebody,Else"))
    submission = office.send(SAMPLE)
    assert office.state(submission) == "held"
    take(office, roster(f"{KEY},Ostrowski,Delphine,,,MA,2025-03-11,,,{AccountStatus.ARCHIVED}"))
    office.work()
    assert office.state(submission) == "blocked"


def test_what_a_person_stopped_waits_for_that_person(office, roster):
    """A hold with a note; no roster and no schedule releases it, the person does."""
    take(office, roster(f"{KEY},Ostrowski,Delphine,,,MA,2025-03-11"))
    submission = office.send(SAMPLE)
    assert office.service.holds.hold("riverbend", submission, actor="the agency", note="wait for the parents")
    office.work()
    assert (office.state(submission), office.entry(submission).holds) == ("held", ("person",))
    assert office.service.holds.release("riverbend", submission, actor="the agency", note="they agree")
    office.work()
    assert office.state(submission) == "accepted"
    assert not office.service.holds.hold("riverbend", submission, actor="the agency", note="too late")


def test_a_word_cures_only_what_a_word_can(office, roster):
    """Nobody can talk an unknown key onto the roster."""
    take(office, roster("EX-9999,Somebody,Else"))
    submission = office.send(SAMPLE)
    assert not office.service.holds.release("riverbend", submission, actor="the agency", note="trust me")
    assert office.state(submission) == "held"


REFUSED_TWICE = '[[weather]]\nmatch = { nth = 1 }\ntimes = 2\ndo = "refuse-key"\n'


@pytest.mark.timeout(120)
def test_a_key_refused_twice_names_both_desks_in_order_and_goes_on_by_a_word(tmp_path, roster):
    """Exactly one second try under a fresh idempotency key; then held with C012; released, it goes under a third one."""
    with an_office(tmp_path, lambda: datetime.now(UTC), REFUSED_TWICE) as office:
        take(office, roster(f"{KEY},Ostrowski,Delphine,,,MA,2025-03-11"))
        submission = office.send(SAMPLE)
        office.work()
        entry = office.entry(submission)
        assert (entry.state, entry.holds, entry.attempts) == ("held", ("key_refused",), 2)
        (told,) = [f for f in office.service.outbox.report("riverbend", submission).findings if f.rule == "C012"]
        assert told.fix.index("MassCANS Help Desk") < told.fix.index("Virtual Gateway Customer Service")
        assert office.service.holds.release("riverbend", submission, actor="the agency", note="verified by the desk")
        office.work()
        assert office.state(submission) == "accepted"
        assert [row["effects"] for row in office.ledger()] == [1]
