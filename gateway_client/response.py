"""An answer of the peer as it came over HTTP, before anybody judges it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """Status, headers and body of one answer."""

    status: int
    #: By lower-case name.
    headers: Mapping[str, str] = field(repr=False)
    #: None where it could not be read whole: cut off, too long, or encoded although we asked for plain bytes.
    body: bytes | None = field(repr=False)

    @property
    def media_type(self) -> str:
        """The media type without parameters, in lower case; empty where the peer names none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def claims_xml(self) -> bool:
        """Whether the peer calls the body XML."""
        return self.media_type in ("application/xml", "text/xml") or self.media_type.endswith("+xml")
