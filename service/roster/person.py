"""A person on an agency's roster, with certificates and former names, as the service keeps them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

import orjson

from validators.names import MatchKey, match_key
from validators.roster import AccountStatus, Assessor, masked

#: What may follow a former name: the last day on which it was in use.
_UNTIL: Final = re.compile(r"\s+until\s+(?=\d)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """One certification key of a person."""

    #: Our own name for it, so that nobody needs the key to speak of it.
    id: str
    #: A credential: sealed where it is kept, masked wherever it is shown.
    key: str = field(repr=False)
    certified_on: date | None = None
    issued_on: date | None = None
    expires_on: date | None = None
    approved_on: date | None = None
    status: AccountStatus = AccountStatus.ACTIVE

    @property
    def masked(self) -> str:
        """The key as it may be shown."""
        return masked(self.key)

    @property
    def archived(self) -> bool:
        """True for a duplicate that the help desk has put away."""
        return self.status is AccountStatus.ARCHIVED


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An assessor: the name as certified, where the person works and practises, and the keys."""

    id: str
    last_name: str = field(repr=False)
    first_name: str = field(default="", repr=False)
    #: As a roster file writes them: ``LAST, FIRST until YYYY-MM-DD``, the date where it is known.
    former_names: tuple[str, ...] = field(default=(), repr=False)
    #: Empty where nobody said: then any.
    agencies: frozenset[str] = frozenset()
    #: The state of practice; empty is Massachusetts.
    state: str = ""
    certificates: tuple[Certificate, ...] = ()

    @property
    def name(self) -> str:
        """``LAST, FIRST``."""
        return ", ".join(filter(None, (self.last_name, self.first_name)))

    def lines(self) -> Iterator[Assessor]:
        """Yield the lines by which a key of this person is judged."""
        for certificate in self.certificates:
            yield self.line(certificate)

    def line(self, certificate: Certificate) -> Assessor:
        """Return the line of one certificate."""
        return Assessor(
            key=certificate.key,
            last_name=self.last_name,
            first_name=self.first_name,
            former_names=self.former_names,
            agencies=self.agencies,
            state=self.state,
            certified_on=certificate.certified_on,
            issued_on=certificate.issued_on,
            expires_on=certificate.expires_on,
            status=certificate.status,
            approved_on=certificate.approved_on,
        )

    def remembering(self, old: Person, today: date) -> Person:
        """Return the person with the names that it had before; a new name leaves the old one behind, dated today."""
        kept = [*self.former_names]
        known = {undated(name) for name in kept}
        left = [] if _folded(self).agrees(_folded(old)) else [f"{old.name} until {today.isoformat()}"]
        kept += [name for name in (*old.former_names, *left) if undated(name) not in known]
        return replace(self, former_names=tuple(kept))


def undated(former_name: str) -> str:
    """Return a former name without the day on which it ended."""
    return _UNTIL.split(former_name, maxsplit=1)[0]


def _folded(person: Person) -> MatchKey:
    return match_key(f"{person.last_name}, {person.first_name}")


def person_of(line: Assessor, id_: str) -> Person:
    """Return whom a line of a roster file names, without certificates."""
    return Person(
        id=id_,
        last_name=line.last_name,
        first_name=line.first_name,
        former_names=line.former_names,
        agencies=line.agencies,
        state=line.state,
    )


def certificate_of(line: Assessor, id_: str) -> Certificate:
    """Return what a line of a roster file says about its key."""
    return Certificate(
        id=id_,
        key=line.key,
        certified_on=line.certified_on,
        issued_on=line.issued_on,
        expires_on=line.expires_on,
        approved_on=line.approved_on,
        status=line.status,
    )


def write_person(person: Person) -> bytes:
    """Return what is sealed of a person; the certificates are sealed on their own."""
    return orjson.dumps(
        {
            "last_name": person.last_name,
            "first_name": person.first_name,
            "former_names": person.former_names,
            "agencies": sorted(person.agencies),
            "state": person.state,
        }
    )


def read_person(id_: str, content: bytes, certificates: tuple[Certificate, ...] = ()) -> Person:
    """Return what ``write_person`` wrote."""
    record: dict[str, Any] = orjson.loads(content)
    former, agencies = tuple(record.pop("former_names")), frozenset(record.pop("agencies"))
    return Person(id=id_, **record, former_names=former, agencies=agencies, certificates=certificates)


def write_certificate(certificate: Certificate) -> bytes:
    """Return what is sealed of a certificate."""
    return orjson.dumps(certificate)


def read_certificate(content: bytes) -> Certificate:
    """Return what ``write_certificate`` wrote."""
    record: dict[str, Any] = orjson.loads(content)
    days = {name: _day(text) for name, text in record.items() if name.endswith("_on")}
    return Certificate(**{**record, **days, "status": AccountStatus(record["status"])})


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
