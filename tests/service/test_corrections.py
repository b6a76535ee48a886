"""Voids and corrections through the whole service: judged like everything else, and taken by the state's twin."""

from __future__ import annotations

import pytest
from draft import of_2026, response
from lxml import etree
from office import AGENCY, Office

from canonical.outcome import Pending, Receipt
from canonical.payload import Payload
from canonical.submission import State
from canonical.verdict import Verdict
from sandbox.document import DocumentReader, WireDocument
from sandbox.judge import Judge
from service.corrections import NothingToCorrect, NotOneAssessment, Voided
from service.outbox.outbox import Request
from service.outbox.resolving import Word
from specs.catalog import Catalog

WORD = Word(actor="the agency", note="the wrong child, R. Okafor")


@pytest.fixture
def office(tmp_path):
    office = Office(folder=tmp_path)
    office.open()
    yield office
    office.close()


def correct(office, entry, *contents, key="once"):
    """Correct a submission with these records; return the entries that came of it."""
    made = []

    def answer(entries, _):
        made.extend(entries)
        return 202, b""

    content = response(contents[0]) if len(contents) == 1 else b"[]"
    payload = Payload(content=content, name=f"payload:pay_{key}_{len(contents)}", agency=AGENCY)
    request = Request(endpoint="correct", key=key, body="sha-256:aa")
    office.service.corrections.correct(payload, entry.id, format=None, request=request, answer=answer, actor=WORD.actor)
    return made


def texts(content):
    return {etree.QName(element).localname: element.text for element in etree.fromstring(content).iter()}


def test_a_void_says_as_little_as_the_state_accepts(office):
    """Next version, type void, who and when; nothing clinical, no consent, nothing that nobody asks for; and it is accepted."""
    first = office.submit(of_2026())
    office.deliver()
    became, id_ = office.service.corrections.void(AGENCY, first.id, WORD)
    assert became is Voided.BEHIND
    office.deliver()
    assert office.service.outbox.entry(AGENCY, id_).state is State.ACCEPTED
    document = office.state.said[-1][2]
    told = texts(document.content)
    assert (told["SubmissionType"], told["DocumentVersion"], told["DocumentId"]) == ("void", "2", first.document_id)
    assert not {"LifeDomainFunctioning", "Consent", "Zip", "Diagnoses", "LivingSituation"} & told.keys()
    spec = Catalog().named("2026.1")
    wired = DocumentReader(spec).read(document.content)
    assert isinstance(wired, WireDocument)
    assert Judge(spec).judge(wired).refusals == ()


def test_what_never_left_is_given_up(office):
    """There is nothing to void: it is cancelled, with the note."""
    first = office.submit(of_2026())
    assert office.service.corrections.void(AGENCY, first.id, WORD) == (Voided.CANCELLED, first.id)
    assert office.look(first).state is State.CANCELLED
    assert office.service.outbox.events(AGENCY, first.id)[-1].note == WORD.note


def test_void_twice_means_once(office):
    """The second word is answered with the void of the first."""
    first = office.submit(of_2026())
    office.deliver()
    void = office.service.corrections.void(AGENCY, first.id, WORD)
    assert office.service.corrections.void(AGENCY, first.id, WORD) == void
    office.deliver()
    assert office.service.corrections.void(AGENCY, first.id, WORD) == void
    assert len(office.state.said) == 2


def test_a_correction_is_the_next_version_of_the_same_document(office):
    """Whatever the payload calls itself; it leaves after what it corrects."""
    first = office.submit(of_2026())
    office.deliver()
    (second,) = correct(office, first, of_2026(DOCUMENT_ID="another-name", LDF_SLEEP="3"))
    assert (second.document_id, second.corrects, second.state) == (first.document_id, first.id, State.READY)
    office.deliver()
    told = texts(office.state.said[-1][2].content)
    assert (told["SubmissionType"], told["DocumentVersion"], told["Sleep"]) == ("correct", "2", "3")


def test_a_correction_of_what_never_left_takes_its_place(office):
    """The state has seen nothing: the same version, as new, and the first one never leaves."""
    first = office.submit(of_2026())
    (second,) = correct(office, first, of_2026(LDF_SLEEP="3"))
    assert office.look(first).state is State.SUPERSEDED
    office.deliver()
    ((_, _, document),) = office.state.said
    told = texts(document.content)
    assert (told["SubmissionType"], told["DocumentVersion"], told["Sleep"]) == ("new", "1", "3")
    assert office.look(second).state is State.ACCEPTED


def test_a_pending_one_is_voided_behind_its_verdict(office):
    """The state has it and has not decided; the void follows."""
    first = office.submit(of_2026())
    office.state.outcomes.append(
        lambda document: Pending(
            receipt=Receipt(
                tracking_id="trk_p", verdict=Verdict.PENDING, document_id=document.document_id, digest=document.digest
            )
        )
    )
    office.deliver()
    assert office.look(first).state is State.PENDING
    became, id_ = office.service.corrections.void(AGENCY, first.id, WORD)
    assert became is Voided.BEHIND
    assert office.service.outbox.entry(AGENCY, id_).corrects == first.id


def test_a_faulty_correction_is_blocked_and_changes_nothing(office):
    """It has its report like any other, and the first one goes on."""
    first = office.submit(of_2026())
    (second,) = correct(office, first, of_2026(LDF_SLEEP="4"))
    assert (office.look(first).state, second.state) == (State.READY, State.BLOCKED)
    assert "S004" in office.rules(second)


def test_a_correction_holds_exactly_one_assessment(office):
    """None, or a payload that nobody can read, is refused, and nothing is written down."""
    first = office.submit(of_2026())
    with pytest.raises(NotOneAssessment):
        correct(office, first)
    assert office.look(first).state is State.READY


def test_what_was_given_up_is_not_corrected(office):
    """It is sent again like any other."""
    first = office.submit(of_2026())
    office.service.corrections.void(AGENCY, first.id, WORD)
    with pytest.raises(NothingToCorrect):
        correct(office, first, of_2026())
    assert office.service.corrections.void(AGENCY, first.id, WORD)[0] is Voided.NOTHING
