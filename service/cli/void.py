"""``ecas void``: withdraw a document."""

from __future__ import annotations

import sys

import click

from service.cli.word import NOTE, SUBMISSION, told
from service.reports.run import Exit


@click.command(epilog="Example:  ecas void sub_4x7mmvq2r3w5ybkd6t2hpzcnae --note 'the wrong child, R. Okafor'")
@SUBMISSION
@NOTE
def command(*, submission: str, note: str) -> int:
    """Withdraw a document: what never left is given up; what did is voided by a submission of its own, behind it.

    Said twice it means the same. The void bears the next version and as few answers as the state accepts.
    """
    void = told("void", submission, note)
    if void["id"] == submission:
        sys.stdout.write(f"{submission} never left, and is {void['state']}.\n")
    else:
        sys.stdout.write(f"{submission} is voided by {void['id']}, which is {void['state']}.\n")
    return Exit.CLEAN
