"""One child known to two agencies: neither learns of the other, by no id, no wait, no finding and no duplicate."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tenant_world import NAMES, NOW, assessment
from waiting import claim, draft, entry, put, settle

from canonical.finding import HoldCause
from canonical.payload import Payload
from canonical.submission import State, StuckCause
from service.clock import to_milliseconds
from service.main import Service, build_service
from service.outbox import schema as t
from service.outbox.engine import reading
from service.outbox.outbox import Request
from service.settings import Settings
from service.tenants.tenant import EVERY

OURS, THEIRS = "riverbend", "harborlight"
LOCAL = {"MEMBER_LOCAL_ID": "7", "MEMBER_DOB": "2015-04-01"}


def test_the_child_has_an_id_of_each_agency(outbox):
    """The same identifiers give two children, two lanes, and digests of which no one is the other's."""
    for agency in (OURS, THEIRS):
        put(outbox, draft("d1", **LOCAL), agency=agency)
    with reading(outbox._engine, EVERY) as connection:
        for table, column in (
            (t.child, "id"), (t.child, "born_digest"), (t.child_identifier, "digest"), (t.lane, "id"),
            (t.submission, "document_digest"),
        ):  # fmt: skip
            rows = connection.execute(select(table.c.agency, table.c[column])).all()
            ours, theirs = ({value for agency, value in rows if agency == one} for one in (OURS, THEIRS))
            assert ours
            assert theirs
            assert ours.isdisjoint(theirs)


@pytest.mark.parametrize("standing", ["held", "stuck", "sending", "withdrawn", "another child"])
def test_what_stops_one_agency_stops_no_other(outbox, standing):
    """Held, stuck, under way, withdrawn or in doubt about who it is: the same child of the other agency just leaves."""
    held = State.HELD if standing == "held" else State.READY
    (theirs,) = put(outbox, draft("d1", state=held, holds=(HoldCause.PERSON,), **LOCAL), agency=THEIRS)
    if standing in ("stuck", "sending"):
        (taken,) = claim(outbox)
        if standing == "stuck":
            settle(outbox, taken, State.STUCK, cause=StuckCause.NO_WAY_TO_ASK)
    if standing == "withdrawn":
        outbox.withdraw(THEIRS, {"MEMBER_ID": "100000000001"}, actor="a", note="n")
    born = "2012-12-12" if standing == "another child" else LOCAL["MEMBER_DOB"]
    (ours,) = put(outbox, draft("d1", MEMBER_LOCAL_ID="7", MEMBER_DOB=born), agency=OURS)
    assert entry(outbox, ours, OURS).state is State.READY
    assert outbox.behind([ours]) == {}
    assert ours in {taken.submission for taken in claim(outbox)}
    assert entry(outbox, theirs, THEIRS).state is not State.READY or standing == "another child"


def test_a_child_joined_by_one_agency_stays_two_for_the_other(outbox):
    """That two ids of one agency turn out to be one child joins nothing of the other agency's."""
    for agency in (OURS, THEIRS):
        put(outbox, draft("d1", "100000000001"), agency=agency)
        put(outbox, draft("d2", "", MEMBER_LOCAL_ID="7"), agency=agency)
    put(outbox, draft("d3", "100000000001", MEMBER_LOCAL_ID="7"), agency=THEIRS)
    with reading(outbox._engine, EVERY) as connection:
        merged = connection.scalars(select(t.child.c.agency).where(t.child.c.merged_into.is_not(None))).all()
    assert merged == [THEIRS]


def test_no_deadline_comes_over(outbox):
    """When the reassessment falls due is what this agency's own assessments say."""
    put(outbox, draft("d1", **LOCAL), agency=THEIRS)
    with reading(outbox._engine, EVERY) as connection:
        before = connection.execute(select(t.child.c.agency, t.child.c.next_due_at)).all()
    (ours,) = put(outbox, draft("d1", **LOCAL), agency=OURS)
    assert entry(outbox, ours, OURS).deadline is None
    with reading(outbox._engine, EVERY) as connection:
        after = connection.execute(select(t.child.c.agency, t.child.c.next_due_at).order_by(t.child.c.agency)).all()
    assert [row for row in after if row.agency == THEIRS] == before


@contextmanager
def _service(folder: Path) -> Iterator[Service]:
    service = build_service(Settings(data_dir=folder), clock=lambda: NOW)
    for agency in NAMES:
        service.agencies.add(agency)
    yield service
    service.engine.dispose()


def _sent(service: Service, agency: str) -> dict[str, Any]:
    """Hand in the very same document under the very same key, and return all that the agency can learn of it."""
    ids: list[str] = []

    def answer(entries: Any, findings: Any) -> tuple[int, bytes]:
        ids.extend(one.id for one in entries)
        return 202, repr((len(entries), findings)).encode()

    content = assessment("qshared", "one", MEMBER_ID="100000000009")
    request = Request(endpoint="submissions", key="the same key", body="the same body")
    payload = Payload(content=content, name=f"payload:{service.new_id('pay')}", agency=agency)
    earlier = service.outbox.answered(agency, request)
    reply = earlier or service.intake.receive(payload, format=None, request=request, answer=answer)
    (id_,) = ids
    seen = service.outbox.entry(agency, id_)
    told = {
        "reply": repr(reply),
        "entry": repr(seen),
        "report": repr(service.outbox.report(agency, id_)),
        "events": repr(service.outbox.events(agency, id_)),
        "behind": repr(service.outbox.behind([id_])),
        "listed": repr(service.outbox.entries(agency, after=None, limit=9, state=None)),
    }
    text = re.sub(r"\b([a-z]{3})_[a-z2-7]{26}\b", r"\1_…", json.dumps(told))
    found: dict[str, Any] = json.loads(text)
    return found


def test_the_second_agency_is_told_what_it_would_be_told_alone(tmp_path):
    """Same child, document, answers and Idempotency-Key: every word is as if the other agency had never been."""
    with _service(tmp_path / "together") as together, _service(tmp_path / "alone") as alone:
        first = _sent(together, NAMES[1])
        assert _sent(together, NAMES[0]) == _sent(alone, NAMES[0])
        assert str(to_milliseconds(NOW)) not in first["reply"]
