"""A person's word about one submission, told to the service with a note."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import Any, Final

import click

from canonical.errors import ConfigurationError
from service import settings
from service.cli.client import Client
from service.cli.prospect_words import LEFT
from service.reports.run import Exit

SUBMISSION: Final = click.argument("submission", metavar="ID")
NOTE: Final = click.option("--note", required=True, metavar="TEXT", help="Why, and on whose word.")
_ID: Final = re.compile(r"[a-z0-9_]{1,80}")
_NOT_FOUND: Final = 404


def say(word: str, submission: str, note: str) -> int:
    """Tell the service, and say where the submission stands now (see ``told``)."""
    stands = told(word, submission, note)
    waits = ", ".join(stands["holds"])
    sys.stdout.write(f"{submission} is {stands['state']}{f' and waits for {waits}' if waits else ''}.\n")
    return Exit.CLEAN


def told(word: str, submission: str, note: str, **more: object) -> Mapping[str, Any]:
    """Tell the service, and return what it answers.

    Raises:
        ConfigurationError: the agency has no such submission, or the word does not fit it.
    """
    client = Client(settings.load())
    known = _ID.fullmatch(submission)
    answer = client.tell(f"/v1/submissions/{submission}/{word}", note=note, **more) if known else None
    if answer is None or answer.status == _NOT_FOUND:
        raise ConfigurationError("The agency has no submission of that id; “ecas status” lists them.")
    if not answer.ok:
        raise ConfigurationError(
            " ".join(filter(None, (str(answer.data["detail"]), LEFT.get(answer.data.get("left")))))
        )
    return answer.data
