"""What a person sees, whole. ``GOLDEN=1 pytest tests/service/cli/test_snapshots.py`` writes it anew; the diff is the review."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SNAPSHOTS = Path(__file__).parent / "snapshots"
RUNS = {
    "clean": ["validate", "good/five-through-twenty.json", "good/birth-through-four.json"],
    "rating-out-of-list": ["validate", "bad/rating-out-of-list.json"],
    "unknown-key": ["validate", "bad/unknown-key.json"],
    "not-a-payload": ["validate", "bad/not-a-payload.txt"],
    "fix": ["fix", "bad/caredesk-us-date-wrong.csv", "--list"],
    "fix-help": ["fix", "--help"],
    "why-mapped": ["why", "bad/caredesk-us-date-wrong.csv", "MEMBER_DOB", "--bytes"],
    "why": ["why", "bad/missing-sleep-rating.json", "LDF_SLEEP"],
    "mapping-init": ["mapping", "init", "good/caredesk-export.csv", "--agency", "riverbend"],
    "mapping-check": ["mapping", "check", "mappings", "cbhi/cans-export.toml"],
    "validate-help": ["validate", "--help"],
}


@pytest.mark.parametrize("name", RUNS)
def test_the_command_line_looks_like_this(ecas, name):
    """Exit code, standard output and standard error, as they were when somebody last looked at them."""
    done = ecas(*RUNS[name])
    seen = f"$ ecas {' '.join(RUNS[name])}\nexit code: {done.returncode}\n--- stdout\n{done.stdout}--- stderr\n{done.stderr}"
    file = SNAPSHOTS / f"{name}.txt"
    if os.environ.get("GOLDEN"):
        file.write_text(seen, "utf-8")

    assert seen == file.read_text("utf-8")


def test_every_snapshot_is_in_use():
    """A file that no run produces is a leftover."""
    assert {file.stem for file in SNAPSHOTS.iterdir()} == set(RUNS)
