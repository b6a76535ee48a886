"""Sealing what is stored: nobody who holds the database without the master key can read a record from it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from canonical.errors import ConfigurationError
from service.folders import flush, make_durably

#: The environment variable that may hold the master key itself, base64 (32 bytes).
ENVIRONMENT: Final = "ECAS_MASTER_KEY"
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32


class Vault:
    """AES-256-GCM under the master key, the record's own name as associated data; and keyed digests to find by.

    A sealed value moved to another row, or to another agency, does not open: its name is part of the seal.
    """

    def __init__(self, master: bytes) -> None:
        """Derive one key for sealing and one for digests, so that neither use weakens the other."""
        if len(master) != _KEY_BYTES:
            raise ConfigurationError("The master key must be 32 bytes, base64-encoded.")
        self._seal = AESGCM(hmac.digest(master, b"ecas-bridge seal v1", "sha256"))
        self._mac = hmac.digest(master, b"ecas-bridge digest v1", "sha256")
        self._root = hmac.digest(master, b"ecas-bridge derived keys v1", "sha256")

    def seal(self, plain: bytes, *name: str) -> bytes:
        """Return nonce and ciphertext; ``name`` says whose and what it is, and must be given again to open it."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._seal.encrypt(nonce, plain, "\x1f".join(name).encode())

    def open(self, sealed: bytes, *name: str) -> bytes:
        """Return what was sealed under this name.

        Raises:
            ConfigurationError: it was sealed under another key, another name, or was altered.
        """
        try:
            return self._seal.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], "\x1f".join(name).encode())
        except InvalidTag:
            raise ConfigurationError(
                "A stored record does not open with this master key. Is it the key file that belongs to this database?"
            ) from None

    def digest(self, *parts: str) -> str:
        """Return a keyed digest: equal for equal parts, and worth nothing to whoever lacks the key."""
        return hmac.new(self._mac, "\x1f".join(parts).encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()

    def derived(self, *use: str) -> bytes:
        """Return 32 bytes for a use of its own: a key that need not be kept, since it can be had again."""
        return hmac.digest(self._root, "\x1f".join(use).encode(), "sha256")


def open_vault(key_file: Path) -> tuple[Vault, bool]:
    """Return the vault of ``ECAS_MASTER_KEY``, or of the key file, and whether that file was made just now.

    Raises:
        ConfigurationError: the key is not 32 base64-encoded bytes, or others may read the file.
    """
    if given := os.environ.get(ENVIRONMENT):
        return Vault(_decode(given)), False
    made = _make(key_file)
    if key_file.stat().st_mode & 0o077:
        raise ConfigurationError(f"Others may read the master key file {key_file.name}; set its mode to 0600.")
    return Vault(_decode(key_file.read_text("ascii"))), made


def _make(key_file: Path) -> bool:
    """Write a fresh key where there is none; whoever comes first wins, whole or not at all."""
    if key_file.exists():
        return False
    make_durably(key_file.parent)
    draft = key_file.with_name(f".{key_file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(secrets.token_bytes(_KEY_BYTES)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, key_file)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
        flush(key_file.parent)
    return True


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except ValueError:
        raise ConfigurationError("The master key must be 32 bytes, base64-encoded.") from None
