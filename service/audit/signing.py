"""The Ed25519 key that signs checkpoints: made at first use, its owner's alone, its public half for anybody."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from canonical.errors import ConfigurationError
from service.folders import write_once

_RAW: Final = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)
_PEM: Final = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
_PRIVATE: Final = (
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.NoEncryption(),
)


class PublicKey:
    """Whoever has it can check a checkpoint, and make none."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        """Check with this key."""
        self._key = key
        #: What checkpoints call it.
        self.id = hashlib.sha256(key.public_bytes(*_RAW)).hexdigest()[:16]

    @classmethod
    def read(cls, pem: bytes) -> PublicKey:
        """Read a public key.

        Raises:
            ConfigurationError: it is none, or of another kind.
        """
        try:
            key = serialization.load_pem_public_key(pem)
        except ValueError:
            key = None
        if not isinstance(key, Ed25519PublicKey):
            raise ConfigurationError(
                "This is no Ed25519 public key in PEM; “ecas audit checkpoint --public-key” prints it."
            )
        return cls(key)

    def pem(self) -> bytes:
        """Return it as a file holds it."""
        return self._key.public_bytes(*_PEM)

    def signed(self, content: bytes, signature: str) -> bool:
        """Return whether the owner of the private half signed this."""
        try:
            self._key.verify(bytes.fromhex(signature), content)
        except (InvalidSignature, ValueError):
            return False
        return True


class SigningKey:
    """The private half; stays on the host."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        """Sign with this key."""
        self._key = key
        self.public = PublicKey(key.public_key())

    def sign(self, content: bytes) -> str:
        """Return the signature, in hexadecimal."""
        return self._key.sign(content).hex()


def open_key(file: Path, *, make: bool) -> SigningKey:
    """Return the key of this file; made now where there is none and ``make`` says that none was ever used.

    Raises:
        ConfigurationError: others may read the file, it holds no Ed25519 key, or it is gone.
    """
    if not file.exists():
        if not make:
            raise ConfigurationError(
                f"The key that signed the checkpoints of this audit trail, {file.name}, is not here. Bring it from the host "
                "that made it, or name it as ECAS_AUDIT_KEY_FILE; with a new one nobody could check the old ones."
            )
        write_once(file, Ed25519PrivateKey.generate().private_bytes(*_PRIVATE))
    if file.stat().st_mode & 0o077:
        raise ConfigurationError(f"Others may read the audit key file {file.name}; set its mode to 0600.")
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigurationError(f"The audit key file {file.name} holds no Ed25519 private key in PEM.")
    return SigningKey(key)
