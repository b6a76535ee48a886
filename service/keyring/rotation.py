"""Rotation: new keys in the place of old ones, in small transactions, from wherever the last one stopped.

What is left to do is seen in the rows, never remembered beside them: whoever is killed has done some rows and not
others, and every row is readable all the time, for an old key goes when nothing is under it and not before.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, Engine, Table, and_, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from canonical.errors import ConfigurationError
from service.clock import Clock, to_milliseconds
from service.keyring.first_form import OWN_COLUMNS, RECORDS, convert, is_first_form
from service.keyring.ring import FIRST_RELEASE, FRESH, StoredRing
from service.keyring.wrapping import KEY_BYTES, unwrap
from service.outbox import schema as t
from service.outbox.engine import reading, writing
from service.outbox.scrubbing import scrub
from service.tenants.tenant import EVERY
from service.vault import Vault

#: Rows of one transaction: a writer waits for no more than these.
BATCH: Final = 100
#: How long every process may still take a retired key for the newest, with air: seconds.
SETTLED: Final = 2 * FRESH
#: How often the destruction of a retired key is tried.
_TRIES: Final = 10
_K: Final = t.agency_key.c


@dataclass(kw_only=True)
class Done:
    """What a rotation did; a second one that finds nothing to do counts nothing."""

    #: Agencies whose key is a new one.
    agencies: int = 0
    #: Data keys that are under a new agency key.
    rewrapped: int = 0
    #: Rows brought from the first release's form to this one.
    converted: int = 0
    #: Old keys that are no more.
    destroyed: int = 0
    #: Agency keys and keys of the deployment that are under another master.
    under_new_master: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the keys stand."""

    master: str
    #: Keys under another master than the present one.
    under_other_master: int
    agencies: int
    #: Retired keys that are not destroyed yet.
    retired: int
    #: Records of the first release's form.
    first_form: int
    #: When the oldest key that is in use was made, in milliseconds.
    oldest: int | None


@dataclass(kw_only=True)
class Rotation:
    """Replaces keys. Two at once do no harm: they do each other's work."""

    engine: Engine
    vault: Vault
    clock: Clock
    #: Lets time pass until nobody takes a retired key for the newest.
    wait: Callable[[float], None] = time.sleep
    done: Done = field(default_factory=Done)

    def run(self, agencies: Sequence[str] | None = None) -> Done:
        """Give these agencies (all, unless named) a new key, bring everything under it, and destroy the old one.

        Where an earlier rotation was killed, it is brought to its end, and that is all.
        """
        chosen = self._agencies() if agencies is None else list(agencies)
        begun = [agency for agency in chosen if not self._is_under_way(agency)]
        for agency in begun if len(begun) == len(chosen) else ():
            self._renew(agency)
            self.done.agencies += 1
        self._ring.forget()
        for agency in chosen:
            self._rewrap(agency)
        self._convert_all()
        if any(self._is_under_way(agency) for agency in chosen):
            self.wait(SETTLED)
            for agency in chosen:
                self._finish(agency)
        self._end_first_release()
        self._scrub()
        return self.done

    def change_master(self) -> Done:
        """Bring every key of the database under the present master; the one before may go then."""
        for table, name in ((t.vault_key, _vault_name), (t.agency_key, _agency_name)):
            while self._under_present_master(table, name):
                pass
        self._ring.forget()
        self._scrub()
        return self.done

    def standing(self) -> Standing:
        """Return how the keys stand."""
        master = self._ring.masters.current.id
        with reading(self.engine, EVERY) as connection:
            others = sum(
                connection.execute(select(func.count()).where(table.c.master != master)).scalar_one()
                for table in (t.vault_key, t.agency_key)
            )
            in_use = _K.retired_at.is_(None)
            oldest, agencies = connection.execute(
                select(func.min(_K.made_at), func.count(func.distinct(_K.agency))).where(in_use, _K.agency != "")
            ).one()
            retired = connection.execute(select(func.count()).where(_K.retired_at.is_not(None))).scalar_one()
            first = sum(
                connection.execute(select(func.count()).where(of_first_form(table))).scalar_one() for table in RECORDS
            )
        return Standing(
            master=master,
            under_other_master=others,
            agencies=agencies,
            retired=retired,
            first_form=first,
            oldest=oldest,
        )

    @property
    def _ring(self) -> StoredRing:
        if not isinstance(self.vault.ring, StoredRing):
            raise ConfigurationError("Keys are rotated where they are kept: in a database.")
        return self.vault.ring

    def _agencies(self) -> list[str]:
        with reading(self.engine, EVERY) as connection:
            return list(connection.scalars(select(_K.agency).distinct().order_by(_K.agency)))

    def _is_under_way(self, agency: str) -> bool:
        with reading(self.engine, EVERY) as connection:
            retired = select(_K.seq).where(_K.agency == agency, _K.retired_at.is_not(None)).limit(1)
            return connection.execute(retired).first() is not None

    def _renew(self, agency: str) -> None:
        """Write a new version of an agency's key down and retire those before; its own data key stays, wrapped anew."""
        with writing(self.engine, EVERY) as connection:
            of_it = select(t.agency_key).where(_K.agency == agency).order_by(_K.version.desc())
            row = connection.execute(of_it.limit(1).with_for_update()).mappings().one()
            own = self._own(dict(row))
            fresh = self._ring.as_row(agency, row["version"] + 1, secrets.token_bytes(KEY_BYTES), own)
            retire = update(t.agency_key).where(_K.agency == agency, _K.retired_at.is_(None))
            connection.execute(retire.values(retired_at=to_milliseconds(self.clock())))
            connection.execute(insert(t.agency_key).values(**fresh))

    def _own(self, row: dict[str, Any]) -> bytes:
        agency, version = row["agency"], str(row["version"])
        key = self._ring.masters.unwrap(row["master"], row["wrapped"], "agency key", agency, version)
        return unwrap(AESGCM(key), row["own"], "own key", agency, version)

    def _rewrap(self, agency: str) -> None:
        for table in RECORDS:
            while (rows := self._rewrap_some(table, agency)) > 0:
                self.done.rewrapped += rows

    def _rewrap_some(self, table: Table, agency: str) -> int:
        """Bring some data keys under the newest version; their rows keep their length, so that few pages are written."""
        c = table.c
        newest = self.vault.ring.newest(agency)
        assert newest is not None
        with writing(self.engine, EVERY) as connection:
            old = and_(c.agency == agency, c.wrapped_by.is_not(None), c.wrapped_by != newest.seq)
            rows = connection.execute(select(c.id, c.data_key).where(old).limit(BATCH).with_for_update()).all()
            for row in rows:
                key = self.vault.unwrapped(agency, row.id, row.data_key)
                changed = update(table).where(c.agency == agency, c.id == row.id)
                connection.execute(changed.values(**self.vault.wrapped(newest, agency, row.id, key)))
        return len(rows)

    def _convert_all(self) -> None:
        """Bring what the first release sealed to this release's form; nothing, where there is none of it."""
        if self.vault.ring.deployment(FIRST_RELEASE) is None:
            return
        for table in RECORDS:
            while rows := self._some(table):
                with writing(self.engine, EVERY) as connection:
                    for agency, id_ in rows:
                        convert(connection, self.vault, table, agency, id_)
                self.done.converted += len(rows)
        for column in OWN_COLUMNS:
            while count := self._own_some(column):
                self.done.converted += count

    def _some(self, table: Table) -> list[tuple[str, str]]:
        with reading(self.engine, EVERY) as connection:
            query = select(table.c.agency, table.c.id).where(of_first_form(table)).limit(BATCH)
            return [(row.agency, row.id) for row in connection.execute(query)]

    def _own_some(self, column: Any) -> int:  # noqa: ANN401 - one of OWN_COLUMNS
        with writing(self.engine, EVERY) as connection:
            rows = connection.execute(column.query().where(is_first_form(column.column)).limit(BATCH)).mappings().all()
            for row in rows:
                name = column.name(row)
                plain = self.vault.open(row["sealed_value"], *name)
                key = [column.table.c[part] == row[part] for part in column.key]
                sealed = self.vault.seal(plain, *name)
                connection.execute(update(column.table).where(*key).values({column.column.name: sealed}))
        return len(rows)

    def _finish(self, agency: str) -> None:
        """Destroy the retired versions: whatever still came under one meanwhile is brought under the new one first."""
        gone = delete(t.agency_key).where(_K.agency == agency, _K.retired_at.is_not(None))
        for _ in range(_TRIES):
            self._rewrap(agency)
            try:
                with writing(self.engine, EVERY) as connection:
                    self.done.destroyed += connection.execute(gone).rowcount
            except IntegrityError:  # a row came under it since: the database does not let go of a key that is in use
                self.wait(SETTLED)
            else:
                return
        raise ConfigurationError(
            "Records still come under a retired key: a process of ours has been asleep. Rotate again later."
        )

    def _end_first_release(self) -> None:
        """Destroy the first release's key when nothing of its form is left."""
        with reading(self.engine, EVERY) as connection:
            if any(self._left(connection)):
                return
        with writing(self.engine, EVERY) as connection:
            gone = delete(t.vault_key).where(t.vault_key.c.name == FIRST_RELEASE)
            self.done.destroyed += connection.execute(gone).rowcount
        self._ring.forget()

    def _left(self, connection: Connection) -> Iterator[bool]:
        for table in RECORDS:
            yield connection.execute(select(table.c.id).where(of_first_form(table)).limit(1)).first() is not None
        for column in OWN_COLUMNS:
            query = column.query().where(is_first_form(column.column)).limit(1)
            yield connection.execute(query).first() is not None

    def _under_present_master(self, table: Table, name: Callable[[Any], tuple[str, ...]]) -> int:
        master = self._ring.masters.current
        with writing(self.engine, EVERY) as connection:
            others = select(table).where(table.c.master != master.id).limit(BATCH).with_for_update()
            rows = connection.execute(others).mappings().all()
            for row in rows:
                key = self._ring.masters.unwrap(row["master"], row["wrapped"], *name(row))
                mine = [column == row[column.name] for column in table.primary_key]
                changed = {"master": master.id, "wrapped": master.wrap(key, *name(row))}
                connection.execute(update(table).where(*mine).values(**changed))
        self.done.under_new_master += len(rows)
        return len(rows)

    def _scrub(self) -> None:
        """Leave nothing of old keys in the journal beside an SQLite file."""
        scrub(self.engine, ("agency_key", "vault_key"))


def of_first_form(table: Table) -> Any:  # noqa: ANN401 - an expression of SQL
    """Return the condition of a record that has no data key yet, and was not erased."""
    return and_(table.c.wrapped_by.is_(None), table.c.erased_at.is_(None))


def _vault_name(row: Any) -> tuple[str, ...]:  # noqa: ANN401 - a row
    return ("vault key", row["name"])


def _agency_name(row: Any) -> tuple[str, ...]:  # noqa: ANN401 - a row
    return ("agency key", row["agency"], str(row["version"]))
