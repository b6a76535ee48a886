"""SARIF 2.1.0, as GitHub code scanning and editors read it."""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from canonical.finding import Finding, Severity
from canonical.version import __version__
from service.reports.conformance import label, verdict

if TYPE_CHECKING:
    from canonical.assessment import Source
    from service.reports.run import Run

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.ADVICE: "note"}


def write(run: Run) -> str:
    """Return the report as one SARIF run; columns are counted in characters, as everywhere here."""
    rules = {finding.rule: finding for finding in reversed(run.findings)}
    numbers = {rule: number for number, rule in enumerate(sorted(rules))}
    log = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "ecas-bridge",
                        "version": __version__,
                        "rules": [_rule(rules[rule]) for rule in numbers],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "invocations": [{"executionSuccessful": True, "exitCode": int(run.exit_code)}],
                "results": [_result(finding, numbers) for finding in run.findings],
                "properties": {"conformance": run.conformance.value, "verdict": verdict(run)},
            }
        ],
    }
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _rule(finding: Finding) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "id": finding.rule,
        "shortDescription": {"text": finding.title},
        "defaultConfiguration": {"level": _LEVELS[finding.severity]},
    }
    if finding.why:
        rule["fullDescription"] = {"text": finding.why}
    return rule


def _result(finding: Finding, numbers: dict[str, int]) -> dict[str, Any]:
    """Write one finding; a hold and a check that could not run keep the level of their severity, or nobody would see them."""
    text = f"{finding.message} Fix: {finding.fix}" if finding.fix else finding.message
    return {
        "ruleId": finding.rule,
        "ruleIndex": numbers[finding.rule],
        "level": _LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [_location(source) for source in finding.sources[:1]],
        "relatedLocations": [_location(source) for source in finding.sources[1:]],
        "partialFingerprints": {"ecasBridge/v1": finding.fingerprint},
        "properties": {"kind": finding.kind.value, "label": label(finding), "items": list(finding.items)},
    }


def _location(source: Source) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(source.file)}}
    if source.line is not None:
        physical["region"] = {"startLine": source.line}
        if source.column is not None:
            physical["region"]["startColumn"] = source.column
    logical = {"fullyQualifiedName": source.pointer or source.label, "name": source.label}
    return {"physicalLocation": physical, "logicalLocations": [logical]}


def _uri(file: str) -> str:
    """Return a file's name as a URI reference: relative as it was given, or ``file://`` where it was absolute."""
    path = PurePath(file).as_posix()
    quoted = quote(path.encode("utf-8", "replace"), safe="/")
    if path.startswith("/"):
        return f"file://{quoted}"
    return f"./{quoted}" if ":" in path.split("/", 1)[0] else quoted
