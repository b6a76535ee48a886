"""What has not left is judged again when other packages judge, and what changed is told without a value."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import draft
import pytest
from click.testing import CliRunner
from office import AGENCY, Office
from sqlalchemy import insert, select, update

from canonical.finding import HoldCause
from canonical.submission import State
from service.main import adopt_packages
from service.outbox import schema as t
from service.outbox.engine import reading, writing
from specs.seal import seal

NOVEMBER = datetime(2026, 11, 16, 9, tzinfo=UTC)
#: By the provisional package nothing is wrong with these two; by the draft, the second lacks a postal code.
GOOD = "good"
POOR = "poor"


@pytest.fixture
def office(tmp_path):
    opened = Office(tmp_path, moment=NOVEMBER)
    yield opened
    opened.close()


@pytest.fixture
def shelf(tmp_path):
    """The draft, published for the assessments of this very autumn."""
    return draft.published(tmp_path / "shelf", in_force="2026-11-01")


@pytest.fixture
def lenient(tmp_path):
    """A package that differs from the provisional one in its version alone, in force from the same autumn."""
    return copied(tmp_path / "lenient")


def copied(folder, **rule_severities):
    import shutil  # noqa: PLC0415

    from specs.catalog import PACKAGES  # noqa: PLC0415

    package = folder / "2026.2"
    shutil.copytree(PACKAGES / "2026.1", package)
    draft.set_keys(package / "package.toml", version='"2026.2"', in_force="2026-11-01", supersedes='"2026.1"')
    for rule, severity in rule_severities.items():
        draft.set_keys(package / f"rules/{rule}.toml", severity=f'"{severity}"')
    seal(package)
    return folder


def autumn(**changed):
    """An assessment of the autumn that the provisional package accepts."""
    days = dict.fromkeys(("ASSESSMENT_DATE", "CONSENT_DATE", "FINALIZED_ON"), "2026-11-10")
    return draft.of_2026(**{**days, **changed})


def adoptions(service) -> list:
    with reading(service.engine) as connection:
        return list(connection.execute(select(t.adoption).order_by(t.adoption.c.seq)).mappings())


def test_the_first_start_is_written_down(office):
    """By which packages the unsent are judged is known from then on; a second start finds nothing to do."""
    service = office.open()
    assert service.adopting.if_changed() is not None
    assert service.adopting.if_changed() is None
    (row,) = adoptions(service)
    assert row["packages"].splitlines()[0].startswith("2026.1 sha-256:")
    assert row["packages"].splitlines()[-1] == "sending 2026.1"


def test_a_start_with_another_package_judges_the_ready_again(office, shelf):
    """What conformed and has not left does not conform any more: blocked, with its new report, and never sent."""
    adopt_packages(office.open())
    entry = office.submit(autumn())
    assert entry.state is State.READY
    adopt_packages(office.open(shelf))
    assert office.look(entry).state is State.BLOCKED
    assert {"S001", "S002", "S003", "B101"} <= office.rules(entry)
    office.deliver()
    assert office.state.said == []
    assert [row["moved"] for row in adoptions(office.service)] == [0, 1]


def test_what_changed_is_counted_by_move_and_rule(office, shelf):
    """Old state, new state, rules that appeared and went, ids; nothing of what was answered."""
    office.open()
    entry = office.submit(autumn(MEMBER_LAST_NAME="Canaryname"))
    adoption = office.open(shelf).adopting.now()
    ((move, (change,)),) = adoption.moves.items()
    assert move == (State.READY, State.BLOCKED)
    assert (change.submission, change.agency, change.stopped) == (entry.id, AGENCY, True)
    assert "B101" in change.appeared
    assert "Canaryname" not in repr(adoption)


def test_what_was_held_is_released_by_the_package_that_cures_it(office, tmp_path):
    """X002 holds what no package judges; the package for that date lets it go by itself."""
    office.moment = datetime(2025, 12, 1, tzinfo=UTC)
    first = copied(tmp_path / "first")
    draft.set_keys(first / "2026.2/package.toml", in_force="2025-01-01")
    seal(first / "2026.2")
    office.moment = NOVEMBER
    office.open()
    entry = office.submit(
        draft.of_2026(ASSESSMENT_DATE="2025-06-02", CONSENT_DATE="2025-06-02", FINALIZED_ON="2025-06-02")
    )
    assert (entry.state, entry.holds) == (State.HELD, (HoldCause.COULD_NOT_CHECK,))
    office.open(first)
    (change,) = office.service.adopting.now().changes
    assert (change.was, change.becomes, change.disappeared) == (State.HELD, State.READY, ("X002",))
    office.deliver()
    assert office.look(entry).state is State.ACCEPTED


def test_what_is_blocked_is_told_and_stays(office, tmp_path):
    """It would pass now; but its lane has let later ones go by, so only the sender may send it again."""
    office.open()
    entry = office.submit(autumn(INCOMPLETE_REASON="other"))
    assert entry.state is State.BLOCKED
    (change,) = office.open(copied(tmp_path / "mild", B002="warning")).adopting.now().changes
    assert (change.was, change.becomes) == (State.BLOCKED, State.READY)
    assert not change.stopped
    assert office.look(entry).state is State.BLOCKED
    assert "B002" in office.rules(entry)


def test_what_nothing_changes_for_is_not_told(office, lenient):
    """Its report still says which package judged it last."""
    office.open()
    entry = office.submit(autumn())
    adoption = office.open(lenient).adopting.now()
    assert (adoption.judged, adoption.changes) == (1, ())
    report = office.service.outbox.report(AGENCY, entry.id)
    assert report is not None
    assert report.judged_by is not None
    assert report.judged_by.spec == "2026.2"


def test_a_trial_changes_nothing(office, shelf):
    """The same is told, and nothing is written."""
    office.open()
    entry = office.submit(autumn())
    service = office.open(shelf)
    tried = service.adopting.tried()
    assert [change.becomes for change in tried.changes] == [State.BLOCKED]
    assert office.look(entry).state is State.READY
    assert adoptions(service) == []
    assert service.adopting.now() == tried


@pytest.mark.parametrize("cause", [HoldCause.PERSON, HoldCause.KEY_REFUSED])
def test_a_hold_of_people_outlasts_any_package(office, lenient, cause):
    """No judgement cures what a person or the state has stopped."""
    service = office.open()
    entry = office.submit(autumn())
    with writing(service.engine) as connection:
        connection.execute(update(t.submission).values(state=State.HELD, holds=cause.value))
    office.open(lenient).adopting.now()
    assert (office.look(entry).state, office.look(entry).holds) == (State.HELD, (cause,))


@pytest.mark.parametrize("state", [State.SENDING, State.IN_DOUBT, State.PENDING, State.SUSPENDED, State.STUCK])
def test_what_may_have_left_is_not_judged_again(office, shelf, state):
    """The state may have it: no new report changes that."""
    service = office.open()
    office.submit(autumn())
    with writing(service.engine) as connection:
        connection.execute(update(t.submission).values(state=state))
    assert office.open(shelf).adopting.now().judged == 0


def test_what_is_taken_out_meanwhile_is_left_to_its_worker(office, shelf):
    """Judged as ready, sending by the time that the judgement is written: nothing is overwritten."""
    office.open()
    entry = office.submit(autumn())
    service = office.open(shelf)

    class Overtaken:
        def __getattr__(self, name):
            return getattr(service.outbox, name)

        def rejudge(self, *given, **named):
            with writing(service.engine) as connection:
                connection.execute(update(t.submission).values(state=State.SENDING))
            return service.outbox.rejudge(*given, **named)

    adoption = replace(service.adopting, outbox=Overtaken()).now()
    assert adoption.changes == ()
    assert office.look(entry).state is State.SENDING


def test_a_draft_on_the_shelf_changes_nothing(office, tmp_path):
    """A draft judges only where it is named, so its coming is no adoption; naming it is one."""
    office.open().adopting.if_changed()
    shelf = draft.shelf(tmp_path / "drafts")
    assert office.open(shelf).adopting.if_changed() is None
    named = office.open(shelf, spec=draft.VERSION).adopting.if_changed()
    assert named is not None
    assert list(named.packages) == [draft.VERSION]


def test_a_package_sealed_anew_is_another_one(office, lenient):
    """What judges is known by its digest, not by its name."""
    office.open(lenient).adopting.if_changed()
    (lenient / "2026.2/NOTES.md").write_text("Another word.\n")
    seal(lenient / "2026.2")
    assert office.open(lenient).adopting.if_changed() is not None


def test_a_package_whose_day_has_come_is_adopted_at_the_next_start(office, tmp_path):
    """Nothing on the shelf changed, but the wire of today did."""
    shelf = draft.published(tmp_path / "later", in_force="2026-12-01")
    office.open(shelf).adopting.if_changed()
    assert office.open(shelf).adopting.if_changed() is None
    office.moment = datetime(2026, 12, 1, 9, tzinfo=UTC)
    assert office.open(shelf).adopting.if_changed() is not None


def test_a_refused_document_of_the_same_name_stays_refused(office, lenient):
    """X004 is no judgement of a package: it is not said of the newcomer that it would pass."""
    office.open()
    office.submit(autumn())
    entry = office.submit(autumn(LDF_SLEEP="3"))
    assert "X004" in office.rules(entry)
    assert office.open(lenient).adopting.now().changes == ()


@pytest.mark.parametrize("report", ["text", "json"])
def test_the_command_tells_it(office, shelf, monkeypatch, report):
    """Exit code 1 where something is stopped; the second time there is nothing left to tell."""
    from service.cli import spec_adopt  # noqa: PLC0415

    office.open()
    entry = office.submit(autumn(MEMBER_LAST_NAME="Canaryname"))
    office.open(shelf)
    monkeypatch.setattr(spec_adopt, "build_service", lambda _: office.service)
    for arguments, code in ((["--dry-run"], 1), ([], 1), ([], 0)):
        done = CliRunner().invoke(spec_adopt.command, [*arguments, "--report", report], standalone_mode=False)
        assert done.return_value == code
        assert "Canaryname" not in done.output
        if report == "json":
            told = json.loads(done.output)
            assert told["dry_run"] is bool(arguments)
            assert [change["submission"] for change in told["changes"]] == [entry.id] * (code == 1)
        else:
            assert ("ready, now blocked: 1" in done.output) is (code == 1)
            assert ("B101 appears in 1" in done.output) is (code == 1)


def test_a_long_history_is_kept(office):
    """Every adoption stays in its table, the newest last."""
    service = office.open()
    with writing(service.engine) as connection:
        connection.execute(insert(t.adoption).values(adopted_at=0, packages="none", judged=0, moved=0))
    service.adopting.if_changed()
    assert next(row["packages"] for row in adoptions(service)) == "none"
    assert len(adoptions(service)) == 2
