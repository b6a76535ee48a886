"""Withdrawn consent through the whole service: before a send, in doubt, and who is to be called."""

from __future__ import annotations

import pytest
from draft import of_2026
from office import AGENCY, Office

from canonical.finding import HoldCause
from canonical.outcome import NotThere, Unsure
from canonical.submission import State

MEMBER = {"MEMBER_ID": of_2026()["MEMBER_ID"]}


@pytest.fixture
def office(tmp_path):
    office = Office(folder=tmp_path)
    office.open()
    yield office
    office.close()


def withdraw(office):
    return office.service.consents.withdraw(AGENCY, MEMBER, actor="the agency", note="the mother, by phone")


def test_what_is_ready_never_leaves(office):
    """Withdrawn before the worker came: nothing was sent, and nobody has to be called."""
    entry = office.submit(of_2026())
    assert withdraw(office).as_data()["desk"] is None
    office.deliver()
    assert (office.state.said, office.look(entry).holds) == ([], (HoldCause.CONSENT_WITHDRAWN,))


def test_what_the_state_has_is_told_with_the_desk(office):
    """It was accepted: the answer names it, and whom to call with what words."""
    entry = office.submit(of_2026())
    office.deliver()
    told = withdraw(office).as_data()
    assert (told["sent"], told["held"]) == ([entry.id], [])
    assert told["desk"]["name"].startswith("Children's Behavioral Health Initiative")
    assert told["desk"]["say"]


def test_what_is_in_doubt_is_asked_about_and_not_sent_again(office):
    """The state lacks it after all: it is held, with its finding, and no second byte leaves."""
    entry = office.submit(of_2026())
    office.state.outcomes += [lambda _: Unsure(why="No answer."), lambda _: NotThere()]
    told = []

    def withdrawn_then_not_there(_):
        told.append(withdraw(office).as_data())
        return NotThere()

    office.state.outcomes[1] = withdrawn_then_not_there
    office.deliver()
    assert [deed for deed, _, _ in office.state.said] == ["send", "ask"]
    assert told[0]["under_way"] == [entry.id]
    assert (office.look(entry).state, office.look(entry).holds) == (State.HELD, (HoldCause.CONSENT_WITHDRAWN,))
    assert "X008" in office.rules(entry)


def test_judging_again_does_not_undo_it(office):
    """Neither the look at held work nor an adoption of packages sends what was withdrawn."""
    entry = office.submit(of_2026())
    withdraw(office)
    office.service.holds.look_again()
    office.service.adopting.now()
    assert office.look(entry).holds == (HoldCause.CONSENT_WITHDRAWN,)
    assert office.service.holds.release(AGENCY, entry.id, actor="x", note="n") is False


def test_a_record_without_consent_goes_on(office):
    """The next export says that consent was withdrawn: demographics and SED leave, and nothing clinical does."""
    first = office.submit(of_2026())
    withdraw(office)
    second = office.submit(of_2026(CONSENT="withdrawn"))
    assert (office.look(first).state, second.state) == (State.SUPERSEDED, State.READY)
    office.deliver()
    ((_, _, document),) = office.state.said
    assert b"LifeDomainFunctioning" not in document.content
