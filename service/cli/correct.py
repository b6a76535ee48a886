"""``ecas correct``: a payload in the place of what was sent."""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path
from typing import Final

import click

from canonical.errors import ConfigurationError
from canonical.submission import State
from service import settings
from service.cli import payload_files
from service.cli.client import Client
from service.cli.format_option import FORMAT
from service.cli.word import SUBMISSION
from service.reports.run import Exit

_ID: Final = re.compile(r"[a-z0-9_]{1,80}")
_STOPPED: Final = (State.BLOCKED.value, State.HELD.value)
_NOT_FOUND: Final = 404


@click.command(epilog="Example:  ecas correct sub_4x7mmvq2r3w5ybkd6t2hpzcnae repaired.json")
@SUBMISSION
@click.argument("file", type=click.Path(path_type=Path))
@FORMAT
def command(*, submission: str, file: Path, format_: str) -> int:
    """Send a payload with one assessment in the place of a submission's: as the next version of its document, behind it.

    What never left is superseded, and the new one takes its place. The same file twice is taken once.
    """
    client = Client(settings.load())
    if not _ID.fullmatch(submission):
        raise ConfigurationError("The agency has no submission of that id; “ecas status” lists them.")
    content = payload_files.read(file)
    key = f"correct-{hashlib.sha256(format_.encode() + content).hexdigest()}"
    answer = client.post(f"/v1/submissions/{submission}/correct", content, idempotency_key=key, format=format_)
    if answer.status == _NOT_FOUND:
        raise ConfigurationError("The agency has no submission of that id; “ecas status” lists them.")
    if not answer.ok:
        raise ConfigurationError(str(answer.data["detail"]))
    (new,) = answer.data["submissions"]
    waits = ", ".join(new["holds"])
    sys.stdout.write(f"{submission} is corrected by {new['id']}, which is {new['state']}")
    sys.stdout.write(f" and waits for {waits}.\n" if waits else ".\n")
    return Exit.FINDINGS if new["state"] in _STOPPED else Exit.CLEAN
