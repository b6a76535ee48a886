"""Judges one assessment: certification, consent, structure, rules, each with its findings in the order of that story."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Final

from canonical.assessment import Assessment
from canonical.errors import SpecDefect
from canonical.finding import Finding, JudgedBy, Kind, Report, Severity
from canonical.version import __version__
from specs.spec import Spec
from validators import certification as certifying
from validators import consent as consenting
from validators.circumstances import Circumstances
from validators.patterns import whole_match
from validators.rules import Rules
from validators.structure import Structure

if TYPE_CHECKING:
    from validators.roster import Roster

#: Compiled specifications at most; a process judges by two or three.
_MOST: Final = 8


def validate(
    assessment: Assessment,
    spec: Spec,
    roster: Roster | None,
    at: datetime,
    *,
    certification: bool = True,
    mapping: str | None = None,
) -> Report:
    """Judge an assessment by a specification and the agency's roster.

    ``certification=False`` leaves certification out on purpose, and the report says so; without a roster it could
    not be checked. ``at`` is the time of judging, ``mapping`` the name and digest of the mapping that it was read by.

    Raises:
        SpecDefect: where the specification cannot be compiled; it judges nothing until it is mended.
    """
    judge = compiled(spec)
    circumstances = Circumstances.of(assessment, spec)
    form = judge.forms[circumstances.instrument]
    texts = form.structure.seen(assessment, circumstances)

    found = [_of_the_dictionary(finding, spec) for finding in assessment.findings]
    if certification:
        found += certifying.judge(assessment, spec, roster, circumstances, at)
    found += consenting.judge(assessment, spec, circumstances.consent, judge.home)
    found += form.structure.judge(assessment, circumstances, texts)
    found += form.rules.judge(assessment, circumstances, texts)

    return Report(
        findings=_without_echoes(found),
        judged_by=judge.said(mapping, roster.digest if roster is not None and certification else None),
        not_checked=() if certification else ("certification",),
    )


def _of_the_dictionary(finding: Finding, spec: Spec) -> Finding:
    """Leave out items that no dictionary knows: to an adapter a code is what looks like one, and a name can."""
    known = tuple(item for item in finding.items if item in spec.occurrences)
    return finding if len(known) == len(finding.items) else replace(finding, items=known)


def _without_echoes(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Leave out what could not be checked only because of an item whose own error the report already holds."""
    findings = tuple(findings)
    if not any(finding.rule == "X001" for finding in findings):
        return findings
    faulty = {
        item
        for finding in findings
        if finding.severity is Severity.ERROR and finding.kind is not Kind.COULD_NOT_CHECK
        for item in finding.items
    }
    return tuple(finding for finding in findings if finding.rule != "X001" or faulty.isdisjoint(finding.items))


class Form:
    """The compiled checks of one instrument; of none, what all instruments have in common."""

    def __init__(self, spec: Spec, instrument: str | None) -> None:
        """Compile them."""
        self.structure = Structure(spec, instrument)
        self.rules = Rules(spec, self.structure.carried)


class Judge:
    """A specification, compiled."""

    def __init__(self, spec: Spec) -> None:
        """Compile everything that could be refused; raise SpecDefect where something is."""
        missing = [standing for standing in certifying.Standing if standing not in spec.certification.standings]
        if missing:
            raise SpecDefect(f"certification.toml: nothing is said about the standing {', '.join(missing)}.")
        if spec.certification.key_pattern is not None:
            whole_match(spec.certification.key_pattern)
        #: Held so that no other specification can come to its identity (see ``compiled``).
        self.spec = spec
        #: What leaves only with consent to the full CANS.
        self.home = consenting.stays_home(spec)
        #: By instrument; None for an assessment that names none.
        self.forms: Mapping[str | None, Form] = {code: Form(spec, code) for code in (*spec.instruments, None)}
        self._said: JudgedBy | None = None

    def said(self, mapping: str | None, roster: str | None) -> JudgedBy:
        """Return what judged; one for all reports of a run, of which there may be a hundred thousand."""
        said = self._said
        if said is None or said.mapping != mapping or said.roster != roster:
            said = self._said = JudgedBy(
                spec=self.spec.version,
                spec_status=self.spec.status,
                spec_digest=self.spec.digest,
                mapping=mapping,
                roster=roster,
                engine=__version__,
            )
        return said


_JUDGES: OrderedDict[int, Judge] = OrderedDict()
_JUDGES_LOCK: Final = Lock()


def compiled(spec: Spec) -> Judge:
    """Return the specification's compiled form, made once for each ``Spec`` object and kept while it is in use."""
    judge = _JUDGES.get(id(spec))
    if judge is not None:
        return judge
    judge = Judge(spec)
    with _JUDGES_LOCK:
        _JUDGES[id(spec)] = judge
        while len(_JUDGES) > _MOST:
            _JUDGES.popitem(last=False)
    return judge
