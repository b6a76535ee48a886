"""The checker of the crash tests sees each fault, alone and written down by hand, and nothing where all is well."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from checker import Acknowledged, Arrival, check, count

TOLD = [Acknowledged(document=f"{child}{number}", child=child) for number in (1, 2) for child in ("ann", "ben")]


def came(
    document: str, *, key: str | None = None, word: str | None = "accepted", about_the_key: bool = False
) -> Arrival:
    return Arrival(document=document, idempotency_key=key or f"key-{document}", word=word, about_the_key=about_the_key)


RIGHT = [came("ann1"), came("ben1"), came("ben2"), came("ann2")]
NOTHING = {"lost": 0, "doubled": 0, "order breaks": 0, "overlaps": 0, "sent after a rejection": 0}

CLEAN = {
    "each once": RIGHT,
    "turned back on the road, then taken": [came("ann1", word=None), *RIGHT],
    "answered again under the same key": [*RIGHT, came("ann2", word=None)],
    "pending is taken": [came("ann1", word="pending"), *RIGHT[1:]],
    "rejected for good": [came("ann1", word="rejected"), *RIGHT[1:]],
    "a second try": [came("ann1", word="rejected", about_the_key=True), came("ann1", key="fresh"), *RIGHT[1:]],
    "what nobody was told of": [came("zoe1"), *RIGHT],
}
FAULTY = {
    "never came": (RIGHT[1:], {"lost": 1}),
    "only turned back": ([came("ann1", word=None), *RIGHT[1:]], {"lost": 1}),
    "taken under two keys": ([*RIGHT, came("ann2", key="other")], {"doubled": 1}),
    "taken twice under one key": ([*RIGHT, came("ann2")], {"doubled": 1}),
    "the second first": ([came("ann2"), came("ann1"), *RIGHT[1:3]], {"order breaks": 1}),
    "sent after a rejection": (
        [came("ann1", word="rejected"), came("ann1", word=None), *RIGHT[1:]],
        {"sent after a rejection": 1},
    ),
    "taken after a rejection": (
        [came("ann1", word="rejected"), came("ann1", key="fresh"), *RIGHT[1:]],
        {"sent after a rejection": 1},
    ),
    "the key refused and never tried again": (
        [came("ann1", word="rejected", about_the_key=True), *RIGHT[1:]],
        {"lost": 1},
    ),
    "tried again under the key that is spent": (
        [came("ann1", word="rejected", about_the_key=True), came("ann1", word=None), *RIGHT[1:]],
        {"lost": 1},
    ),
}


@pytest.mark.parametrize("arrivals", CLEAN.values(), ids=CLEAN.keys())
def test_what_is_right_counts_nothing(arrivals: list[Arrival]):
    """A delivery that keeps its promises has no fault, however bad the road was."""
    counted = count(TOLD, arrivals, 0)
    assert counted.is_clean
    assert counted.faults == NOTHING


@pytest.mark.parametrize(("arrivals", "faults"), FAULTY.values(), ids=FAULTY.keys())
def test_each_fault_is_counted_as_what_it_is(arrivals: list[Arrival], faults: dict[str, int]):
    """A seeded fault is found, and no other fault with it."""
    counted = count(TOLD, arrivals, 0)
    assert not counted.is_clean
    assert counted.faults == NOTHING | faults


def test_two_in_the_air_at_once_are_counted():
    """Each overlap that the sandbox saw is a fault."""
    assert count(TOLD, RIGHT, 2).faults == NOTHING | {"overlaps": 2}


def test_the_files_are_read_as_they_were_written(tmp_path: Path):
    """The sandbox's lines and the client's are understood; a line that a crash tore off is nobody's word."""
    record, ledger = tmp_path / "record.jsonl", tmp_path / "ledger.jsonl"
    _write(record, [{"document": told.document, "child": told.child} for told in TOLD])
    _write(
        ledger,
        [
            line("ann1", "rejected", "KEY-UNKNOWN"),
            {"event": "overlapped", "at": "2026-11-16T09:00:00Z", "child": "c0ffee"},
            line("ann1", "accepted", key="fresh"),
            line("ben1", None),
            line("ben1", "rejected", "B012", "KEY-UNKNOWN"),
            {"event": "polled", "at": "2026-11-16T09:00:00Z", "tracking_id": "trk_1"},
            line("ben2", "accepted-with-warnings", "W001"),
            line("ben2", "accepted"),
        ],
    )
    with ledger.open("ab") as file:
        file.write(json.dumps(line("ann2", "accepted")).encode())
    counted = check(record, ledger)
    assert counted.faults == NOTHING | {"lost": 1, "doubled": 1, "overlaps": 1}
    assert counted.lost == ("ann2",)
    assert counted.doubled == ("ben2",)
    assert str(counted).startswith("acknowledged 4, lost 1, doubled 1, ")


def line(document: str, word: str | None, *codes: str, key: str = "first") -> dict[str, Any]:
    receipt = {"verdict": word, "reasons": [[code, None, "Why."] for code in codes]}
    held = None if word is None else {"receipt": receipt}
    return {"event": "arrived", "document_id": document, "idempotency_key": key, "held": held}


def _write(file: Path, lines: list[dict[str, Any]]) -> None:
    file.write_text("".join(json.dumps(entry) + "\n" for entry in lines))
