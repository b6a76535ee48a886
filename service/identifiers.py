"""Ids that a person can read aloud: a prefix that says what it is, and 128 random bits."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable

#: Makes a new id from a prefix.
NewId = Callable[[str], str]


def new_id(prefix: str) -> str:
    """Return ``<prefix>_`` and 26 lower-case letters and digits, never guessable and never twice."""
    return f"{prefix}_{base64.b32encode(secrets.token_bytes(16)).decode().rstrip('=').lower()}"
