"""The rosters of all agencies: read for judging, imported, edited; an agency sees its own and nothing of another's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

import orjson
from sqlalchemy import Connection, Engine, bindparam, insert, select

from canonical.errors import ConfigurationError
from service.clock import Clock
from service.identifiers import NewId
from service.outbox import schema as t
from service.outbox.engine import reading, writing
from service.roster.evidence import Evidence
from service.roster.person import (
    Certificate,
    Person,
    certificate_of,
    person_of,
    undated,
    write_certificate,
    write_person,
)
from service.roster.plan import Changed, Conflict, Plan, conflicts, plan
from service.roster.rows import Change, RosterRows
from service.vault import Vault
from validators.roster import Assessor, Roster

#: Who brings over a roster that an earlier release kept as a file.
_UPGRADE: Final = "the upgrade"
_R: Final = t.roster.c
#: Asked at every intake of an agency without a roster of its own: laid out once.
_FILE: Final = select(_R.sealed).where(_R.agency == bindparam("agency")).order_by(_R.seq.desc()).limit(1)


class KeyTaken(ConfigurationError):
    """The key is on this agency's roster already."""


class NotOnRoster(ConfigurationError):
    """This agency's roster holds nobody, or no certificate, of that id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A roster as it stands: the persons, what their certificates rest on, and what contradicts itself."""

    people: tuple[Person, ...]
    evidence: dict[str, list[Evidence]]
    #: Keys in use that another agency holds for another person.
    elsewhere: frozenset[str]

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """What cannot all be right."""
        return tuple(conflicts([line for person in self.people for line in person.lines()], self.elsewhere))


class Rosters:
    """Each agency's roster; where it never had one, the file of ``ECAS_ROSTER`` serves."""

    def __init__(
        self, engine: Engine, vault: Vault, clock: Clock, new_id: NewId, *, fallback: Path | None = None
    ) -> None:
        """Keep rosters in this database, names and keys sealed."""
        self._engine = engine
        self._vault = vault
        self._clock = clock
        self._new_id = new_id
        self._fallback = fallback
        self._rows = RosterRows(vault, clock)
        self._open: dict[str, tuple[int, Roster]] = {}
        self._filed: tuple[tuple[int, int, int], Roster] | None = None

    def of(self, agency: str) -> Roster | None:
        """Return the roster by which keys are judged; None where there is none, so that they could not be checked."""
        with reading(self._engine, agency) as connection:
            revision = self._rows.revision(connection, agency)
            earlier = self._file(connection, agency) if revision is None else None
            known = self._open.get(agency)
            if revision is not None and (known is None or known[0] != revision):
                people = self._rows.people(connection, agency)
                known = (revision, Roster(digest=self._digest(agency, people), assessors=_lines(people)))
                self._open[agency] = known
        if revision is not None and known is not None:
            return known[1]
        if earlier is not None and (roster := Roster.from_csv(earlier, "the imported roster")).assessors:
            self.take(agency, roster, actor=_UPGRADE)
            return self.of(agency)
        return None if self._fallback is None else self._of_file(self._fallback)

    def _of_file(self, file: Path) -> Roster:
        """Return the roster of a file, read again where the file was changed."""
        found = file.stat()
        state = (found.st_mtime_ns, found.st_size, found.st_ino)
        if self._filed is None or self._filed[0] != state:
            self._filed = (state, Roster.from_csv(file.read_bytes(), file.name))
        return self._filed[1]

    def standing(self, agency: str) -> Standing:
        """Return an agency's roster as its people look at it."""
        with reading(self._engine, agency) as connection:
            people = self._rows.people(connection, agency)
            return Standing(
                people=tuple(people),
                evidence=self._rows.evidence(connection, agency),
                elsewhere=frozenset(self._rows.held_elsewhere(connection, agency, people)),
            )

    def person(self, agency: str, assessor: str) -> Person | None:
        """Return one person of this agency's roster; None where it has none of that id."""
        with reading(self._engine, agency) as connection:
            return next(iter(self._rows.people(connection, agency, assessor)), None)

    def history(self, agency: str, assessor: str) -> list[Change]:
        """Return every change that concerns a person, oldest first; empty where this agency never had that person."""
        with reading(self._engine, agency) as connection:
            return self._rows.history(connection, agency, assessor)

    def preview(self, agency: str, roster: Roster) -> tuple[Plan, tuple[Conflict, ...]]:
        """Return what taking this roster over would change, and what contradicts itself in it; nothing is written."""
        with reading(self._engine, agency) as connection:
            planned = plan(self._rows.people(connection, agency), roster)
            elsewhere = self._rows.held_elsewhere(connection, agency, [_holding(line) for line in roster.assessors])
        return planned, tuple(conflicts(roster.assessors, elsewhere))

    def take(self, agency: str, roster: Roster, *, actor: str, content: bytes = b"") -> Plan:
        """Make this agency's roster say what a file says, in one transaction; whoever is not in it is gone.

        The file itself is kept too, sealed, as it came.
        """
        with writing(self._engine, agency) as connection:
            people = self._rows.people(connection, agency)
            planned = plan(people, roster)
            if content and not planned.empty:
                sealed = self._vault.seal(content, "roster", agency)
                connection.execute(insert(t.roster).values(agency=agency, imported_at=self._rows.now(), sealed=sealed))
            self._rows.end(connection, agency, (certificate.id for _, certificate in planned.gone))
            self._rows.tell(connection, agency, actor, [("gone", _with(person, [one])) for person, one in planned.gone])
            gone = {certificate.id for _, certificate in planned.gone}
            left = [_without(person, gone) for person in people]
            moved = self._change(connection, agency, planned.changed, left, actor)
            self._add(connection, agency, planned.added, moved, actor)
            self._rows.end_people(connection, agency)
        return planned

    def add(self, agency: str, person: Person, *, actor: str) -> Person:
        """Put a person on the roster, with certificates whose keys are new to it; ids are given here.

        Raises:
            KeyTaken: one of the keys is there already.
        """
        certificates = tuple(replace(one, id=self._new_id("crt")) for one in person.certificates)
        person = replace(person, id=self._new_id("asr"), certificates=certificates)
        with writing(self._engine, agency) as connection:
            self._refuse_known_keys(connection, agency, certificates)
            self._rows.insert_people(connection, agency, [person])
            self._rows.insert_certificates(connection, agency, [(person, one) for one in certificates])
            self._rows.tell(connection, agency, actor, [("added", person)])
        return person

    def change(self, agency: str, person: Person, *, actor: str, what: str = "changed") -> Person:
        """Make the roster say this of a person who is on it; certificates without an id are new.

        A new name leaves the old one behind as a former name.

        Raises:
            NotOnRoster: there is no such person, or no such certificate of that person.
            KeyTaken: the key of a new certificate is there already.
        """
        with writing(self._engine, agency) as connection:
            before = next(iter(self._rows.people(connection, agency, person.id)), None)
            if before is None:
                raise NotOnRoster("There is nobody of that id on this roster.")
            kept = {one.id for one in before.certificates}
            fresh = tuple(replace(one, id=self._new_id("crt")) for one in person.certificates if not one.id)
            stays = tuple(one for one in person.certificates if one.id)
            if {one.id for one in stays} != kept:
                raise NotOnRoster("There is no certificate of that id on this roster.")
            self._refuse_known_keys(connection, agency, fresh)
            person = replace(_renamed(before, person, self._clock().date()), certificates=(*stays, *fresh))
            if person == before:
                return before
            self._rows.update_person(connection, agency, replace(person, certificates=stays))
            self._rows.insert_certificates(connection, agency, [(person, one) for one in fresh])
            self._rows.tell(connection, agency, actor, [(what, person)])
        return person

    def attest(self, agency: str, certificate: str, evidence: Evidence, *, actor: str) -> Person:
        """Write down what a certificate rests on.

        Raises:
            NotOnRoster: this agency has no such certificate.
        """
        with writing(self._engine, agency) as connection:
            person = _holder(self._rows.people(connection, agency), certificate)
            self._rows.insert_evidence(connection, agency, certificate, evidence)
            self._rows.tell(connection, agency, actor, [("evidence added", person)])
        return person

    def holder(self, agency: str, certificate: str) -> Person:
        """Return whose certificate it is.

        Raises:
            NotOnRoster: this agency has no such certificate.
        """
        with reading(self._engine, agency) as connection:
            return _holder(self._rows.people(connection, agency), certificate)

    def _change(
        self, connection: Connection, agency: str, changed: Sequence[Changed], people: Iterable[Person], actor: str
    ) -> dict[str, Person]:
        """Carry out what changed, and return the persons as they are then, by id.

        A person all of whose lines say the same new thing keeps its id. Where they part ways, or the new name is another
        person's, the key goes to that one.
        """
        today = self._clock().date()
        now = {person.id: person for person in people}
        by_person: dict[str, list[Changed]] = defaultdict(list)
        for one in changed:
            by_person[one.person.id].append(one)
        told: list[tuple[str, Person]] = []
        for id_, its in by_person.items():
            before, says = now[id_], _merged([one.line for one in its], id_)
            updated = {one.certificate.id: certificate_of(one.line, one.certificate.id) for one in its}
            whose = {_who(one.line) for one in its}
            together = len(whose) == 1 and len(its) == len(before.certificates) and _may_be_one(before, says)
            if together or whose == {_who_is(before)}:
                certificates = tuple(updated.get(one.id, one) for one in before.certificates)
                after = replace(says.remembering(before, today), certificates=certificates)
                self._rows.update_person(connection, agency, after)
                now[id_] = after
                told.append(("changed", after))
                continue
            for one in its:
                target = next((p for p in now.values() if _who_is(p) == _who(one.line)), None)
                if target is None:
                    target = person_of(one.line, self._new_id("asr"))
                    self._rows.insert_people(connection, agency, [target])
                certificate = updated[one.certificate.id]
                now[id_] = _without(now[id_], {certificate.id})
                now[target.id] = replace(target, certificates=(*target.certificates, certificate))
                self._rows.update_person(connection, agency, now[target.id])
                told.append(("changed", now[target.id]))
        self._rows.tell(connection, agency, actor, told)
        return now

    def _add(
        self, connection: Connection, agency: str, lines: Iterable[Assessor], people: dict[str, Person], actor: str
    ) -> None:
        """Add lines to persons of exactly that name, agencies and state, or to new ones."""
        by_who = {_who_is(person): person for person in people.values()}
        new, touched = {}, {}
        pairs: list[tuple[Person, Certificate]] = []
        for line in lines:
            who = _who(line)
            person = by_who.get(who) or person_of(line, self._new_id("asr"))
            if who not in by_who:
                new[person.id] = person
            certificate = certificate_of(line, self._new_id("crt"))
            person = _merged([line], person.id, person)
            person = replace(person, certificates=(*person.certificates, certificate))
            by_who[who] = touched[person.id] = person
            pairs.append((person, certificate))
        self._rows.insert_people(connection, agency, [touched[id_] for id_ in new])
        self._rows.insert_certificates(connection, agency, [(touched[person.id], one) for person, one in pairs])
        fresh = {certificate.id for _, certificate in pairs}
        for id_, person in touched.items():
            if id_ not in new:
                self._rows.update_person(connection, agency, _without(person, fresh))
        self._rows.tell(connection, agency, actor, [("added", person) for person in touched.values()])

    def _refuse_known_keys(self, connection: Connection, agency: str, certificates: Iterable[Certificate]) -> None:
        wanted = [certificate.key for certificate in certificates]
        if not wanted:
            return
        known = {one.key for person in self._rows.people(connection, agency) for one in person.certificates}
        if len(set(wanted)) < len(wanted) or not known.isdisjoint(wanted):
            raise KeyTaken("This key is on the roster already; change what is said of it there.")

    def _file(self, connection: Connection, agency: str) -> bytes | None:
        """Return the newest roster file: all that an earlier release kept."""
        sealed = connection.execute(_FILE, {"agency": agency}).scalar()
        return None if sealed is None else self._vault.open(sealed, "roster", agency)

    def _digest(self, agency: str, people: Iterable[Person]) -> str:
        """Return a keyed digest of everything on the roster: reports name it, and nobody can guess keys from it."""
        whole = [[write_person(person), *map(write_certificate, person.certificates)] for person in people]
        text = orjson.dumps([[part.decode() for part in parts] for parts in whole]).decode()
        return f"hmac-sha-256:{self._vault.digest('whole roster', agency, text)}"


#: Whom a line means: lines that agree in this stand under one person.
Who = tuple[str, str, frozenset[str], str]


def _who(line: Assessor) -> Who:
    return line.last_name, line.first_name, line.agencies, line.state


def _who_is(person: Person) -> Who:
    return person.last_name, person.first_name, person.agencies, person.state


def _may_be_one(before: Person, after: Person) -> bool:
    """Return whether a new name can be the same person's: a former name, or one part of it kept."""
    old, new = _alone(before), _alone(after)
    return old.is_same_person(new) or old.known_as.resembles(new.known_as)


def _lines(people: Iterable[Person]) -> tuple[Assessor, ...]:
    return tuple(line for person in people for line in person.lines())


def _alone(person: Person) -> Assessor:
    return person.line(Certificate(id="", key=""))


def _holding(line: Assessor) -> Person:
    return replace(person_of(line, ""), certificates=(certificate_of(line, ""),))


def _with(person: Person, certificates: Sequence[Certificate]) -> Person:
    return replace(person, certificates=tuple(certificates))


def _without(person: Person, certificates: set[str]) -> Person:
    return _with(person, [one for one in person.certificates if one.id not in certificates])


def _merged(lines: Sequence[Assessor], id_: str, person: Person | None = None) -> Person:
    """Return the person of these lines, with every former name that any of them tells."""
    person = person or person_of(lines[0], id_)
    names = dict.fromkeys([*person.former_names, *_former_names(lines)])
    known: dict[str, str] = {}
    for name in names:
        known.setdefault(undated(name), name)
    return replace(person, former_names=tuple(known.values()))


def _former_names(lines: Iterable[Assessor]) -> Iterator[str]:
    for line in lines:
        yield from line.former_names


def _renamed(before: Person, after: Person, today: date) -> Person:
    """Return the person as it is to be; where the name changed, with the one that it had."""
    if (before.last_name, before.first_name) == (after.last_name, after.first_name):
        return after
    return after.remembering(before, today)


def _holder(people: Iterable[Person], certificate: str) -> Person:
    for person in people:
        if any(one.id == certificate for one in person.certificates):
            return person
    raise NotOnRoster("There is no certificate of that id on this roster.")
