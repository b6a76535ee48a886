"""The demo judges itself: any line that is not as expected fails it."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from canonical.submission import State
from service.cli.demo import Act, Line, _show

ACCEPTED = Act(file="good/one.json", state=State.ACCEPTED, attempts=2)
BLOCKED = Act(file="bad/one.json", state=State.BLOCKED, attempts=0, rule="B012")


def line(act: Act, state: State, attempts: int, *rules: str) -> Line:
    return Line(
        act=act,
        submission={"state": state, "attempts": attempts, "document_id": "d"},
        report={"findings": [{"rule": rule} for rule in rules]},
    )


@pytest.mark.parametrize(
    ("made", "effects", "faults"),
    [
        (line(ACCEPTED, State.ACCEPTED, 2), {"d": 1}, 0),
        (line(BLOCKED, State.BLOCKED, 0, "B012"), {}, 0),
        (line(ACCEPTED, State.ACCEPTED, 1), {"d": 1}, 1),
        (line(ACCEPTED, State.STUCK, 2), {"d": 1}, 1),
        (line(ACCEPTED, State.ACCEPTED, 2), {"d": 2}, 1),
        (line(ACCEPTED, State.ACCEPTED, 2), {}, 1),
        (line(BLOCKED, State.BLOCKED, 0, "B001"), {}, 1),
        (line(BLOCKED, State.ACCEPTED, 1, "B012"), {"d": 1}, 2),
    ],
)
def test_a_line_that_is_not_as_expected_is_told(made, effects, faults):
    """State, sends, the rule that stopped it, and the state's own count of effects."""
    assert len(list(made.faults(effects))) == faults


def test_a_place_without_a_line_is_told_by_its_name():
    """A payload in one line has no line worth telling, and never a “line None”."""
    shown = StringIO()
    finding = {
        "rule": "C001",
        "title": "t",
        "sources": [{"line": 3, "label": "one"}, {"line": None, "label": "two"}],
        "message": "m",
        "fix": "f",
        "desk": None,
    }

    _show(finding, Console(file=shown, width=100))

    assert "line 3, one; two" in shown.getvalue()
