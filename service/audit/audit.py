"""Writing entries down: at the end of the transaction of the deed, and under the lock of the chain's tail.

At the end, because the tail's lock must be the last one taken: whoever holds it waits for nobody. So two transactions
that touch the same lanes, or several agencies, never wait for one another here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select

from canonical.errors import Erased
from service.audit.acting import SYSTEM, Acting, present
from service.audit.deed import Deed
from service.audit.entry import BEGINNING, Entry, chained
from service.outbox import schema as t
from service.outbox.engine import at_the_end, in_turn
from service.tenants.connections import own
from service.vault import Vault

_NAME: Final = "audit"
_A: Final = t.audit.c
# Every transaction of ours ends with these: laid out once.
_TAIL: Final = select(_A.number, _A.digest).where(_A.agency == bindparam("agency")).order_by(_A.number.desc()).limit(1)
_APPEND: Final = insert(t.audit)


class _Record(NamedTuple):
    """Whose a submission is, and what its notes are sealed with."""

    agency: str
    data_key: bytes | None


class Note(NamedTuple):
    """A person's words beside an entry, sealed with the key of the record that they are about."""

    agency: str
    number: int
    about: str
    sealed: bytes
    data_key: bytes | None


class Audit:
    """A deed and its entry are one transaction: neither is on disk without the other."""

    def __init__(self, vault: Vault, moment: Callable[[Connection], int]) -> None:
        """Seal notes, and entries against whoever holds the database alone; ``moment`` tells the time in milliseconds."""
        self._vault = vault
        self._moment = moment

    def note(self, connection: Connection, deed: Deed) -> None:
        """Write a deed down with the transaction that does it; who is at work is whoever is at work now."""
        self.note_all(connection, [deed])

    def note_all(self, connection: Connection, deeds: Iterable[Deed]) -> None:
        """Write deeds down, in this order."""
        who = present()
        at_the_end(connection, _NAME, lambda: _Pending(self)).deeds += [(deed, who) for deed in deeds]

    def entry_seal(self, digest: str) -> str:
        """Return what stands beside an entry of this digest in the database: nobody without the master key can add one."""
        return self._vault.digest("audit entry", digest)

    def note_of(self, kept: Note) -> str | None:
        """Return a person's note as it was written; None where it was erased with the record that it is about."""
        try:
            return self._vault.open(
                kept.sealed, _words_of(kept.number), kept.agency, kept.about, key=kept.data_key
            ).decode()
        except Erased:
            return None

    def note_digest(self, agency: str, number: int, note: str) -> str:
        """Return what the chain holds of a note: worth nothing to whoever lacks the key, so that it can be erased."""
        return self._vault.digest("audit note", agency, str(number), note)

    def write(self, connection: Connection, deeds: Iterable[tuple[Deed, Acting | None]]) -> None:
        """Write deeds to the tails of their chains; nothing else may be locked by this transaction afterwards."""
        told = list(deeds)
        records = _records(connection, told)
        by_agency: dict[str, list[tuple[Deed, Acting | None]]] = {}
        for deed, who in told:
            agency = records[deed.about].agency if deed.agency is None else deed.agency
            by_agency.setdefault(agency, []).append((deed, who))
        for agency in sorted(by_agency):  # everybody takes several chains in this order
            in_turn(connection, agency, purpose=_NAME)
            self._append(connection, agency, by_agency[agency], records)

    def _append(
        self,
        connection: Connection,
        agency: str,
        deeds: list[tuple[Deed, Acting | None]],
        records: Mapping[str, _Record],
    ) -> None:
        last, digest = tail(connection, agency)
        at = self._moment(connection)
        rows, notes = [], []
        for number, (deed, who) in enumerate(deeds, start=last + 1):
            key = records[deed.about].data_key if deed.about in records else None
            note = deed.note
            if deed.sealed_note is not None:
                note = self._vault.open(deed.sealed_note, "note", agency, deed.about, key=key).decode()
            entry = Entry(
                agency=agency,
                number=number,
                at=at,
                action=who.deed if deed.step and who and who.deed else deed.action,
                outcome=deed.outcome.value,
                principal=who.principal if who else deed.actor,
                role=who.role if who else SYSTEM,
                kind=deed.kind,
                about=deed.about,
                detail=deed.detail,
                note=self.note_digest(agency, number, note) if note else "",
                request=who.request if who else "",
                digest="",
            )
            digest = chained(digest, entry)
            rows.append({**entry._asdict(), "digest": digest, "seal": self.entry_seal(digest)})
            if note:
                sealed = self._vault.seal(note.encode(), _words_of(number), agency, deed.about, key=key)
                notes.append({"agency": agency, "number": number, "about": deed.about, "sealed": sealed})
        connection.execute(_APPEND, rows)
        if notes:
            connection.execute(insert(t.audit_note), notes)


class _Pending:
    """What a transaction has yet to write down."""

    def __init__(self, audit: Audit) -> None:
        """Begin with nothing."""
        self.deeds: list[tuple[Deed, Acting | None]] = []
        self._audit = audit

    def __call__(self, connection: Connection) -> None:
        """Write it down."""
        self._audit.write(connection, self.deeds)


def tail(connection: Connection, agency: str) -> tuple[int, str]:
    """Return number and digest of the newest entry of a chain."""
    row = connection.execute(_TAIL, {"agency": agency}).first()
    return (0, BEGINNING) if row is None else (row.number, row.digest)


def forget_notes(connection: Connection, agency: str, about: str) -> int:
    """Erase the notes about something of an agency's, and return how many; the chain stays whole."""
    c = t.audit_note.c
    return connection.execute(delete(t.audit_note).where(c.agency == agency, c.about == about)).rowcount


def _words_of(number: int) -> str:
    """Return what a note is sealed as: that of this entry and of no other."""
    return f"audit note {number}"


def _records(connection: Connection, deeds: Iterable[tuple[Deed, Acting | None]]) -> dict[str, _Record]:
    """Return what must be known of the submissions that deeds are about, in one query."""
    c = t.submission.c
    about = {deed.about for deed, _ in deeds if deed.agency is None}
    if not about:
        return {}
    query = select(c.id, c.agency, c.data_key).where(c.id.in_(about), *own(connection, t.submission))
    return {row.id: _Record(row.agency, row.data_key) for row in connection.execute(query)}
