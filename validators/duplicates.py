"""Two keys of one person: which to keep, and which to have archived."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from specs.spec import CertificationPolicy, StandingPolicy
from validators.certificate import Term, begins_on, term
from validators.roster import Assessor, Roster, masked


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """What the help desk is asked for; keys are credentials, so a person is shown the masked ones."""

    keep: str = field(repr=False)
    #: In the order of their certification.
    archive: tuple[str, ...] = field(repr=False)

    def fix(self, key: str, policy: StandingPolicy) -> str:
        """Return what to do, told for the one of the keys that is at hand."""
        return policy.keep if key == self.keep else policy.archive

    @property
    def keep_masked(self) -> str:
        """The key to keep, as it may be shown."""
        return masked(self.keep)

    @property
    def archive_masked(self) -> tuple[str, ...]:
        """The keys to have archived, as they may be shown."""
        return tuple(map(masked, self.archive))


def duplicate(
    roster: Roster, policy: CertificationPolicy, *, key: str, on: date, agency: str | None
) -> Duplicate | None:
    """Return the active keys of the person whose key this is, where there are several on that day; else None.

    To keep is the key that was certified first among those that are good on the day. The source says only that the help
    desk archives the duplicate, and that a clinician goes back to the original account; the order is our assumption.
    Two agencies are never compared: of another agency's assessors nobody is told, and a name alone proves nothing there.
    """
    lines = [line for line in roster.lines_of(key) if line.in_use and line.serves(agency)]
    others = [other for line in lines for other in roster.other_keys_of(line)]
    others = [other for other in others if other.serves(agency) and term(other, policy, on) is not Term.BEFORE]
    if not others:
        return None
    ranks: dict[str, tuple[bool, date, date, str]] = {}
    for line in (*lines, *others):
        rank = _rank(line, policy, on)
        ranks[line.key] = min(ranks.get(line.key, rank), rank)
    keep, *archive = sorted(ranks, key=ranks.__getitem__)
    return Duplicate(keep=keep, archive=tuple(archive))


def _rank(line: Assessor, policy: CertificationPolicy, on: date) -> tuple[bool, date, date, str]:
    """Return what decides who comes first; the key itself only so that both sides are told the same."""
    lapsed = term(line, policy, on) not in {Term.WITHIN, Term.WAIVED}
    return lapsed, begins_on(line, policy) or date.max, line.issued_on or date.max, line.key
