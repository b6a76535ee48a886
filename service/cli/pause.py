"""``ecas pause``: let nothing leave, or nothing of a part."""

from __future__ import annotations

import sys

import click

from service import settings
from service.cli.part_of_road import checked, part_of_road
from service.cli.roster_owner import operator
from service.main import DESTINATION, build_service
from service.outbox.pulse import part
from service.reports.run import Exit


@click.command(
    epilog="Example:  ecas pause --agency riverbend --programme ICC --note 'their export is wrong, call of 3 March'"
)
@part_of_road
def command(*, agency: str, programme: str, note: str) -> int:
    """Let nothing more leave for the state, or nothing of an agency or a programme, until somebody resumes it.

    As the operator, on the database; the workers of all hosts heed it with their next claim. What is under way is
    finished, what waits loses no attempt and no day, and submissions are taken and judged as before.
    """
    service = build_service(settings.load())
    checked(service, agency, programme, note)
    what = part(agency, programme)
    lasting = next(
        (one for one in service.outlook.pulse().pauses if (one.agency, one.programme) == (agency, programme)), None
    )
    if lasting is not None:
        since = f"{lasting.began_at:%Y-%m-%d %H:%M} UTC"
        sys.stdout.write(f"It is paused already: {what}, since {since}, by {lasting.actor}: {lasting.why}\n")
        return Exit.CLEAN
    service.outbox.pause(DESTINATION, note, agency=agency, programme=programme, actor=operator())
    under_way = service.outlook.pulse().leased
    sys.stdout.write(f"Paused: {what}. {under_way} under way; they are finished.\n")
    return Exit.CLEAN
