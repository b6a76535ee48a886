"""``ecas spec diff``: what another package changes, and which mappings and samples it breaks."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from canonical.finding import Finding
from service import settings
from service.changes.comparison import differences
from service.changes.difference import Difference, Fate
from service.changes.of_mappings import MappingLine, mapping_lines
from service.changes.of_samples import SampleChange, Samples, compared
from service.cli import payload_files
from service.cli.checker import Checker
from service.cli.judging_options import Choices
from service.clock import utc_now
from service.fitting import fitted
from service.reports.printable import printable
from service.reports.run import Exit
from specs.catalog import Catalog
from specs.spec import Spec

_VERDICTS = {True: "BREAKS", False: "falls short"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Everything that was asked for."""

    old: Spec
    new: Spec
    differences: tuple[Difference, ...]
    #: None where no mapping was named.
    mapping: tuple[MappingLine, ...] | None
    #: None where no samples were named.
    samples: Samples | None

    @property
    def breaks(self) -> bool:
        """Whether a line of the mapping breaks, or a sample stops conforming."""
        changes = self.samples.changes if self.samples else ()
        return any(line.breaks for line in self.mapping or ()) or any(change.breaks for change in changes)


@click.command(
    name="diff",
    epilog="\b\nExample:\n  ecas spec diff 2026.1 ./official --mapping mappings/ours.toml --samples exports/",
)
@click.argument("old", metavar="A")
@click.argument("new", metavar="B")
@click.option(
    "--mapping", type=click.Path(path_type=Path), metavar="FILE", help="Tell which lines of this mapping break."
)
@click.option(
    "--samples",
    type=click.Path(path_type=Path),
    metavar="PATH",
    multiple=True,
    help="Tell which of these payloads change conformance, and why. May be repeated.",
)
@click.option(
    "--roster",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Judge the samples' certification too, which is left out otherwise.",
)
@click.option(
    "--report", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to tell it."
)
def command(
    *, old: str, new: str, mapping: Path | None, samples: Sequence[Path], roster: Path | None, report: str
) -> int:
    """Tell what package B changes for whoever follows package A.

    Exit codes: 0 nothing of yours breaks, 1 a line of the mapping breaks or a sample stops conforming.
    """
    catalog = Catalog(*settings.load().spec_path)
    before, after = catalog.named(old), catalog.named(new)
    found = differences(before, after)
    comparison = Comparison(
        old=before,
        new=after,
        differences=found,
        mapping=mapping_lines(mapping, before, after, found) if mapping else None,
        samples=_judged(samples, before, after, mapping, roster, utc_now()) if samples else None,
    )
    sys.stdout.write(
        _as_json(comparison) if report == "json" else "".join(f"{line}\n" for line in _as_text(comparison))
    )
    return Exit.FINDINGS if comparison.breaks else Exit.CLEAN


def _judged(
    paths: Sequence[Path], old: Spec, new: Spec, mapping: Path | None, roster: Path | None, at: datetime
) -> Samples:
    """Judge every assessment by both packages, whatever its date, and build its document by both."""
    judged, changes = 0, []
    checkers = [(_checker(spec, mapping, roster, at), spec) for spec in (old, new)]
    for file in payload_files.find(paths):
        examined = [(checker.examine(file), spec) for checker, spec in checkers]
        reports = [[fitted(one, report, spec, spec) for one, report in seen.judged] for seen, spec in examined]
        for (assessment, _), was, becomes in zip(examined[0][0].judged, *reports, strict=True):
            judged += 1
            change = compared(payload_files.name_of(file), assessment.origin.label, was, becomes)
            if change is not None:
                changes.append(change)
    return Samples(judged=judged, changes=tuple(changes))


def _checker(spec: Spec, mapping: Path | None, roster: Path | None, at: datetime) -> Checker:
    named = Choices(spec=str(spec.directory), mapping=mapping, roster=roster, certification=roster is not None)
    return Checker(named, at)


def _as_text(comparison: Comparison) -> Iterator[str]:
    old, new = comparison.old, comparison.new
    yield f"From {old.version} ({old.status.value}) to {new.version} ({new.status.value})"
    for part, found in groupby(comparison.differences, key=lambda difference: difference.part):
        yield f"\n{part.value}"
        yield from (line for difference in found for line in _difference_told(difference))
    if not comparison.differences:
        yield "Nothing differs."
    if comparison.mapping is not None:
        yield "\nyour mapping"
        yield from (
            f"  {_VERDICTS[line.breaks]:<11} {printable(line.file)}:{line.line}: {line.sentence}"
            for line in comparison.mapping
        )
        yield f"  {_counted(comparison.mapping)}"
    if comparison.samples is not None:
        yield "\nyour samples"
        yield from (printable(f"  {line}") for line in _samples_told(comparison.samples))


def _difference_told(difference: Difference) -> Iterator[str]:
    to = f" to {difference.became}" if difference.fate is Fate.PERHAPS_RENAMED else ""
    head = f"  {difference.fate.value:<15} {difference.subject}{to}"
    if len(difference.phrases) == 1:
        yield printable(f"{head}: {difference.phrases[0]}")
        return
    yield printable(head)
    yield from (printable(f"                  {phrase}") for phrase in difference.phrases)


def _counted(lines: Sequence[MappingLine]) -> str:
    broken = sum(line.breaks for line in lines)
    short = len(lines) - broken
    return f"{_number(broken, 'line')} to mend, {short} to look at." if lines else "No line of it breaks."


def _samples_told(samples: Samples) -> Iterator[str]:
    """Yield one line an assessment, then each reason once with how often it holds."""
    for change in samples.changes:
        verdict = "BREAKS" if change.breaks else "changes"
        appeared = ", ".join(dict.fromkeys(finding.rule for finding in change.appeared))
        gone = ", ".join(dict.fromkeys(finding.rule for finding in change.disappeared))
        rules = "; ".join(filter(None, (appeared and f"appears: {appeared}", gone and f"is gone: {gone}")))
        yield f"{verdict:<11} {change.file}, {change.place}: {change.was.value}, then {change.becomes.value}; {rules}"
    for word, side in (("appears in", "appeared"), ("is gone from", "disappeared")):
        reasons = Counter(_reason(finding) for change in samples.changes for finding in getattr(change, side))
        yield from (f"{rule:<11} {word} {count}: {told}" for (rule, told), count in reasons.most_common())
    broken = sum(change.breaks for change in samples.changes)
    yield f"Of {_number(samples.judged, 'assessment')}, {broken} conformed and would not any more."


def _reason(finding: Finding) -> tuple[str, str]:
    return finding.rule, f"{finding.message} ({', '.join(finding.items)})" if finding.items else finding.message


def _number(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _as_json(comparison: Comparison) -> str:
    data: dict[str, Any] = {
        "from": _package(comparison.old),
        "to": _package(comparison.new),
        "breaks": comparison.breaks,
        "differences": [asdict(difference) for difference in comparison.differences],
    }
    if comparison.mapping is not None:
        data["mapping"] = [asdict(line) for line in comparison.mapping]
    if comparison.samples is not None:
        data["samples"] = {
            "judged": comparison.samples.judged,
            "changes": [_sample(change) for change in comparison.samples.changes],
        }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _package(spec: Spec) -> dict[str, str]:
    return {"version": spec.version, "status": spec.status.value, "digest": spec.digest}


def _sample(change: SampleChange) -> dict[str, Any]:
    def told(findings: Sequence[Finding]) -> list[dict[str, Any]]:
        return [{"rule": one.rule, "items": list(one.items), "message": one.message} for one in findings]

    return {
        "file": change.file,
        "place": change.place,
        "was": change.was.value,
        "becomes": change.becomes.value,
        "breaks": change.breaks,
        "appeared": told(change.appeared),
        "disappeared": told(change.disappeared),
    }
