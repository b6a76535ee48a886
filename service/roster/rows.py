"""The rows of rosters: how persons, certificates and changes are read and written."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import orjson
from sqlalchemy import Connection, bindparam, func, insert, select, update

from service.audit.acting import HOST
from service.audit.audit import Audit
from service.audit.deed import Deed
from service.clock import Clock, from_milliseconds, to_milliseconds
from service.outbox import schema as t
from service.roster.evidence import Evidence, read_evidence, write_evidence
from service.roster.person import (
    Certificate,
    Person,
    read_certificate,
    read_person,
    write_certificate,
    write_person,
)
from service.tenants.connections import as_operator
from service.vault import Vault

#: Keys of one query at most; SQLite takes 999 parameters on old builds.
_BATCH: Final = 500
_CHANGED: Final = t.roster_change.c
#: Asked at every intake: laid out once.
_REVISION: Final = select(func.max(_CHANGED.seq)).where(_CHANGED.agency == bindparam("agency"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of a roster, and all that was known of the person after it."""

    at: datetime
    actor: str
    what: str
    person: Person


class RosterRows:
    """Everything under one vault: names and keys are sealed, and a key is found by its keyed digest."""

    def __init__(self, vault: Vault, clock: Clock) -> None:
        """Read and write under this vault and by this clock."""
        self._vault = vault
        self._clock = clock
        self._audit = Audit(vault, lambda _: to_milliseconds(clock()))

    def now(self) -> int:
        """Return the moment in the unit of the tables."""
        return to_milliseconds(self._clock())

    def revision(self, connection: Connection, agency: str) -> int | None:
        """Return the number of an agency's latest change; None where it never had a roster."""
        latest: int | None = connection.execute(_REVISION, {"agency": agency}).scalar()
        return latest

    def people(self, connection: Connection, agency: str, only: str | None = None) -> list[Person]:
        """Return the persons on an agency's roster in the order of their coming, or the one of that id."""
        certificates: dict[str, list[Certificate]] = defaultdict(list)
        c, a = t.certificate.c, t.assessor.c
        keys = select(c.id, c.assessor, c.sealed).where(c.agency == agency, c.gone_at.is_(None)).order_by(c.seq)
        whom = select(a.id, a.sealed).where(a.agency == agency, a.gone_at.is_(None)).order_by(a.seq)
        if only is not None:
            keys, whom = keys.where(c.assessor == only), whom.where(a.id == only)
        for row in connection.execute(keys):
            opened = self._vault.open(row.sealed, "certificate", agency, row.id)
            certificates[row.assessor].append(read_certificate(opened))
        return [
            read_person(row.id, self._vault.open(row.sealed, "assessor", agency, row.id), tuple(certificates[row.id]))
            for row in connection.execute(whom)
        ]

    def insert_people(self, connection: Connection, agency: str, people: Sequence[Person]) -> None:
        """Write down persons, without their certificates."""
        if rows := [
            {"id": one.id, "agency": agency, "sealed": self._vault.seal(write_person(one), "assessor", agency, one.id)}
            for one in people
        ]:
            connection.execute(insert(t.assessor), rows)

    def insert_certificates(
        self, connection: Connection, agency: str, pairs: Sequence[tuple[Person, Certificate]]
    ) -> None:
        """Write down certificates of persons that are there."""
        if rows := [{"id": pair[1].id, "agency": agency, **self._columns(agency, *pair)} for pair in pairs]:
            connection.execute(insert(t.certificate), rows)

    def update_person(self, connection: Connection, agency: str, person: Person) -> None:
        """Write down what is known of a person now, and by which names the certificates are known."""
        sealed = self._vault.seal(write_person(person), "assessor", agency, person.id)
        a = t.assessor.c
        connection.execute(update(t.assessor).where(a.agency == agency, a.id == person.id).values(sealed=sealed))
        for certificate in person.certificates:
            self.update_certificate(connection, agency, person, certificate)

    def update_certificate(self, connection: Connection, agency: str, person: Person, certificate: Certificate) -> None:
        """Write down what is known of a certificate now, and whose it is."""
        c = t.certificate.c
        connection.execute(
            update(t.certificate)
            .where(c.agency == agency, c.id == certificate.id)
            .values(**self._columns(agency, person, certificate))
        )

    def end(self, connection: Connection, agency: str, certificates: Iterable[str]) -> None:
        """Take certificates off the roster; their rows stay."""
        c, ids = t.certificate.c, list(certificates)
        for start in range(0, len(ids), _BATCH):
            batch = ids[start : start + _BATCH]
            gone = update(t.certificate).where(c.agency == agency, c.id.in_(batch))
            connection.execute(gone.values(gone_at=self.now()))

    def end_people(self, connection: Connection, agency: str) -> None:
        """Take those off the roster who have no certificate left; their rows stay."""
        c, a = t.certificate.c, t.assessor.c
        holding = select(c.assessor).where(c.agency == agency, c.gone_at.is_(None))
        gone = update(t.assessor).where(a.agency == agency, a.gone_at.is_(None), a.id.not_in(holding))
        connection.execute(gone.values(gone_at=self.now()))

    def tell(self, connection: Connection, agency: str, actor: str, changes: Sequence[tuple[str, Person]]) -> None:
        """Add to the history: what became of whom, and all that is known of the person now."""
        now = self.now()
        if rows := [
            {
                "agency": agency,
                "assessor": person.id,
                "at": now,
                "actor": actor,
                "what": what,
                "sealed": self._vault.seal(_whole(person), "roster change", agency, person.id),
            }
            for what, person in changes
        ]:
            connection.execute(insert(t.roster_change), rows)
            counts = Counter(what for what, _ in changes)
            detail = " ".join(f"{what}={count}" for what, count in sorted(counts.items()))
            about = changes[0][1].id if len(changes) == 1 else ""
            deed = Deed(
                agency=agency, action="roster.changed", actor=actor, kind="assessor", about=about, detail=detail
            )
            self._audit.note(connection, deed)

    def history(self, connection: Connection, agency: str, assessor: str) -> list[Change]:
        """Return the changes that concern a person, oldest first."""
        c = t.roster_change.c
        query = select(c.at, c.actor, c.what, c.sealed).where(c.agency == agency, c.assessor == assessor)
        return [
            Change(
                at=from_milliseconds(at),
                actor=actor,
                what=what,
                person=_read_whole(assessor, self._vault.open(sealed, "roster change", agency, assessor)),
            )
            for at, actor, what, sealed in connection.execute(query.order_by(c.seq))
        ]

    def insert_evidence(self, connection: Connection, agency: str, certificate: str, evidence: Evidence) -> None:
        """Write down what a certificate rests on."""
        sealed = self._vault.seal(write_evidence(evidence), "evidence", agency, certificate)
        connection.execute(
            insert(t.evidence).values(agency=agency, certificate=certificate, added_at=self.now(), sealed=sealed)
        )
        deed = Deed(agency=agency, action="roster.evidence", actor=HOST, kind="certificate", about=certificate)
        self._audit.note(connection, deed)

    def evidence(self, connection: Connection, agency: str) -> dict[str, list[Evidence]]:
        """Return what an agency's certificates rest on, by certificate, oldest first."""
        c = t.evidence.c
        found: dict[str, list[Evidence]] = defaultdict(list)
        query = select(c.certificate, c.added_at, c.sealed).where(c.agency == agency).order_by(c.seq)
        for certificate, at, sealed in connection.execute(query):
            opened = self._vault.open(sealed, "evidence", agency, certificate)
            found[certificate].append(read_evidence(opened, from_milliseconds(at)))
        return found

    def held_elsewhere(self, connection: Connection, agency: str, people: Iterable[Person]) -> set[str]:
        """Return the keys in use that another agency holds for another person; of that one nothing is told.

        Only keyed digests are compared: neither the other's name nor its key is opened.
        """
        mine = {
            self._key_digest(certificate.key): (certificate.key, set(self._name_digests(person).split()))
            for person in people
            for certificate in person.certificates
            if not certificate.archived
        }
        c = t.certificate.c
        digests, conflicting = list(mine), set()
        for start in range(0, len(digests), _BATCH):
            batch = digests[start : start + _BATCH]
            others = select(c.key_digest, c.name_digests).where(
                c.key_digest.in_(batch), c.agency != agency, c.gone_at.is_(None), c.archived.is_(False)
            )
            with as_operator(connection):  # digests alone, and of the answer the agency learns its own keys only
                found = connection.execute(others).all()
            for digest, names in found:
                key, own_names = mine[digest]
                if own_names.isdisjoint(names.split()):
                    conflicting.add(key)
        return conflicting

    def _columns(self, agency: str, person: Person, certificate: Certificate) -> dict[str, object]:
        return {
            "assessor": person.id,
            "key_digest": self._key_digest(certificate.key),
            "name_digests": self._name_digests(person),
            "archived": certificate.archived,
            "sealed": self._vault.seal(write_certificate(certificate), "certificate", agency, certificate.id),
        }

    def _key_digest(self, key: str) -> str:
        return self._vault.digest("certification key", key)

    def _name_digests(self, person: Person) -> str:
        """Return the digests of all names of a person, folded so that spellings of one name have one digest."""
        line = person.line(Certificate(id="", key=""))
        names = {name.letters for name in (line.known_as, *line.was_known_as)}
        return " ".join(self._vault.digest("assessor name", name) for name in sorted(names))


def _whole(person: Person) -> bytes:
    certificates = [orjson.Fragment(write_certificate(certificate)) for certificate in person.certificates]
    return orjson.dumps({"person": orjson.Fragment(write_person(person)), "certificates": certificates})


def _read_whole(id_: str, content: bytes) -> Person:
    record = orjson.loads(content)
    certificates = tuple(read_certificate(orjson.dumps(one)) for one in record["certificates"])
    return read_person(id_, orjson.dumps(record["person"]), certificates)
