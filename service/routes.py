"""Which way the assessments of an agency, and of each of its programmes, reach the state, and from which day on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, RowMapping, ScalarSelect, bindparam, insert, select

from canonical.assessment import Assessment
from canonical.errors import ConfigurationError
from service.audit.audit import Audit
from service.audit.deed import Deed
from service.clock import Clock, from_milliseconds, to_milliseconds
from service.outbox import schema as t
from service.outbox.engine import reading, writing
from service.tenants.tenant import EVERY, whose
from service.vault import Vault

#: Where the days of a go-live are counted.
MASSACHUSETTS: Final = ZoneInfo("America/New_York")
#: The item that names the programme.
_PROGRAMME: Final = "SERVICE"
#: Asked at every intake: laid out once.
_OF: Final = select(t.route).where(t.route.c.agency == bindparam("agency"))


class Route(StrEnum):
    """How assessments reach the state (design.md section 7)."""

    #: Judged, stored and held until the go-live date.
    NOT_LIVE = "not_live"
    ECAS = "ecas"
    #: Judged, then entered by hand; never queued.
    VIRTUAL_GATEWAY = "virtual_gateway"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """The route of one programme, and since when."""

    route: Route
    starts_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """An agency's routes at one moment."""

    #: By programme; the empty one is for all that have no route of their own.
    by_programme: Mapping[str, Way]

    def of(self, programme: str) -> Route:
        """Return the programme's own route, else the agency's; where none has begun, nothing leaves yet."""
        way = self.by_programme.get(programme) or self.by_programme.get("")
        return Route.NOT_LIVE if way is None else way.route

    def for_(self, assessment: Assessment) -> Route:
        """Return the route of this assessment."""
        return self.of(programme_of(assessment))

    @property
    def own(self) -> tuple[str, ...]:
        """The programmes that have a route of their own."""
        return tuple(sorted(programme for programme in self.by_programme if programme))


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteChange:
    """One line of an agency's routes, as it was set."""

    agency: str
    #: Empty for all that have no route of their own.
    programme: str
    route: Route
    starts_at: datetime
    set_at: datetime
    actor: str
    #: A person's own words.
    note: str = field(default="", repr=False)
    #: True where it is the one that counts now.
    in_force: bool


class Routes:
    """Sets routes and knows them; lines are only added, so that what held at any moment can be told later."""

    def __init__(self, engine: Engine, vault: Vault, clock: Clock) -> None:
        """Work on this database; a note opens only under the vault that sealed it."""
        self._engine = engine
        self._vault = vault
        self._clock = clock
        self._audit = Audit(vault, lambda _: to_milliseconds(clock()))

    def of(self, agency: str, at: datetime | None = None) -> Ways:
        """Return the agency's routes at a moment, now unless told otherwise.

        Raises:
            ConfigurationError: there is no such agency.
        """
        with reading(self._engine, agency) as connection:
            rows = connection.execute(_OF, {"agency": agency}).mappings().all()
        if not rows:
            raise ConfigurationError("There is no agency of that id; “ecas agencies list” shows them.")
        return _ways(rows, to_milliseconds(at or self._clock()))

    def route_of(self, agency: str, programme: str, at: datetime) -> Route:
        """Return the route of one programme at a moment (see ``Ways.of``)."""
        return self.of(agency, at).of(programme)

    def all(self) -> dict[str, Ways]:
        """Return the routes of every agency as they are now."""
        with reading(self._engine, EVERY) as connection:
            rows = connection.execute(select(t.route).order_by(t.route.c.agency)).mappings().all()
        now = to_milliseconds(self._clock())
        agencies: dict[str, list[RowMapping]] = {}
        for row in rows:
            agencies.setdefault(row["agency"], []).append(row)
        return {agency: _ways(found, now) for agency, found in agencies.items()}

    def set(
        self, agency: str, route: Route, *, programme: str = "", starts_on: date | None = None, actor: str, note: str
    ) -> datetime:
        """Let a route hold from the beginning of a day, or from now on; return the moment.

        Raises:
            ConfigurationError: there is no such agency, or the day is past.
        """
        self.of(agency)
        starts_at = self.moment(starts_on)
        at = to_milliseconds(starts_at)
        sealed = self._vault.seal(note.encode(), "route note", agency, programme, str(at)) if note else None
        with writing(self._engine, agency) as connection:
            _add(connection, agency, programme, route, at, to_milliseconds(self._clock()), actor, sealed)
            detail = f"programme={programme} route={route} from={starts_at.isoformat(timespec='seconds')}"
            deed = Deed(agency=agency, action="route.set", actor=actor, kind="route", detail=detail, note=note)
            self._audit.note(connection, deed)
        return starts_at

    def moment(self, starts_on: date | None) -> datetime:
        """Return when a route begins that is to hold from this day on: its midnight in Massachusetts, or now.

        Raises:
            ConfigurationError: the day is past: what was judged since then went by another route.
        """
        now = self._clock()
        today = now.astimezone(MASSACHUSETTS).date()
        if starts_on is None or starts_on == today:
            return now
        if starts_on < today:
            raise ConfigurationError(
                "A route begins today or later: what has come since that day went by the route of then."
            )
        return datetime(starts_on.year, starts_on.month, starts_on.day, tzinfo=MASSACHUSETTS)

    def changes(self, agency: str | None = None) -> list[RouteChange]:
        """Return what was set, by agency and programme, the newest first."""
        c = t.route.c
        query = select(t.route).order_by(c.agency, c.programme, c.starts_at.desc(), c.seq.desc())
        if agency is not None:
            query = query.where(c.agency == agency)
        with reading(self._engine, whose(agency)) as connection:
            rows = connection.execute(query).mappings().all()
        now = to_milliseconds(self._clock())
        counts = {row["seq"] for row in _in_force(rows, now).values()}
        return [self._change(row, in_force=row["seq"] in counts) for row in rows]

    def _change(self, row: RowMapping, *, in_force: bool) -> RouteChange:
        name = (row["agency"], row["programme"], str(row["starts_at"]))
        sealed = row["sealed_note"]
        return RouteChange(
            agency=row["agency"],
            programme=row["programme"],
            route=Route(row["route"]),
            starts_at=from_milliseconds(row["starts_at"]),
            set_at=from_milliseconds(row["set_at"]),
            actor=row["actor"],
            note="" if sealed is None else self._vault.open(sealed, "route note", *name).decode(),
            in_force=in_force,
        )


def programme_of(assessment: Assessment) -> str:
    """Return the programme of an assessment; empty where it names none."""
    return assessment.text(_PROGRAMME) or ""


def first(connection: Connection, agency: str, route: Route, now: int, actor: str) -> None:
    """Give a new agency its route, within the transaction that adds it."""
    _add(connection, agency, "", route, now, now, actor, None)


def agency_wide(now: int) -> ScalarSelect[Any]:
    """Return the subquery of an agency's own route, for a query over agencies."""
    c = t.route.c
    begun = select(c.route).where(c.agency == t.agency.c.id, c.programme == "", c.starts_at <= now)
    return begun.order_by(c.starts_at.desc(), c.seq.desc()).limit(1).scalar_subquery()


def _add(
    connection: Connection,
    agency: str,
    programme: str,
    route: Route,
    starts_at: int,
    set_at: int,
    actor: str,
    sealed_note: bytes | None,
) -> None:
    connection.execute(
        insert(t.route).values(
            agency=agency,
            programme=programme,
            route=route,
            starts_at=starts_at,
            set_at=set_at,
            actor=actor,
            sealed_note=sealed_note,
        )
    )


def _ways(rows: Iterable[RowMapping], now: int) -> Ways:
    return Ways(
        by_programme={
            programme: Way(route=Route(row["route"]), starts_at=from_milliseconds(row["starts_at"]))
            for (_, programme), row in _in_force(rows, now).items()
        }
    )


def _in_force(rows: Iterable[RowMapping], now: int) -> dict[tuple[str, str], RowMapping]:
    """Return what counts now, by agency and programme: of two for one moment, what was set last."""
    begun = sorted((row for row in rows if row["starts_at"] <= now), key=lambda row: (row["starts_at"], row["seq"]))
    return {(row["agency"], row["programme"]): row for row in begun}
