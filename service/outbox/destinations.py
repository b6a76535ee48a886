"""Pausing a destination."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, insert, select, update

from service.outbox import schema as t
from service.outbox.engine import reading, writing
from service.outbox.rows import Rows

#: The kind of closure that a person ends.
PAUSE: Final = "pause"


class Destinations(Rows):
    """A destination that refuses us is paused: nothing leaves for it until a person resumes it."""

    def pause(self, destination: str, why: str) -> None:
        """Let nothing more leave for this destination."""
        with writing(self._engine) as connection:
            pause(connection, destination, why, self._now(connection))

    def resume(self, destination: str) -> None:
        """Let things leave again."""
        with writing(self._engine) as connection:
            c = t.closure.c
            over = (c.destination == destination, c.kind == PAUSE, c.ended_at.is_(None))
            connection.execute(update(t.closure).where(*over).values(ended_at=self._now(connection)))

    def paused(self, destination: str) -> str | None:
        """Return why the destination is paused, or None."""
        with reading(self._engine) as connection:
            return paused(connection, destination)


def paused(connection: Connection, destination: str) -> str | None:
    """Return why the destination is paused, within a transaction."""
    c = t.closure.c
    whole = (c.destination == destination, c.kind == PAUSE, c.agency == "", c.programme == "", c.ended_at.is_(None))
    return connection.execute(select(c.why).where(*whole)).scalar()


def pause(connection: Connection, destination: str, why: str, now: int) -> None:
    """Let nothing more leave for this destination, within a transaction."""
    if paused(connection, destination) is None:
        connection.execute(
            insert(t.closure).values(destination=destination, kind=PAUSE, began_at=now, actor="delivery", why=why)
        )
