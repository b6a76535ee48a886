"""Under which programme a submission is kept in the clear: a code of the package, never what a record merely says."""

from __future__ import annotations

from typing import Final

from canonical.finding import Kind, Severity
from service.outbox.outbox import Draft

#: The item that names the programme, as far as the provisional package knows one.
_ITEM: Final = "SERVICE"
#: What finds that a text is none of the codes that it may be.
_DOUBTING: Final = frozenset({Kind.READING, Kind.STRUCTURE, Kind.TERMINOLOGY})


def programme(draft: Draft) -> str:
    """Return the code that was judged to be one; empty where there is none, or nobody could judge it yet.

    A sender may have written anything there. The column is for lists, pauses and routes, and is not sealed.
    """
    report = draft.report
    doubted = any(
        _ITEM in finding.items and finding.kind in _DOUBTING and finding.severity is Severity.ERROR
        for finding in report.findings
    )
    return "" if report.judged_by is None or doubted else draft.assessment.text(_ITEM) or ""
