"""Messages arrive: signed, at least once, under one id; and whoever does not take them is waited for, then given up."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update
from waiting import draft, put, sent
from webhook_office import Hooks, verified

from canonical.submission import State
from service.outbox import schema as t
from service.outbox.engine import writing
from service.tenants.tenant import EVERY
from service.webhooks.endpoint import OffCause
from service.webhooks.mailbag import AT_ONCE, FEWEST, LEASE
from service.webhooks.posting import Answer, Fault
from service.webhooks.signing import signed

DOWN = Answer(fault=Fault.NOT_CONNECTED)
OK = Answer(status=204)
#: Published with the algorithm: secret, id, second, body, signature.
VECTORS = (
    (
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}',
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ),
    (
        "whsec_plJ3nmyCDGBKInavdOK15jsl", "msg_loFOjxBNrRLzqYUf", 1731705121,
        b'{"event_type":"ping","data":{"success":true}}', "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=",
    ),
)  # fmt: skip


def only(hooks: Hooks):
    (one,) = hooks.endpoints.all(None)
    return one


@pytest.mark.parametrize("vector", VECTORS, ids=["first", "second"])
def test_signatures_are_those_of_the_specification(vector):
    """The vectors that are published with Standard Webhooks come out."""
    secret, id_, at, body, signature = vector
    assert signed(body, id_=id_, at=at, by=[secret])["webhook-signature"] == signature


async def test_what_happens_arrives_signed(outbox, hooks, receiver):
    """Each change is one request, whose signature a receiver verifies by the specification alone."""
    made = hooks.add(receiver.address)
    sent(outbox, "d1", State.ACCEPTED)
    await hooks.deliver()
    told = [json.loads(body) for _, body in receiver.got]
    assert sorted(one["data"]["number"] for one in told) == [1, 2, 3, 4]
    assert {one["type"] for one in told} == {f"submission.{s}" for s in ("received", "ready", "sending", "accepted")}
    for headers, body in receiver.got:
        assert verified(headers, body, made.secret) == [True]
        assert verified(headers, body + b" ", made.secret) == [False]
        assert headers["Content-Type"] == "application/json"
        assert abs(int(headers["webhook-timestamp"]) - hooks.clock().timestamp()) <= 1
    assert {headers["webhook-id"] for headers, _ in receiver.got} == {row["id"] for row in hooks.rows("delivered")}
    assert (only(hooks).waiting, only(hooks).delivered_at) == (0, hooks.clock())


async def test_a_rotation_overlaps(outbox, hooks, receiver):
    """While both secrets live each message has two signatures; then the old one signs nothing."""
    made = hooks.add(receiver.address, State.READY)
    fresh = hooks.endpoints.rotate("riverbend", made.id, timedelta(hours=1), actor="a test")
    put(outbox, draft("d1"))
    await hooks.deliver()
    hooks.clock.forward(timedelta(hours=2))
    put(outbox, draft("d2"))
    await hooks.deliver()
    (both, last) = receiver.got
    assert verified(*both, made.secret, fresh.secret) == [True, True]
    assert verified(*last, made.secret, fresh.secret) == [False, True]
    assert len(both[0]["webhook-signature"].split()) == 2


def test_a_rotation_without_overlap_ends_the_secret(hooks):
    """One that leaked signs nothing from the same commit on."""
    made = hooks.add()
    hooks.endpoints.test("riverbend", made.id, actor="a test")
    fresh = hooks.endpoints.rotate("riverbend", made.id, timedelta(0), actor="a test")
    (claim,) = hooks.claim()
    assert claim.secrets == (fresh.secret,)


async def test_a_failure_is_tried_again_under_the_same_id(outbox, hooks, receiver):
    """The second try bears the same id and the same body, with a time and a signature of its own."""
    made = hooks.add(receiver.address, State.READY)
    receiver.answers = [500]
    put(outbox, draft("d1"))
    await hooks.deliver()
    assert only(hooks).failing_since == hooks.clock()
    hooks.clock.forward(timedelta(seconds=6))
    await hooks.deliver()
    (first, second) = receiver.got
    assert first[0]["webhook-id"] == second[0]["webhook-id"]
    assert first[1] == second[1]
    assert first[0]["webhook-timestamp"] != second[0]["webhook-timestamp"]
    assert verified(*second, made.secret) == [True]
    assert (only(hooks).failing_since, only(hooks).waiting) == (None, 0)


def test_who_dies_between_sending_and_recording_sends_the_same_again(hooks):
    """A lease of a dead worker ends at once, that of a lost host with its time; the id stays."""
    made = hooks.add()
    hooks.endpoints.test("riverbend", made.id, actor="a test")
    (first,) = hooks.claim()
    assert hooks.claim() == []
    assert hooks.mailbag.expire(lambda owner: owner != "one") == 1
    (second,) = hooks.claim(worker="two")
    hooks.settle([first], OK)  # it was not dead after all: its lease is another's now, and it records nothing
    assert [row["outcome"] for row in hooks.rows()] == [None]
    hooks.clock.forward(LEASE)
    (third,) = hooks.claim(worker="three")
    assert {first.id, second.id, third.id} == {first.id}
    assert (first.body, third.tries) == (third.body, 3)
    hooks.settle([third], OK)
    assert [row["outcome"] for row in hooks.rows()] == ["delivered"]


def test_an_endpoint_is_sent_few_at_once(outbox, hooks):
    """However much waits, one endpoint gets four at a time, and another one is not kept waiting by it."""
    hooks.add()
    put(outbox, *(draft(f"d{n}", child=f"10000000000{n}") for n in range(9)))
    other = hooks.add()
    hooks.endpoints.test("riverbend", other.id, actor="a test")
    claims = hooks.claim()
    assert sorted(len([c for c in claims if (c.webhook == other.id) is mine]) for mine in (True, False)) == [1, AT_ONCE]
    assert hooks.claim() == []


def test_a_failing_endpoint_is_tried_by_one_message_at_a_time(outbox, hooks):
    """It is not stormed when it comes back, nor while it is away: the wait grows, and one message goes."""
    hooks.add()
    put(outbox, *(draft(f"d{n}", child=f"10000000000{n}") for n in range(5)))
    hooks.settle(hooks.claim(), DOWN)
    assert hooks.claim() == []
    waits = []
    for _ in range(6):
        begun = hooks.clock()
        while not (claims := hooks.claim()):
            hooks.clock.forward(timedelta(seconds=1))
        waits.append(hooks.clock() - begun)
        assert len(claims) == 1
        hooks.settle(claims, DOWN)
    assert waits == sorted(waits)
    assert waits[-1] > timedelta(minutes=10)
    hooks.clock.forward(timedelta(hours=8))
    hooks.settle(hooks.claim(), OK)
    assert len(hooks.claim()) == AT_ONCE


def test_retry_after_is_heeded(hooks):
    """Whoever asks for an hour gets one."""
    made = hooks.add()
    hooks.endpoints.test("riverbend", made.id, actor="a test")
    hooks.settle(hooks.claim(), Answer(status=429, retry_after=timedelta(hours=1)))
    hooks.clock.forward(timedelta(minutes=59))
    assert hooks.claim() == []
    hooks.clock.forward(timedelta(minutes=8))
    assert len(hooks.claim()) == 1


def test_410_switches_it_off(outbox, hooks):
    """Gone is gone: nothing more is sent, everything that waited is given up, the cause is there to be seen."""
    made = hooks.add()
    put(outbox, draft("d1"), draft("d2"))
    first, *others = hooks.claim()
    hooks.settle([first], Answer(status=410))
    hooks.settle(others, OK)
    held = only(hooks)
    assert (held.off_cause, held.waiting, held.dead) == (OffCause.GONE, 0, 4)
    hooks.clock.forward(timedelta(days=1))
    assert hooks.claim() == []
    assert [one.outcome for one in hooks.endpoints.messages(None, made.id, outcome="dead")] == ["dead"] * 4


def _failing_for_days(hooks, made) -> None:
    hooks.endpoints.test("riverbend", made.id, actor="a test")
    for _ in range(FEWEST + 1):
        hooks.clock.forward(timedelta(days=1))
        hooks.settle(hooks.claim(), DOWN)


def test_days_of_failures_switch_it_off_and_a_person_on(outbox, hooks):
    """After five days with nothing but failures it is off; switched on, it is sent what was given up, where that is wanted."""
    made = hooks.add()
    _failing_for_days(hooks, made)
    assert (only(hooks).off_cause, only(hooks).dead) == (OffCause.FAILING, 1)
    put(outbox, draft("d1"))
    assert hooks.endpoints.switch_on("riverbend", made.id, resend=True, actor="a test")
    (claim,) = hooks.claim()
    hooks.settle([claim], OK)
    assert (only(hooks).off_cause, only(hooks).dead, only(hooks).waiting) == (None, 0, 0)


def test_a_worker_that_was_away_gives_nobody_up(hooks):
    """A week without a worker is no week of failures: a few tries are no proof."""
    made = hooks.add()
    hooks.endpoints.test("riverbend", made.id, actor="a test")
    hooks.settle(hooks.claim(), DOWN)
    hooks.clock.forward(timedelta(days=9))
    hooks.settle(hooks.claim(), DOWN)
    assert only(hooks).off_cause is None


def test_one_message_that_it_cannot_stomach_keeps_no_other(outbox, hooks):
    """A message that fails each time waits on its own clock, and is given up alone; all others arrive."""
    hooks.add()
    put(outbox, draft("d0"))
    bad = hooks.rows()[0]["id"]
    for n in range(1, 40):
        put(outbox, draft(f"d{n}", child=f"1000000000{n:02}"))
        hooks.clock.forward(timedelta(hours=6))
        for claim in hooks.claim():
            hooks.settle([claim], Answer(status=500) if claim.id == bad else OK)
    assert [row["id"] for row in hooks.rows("dead")] == [bad]
    assert only(hooks).off_cause is None
    assert len(hooks.rows("delivered")) > 60


def test_a_restored_copy_in_quarantine_sends_nothing(outbox, hooks):
    """What the copy holds may have been sent long ago: webhooks wait for the release as submissions do."""
    made = hooks.add()
    hooks.endpoints.test("riverbend", made.id, actor="a test")
    outbox.begin_quarantine("bak_1", None)
    assert (hooks.mailbag.due(), hooks.claim()) == (False, [])
    with writing(outbox._engine, EVERY) as connection:
        connection.execute(update(t.quarantine).values(released_at=1))
    assert len(hooks.claim()) == 1


def test_a_crowd_switches_it_off(outbox, hooks):
    """What waits for one endpoint is bounded; and what ended long ago is forgotten."""
    hooks.add()
    put(outbox, draft("d1"), draft("d2"))
    mailbag = hooks.mailbag
    mailbag.tidy()
    assert only(hooks).off_cause is None
    replace(mailbag, most_waiting=3).tidy()
    assert (only(hooks).off_cause, only(hooks).dead) == (OffCause.CROWDED, 4)
    hooks.clock.forward(timedelta(days=31))
    mailbag.tidy()
    assert hooks.rows() == []
