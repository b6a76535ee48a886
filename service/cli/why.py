"""``ecas why``: where each answer came from, or why there is none. Shows values, because somebody asked to see them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from adapters import registry
from adapters.mapping import ItemMapping
from canonical.assessment import Answer, Assessment, Source
from canonical.finding import Report
from canonical.payload import Payload
from gateway_client.projection import consents, project
from service.cli.checker import Checker, Examined
from service.cli.judging_options import Choices, judging_options
from service.cli.suggestion import close_to
from service.clock import utc_now
from service.reports import text
from service.reports.printable import printable
from service.reports.run import Exit, Run
from specs.spec import AgeRange, Item, Spec


@click.command(epilog="\b\nExample:\n  ecas why export.csv LDF_SLEEP")
@click.argument("path", metavar="PATH", type=click.Path(path_type=Path))
@click.argument("item", metavar="ITEM", required=False)
@click.option("--all", "all_items", is_flag=True, help="Tell about every item of the instrument.")
@judging_options
def command(*, path: Path, item: str | None, all_items: bool, choices: Choices) -> int:
    """Tell where each answer came from, or why there is none."""
    if (item is None) is not all_items:
        raise click.UsageError("Name one item, or give --all.")
    checker = Checker(choices, utc_now())
    examined = checker.examine(path)
    if not examined.judged:
        run = Run(payloads=(examined.checked(),))
        sys.stderr.write(text.write(run))
        return run.exit_code
    if examined.reading.dialect:
        sys.stdout.write(f"{printable(examined.payload.name)}  {examined.reading.dialect}\n\n")
    for assessment, report in examined.judged:
        story = Story(examined, assessment, report, checker.spec_for(examined, assessment))
        sys.stdout.write(story.tell(item))
    return Exit.CLEAN


class Story:
    """What there is to tell about the answers of one assessment."""

    def __init__(self, examined: Examined, assessment: Assessment, report: Report, spec: Spec) -> None:
        """Look up the lines and columns of everything that may be told."""
        self._mapping = examined.mapping
        self._assessment = assessment
        self._findings = report.findings
        self._spec = spec
        self._leaving = project(assessment, spec)
        self._places = _located(examined.payload, examined.reading.format, assessment, report)

    def tell(self, code: str | None) -> str:
        """Return the story of one item, or of every item that the instrument asks.

        Raises:
            UsageError: the specification has no such item.
        """
        items = self._spec.occurrences
        if code is not None and code not in items:
            raise click.UsageError(f"{self._spec.version} has no item {code!r}.{close_to(code, items)}")
        asked = [items[code]] if code else [item for item in items.values() if self._is_asked(item)]
        head = f"{self._place(self._assessment.origin)}\n"
        return head + "".join(f"{line}\n" for item in asked for line in self._about(item)) + "\n"

    def _is_asked(self, item: Item) -> bool:
        """Return whether the instrument asks the item; a second, third … occurrence only where it is there."""
        if not item.belongs_to(self._assessment.text("INSTRUMENT") or ""):
            return False
        return item.occurrence == 1 or item.code in self._assessment.answers or item.code in self._assessment.unreadable

    def _about(self, item: Item) -> Iterator[str]:
        yield f"  {item.code}  {item.label}"
        answer = self._assessment.answers.get(item.code)
        told = self._answered(item, answer) if answer else self._absent(item)
        for name, sentence in told:
            yield f"    {name:<7} {sentence}"

    def _answered(self, item: Item, answer: Answer) -> Iterator[tuple[str, str]]:
        yield "answer", self._shown(item, answer)
        yield "from", self._place(answer.source)
        if mapped := self._mapped(item):
            yield "by", self._told(mapped)
        for finding in self._findings:
            if item.code in finding.items:
                yield "but", f"{finding.rule} {finding.message}"
        yield "leaves", f"as {item.wire}" if item.code in self._leaving else self._why_home(item)

    def _absent(self, item: Item) -> Iterator[tuple[str, str]]:
        yield "answer", "none"
        yield "because", self._why_absent(item)
        if mapped := self._mapped(item):
            yield "by", self._told(mapped)
        for finding in self._findings:
            if item.code in finding.items:
                places = " ".join(self._place(source) for source in finding.sources[:1])
                yield "but", f"{finding.rule} {finding.message} {places}".rstrip()

    def _shown(self, item: Item, answer: Answer) -> str:
        """Show the answer; a credential or free text stays masked even here."""
        if item.sensitive:
            return "•••••• (masked)"
        code = self._spec.codes[item.codes].get(answer.text) if item.codes else None
        return (
            f"{printable(answer.text)} ({code.label})" if code and code.label != answer.text else printable(answer.text)
        )

    def _why_absent(self, item: Item) -> str:
        """Name the first reason that kept an answer away."""
        instrument = self._assessment.text("INSTRUMENT") or ""
        if not item.belongs_to(instrument):
            return f"it belongs to {' and '.join(item.instruments)}, not to this assessment's instrument."
        if item.code in self._assessment.unreadable:
            return "what stands in its place could not be read."
        if self._mapping and item.code not in self._mapping.items:
            return f"the mapping {self._mapping.name} names no place for it."
        if item.age is not None:
            return f"its place is empty or missing; it is asked only at ages {_years(item.age)}."
        return "its place is empty or missing."

    def _why_home(self, item: Item) -> str:
        if not item.wire:
            return "never: it stays home"
        if not item.belongs_to(self._assessment.text("INSTRUMENT") or ""):
            return "never: it belongs to the other instrument"
        if not consents(self._assessment, self._spec):
            return "not: without the member's consent only demographics and SED leave"
        return "not"

    def _mapped(self, item: Item) -> ItemMapping | None:
        return self._mapping.items.get(item.code) if self._mapping else None

    def _told(self, mapped: ItemMapping) -> str:
        """Tell what the mapping does to find the answer."""
        name = self._mapping.name if self._mapping else ""
        if not mapped.paths:
            return f"{name}: the same value for every row"
        numbered = self._mapping is not None and not self._mapping.layout.header
        places = [f"field {column}" if numbered else f"column {column!r}" for column in mapped.columns]
        places += [f"question {question!r}" for question in mapped.questions]
        steps = [f" joined by {mapped.join!r} ".join(places)]
        if mapped.strip:
            steps.append(f"without {mapped.strip!r} around it")
        if mapped.pad:
            steps.append(f"filled up to {mapped.pad} digits")
        if mapped.date:
            steps.append(f"read as a date written {mapped.date}")
        if mapped.codes:
            steps.append(f"translated by the code table {mapped.codes!r}")
        return f"{name}: {', '.join(steps)}"

    def _place(self, source: Source) -> str:
        located = self._places.get(source, source)
        return f"{text.place(located)}  {printable(located.label)}"


def _located(payload: Payload, format_: str, assessment: Assessment, report: Report) -> dict[Source, Source]:
    sources = {assessment.origin, *(answer.source for answer in assessment.answers.values())}
    sources.update(source for finding in report.findings for source in finding.sources)
    return registry.locate(payload, format_, sources)


def _years(age: AgeRange) -> str:
    if age.oldest is None:
        return f"{age.youngest} and above"
    return f"up to {age.oldest}" if age.youngest is None else f"{age.youngest} to {age.oldest}"
