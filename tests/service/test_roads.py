"""Dictionary and rules by the assessment's date, wire and transport by the day of sending, in one worker."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import draft
import pytest
from office import Office, Peer, Recorder

from canonical.errors import NoSpecInForce
from canonical.finding import HoldCause
from canonical.outcome import NotThere, Unsure
from canonical.submission import State
from service.judging import Judge
from service.main import DESTINATION
from service.rehearsal import VERSION, hurried_package
from service.roads import Roads
from specs.catalog import Catalog
from specs.package import PackageSummary
from specs.seal import seal

JUNE = datetime(2027, 6, 30, 12, tzinfo=UTC)
JULY = datetime(2027, 7, 1, 12, tzinfo=UTC)


@pytest.fixture
def shelf(tmp_path):
    """The draft, published; its schema does not insist on what the older package never asked for."""
    folder = draft.published(tmp_path / "shelf", in_force="2027-07-01")
    schema = folder / draft.VERSION / "wire.xsd"
    schema.write_text(draft.without_insisting(schema.read_text()))
    seal(folder / draft.VERSION)
    return folder


@pytest.fixture
def office(tmp_path):
    opened = Office(tmp_path, moment=JUNE)
    yield opened
    opened.close()


def roads(catalog: Catalog, office: Office, **named) -> Roads:
    return Roads(Judge(catalog=catalog, **named), lambda: office.moment, lambda spec: Recorder(spec.version, Peer()))


def test_the_road_is_that_of_the_day(shelf, office):
    """The same object all day, another one from the first day of the next package on; all are closed at the end."""
    ways = roads(Catalog(shelf), office)
    june = ways.today()
    assert ways.today() is june
    office.moment = JULY
    july = ways.today()
    assert (june.spec.version, july.spec.version) == ("2026.1", "2027.0")
    assert july.transport.submit == "/ecas/cans"
    asyncio.run(ways.close())
    assert june.gateway.closed
    assert july.gateway.closed


def test_a_day_without_a_package_has_no_road(shelf, office):
    """Nothing is sent by a guess."""
    office.moment = datetime(2001, 1, 1, tzinfo=UTC)
    with pytest.raises(NoSpecInForce):
        roads(Catalog(shelf), office).today()


def test_a_package_named_for_everything_is_the_road_of_every_day(shelf, office):
    """Drafts are used by name alone."""
    catalog = Catalog(shelf)
    named = catalog.named(draft.DRAFT)
    assert roads(catalog, office, spec=named).today().spec is named
    assert roads(catalog, office).today().spec.version == "2026.1"


def test_before_the_change_and_after_it_one_service_sends_under_each(shelf, office):
    """Nothing is restarted at midnight: the package of the day writes the document and speaks to the state."""
    office.open(shelf)
    office.submit(draft.of_both(DOCUMENT_ID="first"))
    office.deliver()
    office.moment = JULY
    office.submit(draft.of_both(DOCUMENT_ID="second"))
    office.deliver()
    sent = [(version, document.spec, document.document_id) for _, version, document in office.state.said]
    assert sent == [("2026.1", "2026.1", "first"), ("2027.0", "2027.0", "second")]
    assert b"urn:example:ecas:cans:2027" in office.state.said[1][2].content


def test_an_assessment_from_before_the_change_is_judged_by_its_own_rules(shelf, office):
    """Its date decides, not the day on which it comes."""
    office.moment = JULY
    office.open(shelf)
    entry = office.submit(draft.of_both())
    assert office.look(entry).state is State.READY
    assert "B101" not in office.rules(entry)
    entry = office.submit(draft.answers(ASSESSMENT_DATE="2027-07-01", FINALIZED_ON="2027-07-01T12:00:00-05:00", CONSENT_DATE="2027-07-01", MEMBER_POSTAL_CODE=None, DOCUMENT_ID="other"))  # fmt: skip
    assert "B101" in office.rules(entry)


def test_answers_without_a_place_on_the_new_wire_hold_at_intake(shelf, office):
    """The sender hears of it at once, and nothing is lost: X006, held until a package has a place for them."""
    office.moment = JULY
    office.open(shelf)
    entry = office.submit(draft.of_2026())
    assert (entry.state, entry.holds) == (State.HELD, (HoldCause.COULD_NOT_CHECK,))
    assert office.rules(entry) & {"X003", "X006"} == {"X006"}


def test_what_waited_over_the_change_is_held_when_it_is_to_leave(shelf, office):
    """Ready in June, without a place in July: held with X006, never sent, never stripped."""
    office.open(shelf)
    entry = office.submit(draft.of_2026())
    assert entry.state is State.READY
    office.moment = JULY
    office.deliver()
    assert office.state.said == []
    assert (office.look(entry).state, office.look(entry).holds) == (State.HELD, (HoldCause.COULD_NOT_CHECK,))
    assert "X006" in office.rules(entry)


def test_a_document_in_doubt_is_asked_about_as_it_was_sent(shelf, office):
    """Sent in June without an answer, asked about in July: the digest is that of June; sent again, it is July's."""
    office.open(shelf)
    entry = office.submit(draft.of_both())

    def no_answer_until_july(_):
        office.moment = JULY
        return Unsure(why="No answer.")

    office.state.outcomes = [no_answer_until_july, lambda _: NotThere()]
    office.deliver()
    (_, _, june), (asked, road, question), (_, _, july) = office.state.said
    assert (asked, road, question.digest) == ("ask", "2027.0", june.digest)
    assert july.spec == "2027.0"
    assert office.look(entry).state.value == "accepted"


def test_whether_a_pending_one_holds_its_lane_is_asked_of_the_day(shelf, office):
    """The next of a child waits for a pending verdict where the package in force says so, from its first day on."""
    draft.set_keys(shelf / draft.VERSION / "transport.toml", waits_for_pending="true")
    seal(shelf / draft.VERSION)
    service = office.open(shelf)
    assert not service.outbox._rules().behind_pending
    office.moment = JULY
    assert service.outbox._rules().behind_pending


@pytest.mark.parametrize("status", ["draft", "official"])
def test_documents_under_a_package_named_for_everything_never_leave_a_rehearsal(tmp_path, office, status):
    """ECAS_SPEC is for rehearsals: even an official package, used whatever the date, stays behind the interlock."""
    folder = draft.published(tmp_path / "named", in_force="2027-07-01", status=status)
    office.open(folder, spec="2027.0")
    office.submit(draft.answers())
    office.deliver()
    ((_, version, document),) = office.state.said
    assert (version, document.provisional) == ("2027.0", True)


def test_every_adopted_package_is_still_at_hand(shelf):
    """Packages live side by side: the older one judges its own days as before."""
    catalog = Catalog(shelf)
    versions: list[PackageSummary] = list(catalog.versions())
    assert [package.version for package in versions] == ["2026.1", "2027.0"]
    assert catalog.for_date((JULY - timedelta(days=1)).date()).version == "2026.1"
    assert catalog.for_date(JULY.date()).version == "2027.0"


def test_what_may_have_arrived_is_never_sent_again_blindly(office, tmp_path):
    """A worker died between send and record, and the state offers neither a key nor a question: a person decides."""
    shelf = hurried_package(tmp_path / "mute")
    transport = shelf / VERSION / "transport.toml"
    lines = [line for line in transport.read_text().splitlines() if not line.startswith("query")]
    transport.write_text("\n".join(lines).replace("idempotency = true", "idempotency = false") + "\n")
    seal(shelf / VERSION)
    service = office.open(shelf)
    entry = office.submit(draft.of_2026())
    (lost,) = service.outbox.claim(DESTINATION, "wrk_dead", limit=1, lease=timedelta(0))
    assert lost.submission == entry.id
    office.deliver()
    assert office.look(entry).state is State.STUCK
    assert office.state.said == []
