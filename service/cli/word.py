"""A person's word about one submission, told to the service with a note."""

from __future__ import annotations

import re
import sys
from typing import Final

import click

from canonical.errors import ConfigurationError
from service import settings
from service.cli.client import Client
from service.reports.run import Exit

SUBMISSION: Final = click.argument("submission", metavar="ID")
NOTE: Final = click.option("--note", required=True, metavar="TEXT", help="Why, and on whose word.")
_ID: Final = re.compile(r"[a-z0-9_]{1,80}")
_NOT_FOUND: Final = 404


def say(word: str, submission: str, note: str) -> int:
    """Tell the service, and say where the submission stands now.

    Raises:
        ConfigurationError: the agency has no such submission, or the word does not fit it.
    """
    client = Client(settings.load())
    answer = client.tell(f"/v1/submissions/{submission}/{word}", note=note) if _ID.fullmatch(submission) else None
    if answer is None or answer.status == _NOT_FOUND:
        raise ConfigurationError("The agency has no submission of that id; “ecas status” lists them.")
    if not answer.ok:
        raise ConfigurationError(str(answer.data["detail"]))
    waits = ", ".join(answer.data["holds"])
    sys.stdout.write(f"{submission} is {answer.data['state']}{f' and waits for {waits}' if waits else ''}.\n")
    return Exit.CLEAN
