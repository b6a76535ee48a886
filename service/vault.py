"""Sealing what is stored: nobody who holds the database without the master key can read a record from it.

A record (a payload, a submission with its report, receipts and notes) has a data key of its own; what is no record is
under the agency's own. Both are wrapped by the agency's key, and that one by the master (docs/adr/0023).
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from typing import Final, TypedDict

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, Engine, select

from canonical.errors import ConfigurationError, Erased
from service.keyring.master import LocalMaster
from service.keyring.ring import DERIVED, DIGEST, FIRST_RELEASE, AgencyKey, FirstRing, Ring, StoredRing
from service.keyring.sources import open_masters
from service.keyring.wrapping import KEY_BYTES, NotUnderThisKey, unwrap, wrap
from service.outbox import schema as t
from service.outbox.engine import reading
from service.settings import Settings
from service.tenants.tenant import EVERY

#: How what is sealed begins: under the agency's own data key, or under the record's. The first release's begins anyhow.
OWN: Final = b"\0ecas-A2"
RECORD: Final = b"\0ecas-R2"
_FORM_BYTES: Final = len(OWN)
_SEQ_BYTES: Final = 8
_WRONG: Final = "A stored record does not open with this master key. Is it the key file that belongs to this database?"


class KeyColumns(TypedDict):
    """What a record's row holds of its data key."""

    data_key: bytes | None
    wrapped_by: int | None


class Vault:
    """AES-256-GCM, the record's own name as associated data; and keyed digests to find by.

    A sealed value moved to another row, or to another agency, does not open: its name is part of the seal.
    """

    def __init__(self, ring: Ring | bytes) -> None:
        """Work with this keyring; from the bytes of a master alone, as the first release did, without a database."""
        self.ring: Ring = FirstRing(LocalMaster(ring)) if isinstance(ring, bytes) else ring
        self._mac = _needed(self.ring.deployment(DIGEST))
        self._root = _needed(self.ring.deployment(DERIVED))

    def new_key(self, agency: str, id_: str) -> KeyColumns:
        """Return a fresh data key for a record, wrapped, as the columns of its row."""
        key = self.ring.newest(agency)
        if key is None:
            return {"data_key": None, "wrapped_by": None}
        return self.wrapped(key, agency, id_, os.urandom(KEY_BYTES))

    def seal(self, plain: bytes, *name: str, key: bytes | None = None) -> bytes:
        """Return the sealed bytes; ``name`` says what it is, whose and which, and must be given again to open it.

        ``key`` is the data key of the record that it belongs to, as its row holds it.
        """
        if key is not None:
            return RECORD + wrap(self._data_key(key, name), plain, RECORD.decode(), *name)
        newest = self.ring.newest(_agency(name))
        if newest is None:
            return wrap(self._first(), plain, *name)
        return OWN + wrap(newest.own, plain, OWN.decode(), *name)

    def open(self, sealed: bytes, *name: str, key: bytes | None = None) -> bytes:
        """Return what was sealed under this name.

        Raises:
            Erased: the record was erased, or its data key was.
            ConfigurationError: it was sealed under another key, another name, or was altered.
        """
        if not sealed:
            raise Erased
        form = bytes(sealed[:_FORM_BYTES])
        try:
            if form == RECORD:
                if key is None:
                    raise Erased
                return unwrap(self._data_key(key, name), sealed[_FORM_BYTES:], form.decode(), *name)
            if form == OWN and (newest := self.ring.newest(_agency(name))) is not None:
                return unwrap(newest.own, sealed[_FORM_BYTES:], form.decode(), *name)
        except NotUnderThisKey:
            pass  # tried as one of the first release, which begins with anything at all
        try:
            return unwrap(self._first(), sealed, *name)
        except NotUnderThisKey:
            raise ConfigurationError(_WRONG) from None

    def digest(self, *parts: str) -> str:
        """Return a keyed digest: equal for equal parts, and worth nothing to whoever lacks the key."""
        return hmac.new(self._mac, "\x1f".join(parts).encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()

    def derived(self, *use: str) -> bytes:
        """Return 32 bytes for a use of its own: a key that need not be kept, since it can be had again."""
        return hmac.digest(self._root, "\x1f".join(use).encode(), "sha256")

    def admit(self, connection: Connection, agency: str) -> None:
        """Give a new agency its key, in the transaction that makes the agency."""
        self.ring.admit(connection, agency)

    def wrapped(self, by: AgencyKey, agency: str, id_: str, key: bytes) -> KeyColumns:
        """Return a record's data key, wrapped by this version of the agency's."""
        sealed = wrap(by.key, key, "data key", agency, id_, str(by.version))
        return {"data_key": by.seq.to_bytes(_SEQ_BYTES) + sealed, "wrapped_by": by.seq}

    def unwrapped(self, agency: str, id_: str, key: bytes) -> bytes:
        """Return a record's data key.

        Raises:
            ConfigurationError: it is another record's, or its agency's key is gone, or it was altered.
        """
        by = self.ring.of(agency, int.from_bytes(key[:_SEQ_BYTES]))
        if by is None:
            raise ConfigurationError(_WRONG)
        try:
            return unwrap(by.key, key[_SEQ_BYTES:], "data key", agency, id_, str(by.version))
        except NotUnderThisKey:
            raise ConfigurationError(_WRONG) from None

    def _data_key(self, key: bytes, name: tuple[str, ...]) -> AESGCM:
        _, agency, id_ = name
        return AESGCM(self.unwrapped(agency, id_, key))

    def _first(self) -> AESGCM:
        """Return the key of the first release, while anything may be under it."""
        key = self.ring.deployment(FIRST_RELEASE)
        if key is None:
            raise ConfigurationError(_WRONG)
        return AESGCM(key)


def open_vault(
    engine: Engine, settings: Settings, *, environment: Mapping[str, str] = os.environ
) -> tuple[Vault, bool]:
    """Return the vault of a database that is at this release's schema, and whether a key file was made just now.

    Raises:
        ConfigurationError: there is no master key, it is none, others may read it, or it is another database's.
    """
    with reading(engine, EVERY) as connection:
        empty = not any(
            connection.execute(select(table).limit(1)).first() is not None for table in (t.vault_key, t.agency)
        )
    masters, made = open_masters(settings, may_make=empty, environment=environment)
    return Vault(StoredRing(engine, masters)), made


def _agency(name: tuple[str, ...]) -> str:
    return name[1] if len(name) > 1 else ""


def _needed(key: bytes | None) -> bytes:
    if key is None:
        raise ConfigurationError("A key of this database is missing. Restore a backup.")
    return key
