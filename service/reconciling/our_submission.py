"""Submissions as a comparison needs them: read in order, a page at a time, and never kept whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, RowMapping, select

from canonical.submission import State
from service.outbox import records
from service.outbox import schema as t
from service.outbox.engine import reading
from service.reconciling.matter import Matter, Matters
from service.reconciling.whereabouts import Whereabouts, whereabouts

_PAGE: Final = 500
_DOCUMENT_BYTES: Final = 12
_VOID, _CORRECT = "void", "correct"
_S, _E = t.submission.c, t.event.c
_COLUMNS: Final = (
    _S.seq,
    _S.id,
    _S.state,
    _S.attempts,
    _S.received_at,
    _S.erased_at,
    _S.sealed_assessment,
    _S.data_key,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OurSubmission:
    """One submission."""

    seq: int
    id: str
    state: State
    where: Whereabouts
    #: Which document it is a version of, so that a correction is no second record.
    document: bytes = field(repr=False)
    instrument: str = field(default="", repr=False)
    status: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A submission, and what it is about; None of an erased one, of which nobody knows that any more."""

    ours: OurSubmission
    received_at: int
    matter: Matter | None
    #: True where it takes the place of earlier versions of its document at the state, or withdraws them.
    replaces: bool = False


def submissions(matters: Matters) -> Iterator[Seen]:
    """Yield all submissions of the agency, oldest first: three questions to the database for each page."""
    last = 0
    while True:
        with reading(matters.engine, matters.agency) as connection:
            query = select(*_COLUMNS).where(_S.agency == matters.agency, _S.seq > last).order_by(_S.seq).limit(_PAGE)
            rows = connection.execute(query).mappings().all()
            closed = _closed_from(connection, matters.agency, rows)
            texts = [_texts(row, matters) for row in rows]
            found = matters.of(connection, [one for one in texts if one is not None])
        kept = iter(found)
        for row, answers in zip(rows, texts, strict=True):
            matter = None if answers is None else next(kept)
            yield _seen(row, answers or {}, matter, closed.get(row["id"]))
        if len(rows) < _PAGE:
            return
        last = rows[-1]["seq"]


def _texts(row: RowMapping, matters: Matters) -> dict[str, str] | None:
    if row["erased_at"] is not None:
        return None
    name = ("assessment", matters.agency, row["id"])
    return records.read_texts(matters.vault.open(row["sealed_assessment"], *name, key=row["data_key"]))


def _closed_from(connection: Connection, agency: str, rows: Sequence[RowMapping]) -> dict[str, State]:
    """Return from which state a person closed those that are closed."""
    ids = [row["id"] for row in rows if row["state"] == State.CLOSED]
    if not ids:
        return {}
    query = select(_E.submission, _E.was).where(
        _E.agency == agency, _E.submission.in_(ids), _E.became == State.CLOSED, _E.was.is_not(None)
    )
    return {row.submission: State(row.was) for row in connection.execute(query)}


def _seen(row: RowMapping, texts: dict[str, str], matter: Matter | None, closed_from: State | None) -> Seen:
    state = State(row["state"])
    kind = texts.get("SUBMISSION_TYPE")
    where = whereabouts(state, row["attempts"], closed_from)
    document = texts.get("DOCUMENT_ID", row["id"]).encode("utf-8", "surrogatepass")
    ours = OurSubmission(
        seq=row["seq"],
        id=row["id"],
        state=state,
        where=Whereabouts.GIVEN_UP if kind == _VOID else where,
        document=hashlib.blake2b(document, digest_size=_DOCUMENT_BYTES).digest(),
        instrument=matter.instrument if matter else "",
        status=matter.status if matter else "",
    )
    replaces = kind in (_VOID, _CORRECT) and where is Whereabouts.WITH_ECAS
    return Seen(ours=ours, received_at=row["received_at"], matter=matter, replaces=replaces)
