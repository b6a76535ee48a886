"""The targets of fuzzing hold for their seeds and for some hundred other inputs: a harness that nobody runs would rot."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from fuzzing import edits, small
from fuzzing.targets import TARGETS
from hostile.damage import cut, damaged
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters import registry
from adapters.json_record import JsonDocument

PAGE = Path(__file__).parents[2] / "docs/campaigns.md"
each_target = pytest.mark.parametrize("name", TARGETS)


@each_target
def test_every_seed_holds(name):
    """No property is broken by what fuzzing begins with, and no seed is longer than an input may be."""
    target = TARGETS[name]
    for seed in target.seeds:
        assert len(seed) <= target.longest
        target.one(seed)


@each_target
def test_what_becomes_of_seeds_holds(name):
    """Cut off, with bytes turned and with tokens put in, the same each time."""
    target = TARGETS[name]
    for seed in target.seeds:
        for _, changed in (*cut(seed, max(1, len(seed) // 9)), *damaged(seed, target.tokens, 12)):
            target.one(changed)


@each_target
def test_any_bytes_hold(name):
    """Whatever hypothesis thinks of, between tokens of the format."""
    target = TARGETS[name]
    pieces = st.one_of(st.binary(max_size=20), st.sampled_from(target.tokens))

    @settings(max_examples=40, deadline=None, database=None)
    @given(st.lists(pieces, max_size=30).map(b"".join))
    def held(data):
        target.one(data)

    held()


@pytest.mark.parametrize("number", range(20))
def test_edits_hold(number):
    """Documents with edits to their tree parse, and are read or refused."""
    changes = random.Random(number).randbytes(30)
    for name in ("fhir-json", "fhir-xml", "fhir-mapped"):
        TARGETS[name].one(b"\x01" + changes)
    assert edits.edited_json(small.GOOD["fhir"], changes, ["x"]) != small.GOOD["fhir"]


def test_a_broken_parser_is_noticed(monkeypatch):
    """A parser that raises, one that says nothing, and one that loses fields: the target of each raises."""

    def raising(*_):
        raise ValueError

    with monkeypatch.context() as patch:
        patch.setattr(JsonDocument, "records", raising)
        with pytest.raises(ValueError):  # noqa: PT011 - that it is raised at all
            TARGETS["json"].one(small.GOOD["json"])
    reading = registry.read
    with monkeypatch.context() as patch:
        patch.setattr(registry, "read", lambda *a, **k: reading(*a, **k).__class__(format="json"))
        with pytest.raises(AssertionError, match="silence"):
            TARGETS["json"].one(small.GOOD["json"])
    with monkeypatch.context() as patch:
        patch.setattr("canonical.ledger.Ledger.balances", property(lambda _: False))
        with pytest.raises(AssertionError, match="without a trace"):
            TARGETS["hl7"].one(TARGETS["hl7"].seeds[0])


@each_target
def test_every_target_stands_in_the_record(name):
    """The page of campaigns tells seed, executions, coverage and finds of each target."""
    assert re.search(rf"^\| `{re.escape(name)}` \| \d+ \| \d+ \| [\d,]+ \| ", PAGE.read_text("utf-8"), re.MULTILINE)
