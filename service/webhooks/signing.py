"""Standard Webhooks: secrets, and the headers by which a receiver knows that a message is ours, whole and new.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import Final

_PREFIX: Final = "whsec_"
_BYTES: Final = 32


def new_secret() -> str:
    """Return a fresh secret, as it is shown once."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def signed(body: bytes, *, id_: str, at: int, by: Sequence[str]) -> dict[str, str]:
    """Return the headers of a message that is sent at this second, with a signature by each of these secrets."""
    content = b".".join((id_.encode(), str(at).encode(), body))
    signatures = (hmac.digest(base64.b64decode(one.removeprefix(_PREFIX)), content, hashlib.sha256) for one in by)
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(signature).decode()}" for signature in signatures),
    }
