"""One attempt, whatever happens to it: there is always a settlement, and it is about this one submission only."""

from __future__ import annotations

import json
import random
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from canonical.assessment import Answer, Assessment, Source
from canonical.errors import ConfigurationError, InterlockClosed
from canonical.outcome import Unsure
from canonical.submission import State, StuckCause
from gateway_client.testing import ScriptedGateway
from service.attempts import Attempts
from service.judging import Judge
from service.outbox.outbox import Claim, Closure
from service.rehearsal import ORIGINAL
from service.roads import Road
from specs.catalog import Catalog
from specs.windows import Windows

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
SPEC = Catalog().named("2026.1")
ANSWERS = json.loads((ORIGINAL / "examples/accepted/five-through-twenty-least.json").read_text())["answers"]
PLACE = Source(file="payload:p", label="the assessment")
SOON = time.monotonic() + 3600


class Book:
    """What an attempt asks of the outbox: the closures, and another send after a question."""

    def __init__(self, *closures: Closure) -> None:
        self._closures = list(closures)

    def closures(self, _: str, *, since: datetime) -> list[Closure]:
        return [closure for closure in self._closures if closure.ended_at is None or closure.ended_at >= since]

    def resend(self, claim: Claim) -> Claim:
        return replace(claim, state=State.SENDING, attempts=claim.attempts + 1)


class Day:
    """One road for every day."""

    def __init__(self, gateway: object, **transport: object) -> None:
        spec = replace(SPEC, transport=replace(SPEC.transport, **transport))
        self._road = Road(spec=spec, gateway=gateway)

    def today(self) -> Road:
        return self._road


class Broken(ScriptedGateway):
    """Our own program fails in the middle of a talk."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    async def send(self, document, *, idempotency_key):
        del document, idempotency_key
        raise self._error

    async def ask(self, document, *, idempotency_key):
        del document, idempotency_key
        raise self._error


def claim(state: State = State.SENDING, **changes) -> Claim:
    answers = {item: Answer(text=text, source=PLACE) for item, text in ANSWERS.items()}
    made = Claim(
        lane=1,
        fence=1,
        submission="sub_1",
        agency="riverbend",
        state=state,
        idempotency_key="idem_1",
        attempts=1,
        first_sent_at=NOW,
        second_try=False,
        assessment=Assessment(agency="riverbend", origin=PLACE, answers=answers),
    )
    return replace(made, **changes)


async def made(gateway, taken: Claim, *, closures=(), now: datetime = NOW, until: float = SOON, **transport):
    async def stored(work, *arguments):
        return work(*arguments)

    attempts = Attempts(
        outbox=Book(*closures),
        roads=Day(gateway, **transport),
        judge=Judge(catalog=Catalog()),
        windows=Windows,
        destination="ecas",
        clock=lambda: now,
        rng=random.Random(3),
    )
    return await attempts.make(taken, stored, until)


async def test_a_fault_of_ours_before_the_send_stops_only_this_one():
    """A document that breaks our own program goes to a person, with that cause; no error leaves the attempt."""
    broken = replace(claim().assessment, answers={**claim().assessment.answers, "ASSESSMENT_DATE": None})
    _, settled = await made(ScriptedGateway(), claim(assessment=broken))
    assert (settled.state, settled.cause, settled.spent) == (State.STUCK, StuckCause.OUR_FAULT, False)


@pytest.mark.parametrize("state", [State.SENDING, State.IN_DOUBT])
async def test_a_fault_of_ours_in_the_middle_of_a_talk_is_a_doubt(state):
    """Bytes may have left: the state is asked next time, nothing is sent again on a guess."""
    _, settled = await made(Broken(RuntimeError("ours")), claim(state))
    assert (settled.state, settled.outcome) == (State.IN_DOUBT, "Unsure")


@pytest.mark.parametrize("error", [InterlockClosed(), ConfigurationError("A file is missing.")])
async def test_a_wrong_deployment_pauses_and_spends_nothing(error):
    """It would be wrong for every document: nothing more leaves until a person has looked."""
    _, settled = await made(Broken(error), claim())
    assert (settled.state, settled.spent, settled.pause) == (State.READY, False, str(error))


async def test_whoever_woke_up_after_the_lease_sends_nothing():
    """Another worker may be at it: a send that would begin now could be the second."""
    gateway = ScriptedGateway()
    _, settled = await made(gateway, claim(), until=time.monotonic() - 1)
    assert (gateway.sent, settled.state) == ([], State.IN_DOUBT)


async def test_what_the_state_never_received_is_sent_under_the_same_key():
    """Asked first; the answer “never received” alone lets it go again."""
    gateway = ScriptedGateway()
    taken, settled = await made(gateway, claim(State.IN_DOUBT))
    assert gateway.asked == ["idem_1"]
    assert [sent.idempotency_key for sent in gateway.sent] == ["idem_1"]
    assert (taken.state, taken.attempts, settled.state) == (State.SENDING, 2, State.ACCEPTED)


@pytest.mark.parametrize(
    ("query", "idempotency", "sends", "becomes"),
    [(None, True, 1, State.ACCEPTED), (None, False, 0, State.STUCK)],
)
async def test_without_a_question_only_a_key_lets_it_go_again(query, idempotency, sends, becomes):
    """The same key makes a repetition harmless; without either a person must decide, and nothing is sent."""
    gateway = ScriptedGateway()
    _, settled = await made(gateway, claim(State.IN_DOUBT), query=query, idempotency=idempotency)
    assert (len(gateway.sent), settled.state) == (sends, becomes)


def _silent(_document, _key):
    return Unsure(why="No answer.")


@pytest.mark.parametrize(
    ("closed_days", "becomes"),
    [(0, State.STUCK), (1, State.IN_DOUBT), (8, State.IN_DOUBT)],
)
async def test_days_behind_a_closed_road_do_not_count(closed_days, becomes):
    """Seven days and an hour after the first send a person must decide, unless the road was closed meanwhile."""
    now = NOW + SPEC.transport.give_up_after + timedelta(hours=1)
    closed = Closure(
        kind="breaker",
        began_at=NOW + timedelta(hours=1),
        ended_at=min(NOW + timedelta(hours=1, days=closed_days), now),
        actor="breaker",
        why="No answer.",
    )
    _, settled = await made(ScriptedGateway(_silent), claim(), closures=[closed], now=now)
    assert settled.state is becomes


@pytest.mark.parametrize(("agency", "programme"), [("northstar", ""), ("", "OPT")])
async def test_a_pause_of_others_is_no_closed_road(agency, programme):
    """Only what kept this submission back is taken off."""
    now = NOW + SPEC.transport.give_up_after
    others = Closure(
        kind="pause", began_at=NOW, ended_at=now, actor="pat", why="So.", agency=agency, programme=programme
    )
    _, settled = await made(ScriptedGateway(_silent), claim(programme="ICC"), closures=[others], now=now)
    assert settled.state is State.STUCK


async def test_a_fault_of_ours_after_the_send_is_a_doubt_too():
    """The document may be with the state: it is asked, and no person is told that nothing was sent."""
    _, settled = await made(ScriptedGateway(lambda *_: None), claim())
    assert (settled.state, settled.outcome, settled.spent) == (State.IN_DOUBT, "Unsure", True)
