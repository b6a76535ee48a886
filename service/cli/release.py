"""``ecas release``: a person's word about one submission."""

from __future__ import annotations

import click

from service.cli.word import NOTE, SUBMISSION, say


@click.command(
    epilog="Example:  ecas release sub_4x7mmvq2r3w5ybkd6t2hpzcnae --note 'name change confirmed by phone, R. Okafor'"
)
@SUBMISSION
@NOTE
def command(*, submission: str, note: str) -> int:
    """Let a held submission go on, on a person's word that its cause is cured; it is judged again first, and the note is kept."""
    return say("release", submission, note)
