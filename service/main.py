"""Where everything is built: the only place that knows every part by its own name."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy import Engine

from canonical.errors import ConfigurationError
from gateway_client.http_gateway import HttpGateway
from service.adoption import Adopting
from service.agencies import Agencies
from service.clock import Clock, utc_now
from service.delivery import Delivery
from service.holds import Holds
from service.identifiers import NewId, new_id
from service.intake import Intake
from service.judging import Judge
from service.mappings import Mappings
from service.outbox import migrate
from service.outbox.engine import database_moment, open_engine
from service.outbox.sql_outbox import SqlOutbox
from service.owners import Owner
from service.roads import Roads
from service.roster.rosters import Rosters
from service.settings import Settings
from service.vault import Vault, open_vault
from specs.catalog import Catalog

#: The one destination so far. A name, not an address: what waits must not be stranded when the state moves.
DESTINATION: Final = "ecas"
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The parts that the API, the worker and the operator's commands share."""

    settings: Settings
    engine: Engine
    vault: Vault
    catalog: Catalog
    agencies: Agencies
    rosters: Rosters
    outbox: SqlOutbox
    intake: Intake
    adopting: Adopting
    holds: Holds
    clock: Clock
    new_id: NewId
    #: Chooses the package of a day.
    judge: Judge


def build_service(settings: Settings, *, clock: Clock = utc_now, make_id: NewId = new_id) -> Service:
    """Open the vault and the database, bring it to this release's schema, and wire the parts.

    Raises:
        ConfigurationError: the deployment is wrong, in one sentence.
    """
    vault = _vault(settings)
    engine = open_engine(settings.database)
    migrate.upgrade(engine)
    catalog = Catalog(*settings.spec_path)
    judge = Judge(catalog=catalog, spec=catalog.named(settings.spec) if settings.spec else None)
    judge.sending(clock().date())  # a deployment without a package for today is told at once
    agencies = Agencies(engine, vault, clock, make_id)
    rosters = Rosters(engine, vault, clock, make_id, fallback=settings.roster)
    outbox = SqlOutbox(
        engine,
        vault,
        destination=DESTINATION,
        clock=clock,
        new_id=make_id,
        moment=database_moment if engine.dialect.name == "postgresql" else None,
        waits_for_pending=lambda: judge.sending(clock().date()).transport.waits_for_pending,
    )
    intake = Intake(
        catalog=catalog,
        mappings=Mappings.at(settings.mapping_path),
        rosters=rosters,
        agencies=agencies,
        outbox=outbox,
        clock=clock,
        spec=judge.spec,
    )
    return Service(
        settings=settings,
        engine=engine,
        vault=vault,
        catalog=catalog,
        agencies=agencies,
        rosters=rosters,
        outbox=outbox,
        intake=intake,
        adopting=Adopting(
            engine=engine,
            catalog=catalog,
            judge=judge,
            intake=intake,
            agencies=agencies,
            outbox=outbox,
            clock=clock,
        ),
        holds=Holds(intake=intake, outbox=outbox, clock=clock),
        clock=clock,
        new_id=make_id,
        judge=judge,
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
            why=f"was {change.was}; appeared: {_listed(change.appeared)}; gone: {_listed(change.disappeared)}",
        )


def _listed(rules: tuple[str, ...]) -> str:
    return ", ".join(rules) or "none"


@contextmanager
def open_delivery(service: Service) -> Iterator[Delivery]:
    """Build one worker of this host, alive for as long as the context lasts.

    Raises:
        ConfigurationError: no address of the state is configured.
    """
    address = service.settings.gateway_url
    if address is None:
        raise ConfigurationError(
            "ECAS_GATEWAY_URL, the state's base address, is not set: there is nowhere to deliver to."
        )
    name = service.new_id("wrk")
    with (
        Owner(service.settings.data_dir / "workers", name) as owner,
        ThreadPoolExecutor(max_workers=1, thread_name_prefix="outbox") as store,
    ):
        yield Delivery(
            outbox=service.outbox,
            roads=Roads(
                service.judge,
                service.clock,
                lambda spec: HttpGateway(
                    address, spec.transport, items=spec.items, credentials=None, clock=service.clock
                ),
            ),
            judge=service.judge,
            holds=service.holds,
            look_again_every=timedelta(minutes=service.settings.look_again_minutes),
            destination=DESTINATION,
            owner=owner,
            clock=service.clock,
            rng=random.Random(),  # noqa: S311 - spreads retries; guards nothing
            store=store,
        )


def _vault(settings: Settings) -> Vault:
    vault, made = open_vault(settings.master_key_file)
    if made:
        sys.stderr.write(
            f"A new master key was made: {settings.master_key_file}\n"
            "Back it up somewhere else now: without it nothing that is stored can be read again.\n"
        )
    return vault
