"""The examination of a deployment: what is looked at, what was found, how to mend it. It makes and changes nothing."""

from __future__ import annotations

import asyncio
import os
import platform
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, func, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from canonical.errors import ConfigurationError, InterlockClosed, NoSpecInForce
from canonical.version import __version__
from gateway_client.interlock import Interlock
from service import settings
from service.calendars.calendars import Calendars
from service.clock import from_milliseconds
from service.keyring.sources import ENVIRONMENT
from service.main import DESTINATION
from service.mappings import Mappings
from service.outbox import migrate
from service.outbox import schema as t
from service.outbox.engine import open_engine, reading
from service.outbox.pulse import Pulse, part
from service.outbox.pulse import pulse as pulse_of
from service.road_to_state import RoadToState, private_files, road_to_state
from service.settings import Settings
from service.tenants import database_log
from service.tenants.row_security import weaknesses
from service.tenants.tenant import EVERY
from specs.catalog import Catalog
from specs.spec import Spec
from specs.windows import Windows
from validators.roster import Roster

_PACKAGES: Final = ("canonical", "markup", "specs", "adapters", "validators", "gateway_client", "sandbox", "service")
_ROOT: Final = Path(__file__).parents[1]
#: A roster older than this hardly knows who was certified since.
_ROSTER_AGE: Final = timedelta(days=60)
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class Health(StrEnum):
    """How one thing is."""

    OK = "ok"
    #: Something will not work, or not well.
    WARN = "warn"
    #: Nothing works until it is mended.
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One thing that was looked at."""

    health: Health
    subject: str
    #: What was seen.
    seen: str
    #: How to mend it; empty where nothing is wrong.
    mend: str = ""


def examine(folder: Path, now: datetime) -> Iterator[Observation]:
    """Look at the installation, the settings that hold in this folder, and everything that they name."""
    yield from _installation()
    try:
        chosen = settings.load(folder)
    except ConfigurationError as error:
        yield _fail("settings", str(error), "Correct it; the other settings are looked at after that.")
        return
    file = settings.find(folder)
    yield _ok("settings", str(file) if file else "no ecas.toml from here upward: the defaults hold")
    looks: tuple[Callable[[], Iterator[Observation]], ...] = (
        lambda: _packages(chosen, now),
        lambda: _private_files(chosen, file),
        lambda: _database(chosen),
        lambda: _roster(chosen, now, imported=any(one.subject == "roster" for one in seen)),
        lambda: _mappings(chosen),
        lambda: _gateway(chosen, now),
        lambda: _road(chosen, now),
    )
    seen: list[Observation] = []
    for look in looks:
        for observation in look():
            seen.append(observation)
            yield observation


def _installation() -> Iterator[Observation]:
    yield _ok("Python", f"{platform.python_version()} on {platform.system()}")
    strangers = [name for name in _PACKAGES if Path(import_module(name).__file__ or "").parents[1] != _ROOT]
    if strangers:
        mend = "Another distribution owns these names: install ecas-bridge in an environment of its own."
        yield _fail("ecas-bridge", f"{', '.join(strangers)} is not ours", mend)
    else:
        yield _ok("ecas-bridge", f"{__version__} in {_ROOT}")


def _packages(chosen: Settings, now: datetime) -> Iterator[Observation]:
    """Load every package, which verifies its digests, and look which one is in force."""
    catalog = Catalog(*chosen.spec_path)
    try:
        for summary in catalog.versions():
            spec = catalog.named(summary.version)
            yield _ok("specification", f"{spec.version}, {spec.status}, {spec.digest[:20]}…")
        today = catalog.named(chosen.spec) if chosen.spec else catalog.for_date(now.date())
    except NoSpecInForce as error:
        yield _fail("specification", str(error), "Add the package for today to ECAS_SPEC_PATH.")
    except ConfigurationError as error:
        yield _fail("specification", str(error), "Take the package anew from where it came from.")
    else:
        if chosen.spec:
            seen = f"{today.version}, {today.status}: ECAS_SPEC names it for every date, as in a rehearsal"
            yield _warn("judges all", seen, "Unset ECAS_SPEC before anything is sent to the state.")
        else:
            yield _ok("in force today", f"{today.version}, {today.status}")


def _private_files(chosen: Settings, file: Path | None) -> Iterator[Observation]:
    """Look at the files that nobody else may read."""
    if os.environ.get(ENVIRONMENT):
        yield _ok("master key", f"in the environment variable {ENVIRONMENT}")
    elif not chosen.master_key_file.exists():
        yield _ok("master key", "none yet: the service makes one at its first start")
    else:
        yield _private("master key", chosen.master_key_file)
    if file is not None and chosen.api_key is not None and not os.environ.get(f"{settings.PREFIX}API_KEY"):
        yield _private("API key", file)
    yield from (_private(key, file) for key, file in private_files(chosen) if file.exists())


def _private(subject: str, file: Path) -> Observation:
    if file.stat().st_mode & _OTHERS:
        return _fail(subject, f"others may read {file}", f"chmod 600 {file}")
    return _ok(subject, f"{file}, readable by its owner alone")


def _database(chosen: Settings) -> Iterator[Observation]:
    """Open the database, which reads its durability back, and compare its schema with this release's."""
    try:
        url = make_url(chosen.database)
    except ArgumentError:
        yield _fail(
            "database", "ECAS_DATABASE_URL is not an address", "Write sqlite:///path or postgresql+psycopg://…."
        )
        return
    file = _file_of(url)
    if file is not None and not file.exists():
        yield _ok("database", f"none yet: the service makes {file} at its first start")
        return
    try:
        yield from _schema(chosen, file)
    except ConfigurationError as error:
        yield _fail("database", str(error), "Name another place in ECAS_DATABASE_URL.")
    except SQLAlchemyError as error:
        mend = "Start it, or correct ECAS_DATABASE_URL."
        yield _fail("database", f"it does not answer ({type(error).__name__})", mend)


def _schema(chosen: Settings, file: Path | None) -> Iterator[Observation]:
    engine = open_engine(chosen.database)
    try:
        revision, head = migrate.revision(engine), migrate.head()
        if file is not None:
            yield _private("database", file)
            yield _ok("durability", "WAL, flushed at every commit (synchronous=FULL)")
        if revision == head:
            yield _ok("schema", f"{revision}, that of this release")
            yield from _tenants(engine)
            yield from _database_log(engine)
            with reading(engine, EVERY) as connection:
                imported = connection.execute(
                    select(t.roster.c.agency, func.max(t.roster.c.imported_at)).group_by(t.roster.c.agency)
                ).all()
            yield from (
                _ok("roster", f"of {agency}, imported {from_milliseconds(at):%Y-%m-%d}") for agency, at in imported
            )
        else:
            yield _warn(
                "schema", f"{revision or 'none'}, not {head}", "Starting the service upgrades it; back it up first."
            )
    finally:
        engine.dispose()


def _tenants(engine: Engine) -> Iterator[Observation]:
    """Look whether the database itself keeps the agencies apart."""
    if engine.dialect.name != "postgresql":
        return
    with reading(engine) as connection:
        found = weaknesses(connection)
    mend = (
        "Run “ecas database prepare”: ECAS_DATABASE_OWNER_URL owns the tables, ECAS_DATABASE_URL is a role of its own."
    )
    yield from ((_fail if weakness.open else _warn)("tenants", weakness.words, mend) for weakness in found)
    if not found:
        yield _ok("tenants", "kept apart by row-level security; the service's role owns no table")


def _database_log(engine: Engine) -> Iterator[Observation]:
    """Look what PostgreSQL's own log would tell of what the service says to it."""
    if engine.dialect.name != "postgresql":
        return
    with reading(engine) as connection:
        found = database_log.weaknesses(connection)
    yield from (_warn("database log", weakness.words, weakness.mend) for weakness in found)
    if not found:
        yield _ok("database log", "writes no statement, no row and no value of the service's down")


def _roster(chosen: Settings, now: datetime, *, imported: bool) -> Iterator[Observation]:
    if chosen.roster is None and imported:
        return  # told with the database that holds it
    if chosen.roster is None:
        mend = "Name one in ECAS_ROSTER, or import one with “ecas keys import”."
        yield _warn("roster", "no roster file: certification could not be checked from one", mend)
        return
    try:
        content = chosen.roster.read_bytes()
        people = len(Roster.from_csv(content, chosen.roster.name).assessors)
    except OSError as error:
        yield _fail("roster", f"{chosen.roster} cannot be read: {error.strerror}", "Correct ECAS_ROSTER.")
    except ConfigurationError as error:
        yield _fail("roster", str(error), "Correct these rows.")
    else:
        age = now - datetime.fromtimestamp(chosen.roster.stat().st_mtime, UTC)
        seen = f"{chosen.roster}, {people} lines, {age.days} days old"
        yield _warn("roster", seen, "Export it anew.") if age > _ROSTER_AGE else _ok("roster", seen)


def _mappings(chosen: Settings) -> Iterator[Observation]:
    if chosen.mapping_path is None:
        yield _ok("mappings", "none; FHIR needs none")
        return
    try:
        Mappings.at(chosen.mapping_path)
    except ConfigurationError as error:
        yield _fail("mappings", str(error), "Correct the mapping.")
    except OSError as error:
        yield _fail("mappings", f"{chosen.mapping_path} cannot be read: {error.strerror}", "Correct ECAS_MAPPING_PATH.")
    else:
        yield _ok("mappings", str(chosen.mapping_path))


def _gateway(chosen: Settings, now: datetime) -> Iterator[Observation]:
    """Ask the interlock whether a document of today could leave; none does."""
    if chosen.gateway_url is None:
        mend = "Set ECAS_GATEWAY_URL to the state's base address, or to that of “ecas sandbox”."
        yield _warn("gateway", "no address: nothing can be delivered", mend)
        return
    try:
        road = road_to_state(chosen, told=lambda _: None)
        yield from _ends(road, now)
        catalog = Catalog(*chosen.spec_path)
        spec = catalog.named(chosen.spec) if chosen.spec else catalog.for_date(now.date())
        asyncio.run(_admitted(road, spec, now, rehearsal=chosen.spec is not None))
    except InterlockClosed as error:
        yield _fail("gateway", f"the interlock is closed for the {spec.status} {spec.version}", str(error))
    except (ConfigurationError, NoSpecInForce) as error:
        yield _fail("gateway", str(error), "Correct it; docs/guides/connect-to-the-state.md lists the settings.")
    else:
        yield _ok("gateway", f"the interlock lets documents of the {spec.status} {spec.version} go there")


def _ends(road: RoadToState, now: datetime) -> Iterator[Observation]:
    """Look when our certificates end."""
    for expiry in road.expiries():
        stage, told = expiry.stage(now), expiry.told(now)
        if stage is None:
            yield _ok("certificate", told)
        elif stage:
            yield _warn("certificate", told, "Have it renewed now; running workers take the new files by themselves.")
        else:
            yield _fail("certificate", told, "Put a valid one there; running workers take it by themselves.")


async def _admitted(road: RoadToState, spec: Spec, now: datetime, *, rehearsal: bool) -> None:
    """Build what a worker would, then put the interlock's question."""
    await road.gateway(spec, lambda: now).close()
    peer = road.peer(spec.transport)
    try:
        await Interlock(peer).admit(provisional=rehearsal or spec.status.interlocked)
    finally:
        await peer.close()


def _road(chosen: Settings, now: datetime) -> Iterator[Observation]:
    """Look whether anything may leave, and whether a worker takes what is due."""
    try:
        calendars = Calendars(chosen.blackout_calendars, tell=lambda _: None)
        catalog = Catalog(*chosen.spec_path)
        spec = catalog.named(chosen.spec) if chosen.spec else catalog.for_date(now.date())
    except NoSpecInForce:
        return  # told already
    except ConfigurationError as error:
        yield _fail("road", str(error), "Until then no worker starts, for it would not know when the road is closed.")
        return
    if (pulse := _pulse(chosen, now)) is None:
        return
    yield from _closed(pulse, Windows(*spec.transport.blackouts, calendars))


def _pulse(chosen: Settings, now: datetime) -> Pulse | None:
    """Feel the pulse of the road; None where there is no database of this release, which is told already."""
    try:
        file = _file_of(make_url(chosen.database))
        if file is not None and not file.exists():
            return None
        engine = open_engine(chosen.database)
    except (ArgumentError, ConfigurationError):
        return None
    try:
        if migrate.revision(engine) != migrate.head():
            return None
        with reading(engine, EVERY) as connection:
            return pulse_of(connection, DESTINATION, now)
    except SQLAlchemyError:
        return None
    finally:
        engine.dispose()


def _closed(pulse: Pulse, windows: Windows) -> Iterator[Observation]:
    for pause in pulse.pauses:
        what = part(pause.agency, pause.programme)
        seen = f"{what} is paused since {pause.began_at:%Y-%m-%d %H:%M} UTC, by {pause.actor}: {pause.why}"
        yield _warn("road", seen, "Mend the cause, then “ecas resume” with the same part, and a note.")
    if (quarantine := pulse.quarantine) is not None:
        yield _warn("road", quarantine.why, "“ecas restore reconcile”, then “ecas restore release” with a note.")
    window = windows.closed_at(pulse.at)
    if (breaker := pulse.breaker) is not None:
        seen = f"the state does not answer since {breaker.began_at:%Y-%m-%d %H:%M} UTC"
        yield _warn(
            "road", seen, "Nothing, if it is an outage: workers try by themselves. “ecas road” says whom to call."
        )
    elif window is not None:
        end = "nobody knows when" if window.end is None else f"{window.end.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        yield _ok("road", f"a maintenance window until {end}: {window.why}")
    elif not pulse.pauses and quarantine is None:
        yield _ok("road", "open")
    if (since := pulse.silent_since(windows)) is not None:
        seen = f"work is due on an open road, and nobody takes it since {since:%Y-%m-%d %H:%M} UTC"
        yield _warn("worker", seen, "Start “ecas work”, under a supervisor that starts it again.")


def _file_of(url: URL) -> Path | None:
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def _ok(subject: str, seen: str) -> Observation:
    return Observation(health=Health.OK, subject=subject, seen=seen)


def _warn(subject: str, seen: str, mend: str) -> Observation:
    return Observation(health=Health.WARN, subject=subject, seen=seen, mend=mend)


def _fail(subject: str, seen: str, mend: str) -> Observation:
    return Observation(health=Health.FAIL, subject=subject, seen=seen, mend=mend)
