"""``ecas resume``: let things leave again."""

from __future__ import annotations

import sys

import click

from canonical.errors import ConfigurationError
from service import settings
from service.cli.part_of_road import checked, part_of_road, paused_parts
from service.cli.roster_owner import operator
from service.main import DESTINATION, build_service
from service.outbox.pulse import part
from service.reports.run import Exit


@click.command(epilog="Example:  ecas resume --agency riverbend --programme ICC --note 'mended, R. Okafor'")
@part_of_road
def command(*, agency: str, programme: str, note: str) -> int:
    """End a pause of just this part, whoever began it; what else is paused stays so.

    As the operator, on the database. Where the state had refused us, mend the cause before: the next refusal pauses the
    destination again.
    """
    service = build_service(settings.load())
    checked(service, agency, programme, note)
    what = part(agency, programme)
    if not service.outbox.resume(DESTINATION, agency=agency, programme=programme, actor=operator(), note=note):
        raise ConfigurationError(f"There is no pause of {what}; “ecas road” shows what is paused.")
    sys.stdout.write(f"Resumed: {what}.\n")
    sys.stdout.write("".join(f"{sentence}\n" for sentence in paused_parts(service)))
    return Exit.CLEAN
