"""What becomes of deadlines if nobody does anything, over a real outbox."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
import structlog
from waiting import LEASE, claim, draft, put, settle

from canonical.submission import State
from service.deadline_watch import look_at_deadlines
from service.deadlines import days_left, due_day, too_late_at
from service.judging import Judge
from service.outbox.breaker import Signal
from service.outbox.outbox import Settlement
from service.outlook import Fate, Outlook
from service.road_report import report_on
from specs.catalog import Catalog
from specs.windows import DatedBlackout, Windows

#: The clock of the tests stands at nine in the morning of this day, four in Massachusetts.
TODAY = date(2026, 11, 16)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def database_url(tmp_path, migrated_file):
    """Return one back end only: the contracts look at both."""
    return f"sqlite:///{shutil.copy(migrated_file, tmp_path)}"


@pytest.fixture
def look(outbox, clock):
    """Look ahead, with these windows before us."""

    def made(*windows: DatedBlackout) -> Outlook:
        return Outlook(
            engine=outbox._engine,
            outbox=outbox,
            judge=Judge(catalog=Catalog(), spec=None),
            windows=lambda: Windows(*windows),
            destination="ecas",
            clock=clock,
        )

    return made


def waiting(outbox, *days: int, first: int = 0, agency: str = "riverbend", **given) -> list[str]:
    """Put one for each of so many children, each due in so many days."""
    return [
        put(
            outbox,
            replace(draft(f"d{number}", f"{number:012}", **given), next_due=TODAY + ahead * DAY),
            agency=agency,
        )[0]
        for number, ahead in enumerate(days, start=first)
    ]


def fates(outlook: Outlook, agency: str | None = None, **asked) -> dict[str, Fate]:
    return {one.due.id: one.fate for one in outlook.deadlines(agency, **asked).prospects}


def outage(outbox) -> None:
    """Let the breaker open."""
    dead = Settlement(state=State.READY, outcome="TryLater", why="No connection.", wait=HOUR, signal=Signal.DOWN)
    outbox.exchange("ecas", "one", [(one, dead) for one in claim(outbox)], limit=0, lease=LEASE)


def test_a_deadline_is_a_day_of_the_state(clock):
    """The moment that is too late belongs to the day before it; days are counted by the state's clock."""
    assert [due_day(too_late_at(TODAY + ahead * DAY)) for ahead in range(200)] == [
        TODAY + ahead * DAY for ahead in range(200)
    ]
    assert (days_left(TODAY, clock()), days_left(TODAY - DAY, clock())) == (0, -1)
    assert days_left(TODAY, clock() - 5 * HOUR) == 1  # 4:00 UTC is still yesterday there


def test_an_open_road_keeps_what_it_can(outbox, look):
    """What is past is overdue, what is due today and has its turn in time is in time, and what is far is not told."""
    past, now, _ = waiting(outbox, -1, 0, 15)
    found = look().deadlines(None)
    assert [(one.due.id, one.fate, one.days_left) for one in found.prospects] == [
        (past, Fate.OVERDUE, -1),
        (now, Fate.IN_TIME, 0),
    ]
    assert (found.needs_somebody, found.closed_by, found.at_least) == (True, None, False)


def test_what_somebody_must_act_on_is_held_up_whatever_the_road(outbox, look):
    """A hold, what stands behind it, and a pause of the agency: none is foretold, and each says what holds it up."""
    (held,) = waiting(outbox, 3, state=State.HELD)
    (behind,) = put(outbox, replace(draft("later", f"{0:012}"), next_due=TODAY + 90 * DAY))
    (paused,) = waiting(outbox, 4, first=9, agency="northstar")
    outbox.pause("ecas", "They asked.", agency="northstar")
    found = look().deadlines(None)
    assert {one.due.id: (one.fate, one.held_up_by) for one in found.prospects} == {
        held: (Fate.HELD_UP, "unknown_key"),
        behind: (Fate.HELD_UP, "unknown_key"),
        paused: (Fate.HELD_UP, "paused"),
    }
    told = {one["id"]: one for one in found.as_data(9)["submissions"]}
    assert (told[held]["behind"], told[behind]["behind"], told[paused]["behind"]) == (None, held, None)
    assert (told[held]["owner"], bool(told[held]["mend"])) == ("own", True)
    assert not found.needs_somebody


def test_a_pause_of_everything_misses_what_falls_due(outbox, look):
    """Nobody knows its end: what is due within the days that are looked at is lost unless somebody resumes it."""
    (soon,) = waiting(outbox, 13)
    outbox.pause("ecas", "The state asked.")
    found = look().deadlines(None)
    assert fates(look()) == {soon: Fate.WILL_BE_MISSED}
    assert (found.closed_by, found.prospects[0].leaves_at) == ("paused", None)


def test_a_restored_copy_lets_nothing_leave(outbox, look, clock):
    """A quarantine is told before any pause; nobody is called about it, no worker is missed, and its end is nobody's guess."""
    (soon,) = waiting(outbox, 13)
    outbox.begin_quarantine("bak_1", None)
    outbox.pause("ecas", "The state asked.")
    outbox.resume("ecas")
    clock.forward(HOUR)
    told = report_on(look())
    assert fates(look()) == {soon: Fate.WILL_BE_MISSED}
    assert (told.closed_by, told.until, told.desk, told.silent_since) == ("quarantine", None, None, None)
    assert "ecas restore reconcile" in told.why
    outbox.release_quarantine(actor="host:dana", note="Asked.")
    assert look().closed_by(look().pulse()) is None


def test_an_outage_is_taken_to_last_as_long_again(outbox, look, clock):
    """After an hour of it nothing of tomorrow is lost; after two days of it, it is."""
    (id_,) = waiting(outbox, 3)
    waiting(outbox, 40, 40, 40, 40, first=1)
    outage(outbox)
    clock.forward(HOUR)
    assert fates(look()) == {id_: Fate.IN_TIME}
    assert look().deadlines(None).closed_by == "breaker"
    clock.forward(2 * DAY)
    assert fates(look()) == {id_: Fate.WILL_BE_MISSED}


def test_a_window_ahead_is_counted(outbox, look, clock):
    """Ten days of maintenance lose what falls due in them, and the first day after them is told."""
    first, second = waiting(outbox, 5, 13)
    window = DatedBlackout(begins=clock(), ends=clock() + 10 * DAY, why="the move")
    found = look(window).deadlines(None)
    assert fates(look(window)) == {first: Fate.WILL_BE_MISSED, second: Fate.IN_TIME}
    assert found.closed_by == "window"
    assert found.prospects[0].leaves_at >= clock() + 10 * DAY


def test_the_rate_is_what_the_state_answered_lately(outbox, look, clock):
    """Without enough answers it is what the package's limits guarantee: 16 at once, 30 seconds each."""
    assert (look().rate().measured, round(look().rate().per_second, 3)) == (False, 0.533)
    waiting(outbox, *[40] * 20)
    taken = claim(outbox, limit=20)
    clock.forward(timedelta(seconds=5))
    for one in taken:
        settle(outbox, one, State.ACCEPTED)
    assert (look().rate().measured, look().rate().per_second) == (True, 20 / 5)
    clock.forward(7 * HOUR)
    assert not look().rate().measured


def test_an_agency_sees_its_own_and_stands_in_the_queue_of_all(outbox, look):
    """Its place is counted among all, and nothing of the others is told."""
    (mine,) = waiting(outbox, 2)
    waiting(outbox, 2, first=5, agency="northstar")
    found = look().deadlines("riverbend").as_data(9)
    assert [one["id"] for one in found["submissions"]] == [mine]
    assert [one["agency"] for one in found["agencies"]] == ["riverbend"]


def test_a_long_list_is_cut_and_counted_whole(outbox, look):
    """The worst is shown; the counts hold the rest."""
    waiting(outbox, -3, 2, -1)
    found = look().deadlines(None).as_data(2)
    assert ([one["days_left"] for one in found["submissions"]], found["more"]) == ([-3, -1], 1)
    assert found["counts"] == {"overdue": 2, "will_be_missed": 0, "held_up": 0, "in_time": 1}


def test_a_long_queue_is_looked_at_in_part(outbox, look):
    """What was not looked at is said to be so, and is not called late."""
    first, second = waiting(outbox, 1, 2)
    outbox.pause("ecas", "Wait.")
    found = look().deadlines(None, limit=1)
    assert found.at_least
    assert {one.due.id: one.fate for one in found.prospects} == {first: Fate.WILL_BE_MISSED, second: Fate.IN_TIME}


@pytest.mark.parametrize(("ahead", "paused", "counted"), [(13, True, 1), (13, False, 0), (20, True, 0), (-2, False, 1)])
def test_the_worker_warns_of_what_will_be_missed(outbox, look, ahead, paused, counted):
    """Once for all of them, with how many and the days until the first; where all is well, or far, it says nothing."""
    waiting(outbox, ahead)
    if paused:
        outbox.pause("ecas", "Wait.")
    with structlog.testing.capture_logs() as lines:
        look_at_deadlines(look())
    assert [line["count"] for line in lines] == [counted] * bool(counted)
    if lines:
        assert lines[0]["days"] == ahead


def test_the_road_on_one_page(outbox, look, clock):
    """Every number of it, with the closure that keeps all back and whom to call about it."""
    waiting(outbox, 1, 40, 40, 40, 40)
    waiting(outbox, 3, 3, first=10, state=State.HELD)
    outage(outbox)
    began: datetime = clock()
    clock.forward(HOUR)
    outbox.pause("ecas", "They asked.", agency="northstar", actor="operator one")
    window = DatedBlackout(begins=clock() + DAY, ends=clock() + 2 * DAY, why="the move")
    found = report_on(look(window))
    assert (found.closed_by, found.since, found.desk.id) == ("breaker", began, "ecas-it")
    assert found.until == found.pulse.probe_at
    assert (found.window, found.next_window.why) == (None, "the move")
    assert (found.waiting, found.unforeseen) == ({State.READY: 5, State.HELD: 2}, 2)
    assert (found.oldest, found.sends) == (began, {"TryLater": 5})
    assert found.prediction.count == 5
    told = found.as_data()
    assert (told["open"], told["pauses"][0]["agency"], told["call"]["email"]) == (
        False,
        "northstar",
        "EHS-MA-ECAS-IT@mass.gov",
    )


@pytest.mark.parametrize(("actor", "called"), [("operator one", None), ("delivery", "ecas-it")])
def test_whom_to_call_follows_from_who_closed_the_road(outbox, look, actor, called):
    """A pause that a refusal began is a matter for the state's desk; a person's own word is not."""
    outbox.pause("ecas", "No.", actor=actor)
    desk = report_on(look()).desk
    assert (None if desk is None else desk.id) == called
