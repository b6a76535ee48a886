from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from canonical.errors import ConfigurationError
from service.roster import snapshot
from service.roster.snapshot import Snapshots, SnapshotTooOld
from service.sample_files import SAMPLES
from specs.catalog import Catalog
from validators.certification import standing
from validators.roster import Roster

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
MAKES = Snapshots(bytes(range(32)), bytes(range(32, 64)))
ROSTER = Roster.from_csv((SAMPLES / "roster.csv").read_bytes(), "roster.csv")
CONTENT = MAKES.write(ROSTER, agency="riverbend", at=NOW)


def read(content=CONTENT, *, key=MAKES.key, now=NOW):
    return snapshot.read(content, "roster.snapshot", key=key, now=now)


def test_a_snapshot_judges_as_its_roster_does():
    """Every key of the roster, under every name of it, on several days: the same standing."""
    policy = Catalog().named("2026.1").certification
    taken = read()
    names = [f"{line.last_name}, {line.first_name}" for line in ROSTER.assessors]
    for key in [*(line.key for line in ROSTER.assessors), "MA-CANS-00000", "?"]:
        for name in names:
            for day in (date(2025, 1, 1), date(2026, 3, 2), date(2027, 6, 1)):
                asked = {"key": key, "name": name, "on": day, "agency": "riverbend"}
                assert standing(taken, policy, **asked) is standing(ROSTER, policy, **asked)


def test_a_snapshot_holds_no_key_and_no_name():
    """Neither in the file, nor in what is read of it; it is masked as the key itself is."""
    taken = read()
    for line, twin in zip(ROSTER.assessors, taken.assessors, strict=True):
        assert line.key.encode() not in CONTENT
        assert line.last_name.encode() not in CONTENT
        assert line.key not in repr(taken) + twin.key
        assert twin.masked == line.masked


@pytest.mark.parametrize(
    ("later", "good"),
    [
        (timedelta(0), True),
        (timedelta(days=30), True),
        (timedelta(days=30, seconds=1), False),
        (timedelta(days=-1), False),
    ],
)
def test_a_snapshot_is_good_for_as_long_as_it_says(later, good):
    """Older than its limit, or made in the future, it says nothing: could not check, exit code 3."""
    if good:
        assert read(now=NOW + later).agency == "riverbend"
        return
    with pytest.raises(SnapshotTooOld, match="good until 2026-12-16") as refused:
        read(now=NOW + later)
    assert refused.value.exit_code == 3


def test_a_snapshot_states_its_age():
    """One sentence tells whose it is, how old, and until when it is good."""
    assert read(now=NOW + timedelta(days=6)).told(NOW + timedelta(days=6)) == (
        "The roster is a snapshot of riverbend, made 6 days ago; good until 2026-12-16."
    )


def test_an_altered_snapshot_is_refused():
    """Each byte counts, the date in the clear too."""
    for place in range(0, len(CONTENT) - 1, 7):
        altered = bytearray(CONTENT)
        altered[place] ^= 1
        with pytest.raises((ConfigurationError, SnapshotTooOld)):
            read(bytes(altered))
    prolonged = CONTENT.replace(b"2026-12-16", b"2027-12-16")
    with pytest.raises(ConfigurationError, match="altered"):
        read(prolonged)


@pytest.mark.parametrize("key", [None, "", "nonsense", Snapshots(bytes(32), bytes(32)).key])
def test_nobody_reads_a_snapshot_without_its_key(key):
    """Missing, broken or another one's."""
    with pytest.raises(ConfigurationError):
        read(key=key)


def test_a_build_judges_with_a_snapshot(ecas, service, tmp_path):
    """From the service's roster to “ecas validate --roster”: the same report, and the age on standard error."""
    assert ecas("keys", "import", SAMPLES / "roster.csv", "--agency", "riverbend").returncode == 0
    made = ecas("keys", "snapshot", "--agency", "riverbend", "--out", "roster.snapshot")
    sample = SAMPLES / "bad/unknown-key.json"
    (tmp_path / "export.json").write_bytes(sample.read_bytes())
    with_file = ecas("validate", "export.json", "--roster", SAMPLES / "roster.csv")
    with_snapshot = ecas(
        "validate", "export.json", "--roster", "roster.snapshot", ECAS_SNAPSHOT_KEY=made.stdout.strip()
    )
    assert (with_snapshot.returncode, with_snapshot.stdout) == (with_file.returncode, with_file.stdout)
    assert "made today" in with_snapshot.stderr
    assert ecas("validate", "export.json", "--roster", "roster.snapshot").returncode == 2
