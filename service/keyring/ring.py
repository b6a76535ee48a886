"""The keyring: the keys of the deployment and of its agencies, as the database holds them, unwrapped in memory."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.exc import IntegrityError

from canonical.errors import ConfigurationError
from service.clock import to_milliseconds, utc_now
from service.keyring.master import LocalMaster, Masters
from service.keyring.wrapping import KEY_BYTES, NotUnderThisKey, unwrap, wrap
from service.outbox import schema as t
from service.outbox.engine import reading, writing
from service.tenants.tenant import EVERY

#: Seconds for which the newest version of an agency's key is taken for the newest. Who retires one waits longer.
FRESH: Final = 5.0
#: What belongs to no agency.
DEPLOYMENT: Final = ""
#: The keys of the whole deployment, and how the first release derived each from the master.
DIGEST, DERIVED, FIRST_RELEASE = "digest", "derived", "first release"
_FIRST: Final = {
    DIGEST: b"ecas-bridge digest v1",
    DERIVED: b"ecas-bridge derived keys v1",
    FIRST_RELEASE: b"ecas-bridge seal v1",
}
_K: Final = t.agency_key.c


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AgencyKey:
    """One version of an agency's key, unwrapped."""

    #: Its number in the database, over all agencies.
    seq: int
    agency: str
    version: int
    #: What wraps data keys.
    key: AESGCM
    #: The agency's own data key, for what is no record.
    own: AESGCM


class Ring(Protocol):
    """Finds keys."""

    def deployment(self, name: str) -> bytes | None:
        """Return a key of the whole deployment; None where there is none of that name."""

    def newest(self, agency: str) -> AgencyKey | None:
        """Return the version that wraps now; None where nothing is wrapped at all, as in the first release."""

    def of(self, agency: str, seq: int) -> AgencyKey | None:
        """Return this version; None where it is no more."""

    def admit(self, connection: Connection, agency: str) -> None:
        """Give an agency its first key, unless it has one."""


class FirstRing:
    """The one key of the first release: where there is no database to keep others in."""

    def __init__(self, master: LocalMaster) -> None:
        """Derive everything from the master."""
        self._keys = {name: master.derived(use) for name, use in _FIRST.items()}

    def deployment(self, name: str) -> bytes | None:
        """Return a key of the whole deployment."""
        return self._keys.get(name)

    def newest(self, agency: str) -> AgencyKey | None:
        """Return nothing: no key wraps another one here."""
        del agency
        return None

    def of(self, agency: str, seq: int) -> AgencyKey | None:
        """Return nothing: what a database's keyring sealed does not open here."""
        del agency, seq
        return None

    def admit(self, connection: Connection, agency: str) -> None:
        """Do nothing: all agencies share the one key."""
        del connection, agency


class StoredRing:
    """The keys of a database. They are read when they are needed first, and kept: only the master is asked for more."""

    def __init__(self, engine: Engine, masters: Masters) -> None:
        """Read the deployment's keys, which shows at once whether this is the master of this database.

        A database of the first release keeps the digests that it has, so what it derived is written down; a new one gets
        keys that follow from nothing. An agency without a key gets its first one.

        Raises:
            ConfigurationError: the master is another one's, or a key was altered.
        """
        self._engine = engine
        self.masters = masters
        #: By agency: when they were read, and every version by its number.
        self._agencies: dict[str, tuple[float, dict[int, AgencyKey]]] = {}
        if not (keys := self._read_deployment()):
            self._found()
            keys = self._read_deployment()
        self._deployment = keys
        self._admit_all()
        self._read(DEPLOYMENT)  # now: within a request of an agency nothing else is seen

    def deployment(self, name: str) -> bytes | None:
        """Return a key of the whole deployment; the first release's is gone when nothing is under it any more."""
        return self._deployment.get(name)

    def newest(self, agency: str) -> AgencyKey | None:
        """Return the version that wraps now, known for ``FRESH`` seconds at most."""
        read_at, known = self._agencies.get(agency, (0.0, {}))
        if not known or time.monotonic() - read_at > FRESH:
            known = self._read(agency)
        if not known:
            raise ConfigurationError(
                "An agency has no key of its own: its row was not written by “ecas agencies add”. Restart the service."
            )
        return known[max(known)]

    def of(self, agency: str, seq: int) -> AgencyKey | None:
        """Return this version; where it is not known yet, the database is asked."""
        _, known = self._agencies.get(agency, (0.0, {}))
        return known.get(seq) or self._read(agency).get(seq)

    def admit(self, connection: Connection, agency: str) -> None:
        """Give an agency its first key, in the transaction that makes the agency."""
        if connection.execute(select(_K.seq).where(_K.agency == agency).limit(1)).first() is None:
            key, own = secrets.token_bytes(KEY_BYTES), secrets.token_bytes(KEY_BYTES)
            connection.execute(insert(t.agency_key).values(**self.as_row(agency, 1, key, own)))

    def as_row(self, agency: str, version: int, key: bytes, own: bytes) -> dict[str, object]:
        """Return a version of an agency's key as the database holds it."""
        master = self.masters.current
        return {
            "agency": agency,
            "version": version,
            "master": master.id,
            "wrapped": master.wrap(key, "agency key", agency, str(version)),
            "own": wrap(AESGCM(key), own, "own key", agency, str(version)),
            "made_at": to_milliseconds(utc_now()),
        }

    def forget(self) -> None:
        """Read everything anew when it is needed next: the keys were changed by this process itself."""
        self._agencies = {}
        self._deployment = self._read_deployment()

    def _read(self, agency: str) -> dict[int, AgencyKey]:
        at = time.monotonic()
        with reading(self._engine, EVERY) as connection:
            rows = connection.execute(select(t.agency_key).where(_K.agency == agency)).mappings().all()
        earlier = self._agencies.get(agency, (0.0, {}))[1]
        # What was known stays known: who read a record just before its key was replaced still has to open it.
        known = earlier | {row["seq"]: earlier.get(row["seq"]) or self._unwrapped(dict(row)) for row in rows}
        self._agencies[agency] = (at, known)
        return known

    def _unwrapped(self, row: dict[str, object]) -> AgencyKey:
        agency, version = str(row["agency"]), int(str(row["version"]))
        name = ("agency key", agency, str(version))
        key = AESGCM(self.masters.unwrap(str(row["master"]), _bytes(row["wrapped"]), *name))
        try:
            own = AESGCM(unwrap(key, _bytes(row["own"]), "own key", agency, str(version)))
        except NotUnderThisKey:
            raise ConfigurationError("A key in this database was altered. Restore a backup.") from None
        return AgencyKey(seq=int(str(row["seq"])), agency=agency, version=version, key=key, own=own)

    def _read_deployment(self) -> dict[str, bytes]:
        with reading(self._engine, EVERY) as connection:
            rows = connection.execute(select(t.vault_key)).mappings().all()
        return {
            row["name"]: self.masters.unwrap(row["master"], row["wrapped"], "vault key", row["name"]) for row in rows
        }

    def _found(self) -> None:
        """Write the deployment's keys down; of several who start at once, the first one's count."""
        master = self.masters.current
        try:
            with writing(self._engine, EVERY) as connection:
                if connection.execute(select(t.agency.c.id).limit(1)).first() is None:
                    keys = {name: secrets.token_bytes(KEY_BYTES) for name in (DIGEST, DERIVED)}
                elif isinstance(master, LocalMaster):
                    keys = {name: master.derived(use) for name, use in _FIRST.items()}
                else:
                    raise ConfigurationError(
                        "The first release's records open with a master key from a file, the environment or "
                        "ECAS_MASTER_COMMAND only: start once with that one, then replace it."
                    )
                rows = [
                    {"name": name, "master": master.id, "wrapped": master.wrap(key, "vault key", name)}
                    for name, key in keys.items()
                ]
                connection.execute(insert(t.vault_key), rows)
        except IntegrityError:
            return

    def _admit_all(self) -> None:
        with reading(self._engine, EVERY) as connection:
            known = set(connection.scalars(select(_K.agency).distinct()))
            wanted = {DEPLOYMENT, *connection.scalars(select(t.agency.c.id))} - known
        for agency in sorted(wanted):
            try:
                with writing(self._engine, EVERY) as connection:
                    self.admit(connection, agency)
            except IntegrityError:  # another process was first
                continue


def _bytes(value: object) -> bytes:
    assert isinstance(value, bytes)
    return value
