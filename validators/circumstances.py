"""What many checks ask about an assessment before they can say anything: form, day, age, consent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from canonical.assessment import Assessment
from canonical.finding import Severity
from specs.spec import Spec
from validators.consent import Consent, consent_of
from validators.days import completed_years, read_day

#: The items that the circumstances are read from.
INSTRUMENT_ITEM: Final = "INSTRUMENT"
DATE_ITEM: Final = "ASSESSMENT_DATE"
BIRTH_ITEM: Final = "MEMBER_DOB"
COMPLETION_ITEM: Final = "COMPLETION_STATUS"
#: The completion state in which nothing may be left undecided.
COMPLETE: Final = "complete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """The circumstances of one assessment."""

    #: The instrument's code; None where it is missing or the specification does not know it.
    instrument: str | None
    #: The assessment date; None where it cannot be read.
    on: date | None = field(repr=False)
    #: Completed years on that day; None where either day cannot be read, or before birth.
    age: int | None = field(repr=False)
    consent: Consent
    #: Whether it is marked complete.
    complete: bool
    #: The items with an error of the adapter: they are not missing, they are broken.
    unreadable: frozenset[str]

    @property
    def full(self) -> bool:
        """True where the full CANS may leave."""
        return self.consent is Consent.FULL

    @classmethod
    def of(cls, assessment: Assessment, spec: Spec) -> Circumstances:
        """Read the circumstances; whatever cannot be read is None here, and some check's finding elsewhere."""
        errors = (finding for finding in assessment.findings if finding.severity is Severity.ERROR)
        unreadable = frozenset(item for finding in errors for item in finding.items)
        readable = {
            item: answer.text
            for item in (INSTRUMENT_ITEM, DATE_ITEM, BIRTH_ITEM, COMPLETION_ITEM)
            if (answer := assessment.answers.get(item)) is not None and item not in unreadable
        }
        instrument = readable.get(INSTRUMENT_ITEM)
        on = _day(readable, DATE_ITEM)
        return cls(
            instrument=instrument if instrument in spec.instruments else None,
            on=on,
            age=_age(_day(readable, BIRTH_ITEM), on),
            consent=consent_of(assessment, spec),
            complete=readable.get(COMPLETION_ITEM) == COMPLETE,
            unreadable=unreadable,
        )


def _day(texts: Mapping[str, str], item: str) -> date | None:
    """Return the day that an item holds, if it holds one."""
    try:
        return read_day(texts[item]) if item in texts else None
    except ValueError:
        return None


def _age(born: date | None, on: date | None) -> int | None:
    """Return the completed years; None before birth, which is a fault that a rule of the package names."""
    if born is None or on is None or on < born:
        return None
    return completed_years(born, on)
