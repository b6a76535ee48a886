"""``ecas hold``: a person's word about one submission."""

from __future__ import annotations

import click

from service.cli.word import NOTE, SUBMISSION, say


@click.command(epilog="Example:  ecas hold sub_4x7mmvq2r3w5ybkd6t2hpzcnae --note 'the family asked for a day'")
@SUBMISSION
@NOTE
def command(*, submission: str, note: str) -> int:
    """Let a submission that has not left wait until somebody releases it; the note is kept with its history."""
    return say("hold", submission, note)
