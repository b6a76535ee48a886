"""What another package says about samples: each judged by both, and its document built by both."""

from __future__ import annotations

from dataclasses import dataclass

from canonical.finding import Conformance, Finding, Report


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleChange:
    """One assessment of a sample about which the packages disagree; no value of it."""

    file: str
    #: Where it stands in the file.
    place: str
    was: Conformance
    becomes: Conformance
    #: Findings of the newer package alone, and of the older one alone: rule, items, message.
    appeared: tuple[Finding, ...]
    disappeared: tuple[Finding, ...]

    @property
    def breaks(self) -> bool:
        """Whether it conformed, and does not any more or could not be checked."""
        return self.was is Conformance.CONFORMS and self.becomes is not Conformance.CONFORMS


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """What came of all samples."""

    #: Assessments that were judged by both.
    judged: int
    changes: tuple[SampleChange, ...]


def compared(file: str, place: str, was: Report, becomes: Report) -> SampleChange | None:
    """Return what the two reports of one assessment disagree about; None where they agree."""
    before, after = _by_fault(was), _by_fault(becomes)
    appeared = tuple(finding for fault, finding in after.items() if fault not in before)
    disappeared = tuple(finding for fault, finding in before.items() if fault not in after)
    if was.conformance is becomes.conformance and not appeared and not disappeared:
        return None
    return SampleChange(
        file=file,
        place=place,
        was=was.conformance,
        becomes=becomes.conformance,
        appeared=appeared,
        disappeared=disappeared,
    )


def _by_fault(report: Report) -> dict[tuple[str, tuple[str, ...]], Finding]:
    return {(finding.rule, finding.items): finding for finding in report.findings}
