"""The packages that ecas-bridge brings."""

from __future__ import annotations

import time

import pytest

from canonical.finding import Severity
from specs.catalog import PACKAGES, Catalog
from specs.coverage import uncovered
from specs.examples import examples
from specs.reader import load
from specs.wire import check_wire

SHIPPED = sorted(path.parent for path in PACKAGES.glob("*/package.toml"))


@pytest.fixture(params=SHIPPED, ids=lambda path: path.name)
def shipped(request):
    return request.param


def test_the_provisional_package_is_shipped():
    """The catalog without further directories holds it."""
    assert "2026.1" in {summary.version for summary in Catalog().versions()}


def test_a_shipped_package_is_sound(shipped):
    """It loads, its schema agrees with its dictionary, and every SHALL is checked or excused."""
    spec = load(shipped)
    assert spec.version == shipped.name
    assert check_wire(spec) == ()
    assert uncovered(spec) == ()


def test_a_shipped_package_shows_every_rule_broken(shipped):
    """Each rule of severity error has an example that both judges must reject for it."""
    spec = load(shipped)
    shown = {rule for example in examples(spec) for rule in example.rules}
    assert {rule.code for rule in spec.rules if rule.severity is Severity.ERROR} <= shown


def test_a_shipped_package_loads_fast(shipped):
    """Every run of the command line pays for it; processor time, and the best of ten, tell the program from the machine."""
    times = []
    for _ in range(10):
        begun = time.process_time()
        load(shipped)
        times.append(time.process_time() - begun)
    assert min(times) < 0.03
