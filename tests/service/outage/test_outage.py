"""A state that is dead for 30 days: the real worker on a real database in simulated time (tests/simulation.py)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from backlog import CONFORMS, JUDGED, queue, works
from simulation import BEGINS, Dead, Outage, least, outage
from sqlalchemy import select

from canonical.payload import Payload
from canonical.submission import State
from service.clock import to_milliseconds
from service.outbox import schema as t
from service.outbox.engine import reading
from service.outbox.outbox import Draft
from service.tenants.tenant import EVERY
from specs.patience import Patience

#: In “make test” probes are two hours apart: at those five minutes of the package there are 8,640 of them in 30 days.
SELDOM = Patience(slowest_probe=timedelta(hours=2))


def survived(told: Outage) -> None:
    """Assert what an outage must not do, whatever the machine."""
    assert (told.drained, told.stuck, told.twice, told.out_of_order) == (told.queued, 0, 0, 0), told
    assert told.later_peak <= 1, told
    assert told.peak <= 16, told  # what was under way when it died
    assert told.most_attempts <= 3, told
    assert told.in_vain <= told.days * 86_400 / 300 + 100, told
    began, back, end = told.memory
    assert max(back, end) - began < 30, told


@pytest.mark.parametrize("dead", [*Dead], ids=[dead.name.lower() for dead in Dead])
def test_thirty_days_of_outage_leave_nothing_behind(dead, tmp_path, capsys):
    """After 30 days everything drains in order, once, none is stuck, and the dead state was asked seldom."""
    told = outage(f"sqlite:///{tmp_path}/o.sqlite3", tmp_path, dead, queued=400, patience=SELDOM)
    with capsys.disabled():
        print(f"\n{told}")  # noqa: T201 - the figure
    survived(told)


def test_an_outage_on_postgresql(postgres_url, tmp_path, capsys):
    """The same on PostgreSQL."""
    told = outage(postgres_url, tmp_path, Dead.SILENT, queued=210, days=9, agencies=3, patience=SELDOM)
    with capsys.disabled():
        print(f"\n{told}")  # noqa: T201 - the figure
    survived(told)


@pytest.mark.campaign
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("dead", [*Dead], ids=[dead.name.lower() for dead in Dead])
def test_thirty_days_with_a_hundred_thousand(dead, tmp_path, capsys):
    """The same with 100,000 queued and the probes of the package, once for each way of being dead."""
    told = outage(f"sqlite:///{tmp_path}/o.sqlite3", tmp_path, dead, queued=100_000)
    with capsys.disabled():
        print(f"\n{told}")  # noqa: T201 - the figure
    survived(told)


def test_a_backlog_is_what_an_intake_writes(outbox):
    """The queue that this simulation and the bench write at once has the rows that the intake writes one by one."""
    engine, vault, moment = outbox._engine, outbox._vault, to_milliseconds(BEGINS)
    two = [*works(least(), ["riverbend", "harborlight"], children=1, each=2)]
    queue(engine, vault, [one for one in two if one.agency == "riverbend"], destination="ecas", at=moment)
    for number, one in enumerate(two):
        if one.agency == "harborlight":
            draft = Draft(
                assessment=one.assessment, report=JUDGED, state=State.READY, why=CONFORMS, next_due=one.next_due
            )
            payload = Payload(content=b"{}", name=f"payload:pay_{number}", agency="harborlight")
            outbox.put(payload, "fhir", [draft], request=None, answer=lambda _: (202, b""))
    assert _rows(engine, "riverbend") == _rows(engine, "harborlight")


#: Names, digests, seals and moments differ from one agency to the other by their nature.
_OWN = ("id", "seq", "agency", "child", "lane", "payload", "ordinal", "submission", "idempotency_key", "at", "since")


def _rows(engine, agency: str) -> dict[str, list[dict[str, object]]]:
    """Return an agency's rows without what must differ; of the rest a table says whether it is there."""
    found = {}
    with reading(engine, EVERY) as connection:
        for table in (t.child, t.child_identifier, t.lane, t.submission, t.event):
            found[table.name] = sorted(
                (
                    {
                        name: value is not None
                        if name.startswith("sealed") or name.endswith(("_at", "digest", "_key", "_by"))
                        else value
                        for name, value in row.items()
                        if name not in _OWN
                    }
                    for row in connection.execute(select(table).where(table.c.agency == agency)).mappings()
                ),
                key=str,
            )
    return found
