"""What an agency's request may ask over all agencies: a list that only grows with a reason."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[3]
#: The functions that may, and what the agency is told of it.
MAY = {
    ("service/outbox/backlog.py", "queue"): "when the turn of its own submissions comes",
    ("service/outbox/backlog.py", "throughput"): "how fast the road is",
    ("service/outbox/crowd.py", "crowd"): "how many wait, so that it knows when to come again",
    ("service/outbox/crowd.py", "pace"): "how fast the road is",
    ("service/outlook.py", "pulse"): "whether the road is closed",
    ("service/roster/rows.py", "held_elsewhere"): "which keys of its own are held elsewhere for another person",
}


def test_only_these_look_beyond_their_agency():
    """“as_operator” is the only way to look beyond the agency in its own request: whoever uses it stands in the list."""
    found = set()
    for file in (ROOT / "service").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and any(
                isinstance(called, ast.Call) and isinstance(called.func, ast.Name) and called.func.id == "as_operator"
                for called in ast.walk(node)
            ):
                found.add((str(file.relative_to(ROOT)), node.name))
    assert found == set(MAY)
