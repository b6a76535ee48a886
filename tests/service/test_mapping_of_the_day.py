"""An old payload is read with the mapping of its day, however often and however late it is read again."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from office import AGENCY
from sqlalchemy import update

from canonical.payload import Payload
from gateway_client.envelope import build
from service.main import Service, build_service
from service.outbox import schema as t
from service.outbox.engine import writing
from service.outbox.outbox import Entry
from service.outbox.prospects import How
from service.outbox.replaying import Progress
from service.outbox.resolving import Word
from service.outbox.selecting import Selection
from service.sample_files import SAMPLES
from service.settings import Settings

WORD = Word(actor="the agency", note="the roster came, R. Okafor")
NOVEMBER, DECEMBER = datetime(2026, 11, 16, 9, tzinfo=UTC), datetime(2026, 12, 16, 9, tzinfo=UTC)
OLD = (SAMPLES / "mappings/riverbend-caredesk.toml").read_text("utf-8")
#: From December on the same words in the same columns stand for other ratings.
NEW = (
    OLD.replace("effective = 2026-01-01", "effective = 2026-12-01")
    .replace('"Mild"            = "1"', '"Mild"            = "2"')
    .replace('"Moderate"        = "2"', '"Moderate"        = "1"')
)
EXPORT = (SAMPLES / "good/caredesk-export.csv").read_bytes()


@dataclass
class Office:
    """The service of one folder, at moments and with mappings of a test's own."""

    folder: Path

    @contextmanager
    def at(self, now: datetime, *, roster: bool = True, **mappings: str) -> Iterator[Service]:
        shelf = self.folder / "mappings"
        shelf.mkdir(exist_ok=True)
        for file in shelf.iterdir():
            file.unlink()
        for name, text in mappings.items():
            (shelf / f"{name}.toml").write_text(text, "utf-8")
        known = SAMPLES / "roster.csv" if roster else None
        seconds = itertools.count()  # a replay has a pace: time goes on
        service = build_service(
            Settings(data_dir=self.folder / "var", roster=known, mapping_path=shelf),
            clock=lambda: now + timedelta(seconds=next(seconds)),
        )
        if AGENCY not in {agency.id for agency in service.agencies.list()}:
            service.agencies.add(AGENCY)
        try:
            yield service
        finally:
            service.engine.dispose()


@pytest.fixture
def office(tmp_path):
    assert OLD.count("2026-01-01") == NEW.count("2026-12-01") == 1
    return Office(tmp_path)


def received(service: Service, day: date | None = None) -> list[Entry]:
    """Hand the export in; without a roster all of it is held."""
    made: list[Entry] = []
    payload = Payload(content=EXPORT, name="payload:pay_csv", agency=AGENCY, day=day)
    service.intake.receive(
        payload, format=None, request=None, answer=lambda entries, _: (made.extend(entries), (202, b""))[1]
    )
    return made


def read_again(service: Service) -> dict[str, int]:
    _, begun = service.replays.begin(Selection(agency=AGENCY), How.REPROCESS, WORD, per_minute=6000)
    assert begun is not None
    while service.outbox.replay(begun.id).progress is Progress.RUNNING:
        service.replays.step()
    return dict(service.outbox.replay(begun.id).became)


def documents(service: Service, entries: list[Entry]) -> list[bytes]:
    """Return what would be sent of each."""
    today, found = service.clock().date(), []
    for entry in entries:
        assessment = service.outbox.assessment(AGENCY, entry.id)
        assert assessment is not None
        found.append(build(assessment, service.judge.spec_for(assessment, today), service.judge.sending(today)).content)
    return found


def readers(service: Service, entries: list[Entry]) -> set[str]:
    """Return name and first day of the mappings that the submissions remember."""
    reports = [service.outbox.report(AGENCY, entry.id) for entry in entries]
    return {" ".join(report.judged_by.mapping.split(" ")[:2]) for report in reports}


def test_an_old_payload_read_again_gives_the_same_documents(office):
    """It came in November; in December another mapping is in force, and what is stored is read as it was."""
    with office.at(NOVEMBER, roster=False, old=OLD) as service:
        made = received(service)
        before = documents(service, made)
        assert readers(service, made) == {"old.toml 2026-01-01"}
    with office.at(DECEMBER, old=OLD, new=NEW) as service:
        assert read_again(service) == {"judged": len(made)}
        assert documents(service, made) == before
        assert readers(service, made) == {"old.toml 2026-01-01"}


def test_what_comes_later_is_read_with_what_is_in_force_then(office, tmp_path_factory):
    """The same bytes in December mean what the mapping of December says."""
    other = tmp_path_factory.mktemp("december")
    with office.at(NOVEMBER, roster=False, old=OLD) as service:
        before = documents(service, received(service))
    with Office(other).at(DECEMBER, roster=False, old=OLD, new=NEW) as service:
        made = received(service)
        assert readers(service, made) == {"new.toml 2026-12-01"}
        assert documents(service, made) != before


def test_the_day_that_somebody_said_is_kept(office):
    """An export of November that is handed in in December is read with November's mapping, then and ever after."""
    with office.at(DECEMBER, roster=False, old=OLD, new=NEW) as service:
        made = received(service, date(2026, 11, 20))
        before = documents(service, made)
        assert readers(service, made) == {"old.toml 2026-01-01"}
        stored, _ = service.outbox.stored_payload(AGENCY, made[0].payload)
        assert stored.day == date(2026, 11, 20)
    with office.at(DECEMBER, old=OLD, new=NEW) as service:
        assert read_again(service) == {"judged": len(made)}
        assert documents(service, made) == before


def test_what_an_earlier_release_stored_is_of_the_day_on_which_it_came(office):
    """It said nothing of a day, and none is guessed but that one."""
    with office.at(NOVEMBER, roster=False, old=OLD) as service:
        made = received(service)
        with writing(service.engine, AGENCY) as connection:
            connection.execute(update(t.payload).values(day=None))
    with office.at(DECEMBER, old=OLD, new=NEW) as service:
        stored, _ = service.outbox.stored_payload(AGENCY, made[0].payload)
        assert stored.day == date(2026, 11, 16)
        assert read_again(service) == {"judged": len(made)}


def test_a_mapping_that_is_gone_is_not_replaced_by_a_later_one(office):
    """Where the mapping of its day is not here any more nothing is read, and the submission stays as it is."""
    with office.at(NOVEMBER, roster=False, old=OLD) as service:
        made = received(service)
        before = documents(service, made)
    with office.at(DECEMBER, new=NEW) as service:
        assert read_again(service) == {"unreadable": len(made)}
        assert documents(service, made) == before


def test_two_mappings_of_one_day_are_not_guessed_between(office):
    """Where both could read the payload nothing is read, and the finding names them."""
    with office.at(
        NOVEMBER, one=OLD, other=OLD.replace('"Moderate"        = "2"', '"Moderate"        = "3"')
    ) as service:
        payload = Payload(content=EXPORT, name="payload:pay_csv", agency=AGENCY)
        reading, drafts = service.intake.drafts(payload, format=None)
    (finding,) = reading.findings
    assert (drafts, reading.format, finding.rule) == ([], "delimited", "A001")
    assert "one.toml, other.toml" in finding.message
