"""Which agencies and programmes 42 CFR Part 2 binds, and since when: lines that are only added."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time

from sqlalchemy import insert, select

from service.audit.deed import Deed
from service.clock import from_milliseconds, to_milliseconds
from service.deadlines import today
from service.outbox import schema as t
from service.outbox.engine import reading, writing
from service.outbox.rows import Rows
from service.routes import MASSACHUSETTS
from service.tenants.tenant import whose


@dataclass(frozen=True, slots=True, kw_only=True)
class PartTwoLine:
    """One line, as it was set."""

    agency: str
    #: Empty for all that have no line of their own.
    programme: str
    protected: bool
    starts_at: datetime
    set_at: datetime
    actor: str
    #: A person's own words.
    note: str = field(default="", repr=False)


class PartTwoLines(Rows):
    """A line holds from the beginning of a day in Massachusetts; of two for one day, what was set last."""

    def set_part_two(
        self, agency: str, *, protected: bool, programme: str = "", starts_on: date | None = None, actor: str, note: str
    ) -> datetime:
        """Say whether records are protected from a day on, today unless told otherwise; return the moment.

        A day that is past is taken: it protects what was made since, and a mistake is undone by a line for the same day.
        """
        with writing(self._engine, agency) as connection:
            now = self._now(connection)
            day = starts_on or today(from_milliseconds(now))
            starts_at = datetime.combine(day, time(), MASSACHUSETTS)
            at = to_milliseconds(starts_at)
            connection.execute(
                insert(t.part_two).values(
                    agency=agency,
                    programme=programme,
                    protected=protected,
                    starts_at=at,
                    set_at=now,
                    actor=actor,
                    sealed_note=self._vault.seal(note.encode(), "part two note", agency, programme, str(now)),
                )
            )
            detail = f"programme={programme} protected={protected} from={day.isoformat()}"
            deed = Deed(agency=agency, action="part_two.set", actor=actor, kind="part_two", detail=detail, note=note)
            self._audit.note(connection, deed)
        return starts_at

    def part_two_lines(self, agency: str | None = None) -> list[PartTwoLine]:
        """Return what was set, by agency and programme, the newest first."""
        c = t.part_two.c
        query = select(t.part_two).order_by(c.agency, c.programme, c.starts_at.desc(), c.seq.desc())
        if agency is not None:
            query = query.where(c.agency == agency)
        with reading(self._engine, whose(agency)) as connection:
            rows = connection.execute(query).mappings().all()
        return [
            PartTwoLine(
                agency=row["agency"],
                programme=row["programme"],
                protected=row["protected"],
                starts_at=from_milliseconds(row["starts_at"]),
                set_at=from_milliseconds(row["set_at"]),
                actor=row["actor"],
                note=self._vault.open(
                    row["sealed_note"], "part two note", row["agency"], row["programme"], str(row["set_at"])
                ).decode(),
            )
            for row in rows
        ]
