"""Retention: bodies go when their time is over, apart from the metadata, which stays; a legal hold stops it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Engine, Select, exists, func, select

from canonical.errors import ConfigurationError
from service.clock import Clock, to_milliseconds
from service.erasure import ENDED, Erasures, Order
from service.legal_holds import standing_over
from service.outbox import schema as t
from service.outbox.engine import reading
from service.settings import Settings
from service.tenants.tenant import EVERY

#: Records of one step: the next step comes soon enough.
PIECE: Final = 50
_BY_AGE: Final = Order(actor="retention", why="retention")
_S, _P = t.submission.c, t.payload.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What is over its time."""

    payloads: int
    submissions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Erases by age. Nothing has an age at which it goes unless the deployment says so."""

    engine: Engine
    erasures: Erasures
    clock: Clock
    #: After its coming, of what was received.
    payload_days: int | None
    #: After its end, of a submission with its report, receipts and notes.
    document_days: int | None

    @classmethod
    def of(cls, settings: Settings, engine: Engine, erasures: Erasures, clock: Clock) -> Retention:
        """Return it as the settings say."""
        days = {"payload_days": settings.keep_payload_days, "document_days": settings.keep_document_days}
        return cls(engine=engine, erasures=erasures, clock=clock, **days)

    def step(self) -> int:
        """Erase a piece of what is over its time, each record in a transaction of its own; return how many it was."""
        done = 0
        for query in self._payloads():
            done += sum(self.erasures.payload(agency, id_, _BY_AGE) for agency, id_ in self._some(query))
        for query in self._submissions():
            for _, id_ in self._some(query):
                try:
                    self.erasures.submission(id_, _BY_AGE)
                except ConfigurationError:  # a hold was placed, or one of its payload's is under one
                    continue
                done += 1
        if done:
            self.erasures.scrub()
        return done

    def due(self) -> Due:
        """Count what is over its time."""
        return Due(payloads=self._count(self._payloads()), submissions=self._count(self._submissions()))

    def _payloads(self) -> Iterator[Select[Any]]:
        if self.payload_days is None:
            return
        of_it = (_S.agency == _P.agency, _S.payload == _P.id)
        in_use = exists().where(*of_it, _S.state.not_in(ENDED) | standing_over(_S.agency, _S.id))
        yield (
            select(_P.agency, _P.id)
            .where(_P.received_at < self._before(self.payload_days), _P.erased_at.is_(None), ~in_use)
            .order_by(_P.received_at)
        )

    def _submissions(self) -> Iterator[Select[Any]]:
        if self.document_days is None:
            return
        other = t.submission.alias()
        kept: ColumnElement[bool] = exists().where(
            other.c.agency == _S.agency, other.c.payload == _S.payload, standing_over(other.c.agency, other.c.id)
        )
        over = _S.since < self._before(self.document_days)
        yield (
            select(_S.agency, _S.id).where(_S.state.in_(ENDED), over, _S.erased_at.is_(None), ~kept).order_by(_S.since)
        )

    def _some(self, query: Select[Any]) -> list[tuple[str, str]]:
        with reading(self.engine, EVERY) as connection:
            return [(row.agency, row.id) for row in connection.execute(query.limit(PIECE))]

    def _count(self, queries: Iterator[Select[Any]]) -> int:
        with reading(self.engine, EVERY) as connection:
            return sum(
                connection.execute(select(func.count()).select_from(query.order_by(None).subquery())).scalar_one()
                for query in queries
            )

    def _before(self, days: int) -> int:
        return to_milliseconds(self.clock() - timedelta(days=days))
