"""A whole database of the first release, opened by this one: nothing is lost, all is read, and what waited is delivered."""

from __future__ import annotations

import pytest
from office import AGENCY, Office, accepted
from sqlalchemy import func, select
from whole_first_release import AGENCY as OF_THEN
from whole_first_release import CAME, id_of, key_file, leave

from canonical.outcome import NotThere
from canonical.submission import State, StuckCause
from service.clock import from_milliseconds
from service.outbox import migrate
from service.outbox import schema as t
from service.outbox.engine import reading
from service.outbox.outbox import Request
from service.routes import Route
from service.tenants.tenant import EVERY

_WITH_RECEIPT = (State.ACCEPTED, State.REJECTED, State.PENDING, State.SUSPENDED)
#: What leaves, or is asked about, as soon as a worker comes.
_WAITED = {State.READY, State.SENDING, State.IN_DOUBT}


@pytest.fixture
def office(tmp_path, empty_url):
    url = empty_url if empty_url.startswith("postgresql") else f"sqlite:///{tmp_path}/var/ecas.sqlite3"
    key_file(tmp_path / "var")
    leave(url)
    office = Office(folder=tmp_path, database_url=url)
    office.open()
    yield office
    office.close()


def test_every_row_comes_through_and_is_read(office):
    """A submission of every state, with its record, report, history, receipts, payload and the answer to its request."""
    outbox = office.service.outbox
    assert AGENCY == OF_THEN
    assert migrate.revision(office.service.engine) == migrate.head()
    for number, state in enumerate(State, start=1):
        entry = outbox.entry(AGENCY, id_of(state))
        assert (entry.state, entry.document_id, entry.received_at) == (
            state,
            f"doc-{state.value}",
            from_milliseconds(CAME),
        )
        assessment = outbox.assessment(AGENCY, entry.id)
        assert assessment.text("MEMBER_ID") == f"{number:012}"
        assert outbox.report(AGENCY, entry.id).judged_by.spec == "2026.1"
        assert [event.became for event in outbox.events(AGENCY, entry.id)] == [state]
        receipts = outbox.receipts(AGENCY, entry.id)
        assert len(receipts) == (state in _WITH_RECEIPT)
    stuck = outbox.entry(AGENCY, id_of(State.STUCK))
    assert stuck.cause is StuckCause.GAVE_UP
    with reading(office.service.engine, EVERY) as connection:
        counts = {table: connection.execute(select(func.count()).select_from(table)).scalar_one() for table in _TABLES}
    assert counts == {table: len(State) for table in _TABLES}


_TABLES = (t.submission, t.payload, t.child, t.lane, t.request, t.event)


def test_agencies_keep_routes_rosters_and_answers(office):
    """A route is a line now, the roster judges as before, and a request that came again gets its answer of then."""
    routes = office.service.routes
    assert routes.of(AGENCY).of("") is Route.ECAS
    assert routes.of("northstar").of("") is Route.NOT_LIVE
    assert {agency.id for agency in office.service.agencies.list()} == {AGENCY, "northstar"}
    assert office.service.rosters.of(AGENCY) is not None
    sub = id_of(State.ACCEPTED)
    request = Request(endpoint="/v1/submissions", key=sub, body=sub)
    found = office.service.outbox.answered(AGENCY, request)
    assert found is not None
    assert sub in found.content.decode()


def test_what_waited_is_delivered_and_nothing_else(office):
    """What was ready leaves; what was on its way when the old release stopped is asked about first, and then sent."""
    waited = {id_of(state) for state in _WAITED}
    said = office.state.said

    def answer(deed, version, document):
        said.append((deed, version, document))
        return NotThere() if deed == "ask" else accepted(document)

    office.state.answer = answer
    office.deliver()
    outbox = office.service.outbox
    assert {entry for entry in waited if outbox.entry(AGENCY, entry).state is State.ACCEPTED} == waited
    assert sorted(document.document_id for deed, _, document in said if deed == "send") == sorted(
        f"doc-{state.value}" for state in _WAITED
    )
    assert sorted(document.document_id for deed, _, document in said if deed == "ask") == [
        "doc-in_doubt",
        "doc-sending",
    ]
    for state in set(State) - _WAITED:
        assert outbox.entry(AGENCY, id_of(state)).state is state


def test_what_is_new_works_on_what_is_old(office):
    """Keys of records, tenants and the audit trail: what came before them is brought under them and goes on."""
    service = office.service
    service.outbox.set_part_two(AGENCY, protected=True, actor="x", note="n")
    assert service.outbox.protection(AGENCY, service.outbox.assessment(AGENCY, id_of(State.READY))) is not None
    office.deliver()
    assert service.outbox.entry(AGENCY, id_of(State.READY)).state is State.HELD
