"""API keys: shown once, kept as a keyed digest, given to somebody by name for a role and a time."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, RowMapping, and_, bindparam, insert, or_, select, update

from canonical.errors import ConfigurationError
from service.audit.acting import HOST
from service.audit.audit import Audit
from service.audit.deed import Deed
from service.clock import Clock, from_milliseconds, to_milliseconds
from service.credentials import principal as p
from service.credentials.principal import Permission, Principal, Role
from service.identifiers import NewId
from service.outbox import schema as t
from service.outbox.engine import in_turn, reading, writing
from service.tenants.tenant import EVERY
from service.vault import Vault

#: What every key begins with.
PREFIX: Final = "ecas_"
#: Longer, and two keys would be the rule instead of the way from one to the other.
LONGEST_OVERLAP: Final = timedelta(days=90)
_KEY_BYTES: Final = 32
#: Everything that a key can look like; nothing else is even looked up.
_KEY: Final = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")
_C: Final = t.api_key.c
#: Asked at every request: laid out once.
_WORKS: Final = select(_C.id, _C.owner, _C.agency, _C.role, _C.scopes).where(
    _C.digest == bindparam("digest"),
    _C.revoked_at.is_(None),
    or_(_C.expires_at.is_(None), _C.expires_at > bindparam("now")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What we know of a key: everything but the key."""

    id: str
    agency: str
    owner: str
    role: Role
    #: What it was narrowed to; None for all that the role may.
    scopes: frozenset[Permission] | None
    created_at: datetime
    #: When it ends by itself.
    expires_at: datetime | None
    revoked_at: datetime | None
    #: The key that a rotation put in its place.
    replaced_by: str | None
    #: To a minute.
    last_used_at: datetime | None

    def works(self, now: datetime) -> bool:
        """Return whether it opens anything at this moment."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A new key, to be shown once."""

    key: str = field(repr=False)
    id: str
    expires_at: datetime | None
    #: The key in whose place it stands, and until when that one works beside it.
    instead_of: str | None = None
    old_until: datetime | None = None


class ApiKeys:
    """Hands keys out once, and recognises them."""

    def __init__(self, engine: Engine, vault: Vault, clock: Clock, new_id: NewId) -> None:
        """Work on this database; keys are recognised only under the vault that digested them."""
        self._engine = engine
        self._vault = vault
        self._clock = clock
        self._new_id = new_id
        self._audit = Audit(vault, lambda _: to_milliseconds(clock()))

    def issue(
        self,
        agency: str,
        *,
        owner: str,
        role: Role,
        scopes: Iterable[Permission] = (),
        lifetime: timedelta | None = None,
    ) -> Issued:
        """Give somebody a key of the agency, beside those that are there.

        Raises:
            ConfigurationError: there is no such agency, the owner is no name, or a scope reaches beyond the role.
        """
        with writing(self._engine, agency) as connection:
            self._known(connection, agency)
            return self.hand_out(connection, agency, owner, role, p.narrowed(role, frozenset(scopes)), lifetime)

    def of(self, agency: str) -> list[ApiKey]:
        """Return all keys that the agency ever had, oldest first.

        Raises:
            ConfigurationError: there is no such agency.
        """
        with reading(self._engine, agency) as connection:
            self._known(connection, agency)
            return self._all(connection, agency)

    def rotate(
        self,
        agency: str,
        key: str | None = None,
        *,
        overlap: timedelta = timedelta(0),
        lifetime: timedelta | None = None,
    ) -> Issued:
        """Put a new key in the place of one, for the same owner, role, scopes and, unless told otherwise, as long.

        The old one, and whatever it had itself replaced, ends with the overlap, or sooner where it would have: with
        none, from the same commit on. Where nothing works any more, the newest key is what is replaced.

        Raises:
            ConfigurationError: there is no such agency or key, it was replaced already, or it must be said which.
        """
        if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
            raise ConfigurationError(f"Two keys may overlap for {LONGEST_OVERLAP.days} days at most.")
        with writing(self._engine, agency) as connection:
            in_turn(connection, agency)
            self._known(connection, agency)
            old = self._to_rotate(self._all(connection, agency), agency, key)
            if lifetime is None and old.expires_at is not None and old.replaced_by is None:
                lifetime = old.expires_at - old.created_at
            new = self.hand_out(connection, agency, old.owner, old.role, old.scopes, lifetime)
            until = self._clock() + overlap
            ends = until if old.expires_at is None else min(until, old.expires_at)
            c = t.api_key.c
            connection.execute(update(t.api_key).where(c.id == old.id).values(replaced_by=new.id))
            connection.execute(
                update(t.api_key)
                .where(
                    c.id.in_(self._line(connection, old.id)),
                    or_(c.expires_at.is_(None), c.expires_at > to_milliseconds(ends)),
                )
                .values(expires_at=to_milliseconds(ends))
            )
            detail = f"replaced_by={new.id}"
            deed = Deed(agency=agency, action="credential.rotated", actor=HOST, kind="key", about=old.id, detail=detail)
            self._audit.note(connection, deed)
            still = old.works(self._clock()) and overlap > timedelta(0)
            return Issued(
                key=new.key,
                id=new.id,
                expires_at=new.expires_at,
                instead_of=old.id,
                old_until=ends if still else None,
            )

    def revoke(self, agency: str, key: str | None = None) -> None:
        """Let one key, or no key of the agency, work any more; what it sent stays and is delivered.

        Raises:
            ConfigurationError: there is no such agency, or no such key of it.
        """
        c = t.api_key.c
        which = and_(c.agency == agency, c.revoked_at.is_(None), *([] if key is None else [c.id == key]))
        with writing(self._engine, agency) as connection:
            self._known(connection, agency)
            if key is not None and all(one.id != key for one in self._all(connection, agency)):
                raise ConfigurationError(_no_key(agency))
            ended = connection.execute(update(t.api_key).where(which).values(revoked_at=self._now())).rowcount
            detail = f"keys={ended}"
            deed = Deed(
                agency=agency, action="credential.revoked", actor=HOST, kind="key", about=key or "", detail=detail
            )
            self._audit.note(connection, deed)

    def recognise(self, key: str) -> Principal | None:
        """Return whose key this is, or None where it is nobody's, has ended, or is revoked.

        The look-up is by keyed digest, so that how long it takes says nothing about any key.
        """
        if not _KEY.fullmatch(key):
            return None
        given = {"digest": self._digest(key), "now": self._now()}
        with reading(self._engine, EVERY) as connection:
            row = connection.execute(_WORKS, given).mappings().first()
        if row is None:
            return None
        return Principal(
            id=row["id"],
            owner=row["owner"],
            agency=row["agency"],
            role=Role(row["role"]),
            scopes=p.read(row["scopes"]),
        )

    def hand_out(
        self,
        connection: Connection,
        agency: str,
        owner: str,
        role: Role,
        scopes: frozenset[Permission] | None = None,
        lifetime: timedelta | None = None,
    ) -> Issued:
        """Make a key within a transaction.

        Raises:
            ConfigurationError: the owner is no name.
        """
        self._vault.admit(connection, agency)  # whoever may hand records in has keys to seal them with
        key = PREFIX + base64.urlsafe_b64encode(secrets.token_bytes(_KEY_BYTES)).decode().rstrip("=")
        now = self._clock()
        expires_at = None if lifetime is None else now + lifetime
        id_ = self._new_id("key")
        connection.execute(
            insert(t.api_key).values(
                id=id_,
                agency=agency,
                digest=self._digest(key),
                owner=p.checked_owner(owner),
                role=role.value,
                scopes=p.written(scopes),
                created_at=to_milliseconds(now),
                expires_at=None if expires_at is None else to_milliseconds(expires_at),
            )
        )
        deed = Deed(agency=agency, action="credential.made", actor=HOST, kind="key", about=id_, detail=f"role={role}")
        self._audit.note(connection, deed)
        return Issued(key=key, id=id_, expires_at=expires_at)

    def _to_rotate(self, keys: list[ApiKey], agency: str, key: str | None) -> ApiKey:
        if key is not None:
            chosen = [one for one in keys if one.id == key]
            if not chosen:
                raise ConfigurationError(_no_key(agency))
            if chosen[0].replaced_by is not None:
                raise ConfigurationError(f"That key was replaced already, by {chosen[0].replaced_by}: rotate that one.")
            return chosen[0]
        now = self._clock()
        current = [one for one in keys if one.replaced_by is None and one.works(now)] or keys[-1:]
        if not current:
            raise ConfigurationError(f"{agency} has no API key; “ecas agencies issue {agency}” makes one.")
        if len(current) > 1:
            raise ConfigurationError(
                f"{agency} has {len(current)} API keys: say which with --key; “ecas agencies keys {agency}” lists them."
            )
        return current[0]

    def _line(self, connection: Connection, key: str) -> list[str]:
        """Return the key and all that it has replaced, one after the other."""
        line, c = [key], t.api_key.c
        while earlier := connection.scalars(select(c.id).where(c.replaced_by == line[-1])).first():
            line.append(earlier)
        return line

    def _all(self, connection: Connection, agency: str) -> list[ApiKey]:
        c = t.api_key.c
        query = select(t.api_key).where(c.agency == agency).order_by(c.created_at, c.id)
        return [_key(row) for row in connection.execute(query).mappings()]

    def _known(self, connection: Connection, agency: str) -> None:
        if connection.scalars(select(t.agency.c.id).where(t.agency.c.id == agency)).first() is None:
            raise ConfigurationError("There is no agency of that id; “ecas agencies list” shows them.")

    def _digest(self, key: str) -> str:
        return self._vault.digest("api key", key)

    def _now(self) -> int:
        return to_milliseconds(self._clock())


def _no_key(agency: str) -> str:
    return f"There is no API key of that id; “ecas agencies keys {agency}” lists them."


def _key(row: RowMapping) -> ApiKey:
    moments: dict[str, Any] = {
        name: None if row[name] is None else from_milliseconds(row[name])
        for name in ("created_at", "expires_at", "revoked_at", "last_used_at")
    }
    return ApiKey(
        id=row["id"],
        agency=row["agency"],
        owner=row["owner"],
        role=Role(row["role"]),
        scopes=p.read(row["scopes"]),
        replaced_by=row["replaced_by"],
        **moments,
    )
