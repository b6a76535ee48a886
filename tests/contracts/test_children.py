"""Children by an id of ours: identifiers that are learnt, corrected, mistyped, and lanes that become one."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from waiting import LEASE, claim, draft, entry, put, settle, state

from canonical.finding import HoldCause
from canonical.submission import State
from service.outbox.engine import writing
from service.outbox.lanes import locked
from service.outbox.outbox import Settlement
from service.tenants.tenant import EVERY

BORN = "2015-04-02"


def child(document: str, *, local: str = "", state_id: str = "", born: str = BORN):
    return draft(document, state_id, MEMBER_LOCAL_ID=local, MEMBER_DOB=born)


def order(outbox, worker: str = "one") -> list[str]:
    """Deliver everything, one after the other, and return the documents in the order in which they left."""
    left = []
    while taken := outbox.claim("ecas", worker, limit=10, lease=LEASE):
        for one in taken:
            left.append(one.assessment.text("DOCUMENT_ID") or "")
            settle(outbox, one, State.ACCEPTED)
    return left


def documents(taken) -> list[str]:
    return [one.assessment.text("DOCUMENT_ID") for one in taken]


def test_a_newly_known_masshealth_id_joins_the_lane_of_the_local_one(outbox):
    """First known by the agency's own id alone, then by both: one child, one lane, in order."""
    put(outbox, child("d1", local="L7"), child("d2", local="L7", state_id="100000000001"))
    put(outbox, child("d3", state_id="100000000001"))
    assert documents(claim(outbox)) == ["d1"]


def test_a_corrected_masshealth_id_stays_with_its_child(outbox):
    """The old id and the new one both lead to the child that the agency means."""
    put(outbox, child("d1", local="L7", state_id="100000000001"))
    put(outbox, child("d2", local="L7", state_id="100000000002"))
    put(outbox, child("d3", state_id="100000000002"), child("d4", state_id="100000000001"))
    assert documents(claim(outbox)) == ["d1"]


def test_two_children_that_turn_out_to_be_one_are_merged_in_order(outbox):
    """Each identifier had a lane; the payload that names both makes one of them, by the order of receipt."""
    put(outbox, child("d1", local="L7"), child("d2", state_id="100000000001"))
    put(outbox, child("d3", local="L7"), child("d4", state_id="100000000001"))
    put(outbox, child("d5", local="L7", state_id="100000000001"))
    assert order(outbox) == ["d1", "d2", "d3", "d4", "d5"]


def test_a_lane_waits_until_the_one_that_drains_into_it_is_settled(outbox, clock):
    """What was under way when the two became one is finished first: no two of a child are ever sent at once."""
    put(outbox, child("d1", local="L7"))
    (first,) = claim(outbox)
    put(outbox, child("d2", state_id="100000000001"))
    put(outbox, child("d3", local="L7", state_id="100000000001"))
    assert claim(outbox) == []
    settle(outbox, first, State.READY)  # to be tried again: it keeps its place before all others
    assert order(outbox) == ["d1", "d2", "d3"]


def test_a_doubt_in_a_merged_lane_is_asked_about_before_anything_else(outbox, clock):
    """A worker died with the one; the other waits until the state has been asked."""
    put(outbox, child("d1", local="L7"))
    claim(outbox, limit=1)
    put(outbox, child("d2", state_id="100000000001"))
    put(outbox, child("d3", local="L7", state_id="100000000001"))
    clock.forward(LEASE + timedelta(seconds=1))
    (asked,) = claim(outbox)
    assert (documents([asked]), asked.state) == (["d1"], State.IN_DOUBT)
    assert claim(outbox) == []
    settle(outbox, asked, State.ACCEPTED)
    assert order(outbox) == ["d2", "d3"]


def test_a_masshealth_id_of_a_child_born_on_another_day_is_held(outbox):
    """A mistyped id would file the assessment with another child; it joins no lanes, and a person looks."""
    put(outbox, child("d1", local="L1", state_id="100000000001", born="2015-04-02"))
    put(outbox, child("d2", local="L2", state_id="100000000002", born="2011-09-30"))
    (typo,) = put(outbox, child("d3", local="L2", state_id="100000000001", born="2011-09-30"))
    held = entry(outbox, typo)
    assert (held.state, held.holds) == (State.HELD, (HoldCause.IDENTITY,))
    report = outbox.report("riverbend", typo)
    assert [finding.rule for finding in report.findings] == ["X007"]
    put(outbox, child("d4", local="L1", state_id="100000000001", born="2015-04-02"))
    assert sorted(documents(claim(outbox))) == ["d1", "d2"]
    assert state(outbox, typo) is State.HELD


def test_a_corrected_birth_date_joins_nothing_and_holds_nothing(outbox):
    """Both identifiers name the same child: only its birth date was mended."""
    put(outbox, child("d1", local="L1", state_id="100000000001", born="2015-04-02"))
    (second,) = put(outbox, child("d2", local="L1", state_id="100000000001", born="2015-02-04"))
    assert state(outbox, second) is State.READY
    assert order(outbox) == ["d1", "d2"]


def test_children_of_two_agencies_are_never_one(outbox):
    """The same identifiers at another agency are another agency's child: neither learns of the other."""
    put(outbox, child("d1", local="L1", state_id="100000000001"))
    put(outbox, child("d2", local="L1", state_id="100000000001"), agency="northstar")
    assert sorted(documents(claim(outbox))) == ["d1", "d2"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=st.lists(st.tuples(st.sampled_from(["L", "M", "LM"]), st.booleans()), min_size=1, max_size=9))
def test_whatever_is_learnt_when_the_child_leaves_in_order(outbox, story, count_ids):
    """By local id, by MassHealth ID or both, with sends in between: from the moment both are known, order stands."""
    mark = count_ids("story")
    local, state_id = f"L-{mark}", f"9{int(mark[-4:]):011}"
    known, sent_after, left = None, [], []
    for number, (by, deliver) in enumerate(story):
        document = f"{mark}-{number:03}"
        names = {"L": {"local": local}, "M": {"state_id": state_id}, "LM": {"local": local, "state_id": state_id}}[by]
        put(outbox, child(document, **names))
        known = number if by == "LM" and known is None else known
        if deliver and (taken := claim(outbox, limit=1)):
            left += documents(taken)
            settle(outbox, taken[0], State.ACCEPTED)
        if known is not None and not sent_after:
            sent_after = [len(left)]
    left += order(outbox)
    assert sorted(left) == [f"{mark}-{number:03}" for number in range(len(story))]
    if known is not None:
        rest = left[sent_after[0] :]
        assert rest == sorted(rest)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_intake_and_delivery_take_lanes_in_one_order(outbox):
    """A payload of several children and a settlement of the same lanes never wait for each other for ever."""
    ids = [f"4000000000{number:02}" for number in range(8)]
    put(outbox, *(draft(f"first-{id_}", id_) for id_ in ids))
    done = [(one, Settlement(state=State.REJECTED, outcome="Rejected", why="So.")) for one in claim(outbox)]
    middle = sorted(one.lane for one, _ in done)[4]
    with ThreadPoolExecutor(2) as both, writing(outbox._engine, EVERY) as connection:
        locked(connection, [middle])  # whoever comes now gets half of its lanes and waits here
        sent = both.submit(put, outbox, *(draft(f"next-{id_}", id_) for id_ in reversed(ids)))
        time.sleep(0.5)
        settled = both.submit(outbox.exchange, "ecas", "one", done, limit=0, lease=LEASE)
        time.sleep(0.5)
        connection.commit()
        assert len(sent.result(20)) == len(ids)
        assert settled.result(20).lost == frozenset()
