"""42 CFR Part 2 through the whole service: a protected record leaves with statement and scope of consent, or not at all."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from datetime import date, timedelta

import noticed
import pytest
from draft import of_2026
from office import AGENCY, Office

from canonical.finding import HoldCause
from canonical.notice import STATEMENT
from canonical.outcome import NotThere, Unsure
from canonical.stuck import HELD, Resolution, plight
from canonical.submission import State, StuckCause
from service.clock import from_milliseconds
from service.deadlines import today as day_of
from service.outbox.engine import reading
from service.outbox.outbox import Settlement
from service.outbox.prospects import Left
from service.outbox.resolving import Word
from service.outbox.scopes import Scope
from service.tenants.tenant import EVERY

SCOPE = Scope(purpose="treatment", recipient="ecas", given_on=date(2026, 1, 5))
#: The same in the words that leave.
EXPLAINED = "Consent of 2026-01-05, until it is revoked. Purpose: treatment. Recipient: ecas."
WHO = {"actor": "x", "note": "n"}


@pytest.fixture
def office(tmp_path, database_url):
    office = Office(folder=tmp_path, database_url=database_url)
    office.open(noticed.shelf(tmp_path / "shelf"))
    yield office
    office.close()


@pytest.fixture
def patient(tmp_path):
    """Return an office whose database has no clock of its own: what is due later is due when the test says."""
    office = Office(folder=tmp_path)
    office.open(noticed.shelf(tmp_path / "shelf"))
    yield office
    office.close()


def today(office):
    """Return the day as the office's database tells it."""
    with reading(office.service.engine, EVERY) as connection:
        return day_of(from_milliseconds(office.service.outbox._now(connection)))


def flag(office, *, protected=True, programme="", starts_on=None):
    office.service.outbox.set_part_two(AGENCY, protected=protected, programme=programme, starts_on=starts_on, **WHO)


def allow(office, entry, scope=SCOPE):
    return office.service.consents.allow(AGENCY, {}, scope, of=entry.id, **WHO)


def contents(office):
    return [document.content.decode() for deed, _, document in office.state.said if deed == "send"]


def test_without_a_consent_it_is_held_and_says_who_mends_it(office):
    """The hold has a cause, words, a mend and an owner; nothing leaves, and judging again finds the same."""
    flag(office)
    entry = office.submit(of_2026())
    assert (entry.state, entry.holds, "X009" in office.rules(entry)) == (State.HELD, (HoldCause.PART_TWO,), True)
    assert plight(entry.state, None, entry.holds) == HELD[HoldCause.PART_TWO]
    office.service.holds.look_again()
    office.service.adopting.now()
    office.deliver()
    assert (office.look(entry).holds, office.state.said) == ((HoldCause.PART_TWO,), [])
    assert office.service.holds.release(AGENCY, entry.id, **WHO) is False


def test_with_a_consent_it_leaves_with_statement_and_scope(office):
    """The consent cures the hold at once, and both texts stand in the document."""
    flag(office)
    entry = office.submit(of_2026())
    assert allow(office, entry)[1] == 1
    office.deliver()
    (content,) = contents(office)
    assert f"<Statement>{STATEMENT}</Statement><ConsentScope>{EXPLAINED}</ConsentScope>" in content
    assert office.look(entry).state is State.ACCEPTED


def test_what_is_not_protected_carries_no_notice(office):
    """Another programme's record is as it always was."""
    flag(office, programme="ICC")
    office.submit(of_2026(SERVICE="IHT"))
    office.deliver()
    assert "Notice" not in contents(office)[0]


@pytest.mark.parametrize("shelf", [False, True])
def test_a_document_without_a_place_for_it_never_leaves(tmp_path, database_url, shelf):
    """The provisional package has no place: the record waits though a consent covers it, until a package has one."""
    office = Office(folder=tmp_path, database_url=database_url)
    office.open()
    flag(office)
    entry = office.submit(of_2026())
    allow(office, entry)
    office.deliver()
    assert (office.look(entry).holds, "X010" in office.rules(entry)) == ((HoldCause.PART_TWO,), True)
    assert office.state.said == []
    if shelf:
        office.open(noticed.shelf(tmp_path / "shelf"))
        office.service.adopting.if_changed()
        office.deliver()
        assert STATEMENT in contents(office)[0]
    office.close()


def test_a_flag_set_after_intake_counts_at_the_lease(office):
    """It was ready when the operator said so: it is held at the moment of leaving, and explained when judged again."""
    entry = office.submit(of_2026())
    flag(office)
    office.deliver()
    assert (office.state.said, office.look(entry).holds) == ([], (HoldCause.PART_TWO,))
    office.service.holds.look_again()
    assert "X009" in office.rules(entry)


def test_what_was_made_under_it_stays_protected(office):
    """The programme is one no more since today: its earlier records still are, and a mistake is undone from its own day."""
    flag(office, starts_on=date(2026, 1, 1))
    flag(office, protected=False, starts_on=today(office))
    entry = office.submit(of_2026())
    office.deliver()
    assert (office.state.said, office.look(entry).state) == ([], State.HELD)
    flag(office, protected=False, starts_on=date(2026, 1, 1))
    office.service.holds.look_again()
    office.deliver()
    assert office.look(entry).state is State.ACCEPTED


def test_a_withdrawal_ends_it(office):
    """Ready and covered, then withdrawn: neither the clinical answers nor anything else of a protected record leaves."""
    flag(office)
    entry = office.submit(of_2026(CONSENT="not-asked"))
    allow(office, entry)
    office.service.consents.withdraw(AGENCY, {}, of=entry.id, **WHO)
    office.deliver()
    assert (office.state.said, office.look(entry).holds) == ([], (HoldCause.PART_TWO,))


def test_what_is_in_doubt_is_asked_about_and_not_sent_again(patient):
    """The consent ended between send and question: the state is asked about the document of then, and gets no second."""
    flag(patient)
    entry = patient.submit(of_2026(CONSENT="not-asked"))
    allow(patient, entry)

    def ended_then_not_there(_):
        patient.service.consents.withdraw(AGENCY, {}, of=entry.id, **WHO)
        return NotThere()

    patient.state.outcomes += [lambda _: Unsure(why="No answer."), ended_then_not_there]
    patient.deliver()
    assert [deed for deed, _, _ in patient.state.said] == ["send", "ask"]
    assert patient.state.said[0][2].digest == patient.state.said[1][2].digest
    assert (patient.look(entry).state, patient.look(entry).holds) == (State.HELD, (HoldCause.PART_TWO,))


def test_a_newer_consent_goes_with_the_second_send(patient):
    """Asked about the document of then; sent again with the scope of now."""
    flag(patient)
    entry = patient.submit(of_2026())
    allow(patient, entry)

    def renewed_then_not_there(_):
        allow(patient, entry, Scope(purpose="payment", recipient="ecas", given_on=date(2026, 2, 1)))
        return NotThere()

    patient.state.outcomes += [lambda _: Unsure(why="No answer."), renewed_then_not_there]
    patient.deliver()
    assert [("treatment" in content, "payment" in content) for content in contents(patient)] == [
        (True, False),
        (False, True),
    ]


def test_no_replay_sends_it_without(office):
    """Stuck, then protected: a person's wish to send it again is refused."""
    entry = office.submit(of_2026())
    outbox = office.service.outbox
    (claim,) = outbox.claim("ecas", "one", limit=1, lease=timedelta(seconds=60))
    outbox.settle(claim, Settlement(state=State.STUCK, outcome="TryLater", why="w", cause=StuckCause.GAVE_UP))
    flag(office)
    found = outbox.resolve(AGENCY, entry.id, Resolution.RESEND, Word(actor="x", note="n"))
    assert (found, office.look(entry).state) == (Left.WITHOUT_A_SCOPE, State.STUCK)


@dataclass(frozen=True)
class Case:
    """One submission: what was said of its programme, and of its member's consent."""

    programme: str | None
    scope: Scope | None
    withdrawn: bool

    @property
    def protected(self) -> bool:
        return self.programme in ("ICC", None)

    def covered(self, day: date) -> bool:
        one = self.scope
        if one is None or self.withdrawn or one.recipient != "ecas":
            return False
        return one.given_on <= day <= (one.expires_on or day)


def cases(count, day):
    """Return every combination, and of the protected ones again as many as make up the count."""
    days = (day - timedelta(365), day - timedelta(1), day, day + timedelta(1))
    scopes = [None] + [
        Scope(purpose=f"care {number}", recipient=recipient, given_on=given, expires_on=expires)
        for number, (recipient, given, expires) in enumerate(
            itertools.product(("ecas", "elsewhere"), days, (None, *days))
        )
        if expires is None or given <= expires
    ]
    every = [Case(*one) for one in itertools.product(("ICC", "IHT", None), scopes, (False, True))]
    rng = random.Random(20)
    rng.shuffle(every)
    protected = [case for case in every if case.protected]
    return (
        [*every, *rng.choices(protected, k=count)][:count]
        if count < len(every)
        else [*every, *rng.choices(protected, k=count - len(protected))]
    )


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "count", [pytest.param(90, id="90"), pytest.param(1_000, id="1000", marks=pytest.mark.campaign)]
)
def test_none_leaves_without_both(office, count):
    """Of 1,000 protected records (a share of them here), 0 leave without statement and scope; what is covered does leave."""
    day, outbox = today(office), office.service.outbox
    flag(office, programme="ICC")
    chosen = {f"doc-{number}": case for number, case in enumerate(cases(count, day))}
    for number, (document, case) in enumerate(chosen.items()):
        child = {"MEMBER_ID": f"{number + 1:012}"}
        given = {"DOCUMENT_ID": document, "MEMBER_LOCAL_ID": f"L{number}", "CONSENT": "not-asked", **child}
        if case.scope is not None and number % 2:  # before the record, or after it
            outbox.give_scope(AGENCY, child, case.scope, **WHO)
        office.submit(of_2026(**given, SERVICE=case.programme))
        if case.scope is not None and not number % 2:
            outbox.give_scope(AGENCY, child, case.scope, **WHO)
        if case.withdrawn:
            outbox.withdraw(AGENCY, child, **WHO)
    office.service.holds.look_again()
    office.deliver()
    left = {document.document_id: document.content.decode() for _, _, document in office.state.said}
    bare = {name for name, content in left.items() if chosen[name].protected and not _is_whole(content, chosen[name])}
    assert bare == set()
    assert left.keys() == {name for name, case in chosen.items() if case.covered(day) or not case.protected}


def _is_whole(content, case):
    return STATEMENT in content and case.scope is not None and f"Purpose: {case.scope.purpose}." in content
