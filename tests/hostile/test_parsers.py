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


@pytest.mark.parametrize("corpus", ["xml_texts", "json_texts", "hl7_messages", "workbooks"])
def test_whatever_the_bytes_a_parser_returns(corpus):
    """A document or its reasons, within a second of processor and 64 MB, its worker included.

    Measured in a process of its own; one test, so that it is measured once however the tests are shared out.
    """
    done = subprocess.run(
        [sys.executable, str(HERE / "parser_costs.py"), corpus],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "PATH": os.environ["PATH"]},
        capture_output=True,
        check=True,
        timeout=170,
    )
    costs = json.loads(done.stdout)
    assert costs
    assert [cost for cost in costs if cost["raised"]] == []
    assert [cost for cost in costs if cost["seconds"] > 1] == []
    assert [cost for cost in costs if max(cost["grown"], cost["child"]) > 64 * MB] == []
