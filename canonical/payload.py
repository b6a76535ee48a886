"""What an agency sent."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What an agency sent, byte for byte."""

    #: The bytes as they came.
    content: bytes = field(repr=False)
    #: What sources call it: the sender's own path on their terminal, ``payload:<id>`` inside the service.
    name: str
    #: The agency whose credential or settings it came under; None where neither says.
    agency: str | None = None
    #: The day that it is of, by which its mapping is chosen; None where nobody has said yet.
    day: date | None = None

    @property
    def digest(self) -> str:
        """The SHA-256 of the content, as ``sha-256:<hex>``."""
        return f"sha-256:{hashlib.sha256(self.content).hexdigest()}"
