"""What a person may do about waiting work, over HTTP: looked at first, with a note, and never somebody else's."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

import pytest

from canonical.submission import State, StuckCause
from service.api import consents, replays, resolutions, shapes
from service.outbox.outbox import Settlement

LEASE = timedelta(minutes=1)


def post(caller, path, **body):
    return caller.ask("POST", path, json.dumps(body).encode())


def submit(caller, response, **changed):
    changed.setdefault("DOCUMENT_ID", str(uuid.uuid4()))
    (submission,) = caller.submit(response(**changed), key=str(uuid.uuid4())).data["submissions"]
    return submission["id"]


def settle(api, then, cause, *ids):
    """Record what came of submissions, as a worker would."""
    outbox = api.service.outbox
    claims = [one for one in outbox.claim("ecas", "worker", limit=100, lease=LEASE) if one.submission in ids]
    assert len(claims) == len(ids)
    for claim in claims:
        outbox.settle(claim, Settlement(state=then, outcome="TryLater", why="So it was.", cause=cause))


@pytest.fixture
def stuck(api, caller, response):
    """Return submissions of two children, both given up."""
    ids = [submit(caller, response, MEMBER_ID=f"10000000001{n}", MEMBER_LOCAL_ID=f"L-{n}") for n in range(2)]
    settle(api, State.STUCK, StuckCause.GAVE_UP, *ids)
    return ids


def test_a_stuck_one_shows_its_cause_its_owner_and_its_age(caller, stuck):
    """Who acts, why, what they do and since when; a later one of the child says what it waits behind."""
    shown = shapes.ShownShape.model_validate_json(caller.ask("GET", f"/v1/submissions/{stuck[0]}").body)
    assert (shown.state, shown.cause, shown.owner) == (State.STUCK, StuckCause.GAVE_UP, "operator")
    assert shown.words
    assert shown.mend
    assert shown.since is not None


def test_what_waits_behind_another_says_so(caller, response, stuck):
    """In the list and alone."""
    later = submit(caller, response, MEMBER_ID="100000000010", MEMBER_LOCAL_ID="L-0")
    assert caller.ask("GET", f"/v1/submissions/{later}").data["waits_behind"] == stuck[0]
    listed = caller.ask("GET", "/v1/submissions").data["submissions"]
    assert {one["id"]: one["waits_behind"] for one in listed} == {later: stuck[0], stuck[0]: None, stuck[1]: None}


def test_a_bulk_resolution_is_shown_then_done(caller, stuck):
    """The preview changes nothing; without a note nothing is done; then both go."""
    shown = post(caller, "/v1/resolutions", resolution="resend", causes=["gave_up"])
    told = resolutions.ResolvedShape.model_validate_json(shown.body)
    assert (told.preview.count, told.preview.goes, told.became) == (2, {"sent": 2}, {})
    assert post(caller, "/v1/resolutions", resolution="resend", run=True).status == 422
    done = post(caller, "/v1/resolutions", resolution="resend", causes=["gave_up"], run=True, note="mended").data
    assert (done["became"], done["more"]) == ({"sent": 2}, 0)
    assert {caller.ask("GET", f"/v1/submissions/{id_}").data["state"] for id_ in stuck} == {"ready"}


def test_what_may_have_arrived_is_refused_with_its_reason(api, caller, response, assert_problem):
    """A resend of what the state cannot be asked about needs the word that it did not arrive."""
    id_ = submit(caller, response)
    settle(api, State.STUCK, StuckCause.NO_WAY_TO_ASK, id_)
    refused = post(caller, f"/v1/submissions/{id_}/resolve", resolution="resend", note="please")
    assert_problem(refused, 409, "not-resolvable")
    assert refused.data["left"] == "needs_a_word"
    done = post(caller, f"/v1/submissions/{id_}/resolve", resolution="resend", note="asked them", not_arrived=True)
    assert (done.status, done.data["state"]) == (200, "ready")


def test_a_replay_is_shown_begun_and_stopped(caller, stuck):
    """Preview, run, pause, resume, cancel; each answers how it stands."""
    shown = replays.OrderedShape.model_validate_json(post(caller, "/v1/replays", states=["stuck"]).body)
    assert (shown.preview.count, shown.replay) == (2, None)
    assert post(caller, "/v1/replays", states=["stuck"], run=True).status == 422
    begun = post(caller, "/v1/replays", states=["stuck"], run=True, note="mended", per_minute=1).data["replay"]
    address = f"/v1/replays/{begun['id']}"
    assert replays.ReplayShape.model_validate_json(caller.ask("GET", address).body).left == 2
    states = [caller.ask("POST", f"{address}/{step}").data.get("state") for step in ("pause", "resume", "cancel")]
    assert states == ["paused", "running", "cancelled"]
    assert caller.ask("POST", f"{address}/resume").status == 409
    assert [one["id"] for one in caller.ask("GET", "/v1/replays").data["replays"]] == [begun["id"]]


def test_one_is_replayed(caller, stuck, assert_problem):
    """A replay of one; what cannot go is refused with its reason."""
    done = post(caller, f"/v1/submissions/{stuck[0]}/replay", note="mended")
    assert (done.status, done.data["total"]) == (200, 1)
    post(caller, f"/v1/submissions/{stuck[1]}/resolve", resolution="cancel", note="n")
    assert_problem(post(caller, f"/v1/submissions/{stuck[1]}/replay", note="n"), 409, "not-resolvable")


def test_another_agency_s_replay_is_not_there(api, caller, stuck, assert_problem):
    """Neither to be seen nor to be stopped, and its submissions are chosen by no filter."""
    begun = post(caller, "/v1/replays", run=True, note="mended", per_minute=1).data["replay"]
    stranger = api.caller()
    for method, path in (("GET", ""), ("POST", "/pause"), ("POST", "/cancel")):
        assert_problem(stranger.ask(method, f"/v1/replays/{begun['id']}{path}"), 404, "not-found")
    assert stranger.ask("GET", "/v1/replays").data == {"replays": []}
    assert post(stranger, "/v1/replays", ids=stuck).data["preview"]["count"] == 0
    assert post(stranger, "/v1/resolutions", ids=stuck, resolution="cancel").data["preview"]["count"] == 0


def test_cancel_void_and_correct(api, caller, response, assert_problem):
    """What waits is given up once; what was sent is voided behind itself, and corrected once for each key."""
    waiting = submit(caller, response)
    assert post(caller, f"/v1/submissions/{waiting}/cancel", note="n").data["state"] == "cancelled"
    assert_problem(post(caller, f"/v1/submissions/{waiting}/cancel", note="n"), 409, "not-cancellable")
    assert_problem(post(caller, f"/v1/submissions/{waiting}/void", note="n"), 409, "nothing-to-mend")
    sent = submit(caller, response, MEMBER_ID="100000000077", MEMBER_LOCAL_ID="L-77")
    settle(api, State.IN_DOUBT, None, sent)
    content = response(LDF_SLEEP="3", MEMBER_ID="100000000077", MEMBER_LOCAL_ID="L-77")
    path = f"/v1/submissions/{sent}/correct"
    assert_problem(caller.ask("POST", path, content), 400, "no-idempotency-key")
    first, again = (caller.ask("POST", path, content, idempotency_key="k") for _ in range(2))
    (correction,) = first.data["submissions"]
    assert (first.status, correction["corrects"], again.headers["idempotency-replayed"]) == (202, sent, "true")
    assert_problem(caller.ask("POST", path, b"neither", idempotency_key="k2"), 422, "not-one-assessment")
    void = post(caller, f"/v1/submissions/{sent}/void", note="the wrong child").data
    assert (void["corrects"], void["waits_behind"], void["state"]) == (sent, None, "ready")
    assert caller.ask("GET", f"/v1/submissions/{void['id']}").data["waits_behind"] == sent


def test_consent_is_withdrawn_by_any_name(caller, response, assert_problem):
    """By submission or identifier, one of them; the identifier is in no answer."""
    id_ = submit(caller, response, MEMBER_ID="100000000088")
    answer = post(caller, "/v1/consents", action="withdraw", member_id="100000000088", note="by phone")
    told = consents.WithdrawnShape.model_validate_json(answer.body)
    assert (told.held, told.sent, told.known, told.desk) == ([id_], [], True, None)
    assert "100000000088" not in answer.whole
    assert caller.ask("GET", f"/v1/submissions/{id_}").data["holds"] == ["consent_withdrawn"]
    assert_problem(post(caller, "/v1/consents", action="withdraw", note="n"), 422, "wrong-parameter")
    both = post(caller, "/v1/consents", action="withdraw", submission=id_, member_id="1", note="n")
    assert_problem(both, 422, "wrong-parameter")
    nobody = f"sub_{'z' * 26}"
    assert_problem(post(caller, "/v1/consents", action="withdraw", submission=nobody, note="n"), 404, "not-found")


def test_a_released_hold_does_not_undo_a_withdrawal(caller, response, assert_problem):
    """A person's word cures its own cause, and not the member's."""
    id_ = submit(caller, response)
    post(caller, f"/v1/submissions/{id_}/hold", note="wait")
    post(caller, "/v1/consents", action="withdraw", submission=id_, note="by phone")
    assert_problem(post(caller, f"/v1/submissions/{id_}/release", note="go"), 409, "not-releasable")
