"""Deadlines, attempts and the state of the road, as an agency and a monitor see them."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from canonical.submission import State
from service.api import deadlines, shapes
from service.api.deadlines import DeadlinesShape
from service.outbox.breaker import Signal
from service.outbox.outbox import Settlement
from service.outlook import Fate

#: The API's clock stands on 2026-11-16. What was assessed 90 days before for ICC, of a child new to us, is due that day.
TODAY = "2026-08-18"
MINUTE = timedelta(minutes=1)
_numbers = itertools.count(1)


def taken(caller, response, assessed: str = TODAY, **changed):
    """Hand in one assessment of that day, of a child of its own, and return its submission."""
    number = next(_numbers)
    of_its_own = {"DOCUMENT_ID": f"doc-{number}", "MEMBER_LOCAL_ID": f"RB-{number}", "MEMBER_ID": f"1{number:011}"}
    then = {"SERVICE": "ICC", "ASSESSMENT_DATE": assessed, "FINALIZED_ON": assessed}
    (entry,) = caller.submit(response(**of_its_own, **then, **changed), key=str(number)).data["submissions"]
    return entry


def held(caller, response, assessed: str = TODAY):
    return taken(caller, response, assessed, ASSESSOR_KEY="EX-9999-9999")


def test_deadlines_are_told_with_what_holds_them_up(caller, response):
    """What is due soon, with its days and its fate; a held one with its cause, owner and cure."""
    free, waits = taken(caller, response), held(caller, response, "2026-08-19")
    answer = caller.ask("GET", "/v1/deadlines")
    found = DeadlinesShape.model_validate_json(answer.body)
    assert [(one.id, str(one.deadline), one.days_left, one.fate) for one in found.submissions] == [
        (waits["id"], "2026-11-17", 1, Fate.HELD_UP),
        (free["id"], "2026-11-16", 0, Fate.IN_TIME),
    ]
    first = found.submissions[0]
    assert (first.held_up_by, first.owner, bool(first.mend), first.behind) == ("unknown_key", "own", True, None)
    assert (found.counts.held_up, found.counts.in_time, found.closed_by, found.at_least) == (1, 1, None, False)
    assert [one.agency for one in found.agencies] == [caller.id]


def test_how_far_and_how_many_is_the_caller_s_choice(caller, response):
    """Days narrow the look; a limit shortens the list and not the counts."""
    held(caller, response), held(caller, response, "2026-08-20")
    assert len(caller.ask("GET", "/v1/deadlines?days=0").data["submissions"]) == 1
    short = caller.ask("GET", "/v1/deadlines?limit=1").data
    assert (len(short["submissions"]), short["more"], short["counts"]["held_up"]) == (1, 1, 2)


@pytest.mark.parametrize("query", ["days=-1", "days=many", "limit=0", "limit=1001"])
def test_a_wrong_parameter_is_named(caller, query, assert_problem):
    """What is no number of days is refused by its name."""
    assert_problem(caller.ask("GET", f"/v1/deadlines?{query}"), 422, "wrong-parameter")


def test_deadlines_are_one_agency_s_own(api, caller, response):
    """Another agency's key sees nothing of them, and without a key nobody sees anything."""
    held(caller, response)
    other = api.caller().ask("GET", "/v1/deadlines")
    assert (other.data["submissions"], other.data["agencies"], caller.id in other.whole) == ([], [], False)
    assert api.ask("GET", "/v1/deadlines").status == 401


def test_the_deadline_stands_with_the_submission(caller, response):
    """In a list the day, of one also the days that are left; the state's own clock counts them."""
    entry = held(caller, response, "2026-08-13")
    assert entry["deadline"] == "2026-11-11"
    listed = shapes.PageShape.model_validate_json(caller.ask("GET", "/v1/submissions").body)
    assert str(listed.submissions[0].deadline) == "2026-11-11"
    shown = shapes.ShownShape.model_validate_json(caller.ask("GET", f"/v1/submissions/{entry['id']}").body)
    assert (str(shown.deadline), shown.days_left) == ("2026-11-11", -5)


def test_attempts_are_told_with_what_came_of_each(api, caller, response):
    """A send without an answer, and the question after it."""
    entry = taken(caller, response)
    place = f"/v1/submissions/{entry['id']}/attempts"
    assert shapes.AttemptsShape.model_validate_json(caller.ask("GET", place).body).attempts == []
    outbox = api.service.outbox
    for state in (State.IN_DOUBT, State.STUCK):
        (claim,) = (one for one in outbox.claim("ecas", "w", limit=99, lease=MINUTE) if one.submission == entry["id"])
        outbox.settle(claim, Settlement(state=state, outcome="Unsure", why="No answer.", cause=None))
    made = shapes.AttemptsShape.model_validate_json(caller.ask("GET", place).body).attempts
    assert [(one.kind, one.number, one.outcome, one.why) for one in made] == [
        ("send", 1, "Unsure", "No answer."),
        ("question", 1, "Unsure", "No answer."),
    ]
    assert caller.ask("GET", f"/v1/submissions/{entry['id']}").data["days_left"] == 0


@pytest.mark.parametrize(
    ("part", "reason"), [({}, "paused"), ({"agency": "riverbend"}, None)], ids=["everything", "an agency"]
)
def test_a_pause_of_everything_is_told_and_does_not_make_the_service_unready(start, response, part, reason):
    """Senders are still welcome; the word says why nothing leaves, and no part or person is named."""
    api = start()
    api.service.outbox.pause("ecas", "canary-4417", **part)
    answer = api.ask("GET", "/readyz")
    ready = shapes.ReadyShape.model_validate_json(answer.body)
    assert (answer.status, ready.status, ready.delivering, ready.reason) == (200, "ready", reason is None, reason)
    assert "canary-4417" not in answer.whole
    caller = api.caller()
    assert caller.submit(response(), key="one").status == 202
    assert caller.ask("GET", "/v1/deadlines").data["closed_by"] == reason


def test_a_state_that_does_not_answer_is_told(start, response):
    """The breaker is a reason of its own."""
    api = start()
    caller = api.caller()
    for _ in range(5):
        taken(caller, response)
    dead = Settlement(state=State.READY, outcome="TryLater", why="No.", wait=MINUTE, signal=Signal.DOWN)
    outbox = api.service.outbox
    outbox.exchange("ecas", "w", [(one, dead) for one in outbox.claim("ecas", "w", limit=9, lease=MINUTE)], limit=0, lease=MINUTE)  # fmt: skip
    assert api.ask("GET", "/readyz").data == {"status": "ready", "delivering": False, "reason": "breaker"}


def test_a_calendar_that_cannot_be_read_is_told(start, tmp_path):
    """No worker starts on it; the service takes submissions all the same."""
    api = start()
    broken = tmp_path / "maintenance.ics"
    broken.write_text("BEGIN:NOTHING\n")
    api.service.timetable._paths = (broken,)
    assert api.ask("GET", "/readyz").data == {"status": "ready", "delivering": False, "reason": "configuration"}


def test_the_fates_of_the_api_are_those_of_the_outlook():
    """Each fate is counted."""
    assert set(deadlines.FatesShape.model_fields) == set(Fate)
