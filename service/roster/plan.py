"""What an import would do to a roster: worked out before anything is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from service.roster.person import Certificate, Person, undated
from validators.roster import Assessor, Roster

#: What is compared of a line, beside its former names: those only ever grow.
_COMPARED: Final = (
    "last_name", "first_name", "agencies", "state", "certified_on", "issued_on", "expires_on", "status", "approved_on",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A line that stays and says something else now."""

    person: Person
    certificate: Certificate
    line: Assessor
    #: The columns that differ.
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """An import, line by line."""

    added: tuple[Assessor, ...] = field(default=(), repr=False)
    changed: tuple[Changed, ...] = ()
    gone: tuple[tuple[Person, Certificate], ...] = ()
    #: Lines that stay as they are.
    same: tuple[tuple[Person, Certificate], ...] = ()

    @property
    def empty(self) -> bool:
        """True where nothing would change."""
        return not (self.added or self.changed or self.gone)


def plan(known: Iterable[Person], roster: Roster) -> Plan:
    """Compare what is kept with what a file says; the key tells which line is which."""
    waiting: dict[str, list[tuple[Person, Certificate]]] = defaultdict(list)
    for person in known:
        for certificate in person.certificates:
            waiting[certificate.key].append((person, certificate))
    same, rest = [], []
    for line in roster.assessors:
        twins = waiting.get(line.key, [])
        twin = next((pair for pair in twins if not _columns(pair[0].line(pair[1]), line)), None)
        if twin is None:
            rest.append(line)
        else:
            twins.remove(twin)
            same.append(twin)
    added, changed = [], []
    for line in rest:
        if twins := waiting.get(line.key, []):
            person, certificate = twins.pop(0)
            columns = _columns(person.line(certificate), line)
            changed.append(Changed(person=person, certificate=certificate, line=line, columns=columns))
        else:
            added.append(line)
    gone = tuple(pair for twins in waiting.values() for pair in twins)
    return Plan(added=tuple(added), changed=tuple(changed), gone=gone, same=tuple(same))


def _columns(old: Assessor, new: Assessor) -> tuple[str, ...]:
    """Return the columns in which two lines differ."""
    differing = tuple(name for name in _COMPARED if getattr(old, name) != getattr(new, name))
    known, told = ({undated(name) for name in line.former_names} for line in (old, new))
    return differing if told <= known else (*differing, "former_names")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Lines that cannot all be right."""

    #: What is wrong, in one sentence.
    message: str
    lines: tuple[Assessor, ...] = field(repr=False)


def conflicts(lines: Sequence[Assessor], elsewhere: Iterable[str] = ()) -> Iterator[Conflict]:
    """Yield what contradicts itself on a roster; ``elsewhere`` are keys that another agency holds for another person."""
    in_use = [line for line in lines if line.in_use]
    by_key: dict[str, list[Assessor]] = defaultdict(list)
    by_name: dict[tuple[str, str], list[Assessor]] = defaultdict(list)
    for line in in_use:
        by_key[line.key].append(line)
        by_name[line.known_as.last, line.known_as.given].append(line)
    for same_key in by_key.values():
        if any(not same_key[0].is_same_person(line) for line in same_key[1:]):
            yield Conflict(message="One key stands under two persons.", lines=tuple(same_key))
    for same_name in by_name.values():
        if len({line.key for line in same_name}) > 1:
            yield Conflict(
                message="One person has two keys; the help desk archives the duplicate.", lines=tuple(same_name)
            )
    for key in elsewhere:
        if key in by_key:
            yield Conflict(message="Another agency holds this key for another person.", lines=tuple(by_key[key]))
