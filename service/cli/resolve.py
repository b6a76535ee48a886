"""``ecas resolve``: a person's decision about what is stuck, one or many."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from typing import Any

import click

from canonical.stuck import Resolution
from service.cli.office import Office, open_office
from service.cli.prospect_words import became_text, preview_text
from service.cli.selection_options import filtered, given
from service.reports.run import Exit


@click.command(
    epilog="\b\nExamples:\n"
    "  ecas resolve arrived sub_4x7mmvq2r3w5ybkd6t2hpzcnae --note 'eCAS IT has it, R. Okafor'\n"
    "  ecas resolve ask --cause gave_up_asking --run --note 'the road is mended'"
)
@click.argument("resolution", metavar="ask|resend|arrived|cancel", type=click.Choice([one.value for one in Resolution]))
@filtered
@click.option("--run", is_flag=True, help="Do it; without it, and without an ID, it is only shown.")
@click.option("--note", default="", metavar="TEXT", help="Why, and on whose word; needed wherever something is done.")
def command(
    *,
    resolution: str,
    run: bool,
    note: str,
    agency: str | None,
    every_agency: bool,
    **options: Any,  # noqa: ANN401 - click's own
) -> int:
    """Decide about what is stuck: by ID at once, by filter shown first and done with --run.

    ask: the state is asked by key, and it is sent with the same key where the state lacks it. resend: it is sent again;
    where it may have arrived it is asked about first, or, where the state cannot be asked, refused unless you know better
    (--not-arrived). arrived: the state has it. cancel: it is given up.
    """
    done = run or bool(options["ids"])
    if done and not note.strip():
        raise click.UsageError("Missing option '--note': say why, and on whose word.")
    decision = {**given(options), "resolution": resolution, "run": done, "note": note}
    told = open_office(agency, every_agency=every_agency)
    first, became = _all(told, decision) if done else (told.resolve(decision), Counter[str]())
    preview = first["preview"]
    sys.stdout.write(preview_text(preview))
    if done:
        sys.stdout.write(f"Done: {became_text(became)}.\n")
    return Exit.FINDINGS if preview["stays"] or not preview["count"] else Exit.CLEAN


def _all(office: Office, decision: Mapping[str, Any]) -> tuple[Mapping[str, Any], Counter[str]]:
    """Do it in as many requests as it takes; stop where one of them did nothing."""
    first = told = office.resolve(decision)
    became: Counter[str] = Counter(told["became"])
    while told["more"] and told["became"]:
        told = office.resolve(decision)
        became.update(told["became"])
    return first, became
