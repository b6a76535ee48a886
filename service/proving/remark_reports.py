"""Remarks about mappings as text, as JSON, and as annotations for GitHub."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from canonical.finding import Severity
from canonical.version import __version__
from service.proving.remark import Remark
from service.reports.github import annotation
from service.reports.printable import printable
from specs.spec import Spec

FORMATS: Final = ("text", "json", "github")


def written(remarks: Sequence[Remark], mappings: int, spec: Spec, format_: str) -> str:
    """Return the report of so many mappings in one of ``FORMATS``."""
    if format_ == "json":
        return _as_json(remarks, mappings, spec)
    verdict = _verdict(remarks, mappings, spec)
    if format_ == "github":
        lines = [annotation(r.severity, r.file, r.line, r.name, r.text) for r in remarks]
        return "".join(f"{line}\n" for line in [*lines, f"::notice title=ecas-bridge::{verdict}"])
    lines = [f"{printable(r.file)}:{r.line}: {r.severity.value}: {r.text} [{r.name}]" for r in remarks]
    return "".join(f"{line}\n" for line in [*map(printable, lines), verdict])


def _verdict(remarks: Sequence[Remark], mappings: int, spec: Spec) -> str:
    counts = {severity: sum(r.severity is severity for r in remarks) for severity in Severity}
    named = f"{mappings} mapping{'' if mappings == 1 else 's'} beside the {spec.status.value} {spec.version}"
    return f"{named}: " + ", ".join(f"{severity.value} {count}" for severity, count in counts.items()) + "."


def _as_json(remarks: Sequence[Remark], mappings: int, spec: Spec) -> str:
    told = {
        "ecas_bridge": __version__,
        "spec": {"version": spec.version, "status": spec.status.value, "digest": spec.digest},
        "checked": mappings,
        "remarks": [
            {
                "name": r.name,
                "severity": r.severity.value,
                "message": r.text,
                "items": list(r.items),
                "file": r.file,
                "line": r.line,
            }
            for r in remarks
        ],
    }
    return json.dumps(told, ensure_ascii=False, indent=2) + "\n"
