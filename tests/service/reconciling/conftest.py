"""An agency with submissions in every state, and what compares exports with them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cbhi import OLDER
from waiting import AGENCY, draft, put, sent

from canonical.submission import State
from service.outbox.sql_outbox import SqlOutbox
from service.reconciling.export import Export
from service.reconciling.matter import Matters
from service.reconciling.reconciliation import Reconciliation
from service.reconciling.result import Result

Reconcile = Callable[..., Result]
#: Puts a submission about a child and a day there, and lets it stand so.
Stand = Callable[..., str]
_UNSENT = (State.READY, State.HELD, State.BLOCKED, State.HANDED_OFF)


@pytest.fixture
def reconcile(outbox: SqlOutbox) -> Reconcile:
    def run(*exports: Export) -> Result:
        return Reconciliation(Matters(outbox._engine, outbox._vault, AGENCY)).run(exports)

    return run


@pytest.fixture
def stand(outbox: SqlOutbox) -> Stand:
    def put_there(
        state: State,
        child: str,
        day: str,
        *,
        document: str = "",
        instrument: str = OLDER,
        status: str = "complete",
        **answers: str,
    ) -> str:
        document = document or f"{child} {day} {instrument}"
        about = {"ASSESSMENT_DATE": day, "INSTRUMENT": instrument, "COMPLETION_STATUS": status, **answers}
        if state in _UNSENT:
            return put(outbox, draft(document, child, state, **about))[0]
        if state is State.CLOSED:
            (id_,) = put(outbox, draft(document, child, State.HANDED_OFF, **about))
            assert outbox.close_handoff(AGENCY, id_, actor="somebody", note="typed")
            return id_
        if state is State.CANCELLED:
            (id_,) = put(outbox, draft(document, child, State.HELD, **about))
            assert outbox.cancel(AGENCY, id_, actor="somebody", note="given up")
            return id_
        return sent(outbox, document, state, child=child, **about)

    return put_there
