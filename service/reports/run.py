"""What one run of the judge found over all its payloads: the noun that every report writer tells about."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Final

from canonical.finding import Conformance, Finding, JudgedBy, Kind, Report, Severity

if TYPE_CHECKING:
    from canonical.assessment import Source
    from canonical.ledger import Ledger

#: The weight of each severity, the heaviest first.
_WEIGHTS: Final = (Severity.ERROR, Severity.WARNING, Severity.ADVICE)


class Exit(IntEnum):
    """The exit codes of every command; where several apply, the order is 4, 2, 1, 3, 0 (design.md section 8)."""

    CLEAN = 0
    #: Findings at or above ``--fail-on``; a hold counts.
    FINDINGS = 1
    #: Wrong usage or configuration.
    USAGE = 2
    #: A check could not run, which is never a pass.
    COULD_NOT_CHECK = 3
    #: Our own fault.
    OURS = 4


class FailOn(StrEnum):
    """From which severity on findings fail a run."""

    ERROR = "error"
    WARNING = "warning"
    #: Findings never do; a check that could not run still does.
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One payload of a run, and all that was found about it."""

    #: What the sender calls it.
    name: str
    #: What concerns the payload as a whole: it could not be read, or not all of it.
    findings: tuple[Finding, ...] = ()
    #: Where each assessment stands, and its report, in the payload's order; the answers themselves are no business of a report.
    assessments: tuple[tuple[Source, Report], ...] = ()
    #: What became of every field of the payload; None where nothing was read by a mapping.
    ledger: Ledger | None = None
    #: How its text was cut, in a sentence; None where its format leaves no choice.
    dialect: str | None = None

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """Everything found, in the order of the file."""
        found = [*self.findings, *(finding for _, report in self.assessments for finding in report.findings)]
        return tuple(sorted(found, key=_place))


@dataclass(frozen=True, kw_only=True)
class Run:
    """All payloads of a run, and what follows from them."""

    payloads: tuple[Checked, ...]
    fail_on: FailOn = FailOn.ERROR
    #: How many places of each payload nothing may name; None: as many as there are.
    max_unmapped: int | None = None

    @property
    def lossy(self) -> tuple[Checked, ...]:
        """The payloads that have more places which nothing names than they may."""
        most = self.max_unmapped
        return tuple(one for one in self.payloads if most is not None and one.ledger and one.ledger.places > most)

    @property
    def checked(self) -> int:
        """How many assessments were judged."""
        return sum(len(payload.assessments) for payload in self.payloads)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding, payload by payload, in the order of its file."""
        return tuple(finding for payload in self.payloads for finding in payload.all_findings)

    @property
    def judged_by(self) -> tuple[JudgedBy, ...]:
        """Each specification that judged, once, by version."""
        judges = {judge.spec_digest: judge for report in self._reports if (judge := report.judged_by)}
        return tuple(sorted(judges.values(), key=lambda judge: judge.spec))

    @property
    def mappings(self) -> tuple[str, ...]:
        """Name, first day and digest of each mapping that read, once."""
        judges = (report.judged_by for report in self._reports)
        return tuple(sorted({judge.mapping for judge in judges if judge and judge.mapping}))

    @property
    def not_checked(self) -> tuple[str, ...]:
        """The checks left out on purpose, each once."""
        return tuple(dict.fromkeys(name for report in self._reports for name in report.not_checked))

    @property
    def conformance(self) -> Conformance:
        """The whole run in one word; a run, or a payload, without any assessment or finding proves nothing."""
        whole = Report(findings=self.findings, judged_by=None).conformance
        silent = any(not payload.assessments and not payload.findings for payload in self.payloads)
        if whole is Conformance.CONFORMS and (silent or not self.checked):
            return Conformance.COULD_NOT_CHECK
        return whole

    @property
    def exit_code(self) -> Exit:
        """What the command line ends with."""
        if self.lossy or any(self.fails(finding) for finding in self.findings):
            return Exit.FINDINGS
        unchecked = any(finding.kind is Kind.COULD_NOT_CHECK for finding in self.findings)
        if unchecked or self.conformance is Conformance.COULD_NOT_CHECK:
            return Exit.COULD_NOT_CHECK
        return Exit.CLEAN

    def fails(self, finding: Finding) -> bool:
        """Return whether this finding by itself fails the run; a hold counts, a check that could not run is no finding."""
        if finding.kind is Kind.COULD_NOT_CHECK or self.fail_on is FailOn.NEVER:
            return False
        least = Severity(self.fail_on.value)
        return finding.hold is not None or _WEIGHTS.index(finding.severity) <= _WEIGHTS.index(least)

    @property
    def _reports(self) -> list[Report]:
        return [report for payload in self.payloads for _, report in payload.assessments]


def by_weight(findings: tuple[Finding, ...]) -> list[Finding]:
    """Return findings the heaviest first, and within one weight in the order given."""
    return sorted(findings, key=lambda finding: _WEIGHTS.index(finding.severity))


def _place(finding: Finding) -> tuple[bool, int, int, str]:
    """Order by place; what has no line (it concerns the whole file) comes first."""
    source = finding.sources[0] if finding.sources else None
    line = source.line if source else None
    return (line is not None, line or 0, (source.column if source else None) or 0, finding.rule)
