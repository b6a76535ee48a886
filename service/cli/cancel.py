"""``ecas cancel``: a person's word about one submission."""

from __future__ import annotations

import click

from service.cli.word import NOTE, SUBMISSION, say


@click.command(epilog="Example:  ecas cancel sub_4x7mmvq2r3w5ybkd6t2hpzcnae --note 'exported by mistake, R. Okafor'")
@SUBMISSION
@NOTE
def command(*, submission: str, note: str) -> int:
    """Give up a submission that waits here and has not left; the next of its child goes, and the note is kept."""
    return say("cancel", submission, note)
