"""A look at an agency's submissions, written down before anybody is told what was seen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from service.audit.acting import HOST
from service.audit.deed import Deed
from service.main import Service
from service.reconciling.export import Export
from service.reconciling.matter import Matters
from service.reconciling.reconciliation import Reconciliation
from service.reconciling.result import Result

_DIGITS: Final = 16


def look(service: Service, agency: str, exports: Iterable[Export]) -> Result:
    """Compare, and enter in the agency's audit trail who looked at how much; of the exports only a keyed digest."""
    matters = Matters(service.engine, service.vault, agency)
    seen: list[str] = []
    result = Reconciliation(matters).run(_noted(exports, seen))
    which = service.vault.digest("exports", agency, *sorted(seen))[:_DIGITS]
    counts = f"exports={len(result.files)} records={result.rows.total() + result.not_compared}"
    detail = f"{counts} submissions={result.submissions} open={result.open} digest={which}"
    service.at_once.note_now(Deed(agency=agency, action="submissions.reconciled", actor=HOST, detail=detail))
    return result


def _noted(exports: Iterable[Export], seen: list[str]) -> Iterable[Export]:
    for export in exports:
        seen.append(export.payload.digest)
        yield export
