"""Counts, from outside, what was lost, doubled, put out of order, overlapped or sent after the state's last word.

It reads two files and nothing else: the ledger that the sandbox wrote, and the record of what the client was told.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

#: The state's word that is no taking.
REJECTED = "rejected"
#: Reasons of a rejection that are worth a second try under a fresh key.
ABOUT_THE_KEY = frozenset({"KEY-UNKNOWN", "KEY-REFUSED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """One submission that the service answered with 202."""

    document: str
    #: Whoever it is about, by the client's own name.
    child: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One document that came to the state."""

    document: str
    idempotency_key: str
    #: What the state said of it; None where it took nothing, or had said it before.
    word: str | None = None
    #: Whether that word was a rejection that concerns the certification key alone.
    about_the_key: bool = False

    @property
    def effect(self) -> bool:
        """Whether the state took it."""
        return self.word is not None and self.word != REJECTED

    @property
    def settles(self) -> bool:
        """Whether this is the state's last word on the document."""
        return self.word is not None and not self.about_the_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What went wrong; nothing, where all is well."""

    acknowledged: int
    #: Acknowledged, and neither taken by the state nor rejected for good.
    lost: tuple[str, ...]
    #: Taken more than once.
    doubled: tuple[str, ...]
    #: Settled before one of the same child that had been acknowledged earlier.
    disordered: tuple[str, ...]
    #: Two of one child in the air at once.
    overlaps: int
    #: Came again after the state had rejected them for good.
    resent: tuple[str, ...]

    @property
    def faults(self) -> dict[str, int]:
        """What is to be nothing."""
        return {
            "lost": len(self.lost),
            "doubled": len(self.doubled),
            "order breaks": len(self.disordered),
            "overlaps": self.overlaps,
            "sent after a rejection": len(self.resent),
        }

    @property
    def is_clean(self) -> bool:
        """Whether every promise was kept."""
        return not any(self.faults.values())

    def __str__(self) -> str:
        """Return it in one line."""
        return ", ".join(
            f"{name} {count}" for name, count in {"acknowledged": self.acknowledged, **self.faults}.items()
        )


def check(record: Path, ledger: Path) -> Count:
    """Count what went wrong between what the client was told and what the state was sent."""
    entries = _lines(ledger)
    arrivals = [_arrival(entry) for entry in entries if entry["event"] == "arrived"]
    overlaps = sum(entry["event"] == "overlapped" for entry in entries)
    told = [Acknowledged(document=line["document"], child=line["child"]) for line in _lines(record)]
    return count(told, arrivals, overlaps)


def count(acknowledged: Sequence[Acknowledged], arrivals: Sequence[Arrival], overlaps: int) -> Count:
    """Count what went wrong; both sequences are in the order in which it happened."""
    of_document: dict[str, list[tuple[int, Arrival]]] = defaultdict(list)
    for place, arrival in enumerate(arrivals):
        of_document[arrival.document].append((place, arrival))
    settled = {
        document: next((place for place, arrival in came if arrival.settles), None)
        for document, came in of_document.items()
    }
    return Count(
        acknowledged=len(acknowledged),
        lost=tuple(told.document for told in acknowledged if settled.get(told.document) is None),
        doubled=tuple(
            document for document, came in of_document.items() if sum(arrival.effect for _, arrival in came) > 1
        ),
        disordered=tuple(_disordered(acknowledged, settled)),
        overlaps=overlaps,
        resent=tuple(document for document, came in of_document.items() if _resent(arrival for _, arrival in came)),
    )


def _disordered(acknowledged: Iterable[Acknowledged], settled: dict[str, int | None]) -> list[str]:
    """Return the documents that were settled before an earlier one of the same child."""
    of_child: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for told in acknowledged:
        place = settled.get(told.document)
        if place is not None:
            of_child[told.child].append((told.document, place))
    return [later for places in of_child.values() for (_, before), (later, after) in pairwise(places) if after < before]


def _resent(arrivals: Iterable[Arrival]) -> bool:
    """Return whether anything came after a rejection that was final."""
    final = False
    for arrival in arrivals:
        if final:
            return True
        final = arrival.settles and arrival.word == REJECTED
    return False


def _arrival(entry: dict[str, Any]) -> Arrival:
    receipt = (entry["held"] or {}).get("receipt")
    reasons = {code for code, *_ in receipt["reasons"]} if receipt else set()
    return Arrival(
        document=entry["document_id"],
        idempotency_key=entry["idempotency_key"],
        word=receipt["verdict"] if receipt else None,
        about_the_key=bool(receipt and receipt["verdict"] == REJECTED and reasons and reasons <= ABOUT_THE_KEY),
    )


def _lines(file: Path) -> list[dict[str, Any]]:
    """Return the lines of a file; one that a crash tore was never promised to anybody."""
    return [json.loads(line) for line in file.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
