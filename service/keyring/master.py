"""The master: the one key that is not in the database, and everything in it hangs from."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from canonical.errors import ConfigurationError
from service.keyring.wrapping import KEY_BYTES, NotUnderThisKey, unwrap, wrap


class Master(Protocol):
    """Wraps and unwraps keys. A key management service that never gives its key away can stand here as well."""

    @property
    def id(self) -> str:
        """Return its name: the same for the same key, and worth nothing to whoever lacks it."""

    def wrap(self, key: bytes, *name: str) -> bytes:
        """Return the key, wrapped under this name."""

    def unwrap(self, wrapped: bytes, *name: str) -> bytes:
        """Return what was wrapped under this name.

        Raises:
            NotUnderThisKey: it was wrapped by another master, under another name, or was altered.
        """


class LocalMaster:
    """A master whose bytes this process holds."""

    def __init__(self, content: bytes) -> None:
        """Take 32 bytes; each use has a key of its own, derived from them."""
        if len(content) != KEY_BYTES:
            raise ConfigurationError("The master key must be 32 bytes, base64-encoded.")
        self._content = content
        self._wrapping = AESGCM(self.derived(b"ecas-bridge wrap v2"))

    @property
    def id(self) -> str:
        """Return its name."""
        return self.derived(b"ecas-bridge master id v2").hex()[:16]

    def wrap(self, key: bytes, *name: str) -> bytes:
        """Return the key, wrapped under this name."""
        return wrap(self._wrapping, key, *name)

    def unwrap(self, wrapped: bytes, *name: str) -> bytes:
        """Return what was wrapped under this name."""
        return unwrap(self._wrapping, wrapped, *name)

    def derived(self, use: bytes) -> bytes:
        """Return 32 bytes that follow from it; the first release made every key of its own so."""
        return hmac.digest(self._content, use, "sha256")


@dataclass(frozen=True, slots=True, kw_only=True)
class Masters:
    """The master of now, and while it is being replaced the one before it."""

    current: Master
    previous: Master | None = None

    def unwrap(self, master: str, wrapped: bytes, *name: str) -> bytes:
        """Return a key that the named master wrapped.

        Raises:
            ConfigurationError: that master is none of ours, or the database was altered.
        """
        for mine in self._all():
            if mine.id == master:
                try:
                    return mine.unwrap(wrapped, *name)
                except NotUnderThisKey:
                    raise ConfigurationError(
                        "A key in this database was altered: it does not open though its master key is here. "
                        "Restore a backup."
                    ) from None
        given = " and ".join(mine.id for mine in self._all())
        raise ConfigurationError(
            f"This database's keys are under the master key {master}, and {given} was given. "
            "Give the key file that belongs to this database; while the master key is being replaced, the one before it "
            "too (ECAS_PREVIOUS_KEY_FILE)."
        )

    def _all(self) -> Iterable[Master]:
        return (self.current,) if self.previous is None else (self.current, self.previous)
