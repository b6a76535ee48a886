"""The rosters of certification keys, one history an agency: imported ones sealed in the database, the newest in use."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, insert, select

from service.clock import Clock, to_milliseconds
from service.outbox import schema as t
from service.outbox.engine import reading, writing
from service.vault import Vault
from validators.roster import Roster


class Rosters:
    """Each agency's roster; where none was imported, the file of ``ECAS_ROSTER`` serves."""

    def __init__(self, engine: Engine, vault: Vault, clock: Clock, *, fallback: Path | None = None) -> None:
        """Keep rosters in this database, sealed."""
        self._engine = engine
        self._vault = vault
        self._clock = clock
        self._fallback = fallback
        self._open: dict[str, tuple[int, Roster]] = {}

    def add(self, agency: str, content: bytes, name: str) -> Roster:
        """Write down a roster file after reading it whole; what is not a roster changes nothing.

        Raises:
            RosterDefect: with the row and column that cannot be read.
        """
        roster = Roster.from_csv(content, name)
        with writing(self._engine) as connection:
            connection.execute(
                insert(t.roster).values(
                    agency=agency,
                    imported_at=to_milliseconds(self._clock()),
                    sealed=self._vault.seal(content, "roster", agency),
                )
            )
        return roster

    def of(self, agency: str) -> Roster | None:
        """Return the roster in use; None where the agency has none, so that certification could not be checked."""
        c = t.roster.c
        newest = select(c.seq, c.sealed).where(c.agency == agency).order_by(c.seq.desc()).limit(1)
        with reading(self._engine) as connection:
            row = connection.execute(newest).first()
        if row is None:
            return self._from_file()
        known = self._open.get(agency)
        if known is None or known[0] != row.seq:
            known = (row.seq, Roster.from_csv(self._vault.open(row.sealed, "roster", agency), "the imported roster"))
            self._open[agency] = known
        return known[1]

    def _from_file(self) -> Roster | None:
        if self._fallback is None:
            return None
        return Roster.from_csv(self._fallback.read_bytes(), self._fallback.name)
