"""Every failure of docs/failure-shapes.md has its test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/failure-shapes.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[^`\s]+)`", PAGE)))
#: Those of the list that concern delivery.
CONCERN_DELIVERY = {1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 14, 16, 17, 18, 23, 25, 27, 29}


@pytest.mark.parametrize("test", NAMED)
def test_the_named_test_is_there(test):
    """A page that names a test which nobody runs would promise what nothing keeps."""
    file, _, name = test.partition("::")
    assert (ROOT / file).is_file()
    assert not name or f"def {name}(" in (ROOT / file).read_text("utf-8")


def test_every_failure_that_concerns_delivery_is_on_the_page():
    """None is left out quietly."""
    assert {int(number) for number in re.findall(r"^\| F(\d+) \|", PAGE, re.MULTILINE)} == CONCERN_DELIVERY
