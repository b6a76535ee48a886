"""The whole corpus, every byte of it: what each file costs each command, and each file in a process of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hostile.command_costs import Bench, chosen
from hostile.test_commands import CODES, MB
from hostile.watch import WORD, watched

HERE = Path(__file__).parent
EVERYTHING = 1_000 * MB


@pytest.mark.campaign
@pytest.mark.timeout(7_200)
def test_no_file_takes_a_second_or_64_mb(tmp_path):
    """No command takes a second of processor for any file, or grows by 64 MB; and all that holds of the small ones.

    But for “ecas mapping init”: whoever drafts a mapping does so once, by hand, from a sample of their own.
    """
    process = watched([str(HERE / "command_costs.py"), str(tmp_path), str(EVERYTHING), "1"], tmp_path, patience=7_000)
    assert process.code == 0, process.stderr[-500:]
    costs = [json.loads(line) for line in process.stdout.splitlines()]
    slow, large = max(costs, key=lambda cost: cost["seconds"]), max(costs, key=lambda cost: cost["grown"])
    files = len({(cost["format"], cost["kind"], cost["file"]) for cost in costs})
    print(f"{files} files, {len(costs)} commands; slowest {slow}; largest {large}")  # noqa: T201 - for the record
    assert [
        cost for cost in costs if cost["raised"] or cost["silent"] or cost["leaked"] or cost["code"] not in CODES
    ] == []
    costs = [cost for cost in costs if cost["command"] != "init"]
    assert [cost for cost in costs if cost["seconds"] > 1] == []
    assert [cost for cost in costs if cost["grown"] > 64 * MB] == []
    assert process.reached == ()


@pytest.mark.campaign
@pytest.mark.timeout(14_400)
def test_every_file_in_a_process_of_its_own(tmp_path):
    """Every file ends in a process of its own with an answer, and nobody is called."""
    bench = Bench(tmp_path)
    wrong = []
    for number, (file, _) in enumerate(chosen(EVERYTHING, 1)):
        path = bench.put(file, number)
        arguments = bench.arguments("validate", file, path)
        assert arguments is not None
        done = watched(["-m", "service", *arguments], tmp_path, patience=120)
        told = done.stdout + done.stderr
        if done.code not in CODES or "Traceback" in told or WORD in told or not told or done.reached:
            wrong.append((file, done.code, done.reached, done.stderr[-300:]))
        Path(path).unlink()
    assert wrong == []
