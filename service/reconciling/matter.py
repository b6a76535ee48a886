"""What an assessment is compared by: whose it is and of which day, under a key that tells nobody either."""

from __future__ import annotations

import hashlib
import re
import secrets
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from sqlalchemy import Connection, Engine, select

from service.outbox import schema as t
from service.reconciling.remark import Fault
from service.vault import Vault

#: The items that a comparison looks at; the document's own are ours alone.
_STATE: Final = "MEMBER_ID"
_LOCAL: Final = "MEMBER_LOCAL_ID"
_DATE: Final = "ASSESSMENT_DATE"
_INSTRUMENT: Final = "INSTRUMENT"
_STATUS: Final = "COMPLETION_STATUS"
#: What stands for a text that is there and could not be read: equal to nothing of ours.
_UNREADABLE: Final = "?"
_MEMBER_ID: Final = re.compile(r"[0-9]{12}")
_KEY_BYTES: Final = 16
_FEW: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What one assessment is about."""

    #: Keyed: child and day. None where it cannot be compared.
    key: bytes | None = field(repr=False)
    day: date | None = field(repr=False)
    #: What is missing.
    lacks: Fault | None = None
    instrument: str = field(default="", repr=False)
    status: str = field(default="", repr=False)


class Matters:
    """Finds out what assessments are about, many at a time.

    A child is the one whom its MassHealth ID names here, so that an old and a corrected ID are one child; one of whom nothing
    is known here is its ID. Both sides are asked in the same way. The key lives as long as the process.
    """

    def __init__(self, engine: Engine, vault: Vault, agency: str) -> None:
        """Ask about this agency's children."""
        self.engine = engine
        self.vault = vault
        self.agency = agency
        self._secret = secrets.token_bytes(32)

    def of(self, connection: Connection, assessments: Sequence[Mapping[str, str]]) -> list[Matter]:
        """Return what each is about, by the texts of its items."""
        named = [self._named(texts) for texts in assessments]
        children = self._children(connection, {name for name in named if name is not None})
        return [self._matter(texts, name, children) for texts, name in zip(assessments, named, strict=True)]

    def digest(self, *parts: str) -> bytes:
        """Return what equal parts have in common, and nobody else can make."""
        content = "\x1f".join(parts).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(content, digest_size=_KEY_BYTES, key=self._secret).digest()

    def _matter(
        self, texts: Mapping[str, str], name: tuple[str, str] | None, children: Mapping[tuple[str, str], str]
    ) -> Matter:
        day = _day(texts.get(_DATE, ""))
        lacks = Fault.NO_ID if name is None else Fault.NO_DATE if day is None else None
        key = None
        if name is not None and day is not None:
            key = self.digest(children.get(name) or "\x1f".join(name), day.isoformat())
        return Matter(
            key=key,
            day=day,
            lacks=lacks,
            instrument=sys.intern(texts.get(_INSTRUMENT, "")),
            status=sys.intern(texts.get(_STATUS, "")),
        )

    def _named(self, texts: Mapping[str, str]) -> tuple[str, str] | None:
        """Return the digest by which the child is known, with its kind; None where nothing names it."""
        if state := texts.get(_STATE):
            return (_STATE, self._known_as(_STATE, state)) if _MEMBER_ID.fullmatch(state) else None
        local = texts.get(_LOCAL)
        return (_LOCAL, self._known_as(_LOCAL, local)) if local and local != _UNREADABLE else None

    def _known_as(self, kind: str, text: str) -> str:
        return self.vault.digest("child", self.agency, kind, text)

    def _children(self, connection: Connection, named: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
        c = t.child_identifier.c
        digests = sorted(digest for _, digest in named)
        found: dict[tuple[str, str], str] = {}
        for begin in range(0, len(digests), _FEW):
            query = select(c.kind, c.digest, c.child).where(
                c.agency == self.agency, c.kind.in_((_STATE, _LOCAL)), c.digest.in_(digests[begin : begin + _FEW])
            )
            found |= {(row.kind, row.digest): row.child for row in connection.execute(query)}
        return found


def texts_of(answers: Mapping[str, str], unreadable: Collection[str]) -> dict[str, str]:
    """Return the texts of an assessment with what could not be read marked as such: it is not the same as nothing."""
    return {**dict.fromkeys(unreadable, _UNREADABLE), **answers}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
