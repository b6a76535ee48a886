"""Erasure: nothing of the record is left anywhere, what is not meant stays, and what must not be erased is refused."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from reading_all import unreadable
from sqlalchemy import select
from vaults import MASTER, vault_of
from waiting import AGENCY, draft, entry, put, sent

from canonical.errors import ConfigurationError, Erased
from canonical.payload import Payload
from canonical.submission import State
from service.audit.audit import Audit
from service.backup.taking import take
from service.clock import to_milliseconds
from service.erasure import Erasures, Order
from service.identifiers import new_id
from service.keyring.master import LocalMaster, Masters
from service.legal_holds import LegalHolds
from service.outbox import schema as t
from service.outbox.engine import reading, writing
from service.outbox.outbox import Request
from service.retention import Retention
from service.tenants.tenant import EVERY

ORDER = Order(actor="host:tester", note="canary-note")
MASTERS = Masters(current=LocalMaster(MASTER))
CANARY = "Kanarienvogel"


@pytest.fixture
def erasures(outbox, clock):
    vault = vault_of(outbox._engine)
    audit = Audit(vault, lambda _: to_milliseconds(clock()))
    return Erasures(engine=outbox._engine, vault=vault, audit=audit, clock=clock)


@pytest.fixture
def legal_holds(outbox, erasures, clock):
    return LegalHolds(engine=outbox._engine, vault=erasures.vault, audit=erasures.audit, clock=clock, new_id=new_id)


@pytest.fixture
def retention(outbox, erasures, clock):
    return Retention(engine=outbox._engine, erasures=erasures, clock=clock, payload_days=30, document_days=365)


def sealed_of(outbox, submission: str) -> list[bytes]:
    """Return pieces of everything that is sealed of a submission, of its wrapped key, and of its payload."""
    with reading(outbox._engine, EVERY) as connection:
        row = connection.execute(select(t.submission).where(t.submission.c.id == submission)).mappings().one()
        payload = connection.execute(select(t.payload).where(t.payload.c.id == row["payload"])).mappings().one()
        receipts = connection.scalars(select(t.receipt.c.sealed).where(t.receipt.c.submission == submission)).all()
        notes = connection.scalars(
            select(t.event.c.sealed_note).where(t.event.c.submission == submission, t.event.c.sealed_note.is_not(None))
        ).all()
    whole = [
        *(bytes(row[name]) for name in ("data_key", "sealed_document_id", "sealed_assessment", "sealed_report")),
        *(bytes(payload[name]) for name in ("data_key", "sealed")),
        *map(bytes, (*receipts, *notes)),
    ]
    return [part for one in whole for part in (one[12:36], one[-24:], one[len(one) // 2 :][:24])]


def everything(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_byte_of_an_erased_record_is_left(outbox, erasures, tmp_path):
    """Neither in the clear nor sealed, nor its key: not in the file, the journal, a free page, or a backup made after."""
    ids = [sent(outbox, f"{CANARY}{number}", State.ACCEPTED, MEMBER_LAST_NAME=CANARY) for number in range(8)]
    pieces = {id_: sealed_of(outbox, id_) for id_ in ids}
    assert any(piece in content for content in everything(tmp_path).values() for piece in pieces[ids[0]])
    gone, kept = ids[:5], ids[5:]
    for id_ in gone:
        assert erasures.submission(id_, ORDER).scrubbed
    take(outbox._engine, MASTERS, tmp_path / "after.backup", erasures.clock, new_id)
    for name, content in everything(tmp_path).items():
        assert [piece for id_ in gone for piece in pieces[id_] if piece in content] == [], name
        assert CANARY.encode() not in content, name
        assert b"canary-note" not in content, name
    assert unreadable(outbox._engine, erasures.vault) == []
    assert [entry(outbox, id_).document_id for id_ in kept] == [f"{CANARY}{number}" for number in range(5, 8)]


def test_of_an_erased_submission_the_metadata_stays(outbox, erasures):
    """When it came, how it ended and who erased it; its report, receipts and answers are no more."""
    id_ = sent(outbox, "d1", State.ACCEPTED)
    erasures.submission(id_, ORDER)
    seen = entry(outbox, id_)
    assert (seen.state, seen.document_id, seen.attempts) == (State.ACCEPTED, "", 1)
    assert outbox.receipts("riverbend", id_) == []
    for question in (outbox.report, outbox.assessment):
        with pytest.raises(Erased):
            question("riverbend", id_)
    told = [(one["kind"], one["subject"]) for one in erasures.journal()]
    assert ("submission", id_) in told
    assert erasures.submission(id_, ORDER).submissions == ()


def test_an_erased_document_is_not_sent_a_second_time(outbox, erasures):
    """The state has it: the same document is recognised by its keyed digest, and blocked."""
    erasures.submission(sent(outbox, "d1", State.ACCEPTED), ORDER)
    (again,) = put(outbox, draft("d1"))
    assert entry(outbox, again).state is State.BLOCKED


@pytest.mark.parametrize("then", [State.READY, State.IN_DOUBT, State.PENDING, State.STUCK])
def test_what_is_on_its_way_is_not_erased(outbox, erasures, then):
    """It is refused with a sentence that says what to do first."""
    id_ = put(outbox, draft("d1"))[0] if then is State.READY else sent(outbox, "d1", then)
    with pytest.raises(ConfigurationError, match="ecas cancel"):
        erasures.submission(id_, ORDER)
    assert entry(outbox, id_).document_id == "d1"


def test_a_legal_hold_keeps_a_record(outbox, erasures, legal_holds, retention, clock):
    """Over the submission, over the agency, or over what came in the same payload; by hand and by age; until lifted."""
    first = put(outbox, draft("d1", state=State.BLOCKED), draft("d2", state=State.BLOCKED))
    clock.forward(timedelta(days=400))
    for submission in (first[0], first[1], None):
        hold = legal_holds.place("riverbend", submission, actor="host:tester", note="matter 7")
        with pytest.raises(ConfigurationError, match="legal hold"):
            erasures.submission(first[0], ORDER)
        assert retention.step() == 0
        legal_holds.lift(hold, actor="host:tester", note="closed")
    assert [one.note for one in legal_holds.all()] == ["matter 7"] * 3
    erasures.submission(first[0], ORDER)


def test_everything_of_a_child_goes_and_nothing_of_another(outbox, erasures):
    """Sent, blocked, and the digests by which the child would be known; the other child's stay readable."""
    mine = [sent(outbox, "d1", State.ACCEPTED), *put(outbox, draft("d2", state=State.BLOCKED))]
    other = put(outbox, draft("d3", "200000000002", state=State.BLOCKED))
    done = erasures.child("riverbend", {"MEMBER_ID": "100000000001"}, ORDER)
    assert sorted(done.submissions) == sorted(mine)
    assert entry(outbox, other[0]).document_id == "d3"
    with pytest.raises(ConfigurationError, match="Nothing is known"):
        erasures.child("riverbend", {"MEMBER_ID": "100000000001"}, ORDER)
    with reading(outbox._engine, EVERY) as connection:
        assert connection.execute(select(t.child_identifier)).all() == []


def test_a_child_of_which_something_is_on_its_way_is_erased_wholly_or_not_at_all(outbox, erasures):
    """One that waits refuses all of them."""
    ended = sent(outbox, "d1", State.ACCEPTED)
    put(outbox, draft("d2"))
    with pytest.raises(ConfigurationError, match="ecas cancel"):
        erasures.child_of(ended, ORDER)
    assert entry(outbox, ended).document_id == "d1"


def test_bodies_go_by_age_apart_from_the_metadata(outbox, erasures, retention, clock):
    """Payloads first, submissions later; what has not ended stays however old it is."""
    ended, waits = sent(outbox, "d1", State.ACCEPTED), put(outbox, draft("d2", "200000000002"))[0]
    assert retention.step() == 0
    clock.forward(timedelta(days=31))
    assert (retention.due().payloads, retention.step(), retention.step()) == (1, 1, 0)
    assert entry(outbox, ended).document_id == "d1"
    clock.forward(timedelta(days=335))
    assert (retention.due().submissions, retention.step(), retention.step()) == (1, 1, 0)
    assert (entry(outbox, ended).document_id, entry(outbox, ended).state) == ("", State.ACCEPTED)
    assert entry(outbox, waits).document_id == "d2"


def test_the_answers_that_named_an_erased_document_are_no_more(outbox, erasures):
    """The client that repeats its request is told that the record is no more; nothing comes in a second time."""
    request = Request(endpoint="/v1/submissions", key="k", body="b")
    payload = Payload(content=b"{}", name="payload:pay_x", agency=AGENCY)
    blocked = draft("d1", state=State.BLOCKED)
    outbox.put(payload, "fhir", [blocked], request=request, answer=lambda entries: (202, entries[0].id.encode()))
    id_ = outbox.answered(AGENCY, request).content.decode()
    erasures.submission(id_, ORDER)
    with pytest.raises(Erased):
        outbox.answered(AGENCY, request)


def test_two_erasures_of_one_record_do_no_harm(outbox, erasures):
    """The second one finds nothing to do, and a row that is erased is no row that a rotation would trip over."""
    id_ = sent(outbox, "d1", State.ACCEPTED)
    erasures.submission(id_, ORDER)
    erasures.submission(id_, ORDER)
    with writing(outbox._engine, EVERY) as connection:
        erased = connection.execute(select(t.submission.c.data_key).where(t.submission.c.id == id_)).scalar()
    assert erased is None
