"""Pausing a destination."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from service.outbox import schema as t
from service.outbox.engine import reading, writing
from service.outbox.rows import Rows


class Destinations(Rows):
    """A destination that refuses us is paused: nothing leaves for it until a person resumes it."""

    def pause(self, destination: str, why: str) -> None:
        """Let nothing more leave for this destination."""
        with writing(self._engine) as connection:
            pause(connection, destination, why, self._now(connection))

    def resume(self, destination: str) -> None:
        """Let things leave again."""
        with writing(self._engine) as connection:
            connection.execute(
                update(t.destination).where(t.destination.c.id == destination).values(paused_at=None, paused_why="")
            )

    def paused(self, destination: str) -> str | None:
        """Return why the destination is paused, or None."""
        with reading(self._engine) as connection:
            return paused(connection, destination)


def paused(connection: Connection, destination: str) -> str | None:
    """Return why the destination is paused, within a transaction."""
    c = t.destination.c
    return connection.execute(select(c.paused_why).where(c.id == destination, c.paused_at.is_not(None))).scalar()


def pause(connection: Connection, destination: str, why: str, now: int) -> None:
    """Let nothing more leave for this destination, within a transaction."""
    c = t.destination.c
    values = {"paused_at": now, "paused_why": why}
    if not connection.execute(update(t.destination).where(c.id == destination).values(**values)).rowcount:
        connection.execute(insert(t.destination).values(id=destination, **values))
