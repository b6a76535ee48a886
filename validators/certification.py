"""The standing of a certification key as of the assessment date, by the agency's roster and the package's policy."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from canonical.assessment import Assessment, Source
from canonical.finding import Finding, HoldCause, Kind, Severity
from specs.spec import CertificationPolicy, Spec, StandingPolicy, Waiver
from validators.circumstances import DATE_ITEM, Circumstances
from validators.days import anniversary
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
    #: No roster, or a line of it that holds no date to judge by.
    COULD_NOT_CHECK = "could_not_check"


#: The standings that say nothing until the assessment date is known.
_DATED: Final = frozenset({Standing.VALID_RECERTIFICATION_WAIVED, Standing.NOT_YET_CERTIFIED, Standing.EXPIRED})
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
    everyone = roster.lines_of(key)
    lines = [line for line in everyone if line.serves(agency)]
    if not lines:
        return Standing.UNKNOWN
    lines = [line for line in lines if line.status is not AccountStatus.ARCHIVED]
    if not lines:
        return Standing.ARCHIVED
    claimed = None if name is None else match_key(name)
    if _two_persons(everyone) or (claimed is not None and not _may_be(claimed, lines)):
        return Standing.CONFLICT
    return _standing_of(_line_on(lines, policy, on), policy, claimed, on)


def _standing_of(line: Assessor, policy: CertificationPolicy, claimed: MatchKey | None, on: date) -> Standing:
    """Return the standing by the one line that speaks for the day."""
    begins = _begins(line, policy)
    if begins is not None and on < begins:
        return Standing.NOT_YET_CERTIFIED
    if _awaits_approval(line):
        return Standing.AWAITING_APPROVAL
    if begins is None:
        return Standing.COULD_NOT_CHECK
    last_day = _last_day(line, policy, begins)
    waived = last_day is not None and last_day < on
    if last_day is not None and waived and not any(_covers(waiver, begins, last_day, on) for waiver in policy.waivers):
        return Standing.EXPIRED
    if line.status is AccountStatus.AWAITING_NAME_CHANGE or (claimed and not claimed.agrees(line.known_as)):
        return Standing.AWAITING_NAME_CHANGE
    return Standing.VALID_RECERTIFICATION_WAIVED if waived else Standing.VALID


def _two_persons(lines: Sequence[Assessor]) -> bool:
    """Return whether lines in use name different people; an archived line is a conflict that has been settled."""
    in_use = [line for line in lines if line.status is not AccountStatus.ARCHIVED]
    return any(not in_use[0].is_same_person(line) for line in in_use[1:])


def _may_be(claimed: MatchKey, lines: Sequence[Assessor]) -> bool:
    """Return whether the name can be the person's: present, former, or changed with one part kept."""
    names = (name for line in lines for name in (line.known_as, *line.was_known_as))
    return any(claimed.agrees(name) or claimed.resembles(name) for name in names)


def _line_on(lines: Sequence[Assessor], policy: CertificationPolicy, on: date) -> Assessor:
    """Return the line of the latest certificate earned by that day; where none was, of the earliest."""
    if len(lines) == 1:
        return lines[0]
    dated = sorted(lines, key=lambda line: _begins(line, policy) or date.min)
    earned = [line for line in dated if (_begins(line, policy) or date.min) <= on]
    return earned[-1] if earned else dated[0]


def _begins(line: Assessor, policy: CertificationPolicy) -> date | None:
    """Return the first day of the certificate: certified, else issued, else reckoned back from its expiry.

    Training begins only after an out-of-state account is approved, so nobody is certified before that.
    """
    begins = line.certified_on or line.issued_on
    if begins is None and line.expires_on is not None and policy.validity_years is not None:
        begins = anniversary(line.expires_on, -policy.validity_years)
    if begins is not None and line.out_of_state and line.approved_on is not None:
        return max(begins, line.approved_on)
    return begins


def _last_day(line: Assessor, policy: CertificationPolicy, begins: date) -> date | None:
    """Return the last day of the certificate; None where it never ends. The anniversary itself still counts."""
    if line.expires_on is not None:
        return line.expires_on
    return None if policy.validity_years is None else anniversary(begins, policy.validity_years)


def _awaits_approval(line: Assessor) -> bool:
    """Return whether the account is out of state and nobody has recorded its approval."""
    if line.approved_on is not None:
        return False
    return line.out_of_state or line.status is AccountStatus.AWAITING_APPROVAL


def _covers(waiver: Waiver, begins: date, last_day: date, on: date) -> bool:
    """Return whether a suspension keeps a certificate good: current when it began, or earned while it lasted."""
    lasts = waiver.begins <= on and (waiver.ends is None or on <= waiver.ends)
    return lasts and waiver.begins <= last_day and begins <= on


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
    return _findings(assessment, spec, held)


def _findings(assessment: Assessment, spec: Spec, held: Standing) -> list[Finding]:
    """Return the standing's finding in the package's words; none where the package has no words for it."""
    policy = spec.certification.standings[held]
    if not policy.rule:
        return []
    about_name = held in (Standing.AWAITING_NAME_CHANGE, Standing.CONFLICT)
    items = (KEY_ITEM, NAME_ITEM) if about_name else (KEY_ITEM,)
    unchecked = held is Standing.COULD_NOT_CHECK
    return [
        Finding(
            rule=policy.rule,
            severity=_SEVERITIES[policy.action],
            kind=Kind.COULD_NOT_CHECK if unchecked else Kind.CERTIFICATION,
            title=policy.title,
            message=policy.message,
            items=items,
            sources=_places(assessment, items),
            fix=policy.fix,
            why=policy.why,
            desk=spec.desks.get(policy.desk),
            cites=policy.cites,
            hold=_hold(policy, unchecked=unchecked),
        )
    ]


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
