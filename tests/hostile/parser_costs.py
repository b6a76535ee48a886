"""Runs a corpus in a process of its own, and says what reading it cost: ``python parser_costs.py xml_texts``.

For each file: whether anything was raised, the seconds of processor that it took (children counted) and by how many bytes the
memory grew over what the process held when the file was ready.
"""

from __future__ import annotations

import gc
import importlib
import json
import resource
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from hostile.damage import told

_QUICK = 0.8


def _memory(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def _seconds() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _cost(read: Callable[[bytes], None], content: bytes) -> tuple[float, str]:
    begun = _seconds()
    try:
        read(content)
    except Exception as wrong:  # noqa: BLE001 - whatever it is, it is what we look for
        return _seconds() - begun, type(wrong).__name__
    return _seconds() - begun, ""


def run(name: str) -> Iterator[dict[str, object]]:
    corpus = importlib.import_module(f"hostile.{name}")
    corpus.read(corpus.GOOD)  # what is imported or compiled once is nobody's fault
    idle = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    for _, label, content in told(corpus.KINDS):
        gc.collect()
        Path("/proc/self/clear_refs").write_text("5")
        held = _memory("VmRSS")
        seconds, raised = _cost(corpus.read, content)
        for _ in range(2):  # a busy machine makes one run slow, and not three
            seconds = min(seconds, _cost(corpus.read, content)[0]) if seconds > _QUICK else seconds
        yield {
            "file": label,
            "raised": raised,
            "seconds": seconds,
            "grown": _memory("VmHWM") - held,
            "child": (resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss - idle) * 1024,
        }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(list(run(sys.argv[1]))))
