"""The idempotency keys under which documents go to the state: the same document gets the same one, also after a restore.

A key is a keyed digest of the document's identity, and every following try's a digest of the key before it: nobody
guesses it, and an agency that repeats what it sent after the backup was taken repeats it under the key that the state
knows already.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, RowMapping, update

from service.outbox import schema as t
from service.vault import Vault

_PREFIX: Final = "idem"
_BYTES: Final = 16
_S: Final = t.submission.c


def first_key(vault: Vault, agency: str, document_digest: str) -> str:
    """Return the key under which a document is sent first."""
    return _key(vault.digest("state key", agency, document_digest))


def next_key(vault: Vault, spent: str) -> str:
    """Return the key after one that a definite refusal spent."""
    return _key(vault.digest("state key after", spent))


def key_for(
    connection: Connection, vault: Vault, agency: str, document_digest: str, earlier: Sequence[RowMapping]
) -> str:
    """Return the key for a new submission of a document, and take it from one that ended before it used it.

    Where the document was sent before, and ended, it is the key after the last one: the state would answer the old one
    with what it said then. ``earlier`` are all submissions of the document, the newest first.
    """
    spent = next((row["idempotency_key"] for row in earlier if row["attempts"]), None)
    key = first_key(vault, agency, document_digest) if spent is None else next_key(vault, spent)
    for row in earlier:
        if row["idempotency_key"] == key:
            unused = update(t.submission).where(_S.agency == agency, _S.id == row["id"])
            connection.execute(unused.values(idempotency_key=f"unused_{row['id']}"))
    return key


def _key(digest: str) -> str:
    """Return a key in the form of all our ids."""
    return f"{_PREFIX}_{base64.b32encode(bytes.fromhex(digest)[:_BYTES]).decode().rstrip('=').lower()}"
