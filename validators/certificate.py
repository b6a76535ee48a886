"""The term of a certificate: from the day it was earned to its last day, and beyond while retesting is suspended."""

from __future__ import annotations

from datetime import date
from enum import Enum, auto
from functools import lru_cache

from specs.spec import CertificationPolicy, Waiver
from validators.days import anniversary
from validators.roster import Assessor


class Term(Enum):
    """Where a day lies in the term of a certificate."""

    #: Before the certificate was earned.
    BEFORE = auto()
    WITHIN = auto()
    #: Past its last day, and good all the same because recertification testing is suspended.
    WAIVED = auto()
    OVER = auto()
    #: The roster holds no date to tell by.
    UNDATED = auto()


def term(line: Assessor, policy: CertificationPolicy, on: date) -> Term:
    """Return where a day lies in the term of the certificate that a line of the roster tells of."""
    begins = begins_on(line, policy)
    if begins is None:
        return Term.UNDATED
    if on < begins:
        return Term.BEFORE
    last = _last_day(line, policy, begins)
    if last is None or on <= last:
        return Term.WITHIN
    kept = any(begin <= last and on <= end for begin, end in _suspensions(policy.waivers))
    return Term.WAIVED if kept else Term.OVER


def begins_on(line: Assessor, policy: CertificationPolicy) -> date | None:
    """Return the first day of the certificate: certified, else issued, else reckoned back from its expiry.

    Training begins only after an out-of-state account is approved, so nobody is certified before that.
    """
    begins = line.certified_on or line.issued_on
    if begins is None and line.expires_on is not None and policy.validity_years is not None:
        begins = anniversary(line.expires_on, -policy.validity_years)
    if begins is not None and line.approved_on is not None and line.out_of_state:
        return max(begins, line.approved_on)
    return begins


def last_day(line: Assessor, policy: CertificationPolicy) -> date | None:
    """Return the last day of the certificate; None where it never ends, or the roster holds no date."""
    begins = begins_on(line, policy)
    return line.expires_on if begins is None else _last_day(line, policy, begins)


def _last_day(line: Assessor, policy: CertificationPolicy, begins: date) -> date | None:
    """Return the last day of the certificate; None where it never ends. The anniversary itself still counts."""
    if line.expires_on is not None:
        return line.expires_on
    return None if policy.validity_years is None else anniversary(begins, policy.validity_years)


@lru_cache(maxsize=32)
def _suspensions(waivers: tuple[Waiver, ...]) -> tuple[tuple[date, date], ...]:
    """Return the suspensions as first and last days; one that was prolonged without a gap counts as one.

    A certificate that was current when a suspension began, or earned while it lasted, is good until its last day. What
    lapsed before it began is not helped.
    """
    spans: list[tuple[date, date]] = []
    for waiver in sorted(waivers, key=lambda waiver: waiver.begins):
        begins, ends = waiver.begins, waiver.ends or date.max
        if spans and (begins - spans[-1][1]).days <= 1:
            first, last = spans.pop()
            begins, ends = first, max(last, ends)
        spans.append((begins, ends))
    return tuple(spans)
