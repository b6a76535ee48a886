"""Replays through the whole service: read again, judged again, at the place where it was."""

from __future__ import annotations

import pytest
from draft import of_2026
from office import AGENCY, Office

from canonical.outcome import Receipt, Rejected
from canonical.payload import Payload
from canonical.submission import State
from canonical.verdict import Verdict
from service.main import build_service
from service.outbox.prospects import How
from service.outbox.replaying import Progress
from service.outbox.resolving import Word
from service.outbox.selecting import Selection
from service.sample_files import SAMPLES
from service.settings import Settings

WORD = Word(actor="the agency", note="mended, R. Okafor")
ALL = Selection(agency=AGENCY)
MORE = "EX-0002-0002,Example,Robin,,,MA,2025-06-01,,2031-06-01,,\n"


@pytest.fixture
def office(tmp_path):
    office = Office(folder=tmp_path)
    office.open()
    yield office
    office.close()


def run(office, how, *, word=WORD, selection=ALL, per_minute=6000):
    """Begin a replay and let a worker's steps finish it; return what became of its items."""
    replays = office.service.replays
    preview, begun = replays.begin(selection, how, word, per_minute=per_minute)
    if begun is None:
        return preview, {}
    while office.service.outbox.replay(begun.id).progress is Progress.RUNNING:
        replays.step()
    return preview, office.service.outbox.replay(begun.id).became


def rejected(document):
    return Rejected(
        receipt=Receipt(
            tracking_id="trk_r", verdict=Verdict.REJECTED, document_id=document.document_id, digest=document.digest
        )
    )


def test_a_preview_does_nothing(office):
    """Count, causes, the oldest and how each would go; afterwards everything is as it was."""
    held = office.submit(of_2026(DOCUMENT_ID="d1", ASSESSOR_KEY="EX-0002-0002"))
    blocked = office.submit(of_2026(DOCUMENT_ID="d2", LDF_SLEEP="4"))
    told = office.service.replays.preview(ALL, How.REPROCESS, WORD).as_data()
    assert (told["count"], told["by_state"]) == (2, {"held": 1, "blocked": 1})
    assert (told["by_cause"], told["goes"]) == ({"unknown_key": 1}, {"judged": 1, "anew": 1})
    assert told["oldest"] == office.look(held).received_at.isoformat()
    assert (office.look(held).state, office.look(blocked).state) == (State.HELD, State.BLOCKED)
    assert office.service.outbox.replays() == []


def test_a_held_one_goes_when_its_cause_is_cured(office):
    """The roster knows the key now: judged again in its place, under its own id."""
    held = office.submit(of_2026(ASSESSOR_KEY="EX-0002-0002"))
    office.roster += MORE
    office.open()
    _, became = run(office, How.SEND)
    assert became == {"judged": 1}
    assert office.look(held).state is State.READY


def test_what_is_stopped_as_before_is_told_so(office):
    """Nothing was mended: held stays held, blocked stays blocked, and the counts say so."""
    held = office.submit(of_2026(DOCUMENT_ID="d1", ASSESSOR_KEY="EX-0002-0002"))
    blocked = office.submit(of_2026(DOCUMENT_ID="d2", LDF_SLEEP="4"))
    _, became = run(office, How.REPROCESS)
    assert became == {"still_stopped": 2}
    assert (office.look(held).state, office.look(blocked).state) == (State.HELD, State.BLOCKED)


def test_a_rejected_one_is_sent_again_as_a_new_submission(office):
    """The state refused it and was wrong: a new one, under a fresh key, takes its place, and the old one is closed."""
    first = office.submit(of_2026())
    office.state.outcomes.append(rejected)
    office.deliver()
    assert office.look(first).state is State.REJECTED
    _, became = run(office, How.SEND)
    assert became == {"anew": 1}
    assert office.look(first).state is State.CLOSED
    office.deliver()
    entries = office.service.outbox.entries(AGENCY, after=None, limit=9, state=State.ACCEPTED)
    assert [entry.document_id for entry in entries] == [first.document_id]
    assert [deed for deed, _, _ in office.state.said] == ["send", "send"]


@pytest.mark.parametrize(
    ("right", "wrong", "was"),
    [
        ('CONSENT                        = { from = "Release", codes = "release" }\n', "", State.HELD),
        ('from = "Fn_Sleep", codes = "need"', 'from = "Fn_Sleep", codes = "sex"', State.BLOCKED),
    ],
    ids=["held for consent", "blocked"],
)
def test_a_mended_mapping_is_applied_to_what_is_stored(tmp_path, right, wrong, was):
    """The agency's mapping was wrong and is mended: the stored payload is read again, and new submissions go."""
    whole = (SAMPLES / "mappings/riverbend-caredesk.toml").read_text("utf-8")
    assert right in whole
    service = reading_with(tmp_path, whole.replace(right, wrong))
    service.agencies.add(AGENCY)
    content = (SAMPLES / "good/caredesk-export.csv").read_bytes()
    service.intake.receive(
        Payload(content=content, name="payload:pay_csv", agency=AGENCY),
        format=None,
        request=None,
        answer=lambda *_: (202, b""),
    )
    before = service.outbox.entries(AGENCY, after=None, limit=99, state=was)
    assert before
    service.engine.dispose()
    service = reading_with(tmp_path, whole)
    _, begun = service.replays.begin(Selection(agency=AGENCY, states=(was,)), How.REPROCESS, WORD, per_minute=6000)
    while service.outbox.replay(begun.id).progress is Progress.RUNNING:
        service.replays.step()
    assert service.outbox.replay(begun.id).became == {"anew": len(before)}
    assert {service.outbox.entry(AGENCY, entry.id).state for entry in before} == {State.SUPERSEDED}
    ready = service.outbox.entries(AGENCY, after=None, limit=99, state=State.READY)
    assert {(entry.payload, entry.ordinal) for entry in before} <= {(entry.payload, entry.ordinal) for entry in ready}
    service.engine.dispose()


def test_what_a_person_stopped_no_replay_moves(office):
    """Held by a person's word: only the word that releases it does."""
    held = office.submit(of_2026())
    office.service.holds.hold(AGENCY, held.id, actor="x", note="n")
    preview, became = run(office, How.REPROCESS)
    assert (preview.stays, became) == ({"waits_for_a_person": 1}, {})


def test_the_worker_steps_by_itself(office):
    """A replay begun over the API is done by the worker's own round, and is waited for by --until-idle."""
    first = office.submit(of_2026())
    office.state.outcomes.append(rejected)
    office.deliver()
    _, begun = office.service.replays.begin(ALL, How.SEND, WORD, per_minute=6000)
    office.deliver()
    assert office.service.outbox.replay(begun.id).became == {"anew": 1}
    assert len(office.state.said) == 2
    assert office.look(first).state is State.CLOSED


def reading_with(folder, mapping):
    """Start the service of this folder with this text as its mapping."""
    (folder / "mapping.toml").write_text(mapping, "utf-8")
    return build_service(
        Settings(data_dir=folder / "var", roster=SAMPLES / "roster.csv", mapping_path=folder / "mapping.toml")
    )
