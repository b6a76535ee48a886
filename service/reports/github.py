"""Annotations for GitHub Actions: workflow commands, escaped by GitHub's own rules, the heaviest finding first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from canonical.finding import Finding, Severity
from service.reports.conformance import label, tally, verdict
from service.reports.printable import printable
from service.reports.run import by_weight

if TYPE_CHECKING:
    from service.reports.run import Run

_COMMANDS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.ADVICE: "notice"}


def write(run: Run) -> str:
    """Return one command for each finding, and a notice with the verdict; GitHub shows ten of each kind, so order matters."""
    names = {id(finding): payload.name for payload in run.payloads for finding in payload.all_findings}
    lines = [_annotation(finding, names[id(finding)]) for finding in by_weight(run.findings)]
    lines.append(f"::notice title=ecas-bridge::{_data(f'{tally(run)} {verdict(run)}')}")
    return "\n".join(lines) + "\n"


def annotation(severity: Severity, file: str, line: int, title: str, text: str) -> str:
    """Return one command about a line of a file."""
    return (
        f"::{_COMMANDS[severity]} file={_property(printable(file))},line={line},title={_property(title)}::{_data(text)}"
    )


def _annotation(finding: Finding, payload: str) -> str:
    source = finding.sources[0] if finding.sources else None
    properties = {
        "file": printable(source.file if source else payload),
        "line": source.line if source else None,
        "col": source.column if source else None,
        "title": f"{finding.rule} {finding.title}",
    }
    written = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items() if value is not None)
    where = f"{printable(source.label)}: " if source else ""
    fix = f"\nFix: {finding.fix}" if finding.fix else ""
    mark = f" ({label(finding)})" if label(finding) != finding.severity.value else ""
    return f"::{_COMMANDS[finding.severity]} {written}::{_data(f'{where}{finding.message}{mark}{fix}')}"


def _data(text: str) -> str:
    """Escape a command's message (actions/toolkit, ``escapeData``)."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Escape a command's property (actions/toolkit, ``escapeProperty``)."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
