"""What was found wrong, and the report it belongs to. Nothing here ever holds a value of a child's record."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from canonical.assessment import Source
    from canonical.desk import Desk


class Severity(StrEnum):
    """How much a finding weighs."""

    #: Stops the assessment: it is blocked, or held where the finding names a cause that can be cured.
    ERROR = "error"
    #: Worth mending; does not stop it.
    WARNING = "warning"
    #: Worth knowing.
    ADVICE = "advice"


class Kind(StrEnum):
    """What sort of judgement found it."""

    READING = "reading"
    STRUCTURE = "structure"
    TERMINOLOGY = "terminology"
    BUSINESS = "business"
    CERTIFICATION = "certification"
    CONSENT = "consent"
    STATE = "state"
    COULD_NOT_CHECK = "could-not-check"


class HoldCause(StrEnum):
    """Why a submission waits; each has a cure that releases it."""

    #: The certification key is not on the roster.
    UNKNOWN_KEY = "unknown_key"
    #: The assessor's name looks changed; the Virtual Gateway may not know the new one yet.
    NAME_CHANGE = "name_change"
    #: The out-of-state account awaits approval.
    APPROVAL = "approval"
    #: The assessor has two active keys; one is to be archived.
    DUPLICATE_KEY = "duplicate_key"
    #: Clinical answers are present and no readable consent.
    CONSENT = "consent"
    #: A check could not run; it is no pass.
    COULD_NOT_CHECK = "could_not_check"
    #: The state refused, twice, a key that we hold valid.
    KEY_REFUSED = "key_refused"
    #: The agency's route is not live yet.
    NOT_LIVE = "not_live"
    #: A person asked for it.
    PERSON = "person"
    #: The MassHealth ID belongs, by what the agency sent before, to another child.
    IDENTITY = "identity"
    #: The member's consent was withdrawn before it left.
    CONSENT_WITHDRAWN = "consent_withdrawn"
    #: 42 CFR Part 2 protects it, and the statement or the scope of a consent is missing.
    PART_TWO = "part_two"


class Conformance(StrEnum):
    """What a report says in one word."""

    CONFORMS = "conforms"
    DOES_NOT_CONFORM = "does-not-conform"
    COULD_NOT_CHECK = "could-not-check"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What to write in the sender's file instead of what stands there.

    It holds a value: it is shown to the sender on their own terminal, and neither logged, nor stored, nor answered by the API
    (docs/adr/0033).
    """

    #: The first byte to be replaced, and the one behind the last, from the start of the file.
    start: int
    end: int
    #: The characters to write there, escaped as the format asks.
    replacement: str = field(repr=False)
    #: The name of the file's encoding in Python.
    encoding: str
    #: False where it is only likely: then a person looks, and no program writes it.
    certain: bool

    @property
    def content(self) -> bytes:
        """The bytes to write."""
        return self.replacement.encode(self.encoding)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is wrong, where in the sender's own file, why, how to mend it, and whom to call."""

    #: The rule's code: A adapter, C certification, S structure, B business, X ours, R the state's own reason.
    rule: str
    severity: Severity
    kind: Kind
    #: Names the fault; reads well after "allow …".
    title: str
    #: One sentence for whoever reads the report; never a value.
    message: str
    #: The items concerned.
    items: tuple[str, ...] = ()
    #: The places in the sender's file; at least one wherever there is one.
    sources: tuple[Source, ...] = ()
    #: How to mend the export.
    fix: str = ""
    #: Why it matters, for the clinician.
    why: str = ""
    desk: Desk | None = None
    #: Requirement ids, or the words "our assumption".
    cites: tuple[str, ...] = ()
    #: Set where the assessment is to wait for a cure instead of being blocked.
    hold: HoldCause | None = None
    #: How to mend it in the sender's file, where a program can tell; no part of what the finding is, and not kept with it.
    edit: Edit | None = field(default=None, repr=False, compare=False)

    @property
    def fingerprint(self) -> str:
        """A name for this finding that survives moved lines and renamed files (for waivers and baselines)."""
        places = [source.pointer or source.label for source in self.sources]
        text = "\x1f".join([self.rule, *self.items, *places])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def docs(self) -> str:
        """The page that explains the rule."""
        return f"docs/rules/{self.rule}.md"

    def at(self, sources: Iterable[Source]) -> Finding:
        """Return the same finding at these places."""
        return replace(self, sources=tuple(sources))


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedBy:
    """The versions of everything that judged."""

    spec: str
    #: provisional, draft, official or retired: shown on everything that it judges.
    spec_status: str
    spec_digest: str
    #: The mapping's name, first day and digest.
    mapping: str | None = None
    #: The roster's digest.
    roster: str | None = None
    engine: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Findings, the conformance that follows from them, and what judged."""

    findings: tuple[Finding, ...]
    #: None only where no specification could be chosen (X002), or nothing could be read.
    judged_by: JudgedBy | None
    #: The names of checks that did not run: ``certification`` where it was left out on purpose.
    not_checked: tuple[str, ...] = ()

    @property
    def conformance(self) -> Conformance:
        """An error or a hold does not conform; a check that did not run is never a pass."""
        if any(f.severity is Severity.ERROR and f.kind is not Kind.COULD_NOT_CHECK for f in self.findings):
            return Conformance.DOES_NOT_CONFORM
        if any(f.kind is Kind.COULD_NOT_CHECK for f in self.findings):
            return Conformance.COULD_NOT_CHECK
        return Conformance.CONFORMS

    @property
    def blocks(self) -> bool:
        """True where an error names no cure that we could wait for: the sender repairs and sends again."""
        return any(f.severity is Severity.ERROR and f.hold is None for f in self.findings)

    @property
    def holds(self) -> tuple[HoldCause, ...]:
        """The causes to wait for, each once, in the order of the findings."""
        return tuple(dict.fromkeys(f.hold for f in self.findings if f.hold is not None))
