"""``ecas why``: where each answer came from, or why there is none. Shows values, because somebody asked to see them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from typing import Any

import click

from adapters import registry
from adapters.record import Field, Record
from canonical.errors import ConfigurationError
from canonical.ledger import Fate
from service.cli.checker import Checker, Examined
from service.cli.judging_options import Choices, judging_options
from service.cli.suggestion import close_to
from service.clock import utc_now
from service.reports import text
from service.reports.json_report import source_data
from service.reports.printable import printable
from service.reports.run import Exit, Run
from service.stories.placing import placing
from service.stories.story import Story


@click.command(epilog="\b\nExample:\n  ecas why export.csv LDF_SLEEP")
@click.argument("path", metavar="PATH", type=click.Path(path_type=Path))
@click.argument("item", metavar="ITEM", required=False)
@click.option("--all", "all_items", is_flag=True, help="Tell about every item of the instrument.")
@click.option("--fields", is_flag=True, help="List every field of the file, and what became of it.")
@click.option("--bytes", "raw", is_flag=True, help="Show the bytes of the file that an answer was read from.")
@click.option("--report", type=click.Choice(["text", "json"]), default="text", help="How to tell it. [default: text]")
@judging_options
def command(
    *, path: Path, item: str | None, all_items: bool, fields: bool, raw: bool, report: str, choices: Choices
) -> int:
    """Tell where each answer came from, or why there is none."""
    if (item is not None) + all_items + fields != 1:
        raise click.UsageError("Name one item, or give --all or --fields.")
    checker = Checker(choices, utc_now())
    if fields:
        return _tell_fields(checker, path, report)
    examined = checker.examine(path)
    if not examined.judged:
        return _tell_nothing(examined, item)
    places = placing(examined, raw=raw)
    stories = [
        Story(examined, assessment, judged, checker.spec_for(examined, assessment), record=record, placing=places)
        for (assessment, judged), record in zip(examined.judged, _records(examined), strict=False)
    ]
    for code, story in ((item, story) for story in stories if item is not None):
        if code not in story.items:
            raise click.UsageError(f"{story.version} has no item {code!r}.{close_to(code or '', story.items)}")
    if report == "json":
        sys.stdout.write(_as_json([story.as_data(item) for story in stories]))
        return Exit.CLEAN
    if examined.reading.dialect:
        sys.stdout.write(f"{printable(examined.payload.name)}  {examined.reading.dialect}\n\n")
    for story in stories:
        sys.stdout.write(story.tell(item))
    return Exit.CLEAN


def _records(examined: Examined) -> Iterator[Record | None]:
    """Yield what each assessment was made of, in their order, and then nothing for ever: FHIR has no records."""
    if examined.mapping is not None:
        yield from registry.records(examined.payload, format=examined.reading.format, mapping=examined.mapping)
    yield from repeat(None)


def _tell_nothing(examined: Examined, item: str | None) -> int:
    """Tell why there is no assessment at all, and so no answer."""
    run = Run(payloads=(examined.checked(),))
    for finding in examined.reading.findings if item else ():
        if item in finding.items:
            sys.stdout.write(
                f"  {item}\n    answer  none\n    because {finding.title[:1].lower()}{finding.title[1:]}.\n\n"
            )
            break
    sys.stderr.write(text.write(run))
    return run.exit_code


def _tell_fields(checker: Checker, path: Path, report: str) -> int:
    """List every field of a file that is read by mapping, without its value, and what became of it."""
    payload, mapping = checker.opened(path)
    if mapping is None:
        raise ConfigurationError(
            "No mapping reads this file, so there is no ledger of its fields; ITEM and --all tell of its answers."
        )
    found: list[tuple[Field, Fate]] = []
    reading = registry.witnessed(payload, lambda field, fate: found.append((field, fate)), mapping=mapping)
    places = registry.locate(payload, reading.format, [field.source for field, _ in found])
    told = [(places.get(field.source, field.source), fate) for field, fate in found]
    ledger = reading.ledger
    assert ledger is None or ledger.balances, "every field has exactly one fate"
    left_out = 0 if ledger is None else ledger.fields - len(told)
    if report == "json":
        rows = [{**source_data(source), "fate": fate.value} for source, fate in told]
        sys.stdout.write(_as_json({"fields": rows, "in_records_left_out": left_out}))
    else:
        lines = [f"{text.place(source)}  {printable(source.label)}  {fate.value}" for source, fate in told]
        sys.stdout.write("".join(f"{line}\n" for line in lines) or "No field of the file holds anything.\n")
        if left_out:
            sys.stdout.write(f"{left_out:,} more in records that were left out  unmapped\n")
    if reading.findings and not found:
        sys.stderr.write(text.write(Run(payloads=(checker.examine(path).checked(),))))
        return Exit.FINDINGS
    return Exit.CLEAN


def _as_json(told: Any) -> str:  # noqa: ANN401 - plain data
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"
