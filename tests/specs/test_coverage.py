"""Whether every SHALL is checked by something, or excused in writing."""

from __future__ import annotations

import pytest

from specs.coverage import uncovered
from specs.reader import load


def test_a_shall_that_nothing_cites_is_uncovered(package):
    """REQ-001 is cited, REQ-003 excused, REQ-004 a SHOULD; REQ-002 is nobody's."""
    assert [requirement.id for requirement in uncovered(load(package))] == ["REQ-002"]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("items.csv", "Version,our assumption", "Version,REQ-002"),
        ("rules/B001.toml", '["REQ-001"]', '["REQ-001", "REQ-002"]'),
        ("certification.toml", 'desk = "own"\ncites = ["our assumption"]', 'desk = "own"\ncites = ["REQ-002"]'),
        ("certification.toml", 'begins = 2030-03-01\ncites = ["our assumption"]', 'begins = 2030-03-01\ncites = ["REQ-002"]'),
        ("requirements.csv", "page 2,", "page 2,The roster shows it."),
    ],
)  # fmt: skip
def test_whatever_cites_or_excuses_it_covers_it(tmp_path, files, write, file, old, new):
    """An item, a rule, a standing, a waiver, or a written reason."""
    assert old in files[file]
    assert uncovered(load(write(tmp_path, {**files, file: files[file].replace(old, new, 1)}))) == ()
