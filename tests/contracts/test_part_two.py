"""42 CFR Part 2 on every back end: the lease itself asks, and so do a second send and a person's wish for one."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from waiting import AGENCY, claim, draft, entry, put, sent, state

from canonical.finding import HoldCause
from canonical.stuck import Resolution
from canonical.submission import State, StuckCause
from service.outbox.outbox import Settlement
from service.outbox.prospects import Left
from service.outbox.protecting import ScopeGone
from service.outbox.resolving import Word
from service.outbox.scopes import Scope

CHILD = {"MEMBER_ID": "100000000001"}
SCOPE = Scope(purpose="care", recipient="ecas", given_on=date(2026, 1, 5))
WHO = {"actor": "x", "note": "n"}


def protect(outbox, **line):
    outbox.set_part_two(AGENCY, protected=True, **line, **WHO)


def allow(outbox, identifiers=CHILD, scope=SCOPE, agency=AGENCY, **given):
    return outbox.give_scope(agency, identifiers, scope, **given, **WHO)


def test_the_lease_holds_what_nothing_covers(outbox):
    """One child's consent covers no other's record, and no other agency's word covers ours."""
    (bare,) = put(outbox, draft("d1", child="100000000002"))
    (covered,) = put(outbox, draft("d2"))
    protect(outbox)
    allow(outbox)
    allow(outbox, {"MEMBER_ID": "100000000002"}, agency="harborlight")
    (taken,) = claim(outbox)
    assert (taken.submission, taken.notice.purpose) == (covered, "care")
    assert (state(outbox, bare), entry(outbox, bare).holds) == (State.HELD, (HoldCause.PART_TWO,))


def test_an_agencys_line_binds_no_other(outbox):
    """Another agency's records go without a notice."""
    protect(outbox)
    put(outbox, draft("d1"), agency="harborlight")
    (taken,) = claim(outbox)
    assert taken.notice is None


def test_a_second_send_asks_again(outbox, clock):
    """In doubt, and the consent has ended since: the send is refused, and nothing is written down of it."""
    put(outbox, draft("d1"))
    protect(outbox)
    allow(
        outbox, scope=Scope(purpose="care", recipient="ecas", given_on=date(2026, 1, 5), expires_on=date(2026, 11, 16))
    )
    (first,) = claim(outbox)
    outbox.settle(first, Settlement(state=State.IN_DOUBT, outcome="Unsure", why="w"))
    clock.forward(timedelta(days=2))
    (again,) = claim(outbox)
    assert again.notice == first.notice
    with pytest.raises(ScopeGone):
        outbox.resend(again)


def test_no_resolution_sends_it_without(outbox):
    """Given up, then protected: sending it again is refused, asking about it is not."""
    stuck = sent(outbox, "d1", State.STUCK, StuckCause.GAVE_UP)
    protect(outbox)
    assert outbox.resolve(AGENCY, stuck, Resolution.RESEND, Word(**WHO)) is Left.WITHOUT_A_SCOPE
    assert state(outbox, stuck) is State.STUCK


def test_children_that_turn_out_to_be_one_share_it(outbox):
    """Given under the agency's own number, before anything came: it covers what comes under the MassHealth ID too."""
    protect(outbox)
    allow(outbox, {"MEMBER_LOCAL_ID": "RB-1"})
    put(outbox, draft("d1", MEMBER_DOB="2014-03-01"))
    put(outbox, draft("d2", MEMBER_LOCAL_ID="RB-1", MEMBER_DOB="2014-03-01"))
    (taken,) = claim(outbox)
    assert taken.notice.purpose == "care"


def test_who_set_what_is_told(outbox):
    """The newest line first, with its words, of one agency or of all; a scope of no submission of ours is none."""
    protect(outbox, programme="ICC", starts_on=date(2026, 3, 1))
    (line,) = outbox.part_two_lines(AGENCY)
    assert (line.programme, line.protected, line.note) == ("ICC", True, "n")
    assert outbox.part_two_lines("harborlight") == []
    assert allow(outbox, {}, of="sub_none") is None
