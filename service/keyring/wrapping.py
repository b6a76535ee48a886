"""Wrapping: a key sealed under another one, its own name as associated data."""

from __future__ import annotations

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

#: Bytes of every key here: AES-256.
KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


class NotUnderThisKey(Exception):
    """It was sealed under another key or another name, or was altered."""


def wrap(key: AESGCM, plain: bytes, *name: str) -> bytes:
    """Return nonce and ciphertext; the name must be given again to open it."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + key.encrypt(nonce, plain, _bound(name))


def unwrap(key: AESGCM, wrapped: bytes, *name: str) -> bytes:
    """Return what was wrapped under this key and name.

    Raises:
        NotUnderThisKey: it was not.
    """
    try:
        return key.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], _bound(name))
    except (InvalidTag, ValueError):  # the latter: too short to be anything of ours
        raise NotUnderThisKey from None


def _bound(name: tuple[str, ...]) -> bytes:
    return "\x1f".join(name).encode("utf-8", "surrogatepass")
