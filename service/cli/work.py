"""``ecas work``: a worker that delivers what is due."""

from __future__ import annotations

import asyncio
import signal

import click

from service import settings, telemetry, tracing
from service.audit.started import started
from service.cli.part_of_road import paused_for_log
from service.cli.roster_owner import operator
from service.delivery import Delivery
from service.ending import end_at_once
from service.main import DESTINATION, adopt_packages, build_service, open_courier, open_delivery
from service.outbox.settling import DELIVERY
from service.reports.run import Exit
from service.webhooks.courier import Courier


@click.command(epilog="Example:  ecas work --until-idle")
@click.option("--until-idle", is_flag=True, help="Stop when nothing is under way and nothing is due within a minute.")
@click.option("--resume", is_flag=True, help="Let a paused destination go on, after its cause was mended.")
def command(*, until_idle: bool, resume: bool) -> int:
    """Deliver what is due, until told to stop (SIGTERM): what is under way is finished and recorded."""
    chosen = settings.load()
    telemetry.configure(chosen.log_level)
    flush_traces = tracing.start(chosen.traces_url)
    service = build_service(chosen)
    adopt_packages(service)
    service.at_once.note_now(started("work", chosen, service.vault))
    if resume:
        service.outbox.resume(DESTINATION, actor=operator(), note="ecas work --resume")
    for sentence in paused_for_log(service):
        click.echo(sentence, err=True)
    with open_delivery(service) as delivery, open_courier(service, delivery.owner) as courier:
        asyncio.run(_work(delivery, courier, until_idle=until_idle))
    flush_traces()
    pulse = service.outlook.pulse()
    if pulse.quarantine is not None:
        click.echo(f"The destination is paused: {pulse.quarantine.why}", err=True)
        return Exit.USAGE
    if (pause := pulse.pause) is not None:
        why = pause.why if pause.actor == DELIVERY else f"{pause.actor} asked for it, and “ecas road” says why."
        mend = "Mend it, then say 'ecas resume', or start 'ecas work --resume'."
        click.echo(f"The destination is paused: {why} {mend}", err=True)
        return Exit.USAGE
    for sentence in paused_for_log(service):
        click.echo(sentence, err=True)
    return Exit.CLEAN


async def _work(delivery: Delivery, courier: Courier, *, until_idle: bool) -> None:
    stopping, delivered = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for ending in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(ending, _stop, stopping, ending)
    beside = asyncio.create_task(courier.run(ending=delivered, stopping=stopping))
    try:
        await delivery.run(until_idle=until_idle, stopping=stopping)
    finally:
        delivered.set()
        await beside
        await delivery.roads.close()


def _stop(stopping: asyncio.Event, number: signal.Signals) -> None:
    """Stop in good order at the first signal, at once at the second: what is under way is then asked about."""
    if stopping.is_set():
        end_at_once(number)
    stopping.set()
