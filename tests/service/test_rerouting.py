"""Routes with dates, the ramp of a go-live, and work that moves with its route."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from draft import of_2026
from office import AGENCY, ROSTER, Office

from canonical.errors import ConfigurationError
from canonical.finding import HoldCause
from canonical.submission import State
from service.outbox.outbox import Entry
from service.routes import Route

LEASE = timedelta(seconds=60)
NOBODY = ROSTER.replace("EX-0001-0001", "EX-0001-9999")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    here = Office(folder=tmp_path)
    here.open()
    yield here
    here.close()


def send(office: Office, number: int, child: int | None = None, **changed: str | None) -> Entry:
    """Hand in one assessment of a child; of its own unless told otherwise."""
    member = f"2000000000{child or number:02}"
    return office.submit(
        of_2026(DOCUMENT_ID=f"d-{number}", MEMBER_ID=member, MEMBER_LOCAL_ID=f"L-{member}", AGENCY_ID=None, **changed)
    )


def put_on(office: Office, route: Route, *, programme: str = "", on: date | None = None) -> None:
    office.service.routes.set(AGENCY, route, programme=programme, starts_on=on, actor="tester", note="n")


def states(office: Office, entries: list[Entry]) -> list[State]:
    return [office.look(entry).state for entry in entries]


def claimed(office: Office) -> list[str]:
    return [claim.submission for claim in office.service.outbox.claim("ecas", "w", limit=50, lease=LEASE)]


@pytest.mark.parametrize(
    ("moment", "route"),
    [
        ("2026-11-19T12:00", Route.ECAS),
        ("2026-11-20T04:59", Route.ECAS),
        ("2026-11-20T05:00", Route.VIRTUAL_GATEWAY),
        ("2027-02-28T12:00", Route.VIRTUAL_GATEWAY),
    ],
)
def test_a_day_begins_at_midnight_in_massachusetts(office, moment, route):
    """A route for a later day holds from that day's first moment there, not in Greenwich."""
    put_on(office, Route.VIRTUAL_GATEWAY, on=date(2026, 11, 20))
    at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    assert office.service.routes.route_of(AGENCY, "ICC", at) is route


def test_a_programme_has_its_own_route_and_keeps_it(office):
    """The programme's own newest line that has begun counts, else the agency's; a line of a later day not yet."""
    put_on(office, Route.VIRTUAL_GATEWAY, programme="ICC")
    put_on(office, Route.NOT_LIVE)
    put_on(office, Route.ECAS, programme="ICC", on=date(2027, 1, 1))
    ways = office.service.routes.of(AGENCY)
    assert (ways.of("ICC"), ways.of("IHT"), ways.of("")) == (Route.VIRTUAL_GATEWAY, Route.NOT_LIVE, Route.NOT_LIVE)
    put_on(office, Route.ECAS, programme="ICC")
    assert office.service.routes.of(AGENCY).of("ICC") is Route.ECAS
    in_force = [(line.programme, line.route) for line in office.service.routes.changes(AGENCY) if line.in_force]
    assert in_force == [("", Route.NOT_LIVE), ("ICC", Route.ECAS)]


def test_a_route_does_not_begin_in_the_past(office):
    """What was judged since then went by another route; today is now."""
    with pytest.raises(ConfigurationError, match="today or later"):
        put_on(office, Route.ECAS, on=date(2026, 11, 15))
    put_on(office, Route.NOT_LIVE, on=date(2026, 11, 16))
    assert office.service.routes.of(AGENCY).of("") is Route.NOT_LIVE


def test_where_no_route_has_begun_nothing_leaves(office):
    """Before the first line of an agency counts, it is not live."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert office.service.routes.route_of(AGENCY, "", at) is Route.NOT_LIVE


def test_a_note_is_sealed_and_told(office):
    """A person's own words are readable by the service alone."""
    office.service.routes.set(AGENCY, Route.ECAS, actor="Robin", note="canary-77aa")
    assert office.service.routes.changes(AGENCY)[0].note == "canary-77aa"
    assert b"canary-77aa" not in b"".join(file.read_bytes() for file in (office.folder / "var").glob("ecas*"))


def test_each_assessment_goes_the_way_of_its_programme(office):
    """Intake looks at the programme of each assessment."""
    put_on(office, Route.VIRTUAL_GATEWAY, programme="ICC")
    put_on(office, Route.NOT_LIVE, programme="OPT")
    programmes = ("ICC", "OPT", "IHT", None)
    entries = [send(office, number, SERVICE=code) for number, code in enumerate(programmes, start=1)]
    assert states(office, entries) == [State.HANDED_OFF, State.HELD, State.READY, State.READY]
    assert office.look(entries[1]).holds == (HoldCause.NOT_LIVE,)


@pytest.mark.parametrize(
    ("roster", "changed", "state"),
    [
        (ROSTER, {}, State.HANDED_OFF),
        (NOBODY, {}, State.HANDED_OFF),
        (ROSTER, {"CONSENT": None}, State.HELD),
        (ROSTER, {"LDF_SLEEP": "9"}, State.BLOCKED),
    ],
    ids=["conforms", "unknown-key", "no-consent", "error"],
)
def test_the_virtual_gateway_checks_the_key_itself_and_nothing_else(tmp_path, roster, changed, state):
    """A doubtful key is for the person who enters it; a doubtful consent is for nobody to enter, an error to repair."""
    here = Office(folder=tmp_path, roster=roster)
    here.open()
    put_on(here, Route.VIRTUAL_GATEWAY)
    assert send(here, 1, **changed).state is state
    here.close()


def test_a_go_live_releases_at_a_ramp_and_in_order(office):
    """Held until the day; then 1, 2, 4 … a minute, the oldest first, so that a child's go in their order."""
    put_on(office, Route.NOT_LIVE)
    put_on(office, Route.ECAS, on=date(2026, 12, 1))
    entries = [send(office, number, child=1 + number % 5) for number in range(1, 11)]
    assert set(states(office, entries)) == {State.HELD}
    assert office.service.rerouting.apply_due() == 0
    office.moment = datetime(2026, 12, 1, 5, 0, tzinfo=UTC)
    released = []
    for _ in range(4):
        office.service.rerouting.apply_due()
        office.service.rerouting.apply_due()
        released.append(states(office, entries).count(State.READY))
        office.moment += timedelta(minutes=1)
    assert released == [1, 3, 7, 10]
    assert states(office, entries) == [State.READY] * 10
    assert office.service.rerouting.apply_due() == 0
    assert claimed(office) == [entry.id for entry in entries[:5]]


def test_the_cap_of_the_ramp_is_a_setting(office, tmp_path):
    """At most so many a minute, however long it has lasted."""
    put_on(office, Route.NOT_LIVE)
    entries = [send(office, number) for number in range(1, 8)]
    put_on(office, Route.ECAS)
    rerouting = office.service.rerouting
    rerouting._per_minute = 2
    counted = []
    for _ in range(4):
        rerouting.apply_due()
        counted.append(states(office, entries).count(State.READY))
        office.moment += timedelta(minutes=1)
    assert counted == [1, 3, 5, 7]


def test_what_is_released_was_judged_again(office):
    """The roster of the go-live's day decides; what waits for a key then takes no room of the ramp."""
    put_on(office, Route.NOT_LIVE)
    first, second = send(office, 1, ASSESSOR_KEY="EX-0001-0001"), send(office, 2)
    office.roster = NOBODY
    office.open()
    put_on(office, Route.ECAS)
    assert office.service.rerouting.apply_due() == 2
    assert [office.look(entry).holds for entry in (first, second)] == [(HoldCause.UNKNOWN_KEY,)] * 2
    office.roster = ROSTER
    office.open()
    assert office.service.holds.look_again() == 2
    assert states(office, [first, second]) == [State.READY, State.READY]


def test_nothing_but_the_ramp_ends_the_wait_for_a_go_live(office):
    """A cured key, an adopted package or a person's word for something else frees nobody ahead of the turn."""
    office.roster = NOBODY
    office.open()
    put_on(office, Route.NOT_LIVE)
    entries = [send(office, number) for number in range(1, 6)]
    office.service.holds.hold(AGENCY, entries[4].id, actor="Robin", note="wait")
    put_on(office, Route.ECAS)
    office.roster = ROSTER
    service = office.open()
    service.holds.look_again()
    service.adopting.now()
    service.holds.release(AGENCY, entries[4].id, actor="Robin", note="go")
    assert {office.look(entry).holds for entry in entries} == {(HoldCause.NOT_LIVE,)}
    service.rerouting.apply_due()
    assert states(office, entries) == [State.READY, *[State.HELD] * 4]


def test_an_agency_that_moves_to_the_virtual_gateway_sends_nothing_more(office):
    """What waits in the queue becomes a hand-off; what a worker has, and what a person or the record holds, stays."""
    sent, queued, stopped = send(office, 1), send(office, 2), send(office, 3)
    consent = send(office, 4, CONSENT=None)
    office.service.holds.hold(AGENCY, stopped.id, actor="Robin", note="wait")
    (taken,) = office.service.outbox.claim("ecas", "w", limit=1, lease=LEASE)
    later = send(office, 5, child=1 if taken.submission == sent.id else 2)
    put_on(office, Route.VIRTUAL_GATEWAY)
    office.service.rerouting.apply(AGENCY)
    other = queued if taken.submission == sent.id else sent
    assert office.look(later).state is State.HANDED_OFF
    assert office.look(other).state is State.HANDED_OFF
    assert states(office, [stopped, consent]) == [State.HELD, State.HELD]
    assert claimed(office) == []
    (handoff,) = [one for one in office.service.handoffs.open(AGENCY, limit=9) if one.entry.id == later.id]
    assert handoff.after == (taken.submission,)


def test_what_waited_for_a_go_live_may_go_by_hand_instead(office):
    """An agency that never goes live gives its people what waited, at once and without a ramp."""
    put_on(office, Route.NOT_LIVE)
    entries = [send(office, number) for number in range(1, 6)]
    put_on(office, Route.VIRTUAL_GATEWAY)
    assert office.service.rerouting.apply_due() == 5
    assert set(states(office, entries)) == {State.HANDED_OFF}


def test_an_agency_that_is_live_no_more_keeps_what_waits(office):
    """What is ready waits for the next go-live, with the cause; so does what a person releases later."""
    entries = [send(office, 1), send(office, 2)]
    stopped = send(office, 3)
    office.service.holds.hold(AGENCY, stopped.id, actor="Robin", note="wait")
    put_on(office, Route.NOT_LIVE)
    assert office.service.rerouting.apply_due() == 2
    office.service.holds.release(AGENCY, stopped.id, actor="Robin", note="go")
    assert {office.look(entry).holds for entry in (*entries, stopped)} == {(HoldCause.NOT_LIVE,)}
    assert claimed(office) == []


def test_hand_offs_stay_with_their_people_and_hold_their_child_back(office):
    """After a move to eCAS a later assessment of the child waits until a person closes the earlier one."""
    put_on(office, Route.VIRTUAL_GATEWAY)
    handed = send(office, 1, child=1)
    put_on(office, Route.ECAS)
    assert office.service.rerouting.apply(AGENCY) == 0
    later, other = send(office, 2, child=1), send(office, 3, child=3)
    assert claimed(office) == [other.id]
    assert office.service.handoffs.close(AGENCY, handed.id, actor="Robin", note="confirmation 8812")
    assert claimed(office) == [later.id]


def test_hand_offs_are_taken_back_when_somebody_says_so(office):
    """They are judged again and leave in their order; on the old route there is nothing to take back."""
    put_on(office, Route.VIRTUAL_GATEWAY)
    entries = [send(office, number, child=1) for number in (1, 2)]
    assert office.service.rerouting.take_back(AGENCY, "", actor="Robin", note="n") == 0
    put_on(office, Route.ECAS)
    assert office.service.rerouting.take_back(AGENCY, "", actor="Robin", note="they had not begun") == 2
    assert states(office, entries) == [State.READY, State.READY]
    assert claimed(office) == [entries[0].id]
    assert office.service.outbox.events(AGENCY, entries[1].id)[-1].note == "they had not begun"


def test_taken_back_means_judged_again(office):
    """What became doubtful meanwhile waits; nobody's word at the Virtual Gateway counts for eCAS."""
    put_on(office, Route.VIRTUAL_GATEWAY)
    handed = send(office, 1)
    office.roster = NOBODY
    office.open()
    put_on(office, Route.ECAS)
    assert office.service.rerouting.take_back(AGENCY, "", actor="Robin", note="n") == 1
    entry = office.look(handed)
    assert (entry.state, entry.holds) == (State.HELD, (HoldCause.UNKNOWN_KEY,))


def test_moving_one_programme_leaves_the_others(office):
    """Only what belongs to the programme moves."""
    icc, iht = send(office, 1, SERVICE="ICC"), send(office, 2, SERVICE="IHT")
    put_on(office, Route.VIRTUAL_GATEWAY, programme="ICC")
    assert office.service.rerouting.apply_due() == 1
    assert states(office, [icc, iht]) == [State.HANDED_OFF, State.READY]
    put_on(office, Route.NOT_LIVE)
    assert office.service.rerouting.apply_due() == 1
    assert states(office, [icc, iht]) == [State.HANDED_OFF, State.HELD]


def test_many_workers_move_each_once(office):
    """Whoever comes second finds nothing to do: one event each, no error."""
    entries = [send(office, number) for number in range(1, 13)]
    put_on(office, Route.VIRTUAL_GATEWAY)
    workers = [threading.Thread(target=office.service.rerouting.apply_due) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert set(states(office, entries)) == {State.HANDED_OFF}
    for entry in entries:
        became = [event.became for event in office.service.outbox.events(AGENCY, entry.id)]
        assert became.count(State.HANDED_OFF) == 1
    assert office.service.rerouting.apply_due() == 0


def test_a_worksheet_is_for_what_is_handed_off(office):
    """Two ways in would make it two: of what the service sends itself there is no sheet."""
    ready = send(office, 1)
    put_on(office, Route.VIRTUAL_GATEWAY)
    handed = send(office, 2)
    assert office.service.handoffs.worksheet(AGENCY, ready.id) is None
    page = office.service.handoffs.worksheet(AGENCY, handed.id)
    assert page is not None
    assert b"d-2" in page
    assert b"EX-0001-0001" not in page
    assert b"EX-0001-0001" in (office.service.handoffs.worksheet(AGENCY, handed.id, with_key=True) or b"")
    office.service.handoffs.close(AGENCY, handed.id, actor="Robin", note="n")
    assert office.service.handoffs.worksheet(AGENCY, handed.id) is None


@pytest.mark.parametrize("route", [Route.ECAS, Route.VIRTUAL_GATEWAY])
def test_a_person_s_hold_outlasts_every_route(office, route):
    """Neither a go-live nor a move to the Virtual Gateway releases what a person stopped; the go-live's cause is gone."""
    put_on(office, Route.NOT_LIVE)
    entry = send(office, 1)
    office.service.holds.hold(AGENCY, entry.id, actor="Robin", note="wait")
    put_on(office, route)
    assert office.service.rerouting.apply_due() == 1
    assert office.service.rerouting.apply_due() == 0
    found = office.look(entry)
    assert (found.state, found.holds) == (State.HELD, (HoldCause.PERSON,))


def test_a_doubtful_identity_is_for_a_person_and_never_for_a_machine(office):
    """Whoever types it sees the doubt on the sheet; taken back, it waits for somebody to settle it."""
    put_on(office, Route.VIRTUAL_GATEWAY)
    send(office, 1, MEMBER_DOB="2014-05-01")
    doubtful = office.submit(
        of_2026(
            DOCUMENT_ID="d-2",
            MEMBER_ID="200000000001",
            MEMBER_LOCAL_ID="L-other",
            MEMBER_DOB="2015-06-02",
            AGENCY_ID=None,
        )
    )
    assert doubtful.state is State.HANDED_OFF
    assert b"X007" in (office.service.handoffs.worksheet(AGENCY, doubtful.id) or b"")
    put_on(office, Route.ECAS)
    office.service.rerouting.take_back(AGENCY, "", actor="Robin", note="n")
    found = office.look(doubtful)
    assert (found.state, found.holds) == (State.HELD, (HoldCause.IDENTITY,))
