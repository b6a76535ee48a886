"""The JSON report: exactly the keys that design.md section 8 fixes, and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from canonical.version import __version__

if TYPE_CHECKING:
    from canonical.assessment import Source
    from canonical.desk import Desk
    from canonical.finding import Finding
    from service.reports.run import Run


def write(run: Run) -> str:
    """Return the report as indented JSON."""
    return json.dumps(as_data(run), indent=2, ensure_ascii=False) + "\n"


def as_data(run: Run) -> dict[str, Any]:
    """Return the report as plain data, for the API too."""
    return {
        "ecas_bridge": __version__,
        "spec": _spec(run),
        "checked": run.checked,
        "conformance": run.conformance.value,
        "not_checked": list(run.not_checked),
        "findings": [finding_data(finding) for finding in run.findings],
    }


def finding_data(finding: Finding) -> dict[str, Any]:
    """Return one finding as plain data."""
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "kind": finding.kind.value,
        "title": finding.title,
        "message": finding.message,
        "items": list(finding.items),
        "sources": [_source(source) for source in finding.sources],
        "fix": finding.fix,
        "edit": None,
        "why": finding.why,
        "desk": desk_data(finding.desk),
        "cites": list(finding.cites),
        "docs": finding.docs,
        "fingerprint": finding.fingerprint,
    }


def desk_data(desk: Desk | None) -> dict[str, str | None] | None:
    """Return whom to ask, or None where nobody else can help."""
    return None if desk is None else {"name": desk.name, "email": desk.email}


def _source(source: Source) -> dict[str, str | int | None]:
    return {
        "file": source.file,
        "line": source.line,
        "column": source.column,
        "pointer": source.pointer,
        "label": source.label,
    }


def _spec(run: Run) -> dict[str, str | None]:
    """Return what judged; nulls where nothing could be judged, and a list in words where several packages did."""
    judges = run.judged_by
    return {
        "version": ", ".join(judge.spec for judge in judges) or None,
        "status": ", ".join(judge.spec_status for judge in judges) or None,
        "digest": ", ".join(judge.spec_digest for judge in judges) or None,
    }
