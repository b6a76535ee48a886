"""Files that mean harm, for every parser: each is read or refused, quickly, in little memory, and nobody is called."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MB = 1_000_000


@pytest.fixture(scope="module", params=["xml_texts", "json_texts", "hl7_messages", "workbooks"])
def costs(request):
    """What each file of a corpus cost, measured in a process of its own."""
    done = subprocess.run(
        [sys.executable, str(HERE / "parser_costs.py"), request.param],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "PATH": os.environ["PATH"]},
        capture_output=True,
        check=True,
        timeout=170,
    )
    return json.loads(done.stdout)


def test_nothing_is_raised(costs):
    """Whatever the bytes, a parser returns; what it returns is a document or its reasons."""
    assert [cost for cost in costs if cost["raised"]] == []


def test_nothing_takes_a_second(costs):
    """No file costs a second of processor, its worker included."""
    assert [cost for cost in costs if cost["seconds"] > 1] == []


def test_nothing_takes_much_memory(costs):
    """No file makes the process grow by 64 MB, nor its worker."""
    assert [cost for cost in costs if max(cost["grown"], cost["child"]) > 64 * MB] == []
