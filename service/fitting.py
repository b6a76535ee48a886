"""Whether the document of an assessment can be built: once at intake, and wherever somebody wants to know beforehand."""

from __future__ import annotations

from dataclasses import replace

from canonical.assessment import Assessment
from canonical.errors import UnfitDocument
from canonical.finding import Report
from canonical.notice import Notice
from gateway_client.envelope import build
from service.refusals import unfit
from specs.spec import Spec


def fitted(
    assessment: Assessment, report: Report, spec: Spec, sending: Spec, *, notice: Notice | None = None
) -> Report:
    """Build the document once, unsent, and add to the report what keeps it from being built.

    What is blocked already is not built: nothing of it would be sent.
    """
    if report.blocks or report.judged_by is None:
        return report
    try:
        build(assessment, spec, sending, notice=notice)
    except UnfitDocument as fault:
        return replace(report, findings=(*report.findings, unfit(assessment, fault)))
    return report
