"""A worker that dies again and again in the middle of a replay: each item is done once, and each document takes effect once."""

from __future__ import annotations

import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from draft import of_2026, response
from stage import stage

from canonical.payload import Payload
from canonical.submission import State, StuckCause
from service.main import build_service
from service.outbox.outbox import Settlement
from service.outbox.prospects import How
from service.outbox.replaying import Progress
from service.outbox.resolving import Word
from service.outbox.selecting import Selection
from service.settings import Settings

AGENCY = "riverbend"
CHILDREN = 40
KILLS = 5
LEASE = timedelta(seconds=60)
GAVE_UP = Settlement(state=State.STUCK, outcome="TryLater", why="So it was.", cause=StuckCause.GAVE_UP)
ROSTER = (
    "key,last_name,first_name,former_names,agencies,state,certified_on,issued_on,expires_on,status,approved_on\n"
    "EX-0001-0001,Example,Robin,,,MA,2025-06-01,,2031-06-01,,\n"
)


@pytest.mark.timeout(180)
def test_a_replay_survives_its_workers(tmp_path: Path):
    """Killed five times on the way, it ends with everything accepted, nothing lost, nothing sent twice."""
    (tmp_path / "roster.csv").write_text(ROSTER)
    (tmp_path / "stage").mkdir()
    with stage(tmp_path / "stage", roster=tmp_path / "roster.csv") as here:
        folders = (Path(here.environment["ECAS_SPEC_PATH"]),)
        service = build_service(Settings(data_dir=tmp_path / "stage/var", spec_path=folders))
        stuck(service)
        word = Word(actor="the operator", note="the road is mended")
        _, begun = service.replays.begin(Selection(), How.SEND, word, per_minute=600)
        for _ in range(KILLS):
            worker = here.start("work")
            before = done(service, begun.id)
            deadline = time.monotonic() + 20
            while done(service, begun.id) < before + 3 and time.monotonic() < deadline:
                time.sleep(0.02)
            worker.process.kill()
            worker.wait()
        assert 0 < done(service, begun.id) < CHILDREN, "the kills did not land in the middle"
        here.run("work", "--until-idle")
        found = service.outbox.replay(begun.id)
        assert (found.progress, found.became) == (Progress.DONE, {"sent": CHILDREN})
        entries = service.outbox.entries(AGENCY, after=None, limit=99, state=None)
        assert Counter(entry.state for entry in entries) == {State.ACCEPTED: CHILDREN}
        for entry in entries:
            events = service.outbox.events(AGENCY, entry.id)
            assert [event.actor for event in events].count("the operator") == 1
        assert [row["effects"] for row in here.ledger()["documents"]] == [1] * CHILDREN
        service.engine.dispose()


def stuck(service):
    """Write down one submission for each child, and let each be given up."""
    for n in range(CHILDREN):
        given = of_2026(DOCUMENT_ID=f"d{n}", MEMBER_ID=f"1000000001{n:02}", MEMBER_LOCAL_ID=f"L-{n}")
        payload = Payload(content=response(given), name=f"payload:pay_{n}", agency=AGENCY)
        service.intake.receive(payload, format=None, request=None, answer=lambda *_: (202, b""))
    while claims := service.outbox.claim("ecas", "nobody", limit=CHILDREN, lease=LEASE):
        for claim in claims:
            service.outbox.settle(claim, GAVE_UP)


def done(service, replay):
    return sum(service.outbox.replay(replay).became.values())
