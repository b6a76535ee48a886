"""Whether chains are whole: the first number that is broken, and what was done to it.

A chain alone shows what was done to it by somebody who did not write all that follows anew. That, and a tail that was
cut, is shown by the checkpoints: nobody can make one without the key, and those that were shipped nobody can take back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from operator import attrgetter
from typing import Final

from service.audit.checkpoint import Checkpoint
from service.audit.entry import BEGINNING, Entry, chained
from service.audit.signing import PublicKey


class Kind(StrEnum):
    """What was done to a chain."""

    EDITED = "edited"
    MISSING = "missing"
    SWAPPED = "swapped"
    INSERTED = "inserted"
    CUT = "tail cut"
    REBUILT = "chain rebuilt"
    #: The checkpoints themselves: forged, or one of them is gone.
    CHECKPOINT = "checkpoint"


_WHY: Final = {
    Kind.EDITED: "its content does not give its digest after the entry before: it, or that one, was changed.",
    Kind.MISSING: "it is not there, though later ones are.",
    Kind.SWAPPED: "another entry stands in its place.",
    Kind.INSERTED: "the service did not write it, or not here.",
    Kind.CUT: "a checkpoint was signed when the chain was longer: this entry and what followed are gone.",
    Kind.REBUILT: "the chain holds together, but it is not the one that was signed: it was written anew.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The first thing that is wrong with a chain."""

    agency: str
    #: The number of the entry.
    number: int
    kind: Kind
    #: In one sentence.
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """What was found of one chain."""

    agency: str
    #: Entries that were there.
    entries: int
    #: How many of them a checkpoint vouches for.
    vouched: int
    faults: tuple[Fault, ...] = ()


@dataclass(slots=True)
class _Expected:
    """The checkpoints of one chain, and how far they go."""

    by_entries: dict[int, Checkpoint] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def verify(
    entries: Iterable[tuple[Entry, bool]],
    checkpoints: Iterable[Checkpoint],
    keys: Iterable[PublicKey],
    *,
    only: str | None = None,
) -> list[Chain]:
    """Return what was found of every chain that entries or checkpoints tell of; or of one only.

    Args:
        entries: all of them, a chain's in their order, chains one after the other; each with whether its seal is genuine,
            which only the service's own database can tell.
        checkpoints: from wherever they were kept, in any order; the same one may come twice.
        keys: the public keys whose signatures count.
        only: the one agency to look at; what is told of others is left out.
    """
    expected = _expected([one for one in checkpoints if only in (None, one.agency)], {key.id: key for key in keys})
    found = []
    for agency, chain in groupby(entries, key=lambda row: row[0].agency):
        if only in (None, agency):
            found.append(_follow(agency, chain, expected.pop(agency, _Expected())))
    found += [_follow(agency, iter(()), told) for agency, told in expected.items()]
    return found


def _follow(agency: str, chain: Iterator[tuple[Entry, bool]], told: _Expected) -> Chain:
    """Go along a chain until it ends or breaks; the happy path is a few steps an entry."""
    digest, number, vouched, signed = BEGINNING, 0, 0, told.by_entries
    kind: Kind | None = None
    for entry, genuine in chain:
        if entry.number != number + 1 or chained(digest, entry) != entry.digest:
            kind = _diagnosis(digest, number + 1, entry, [later for later, _ in chain])
            break
        if not genuine:
            kind = Kind.INSERTED
            break
        number, digest = entry.number, entry.digest
        if number in signed:
            if signed[number].head != digest:
                kind, number = Kind.REBUILT, vouched
                break
            vouched = number
    if kind is None and max(signed, default=0) > number:
        kind = Kind.CUT
    faults = list(told.faults)
    if kind is not None:
        faults.append(Fault(agency=agency, number=number + 1, kind=kind, why=_WHY[kind]))
    return Chain(agency=agency, entries=number, vouched=vouched, faults=tuple(faults))


def _diagnosis(before: str, number: int, found: Entry, rest: Sequence[Entry]) -> Kind:
    """Return what was done to a chain that breaks here. Slow, and only ever asked about a broken one."""
    if found.number != number:
        if any(later.number == number for later in rest):
            return Kind.SWAPPED
        return Kind.MISSING if found.number > number else Kind.INSERTED
    for later in rest:
        here = chained(before, later._replace(number=number))
        if here in (found.digest, later.digest):  # with the digest of then, or with all of it
            moved_on = here != found.digest and later is rest[0] and _pushed(found, rest)
            return Kind.INSERTED if moved_on else Kind.SWAPPED
    return _renumbered(found, rest[0]).get(rest[0].digest, Kind.EDITED) if rest else Kind.EDITED


def _renumbered(found: Entry, behind: Entry) -> dict[str, Kind]:
    """Return by its digest what an entry tells that had another number when it followed this one."""
    return {
        chained(found.digest, behind._replace(number=behind.number + 1)): Kind.MISSING,  # one before is gone
        chained(found.digest, behind._replace(number=behind.number - 1)): Kind.INSERTED,  # one before is too many
    }


def _pushed(found: Entry, rest: Sequence[Entry]) -> bool:
    """Return whether what was found pushed the others on, rather than changed places with the first of them."""
    first, number = rest[0], found.number
    if len(rest) == 1:
        return chained(first.digest, found._replace(number=number + 1)) != found.digest
    return chained(first.digest, rest[1]._replace(number=number + 1)) == rest[1].digest


def _expected(checkpoints: Sequence[Checkpoint], keys: dict[str, PublicKey]) -> dict[str, _Expected]:
    """Return the checkpoints by chain: those that are genuine, and what is wrong with the others."""
    told: dict[str, _Expected] = {}
    for agency, group in groupby(sorted(set(checkpoints)), key=attrgetter("agency")):
        one = told.setdefault(agency, _Expected())
        previous: Checkpoint | None = None
        for checkpoint in group:
            if not checkpoint.holds(keys):
                one.faults.append(_of(checkpoint, "none of the public keys given signed it."))
                continue
            if previous is not None and previous.entries == checkpoint.entries:
                one.faults.append(_of(checkpoint, "two were signed of chains of this length, and they differ."))
            elif previous is not None and checkpoint.previous != previous.digest():
                one.faults.append(_of(checkpoint, "the one that was signed before it is not there."))
            one.by_entries[checkpoint.entries] = previous = checkpoint
    return told


def _of(checkpoint: Checkpoint, why: str) -> Fault:
    return Fault(
        agency=checkpoint.agency,
        number=checkpoint.entries,
        kind=Kind.CHECKPOINT,
        why=f"the checkpoint of {checkpoint.entries} entries: {why}",
    )
