"""``ecas work``: a worker that delivers what is due."""

from __future__ import annotations

import asyncio
import signal

import click

from service import settings, telemetry, tracing
from service.audit.started import started
from service.cli.part_of_road import paused_parts
from service.cli.roster_owner import operator
from service.delivery import Delivery
from service.ending import end_at_once
from service.main import DESTINATION, adopt_packages, build_service, open_delivery
from service.reports.run import Exit


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
    for sentence in paused_parts(service):
        click.echo(sentence, err=True)
    with open_delivery(service) as delivery:
        asyncio.run(_work(delivery, until_idle=until_idle))
    flush_traces()
    if (why := service.outbox.paused(DESTINATION)) is not None:
        quarantined = service.outlook.pulse().quarantine is not None
        mend = "" if quarantined else " Mend it, then say 'ecas resume', or start 'ecas work --resume'."
        click.echo(f"The destination is paused: {why}{mend}", err=True)
        return Exit.USAGE
    for sentence in paused_parts(service):
        click.echo(sentence, err=True)
    return Exit.CLEAN


async def _work(delivery: Delivery, *, until_idle: bool) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for ending in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(ending, _stop, stopping, ending)
    try:
        await delivery.run(until_idle=until_idle, stopping=stopping)
    finally:
        await delivery.roads.close()


def _stop(stopping: asyncio.Event, number: signal.Signals) -> None:
    """Stop in good order at the first signal, at once at the second: what is under way is then asked about."""
    if stopping.is_set():
        end_at_once(number)
    stopping.set()
