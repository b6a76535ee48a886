"""The standing of a certification key as of the assessment date, by the agency's roster and the package's policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from canonical.assessment import Assessment, Source
from canonical.finding import Finding, HoldCause, Kind, Severity
from specs.spec import CertificationPolicy, Spec, StandingPolicy
from validators.certificate import Term, begins_on, term
from validators.circumstances import DATE_ITEM, Circumstances
from validators.duplicates import duplicate
from validators.names import MatchKey, match_key
from validators.patterns import whole_match
from validators.roster import AccountStatus, Assessor, Roster
from validators.structural_checks import CHECKS

#: The items that certification is about.
KEY_ITEM: Final = "ASSESSOR_KEY"
NAME_ITEM: Final = "ASSESSOR_NAME"


class Standing(StrEnum):
    """What we hold about a key as of a date."""

    VALID = "valid"
    #: Past its expiry, and good because recertification testing is suspended.
    VALID_RECERTIFICATION_WAIVED = "valid_recertification_waived"
    #: Never cured by certifying later.
    NOT_YET_CERTIFIED = "not_yet_certified"
    EXPIRED = "expired"
    #: Not on the roster, or not on this agency's part of it.
    UNKNOWN = "unknown"
    #: One key, two persons.
    CONFLICT = "conflict"
    MALFORMED = "malformed"
    AWAITING_NAME_CHANGE = "awaiting_name_change"
    AWAITING_APPROVAL = "awaiting_approval"
    ARCHIVED = "archived"
    #: One person, two keys; the help desk archives one of them.
    DUPLICATE = "duplicate"
    #: No roster, or a line of it that holds no date to judge by.
    COULD_NOT_CHECK = "could_not_check"


#: The standings that say nothing until the assessment date is known.
_DATED: Final = frozenset(
    {Standing.VALID_RECERTIFICATION_WAIVED, Standing.NOT_YET_CERTIFIED, Standing.EXPIRED, Standing.DUPLICATE}
)
#: What a term settles once the account is approved.
_SETTLED: Final = {Term.UNDATED: Standing.COULD_NOT_CHECK, Term.OVER: Standing.EXPIRED}
_ABOUT_THE_NAME: Final = frozenset({Standing.AWAITING_NAME_CHANGE, Standing.CONFLICT})
_SEVERITIES: Final = {
    "pass": Severity.ADVICE,
    "warn": Severity.WARNING,
    "hold": Severity.ERROR,
    "block": Severity.ERROR,
}


def standing(
    roster: Roster | None,
    policy: CertificationPolicy,
    *,
    key: str,
    name: str | None,
    on: date,
    agency: str | None,
) -> Standing:
    """Return the standing of a key, used under a name (``LAST, FIRST``) at an agency, as of a day.

    What a person must repair at once comes before what only has to be waited for.
    """
    if roster is None:
        return Standing.COULD_NOT_CHECK
    if policy.key_pattern is not None and not whole_match(policy.key_pattern)(key):
        return Standing.MALFORMED
    served = [line for line in roster.lines_of(key) if line.serves(agency)]
    if not any(line.in_use for line in served):
        return Standing.ARCHIVED if served else Standing.UNKNOWN
    return _in_use(roster, policy, key, None if name is None else match_key(name), on, agency)


def _in_use(
    roster: Roster, policy: CertificationPolicy, key: str, claimed: MatchKey | None, on: date, agency: str | None
) -> Standing:
    """Return the standing of a key that the agency has in use."""
    everyone = [line for line in roster.lines_of(key) if line.in_use]
    lines = [line for line in everyone if line.serves(agency)]
    named = claimed is None or any(line.goes_by(claimed, on) for line in lines)
    if _two_persons(everyone) or (claimed is not None and not named and _is_another(claimed, lines, roster, agency)):
        return Standing.CONFLICT
    line = _line_on(lines, policy, on)
    dated = term(line, policy, on)
    if certificate := _of_the_certificate(line, dated):
        return certificate
    if not named or line.status is AccountStatus.AWAITING_NAME_CHANGE:
        return Standing.AWAITING_NAME_CHANGE
    if duplicate(roster, policy, key=key, on=on, agency=agency):
        return Standing.DUPLICATE
    return Standing.VALID_RECERTIFICATION_WAIVED if dated is Term.WAIVED else Standing.VALID


def _of_the_certificate(line: Assessor, dated: Term) -> Standing | None:
    """Return what the certificate settles by itself, whatever the name; None where it is good."""
    if dated is Term.BEFORE:
        return Standing.NOT_YET_CERTIFIED
    if _awaits_approval(line):
        return Standing.AWAITING_APPROVAL
    return _SETTLED.get(dated)


def _two_persons(lines: Sequence[Assessor]) -> bool:
    """Return whether lines in use name different people; where one is archived the conflict has been settled."""
    return any(not lines[0].is_same_person(line) for line in lines[1:])


def _is_another(claimed: MatchKey, lines: Sequence[Assessor], roster: Roster, agency: str | None) -> bool:
    """Return whether a name that is not the owner's must be somebody else's.

    A former name, or a name that kept a part, looks like a change of name; not so where it is that of a colleague who has
    a key of their own.
    """
    if not any(claimed.resembles(name) for line in lines for name in (line.known_as, *line.was_known_as)):
        return True
    colleagues = (line for line in roster.lines_named(claimed) if line.serves(agency))
    return any(not colleague.is_same_person(line) for colleague in colleagues for line in lines)


def _line_on(lines: Sequence[Assessor], policy: CertificationPolicy, on: date) -> Assessor:
    """Return the line of the latest certificate earned by that day; where none was, of the earliest."""
    if len(lines) == 1:
        return lines[0]
    dated = sorted(lines, key=lambda line: begins_on(line, policy) or date.min)
    earned = [line for line in dated if (begins_on(line, policy) or date.min) <= on]
    return earned[-1] if earned else dated[0]


def _awaits_approval(line: Assessor) -> bool:
    """Return whether the account is out of state and nobody has recorded its approval."""
    if line.approved_on is not None:
        return False
    return line.out_of_state or line.status is AccountStatus.AWAITING_APPROVAL


def judge(
    assessment: Assessment,
    spec: Spec,
    roster: Roster | None,
    circumstances: Circumstances,
    at: datetime,
) -> list[Finding]:
    """Say what the key's standing means for the assessment; a missing or unreadable key is structure's to report.

    Without a readable assessment date the key is looked up as of ``at``, and told only what no date can change.
    """
    if roster is None:
        return _findings(assessment, spec, Standing.COULD_NOT_CHECK)
    key = assessment.text(KEY_ITEM)
    if key is None or KEY_ITEM in circumstances.unreadable:
        return []
    name = None if NAME_ITEM in circumstances.unreadable else assessment.text(NAME_ITEM)
    on = circumstances.on or at.date()
    held = standing(roster, spec.certification, key=key, name=name, on=on, agency=assessment.agency)
    if circumstances.on is None and (held is Standing.VALID or held in _DATED):
        return [_could_not_run(assessment, spec, DATE_ITEM)]
    if held is Standing.COULD_NOT_CHECK:
        return [_could_not_run(assessment, spec, KEY_ITEM)]
    findings = _findings(assessment, spec, held)
    policy = spec.certification
    if held is Standing.DUPLICATE and (two := duplicate(roster, policy, key=key, on=on, agency=assessment.agency)):
        return [replace(finding, fix=two.fix(key, policy.standings[held])) for finding in findings]
    return findings


def refused_twice(assessment: Assessment, spec: Spec) -> Finding:
    """Return what to tell where the state refused the key at the second try too, though we hold it valid."""
    return _finding(assessment, spec, spec.certification.refused_twice, (KEY_ITEM,))


def _findings(assessment: Assessment, spec: Spec, held: Standing) -> list[Finding]:
    """Return the standing's finding in the package's words; none where the package has no words for it."""
    policy = spec.certification.standings[held]
    if not policy.rule:
        return []
    items = (KEY_ITEM, NAME_ITEM) if held in _ABOUT_THE_NAME else (KEY_ITEM,)
    return [_finding(assessment, spec, policy, items, unchecked=held is Standing.COULD_NOT_CHECK)]


def _finding(
    assessment: Assessment, spec: Spec, policy: StandingPolicy, items: tuple[str, ...], *, unchecked: bool = False
) -> Finding:
    return Finding(
        rule=policy.rule,
        severity=_SEVERITIES[policy.action],
        kind=Kind.COULD_NOT_CHECK if unchecked else Kind.CERTIFICATION,
        title=policy.title,
        message=policy.message,
        items=items,
        sources=_places(assessment, items),
        fix=policy.fix,
        why=policy.why,
        desk=next(iter(spec.desks_for(policy)), None),
        cites=policy.cites,
        hold=_hold(policy, unchecked=unchecked),
    )


def _hold(policy: StandingPolicy, *, unchecked: bool) -> HoldCause | None:
    """Return the cause to wait for; what could not be checked waits, whatever the package says."""
    if unchecked:
        return HoldCause.COULD_NOT_CHECK
    return policy.hold if policy.action == "hold" else None


def _could_not_run(assessment: Assessment, spec: Spec, item: str) -> Finding:
    """Return the finding that certification lacked an item, or a date in the roster, to judge by."""
    return CHECKS["X001"].finding(
        spec.desks,
        items=(item,),
        sources=_places(assessment, (item,)),
        words={"check": "The standing of the certification key"},
    )


def _places(assessment: Assessment, items: Sequence[str]) -> tuple[Source, ...]:
    """Return where the items were read; where none was, the assessment's own place."""
    return tuple(assessment.answers[item].source for item in items if item in assessment.answers) or (
        assessment.origin,
    )
