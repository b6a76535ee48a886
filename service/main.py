"""Where everything is built: the only place that knows every part by its own name."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from canonical.errors import ConfigurationError
from service.adoption import Adopting
from service.agencies import Agencies
from service.attempts import Attempts
from service.audit.at_once import AtOnce
from service.audit.audit import Audit
from service.audit.checkpoints import Checkpoints
from service.chores import Chore, Chores
from service.clock import Clock, to_milliseconds, utc_now
from service.consents import Consents
from service.corrections import Corrections
from service.credentials.api_keys import ApiKeys
from service.credentials.clients import Clients
from service.credentials.credentials import Credentials
from service.credentials.last_uses import LastUses
from service.credentials.tokens import Tokens
from service.crowding import Crowding, Room
from service.deadline_watch import look_at_deadlines
from service.delivery import Delivery
from service.erasure import Erasures
from service.expecting import Expecting
from service.expiry_watch import look_at_certificates
from service.free_space import free_space
from service.handoffs import Handoffs
from service.holds import Holds
from service.identifiers import NewId, new_id
from service.intake import Intake
from service.judging import Judge
from service.legal_holds import LegalHolds
from service.mappings import Mappings
from service.outbox import migrate
from service.outbox.engine import database_moment, open_engine
from service.outbox.rows import RoadRules
from service.outbox.sql_outbox import SqlOutbox
from service.outlook import Outlook
from service.owners import Owner
from service.replays import Replays
from service.rerouting import Rerouting
from service.resolutions import Resolutions
from service.retention import Retention
from service.road_to_state import RoadToState, road_to_state
from service.roads import Roads
from service.roster.rosters import Rosters
from service.routes import Routes
from service.settings import Settings
from service.telemetry import Ours
from service.timetable import Timetable
from service.vault import Vault, open_vault
from service.webhooks.admission import Admission
from service.webhooks.courier import Courier
from service.webhooks.endpoints import Endpoints
from service.webhooks.mailbag import Mailbag
from service.webhooks.networks import read_networks
from service.webhooks.posting import Names, Poster
from specs.catalog import Catalog
from specs.spec import Transport

#: The one destination so far. A name, not an address: what waits must not be stranded when the state moves.
DESTINATION: Final = "ecas"
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The parts that the API, the worker and the operator's commands share."""

    settings: Settings
    engine: Engine
    vault: Vault
    audit: Audit
    at_once: AtOnce
    checkpoints: Checkpoints
    catalog: Catalog
    agencies: Agencies
    credentials: Credentials
    routes: Routes
    rosters: Rosters
    outbox: SqlOutbox
    intake: Intake
    crowding: Crowding
    expecting: Expecting
    adopting: Adopting
    holds: Holds
    handoffs: Handoffs
    rerouting: Rerouting
    replays: Replays
    resolutions: Resolutions
    corrections: Corrections
    consents: Consents
    legal_holds: LegalHolds
    erasures: Erasures
    retention: Retention
    webhooks: Endpoints
    mailbag: Mailbag
    clock: Clock
    new_id: NewId
    #: Chooses the package of a day.
    judge: Judge
    #: When the road is closed at known times.
    timetable: Timetable
    outlook: Outlook


def build_service(settings: Settings, *, clock: Clock = utc_now, make_id: NewId = new_id) -> Service:
    """Open the vault and the database, bring it to this release's schema, and wire the parts.

    Raises:
        ConfigurationError: the deployment is wrong, in one sentence.
    """
    engine = open_engine(settings.database)
    try:
        migrate.upgrade(engine, settings.database_owner_url)
    except OperationalError as error:  # from None: the driver's own words may hold the address
        raise ConfigurationError(
            f"The database does not answer ({type(error).__name__}): start it, or correct ECAS_DATABASE_URL."
        ) from None
    vault = _vault(engine, settings)
    moment = database_moment if engine.dialect.name == "postgresql" else lambda _: to_milliseconds(clock())
    audit = Audit(vault, moment)
    catalog = Catalog(*settings.spec_path)
    judge = Judge(catalog=catalog, spec=catalog.named(settings.spec) if settings.spec else None)
    judge.sending(clock().date())  # a deployment without a package for today is told at once
    credentials = Credentials(
        keys=ApiKeys(engine, vault, clock, make_id),
        clients=Clients(engine, clock, make_id, audit),
        tokens=Tokens(engine, vault, clock, settings.audience),
        uses=LastUses(engine, clock),
    )
    agencies = Agencies(engine, credentials.keys, clock)
    routes = Routes(engine, vault, clock)
    rosters = Rosters(engine, vault, clock, make_id, fallback=settings.roster)
    outbox = SqlOutbox(
        engine,
        vault,
        destination=DESTINATION,
        clock=clock,
        new_id=make_id,
        moment=moment,
        rules=lambda: road_rules(judge.sending(clock().date()).transport),
    )
    timetable = Timetable(judge, clock, settings.blackout_calendars, tell=_tell_of_calendar)
    crowding = Crowding(outbox.crowd, Room(of_agency=settings.max_waiting_per_agency, in_all=settings.max_waiting))
    intake = Intake(
        catalog=catalog,
        mappings=Mappings.at(settings.mapping_path),
        rosters=rosters,
        routes=routes,
        outbox=outbox,
        clock=clock,
        spec=judge.spec,
        crowding=crowding,
        at_most=settings.max_assessments,
    )
    erasures = Erasures(engine=engine, vault=vault, audit=audit, clock=clock)
    return Service(
        settings=settings,
        engine=engine,
        vault=vault,
        audit=audit,
        at_once=AtOnce(engine, audit),
        checkpoints=Checkpoints(
            engine=engine,
            audit=audit,
            clock=clock,
            key_file=settings.audit_key,
            folder=settings.audit_folder,
        ),
        catalog=catalog,
        agencies=agencies,
        credentials=credentials,
        routes=routes,
        rosters=rosters,
        outbox=outbox,
        intake=intake,
        crowding=crowding,
        expecting=Expecting(
            outbox=outbox,
            crowding=crowding,
            transport=lambda: judge.sending(clock().date()).transport,
            windows=timetable,
            destination=DESTINATION,
            clock=clock,
        ),
        adopting=Adopting(
            engine=engine,
            catalog=catalog,
            judge=judge,
            intake=intake,
            outbox=outbox,
            clock=clock,
        ),
        holds=Holds(intake=intake, outbox=outbox, clock=clock),
        handoffs=Handoffs(intake=intake, outbox=outbox, clock=clock),
        rerouting=Rerouting(routes, intake, outbox, per_minute=settings.go_live_per_minute),
        replays=Replays(intake=intake, outbox=outbox),
        resolutions=Resolutions(outbox=outbox),
        corrections=Corrections(intake=intake, outbox=outbox, clock=clock),
        consents=Consents(outbox=outbox, intake=intake, judge=judge, clock=clock),
        legal_holds=LegalHolds(engine=engine, vault=vault, audit=audit, clock=clock, new_id=make_id),
        erasures=erasures,
        retention=Retention.of(settings, engine, erasures, clock),
        webhooks=Endpoints(
            engine=engine,
            vault=vault,
            audit=audit,
            moment=moment,
            new_id=make_id,
            admission=Admission(networks=read_networks(settings.webhook_networks)),
        ),
        mailbag=Mailbag(
            engine=engine,
            vault=vault,
            audit=audit,
            moment=moment,
            rng=random.Random(),  # noqa: S311 - spreads retries; guards nothing
            patience=timedelta(days=settings.webhook_patience_days),
        ),
        clock=clock,
        new_id=make_id,
        judge=judge,
        timetable=timetable,
        outlook=Outlook(
            engine=engine, outbox=outbox, judge=judge, windows=timetable, destination=DESTINATION, clock=clock
        ),
    )


def adopt_packages(service: Service) -> None:
    """At a start: where other packages judge than last time, judge everything unsent again, and log what changed."""
    adoption = service.adopting.if_changed()
    if adoption is None or not adoption.judged:
        return
    _log.info("packages adopted; unsent submissions judged again", count=adoption.judged)
    for change in adoption.changes:
        _log.warning(
            "judged again, with another result",
            submission=change.submission,
            agency=change.agency,
            state=change.becomes.value,
            why=Ours(f"was {change.was}; appeared: {_listed(change.appeared)}; gone: {_listed(change.disappeared)}"),
        )


def _tell_of_calendar(why: str) -> None:
    _log.error("a calendar", why=Ours(why))


def _listed(rules: tuple[str, ...]) -> str:
    return ", ".join(rules) or "none"


@contextmanager
def open_delivery(service: Service) -> Iterator[Delivery]:
    """Build one worker of this host, alive for as long as the context lasts.

    Raises:
        ConfigurationError: no address of the state is configured, or what leads there cannot be used.
    """
    road = road_to_state(service.settings)
    name = service.new_id("wrk")
    with (
        Owner(service.settings.data_dir / "workers", name) as owner,
        ThreadPoolExecutor(max_workers=1, thread_name_prefix="outbox") as store,
    ):
        roads = Roads(service.judge, service.clock, lambda spec: road.gateway(spec, service.clock))
        rng = random.Random()  # noqa: S311 - spreads retries; guards nothing
        service.timetable()  # a calendar that cannot be read is told at once
        yield Delivery(
            outbox=service.outbox,
            roads=roads,
            attempts=Attempts(
                outbox=service.outbox,
                roads=roads,
                judge=service.judge,
                windows=service.timetable,
                destination=DESTINATION,
                clock=service.clock,
                rng=rng,
            ),
            chores=Chores([*_chores(service, owner), *_chores_of_the_road(service, road)]),
            windows=service.timetable,
            destination=DESTINATION,
            owner=owner,
            clock=service.clock,
            rng=rng,
            store=store,
            grace=timedelta(seconds=service.settings.grace_seconds),
        )


@contextmanager
def open_courier(service: Service, owner: Owner) -> Iterator[Courier]:
    """Build what takes webhooks to their endpoints, in this worker's name, alive for as long as the context lasts."""
    names = Names()
    try:
        yield Courier(
            mailbag=service.mailbag,
            poster=Poster(resolve=names, admission=service.webhooks.admission),
            name=owner.name,
            alive=owner.alive,
            clock=service.clock,
            rng=service.mailbag.rng,
            grace=timedelta(seconds=service.settings.grace_seconds),
        )
    finally:
        names.close()


def road_rules(transport: Transport) -> RoadRules:
    """Return what the package says about the road, as the outbox heeds it over all nodes."""
    return RoadRules(
        max_in_flight=transport.max_in_flight,
        per_second=transport.per_second,
        patience=transport.patience,
        behind_pending=transport.waits_for_pending,
    )


def _chores(service: Service, owner: Owner) -> list[Chore]:
    look_again = timedelta(minutes=service.settings.look_again_minutes)
    return [
        Chore(name="checkpoints", work=service.checkpoints.look, every=timedelta(seconds=2)),
        Chore(name="disk", work=free_space(service.settings).enough, every=timedelta(seconds=5)),
        Chore(name="dead workers", work=lambda: _expire(service.outbox, owner), every=timedelta(seconds=1)),
        Chore(name="holds", work=service.holds.look_again, every=look_again),
        Chore(name="replays", work=service.replays.step, every=timedelta(seconds=0.5)),
        Chore(name="retention", work=service.retention.step, every=timedelta(hours=1)),
        Chore(name="tokens", work=service.credentials.tokens.forget, every=timedelta(minutes=10)),
        Chore(name="webhooks", work=service.mailbag.tidy, every=timedelta(minutes=1)),
        Chore(name="routes", work=service.rerouting.apply_due, every=timedelta(seconds=5)),
        Chore(name="deadlines", work=partial(look_at_deadlines, service.outlook), every=timedelta(hours=1)),
    ]


def _chores_of_the_road(service: Service, road: RoadToState) -> list[Chore]:
    look = partial(look_at_certificates, road.expiries, service.clock)
    return [Chore(name="certificates", work=look, every=timedelta(days=1))]


def _expire(outbox: SqlOutbox, owner: Owner) -> None:
    if ended := outbox.expire(owner.alive):
        _log.info("leases of dead workers ended", count=ended)


def _vault(engine: Engine, settings: Settings) -> Vault:
    vault, made = open_vault(engine, settings)
    if made:
        sys.stderr.write(
            f"A new master key was made: {settings.master_key_file}\n"
            "Back it up somewhere else now: without it nothing that is stored can be read again.\n"
        )
    return vault
