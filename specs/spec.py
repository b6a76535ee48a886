"""A specification package in memory: the nouns that every judge, mapper and sender shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from canonical.desk import Desk
from canonical.finding import HoldCause, Severity
from canonical.notice import NoticePlaces
from canonical.verdict import Verdict
from specs.occurrences import occurrences
from specs.patience import USUAL, Patience
from specs.windows import Blackout


class Status(StrEnum):
    """How far a package may be trusted."""

    #: Ours, from public facts and assumptions: its documents never leave loopback or a declared sandbox.
    PROVISIONAL = "provisional"
    #: The state's, not in force: used only by name, and behind the same interlock.
    DRAFT = "draft"
    OFFICIAL = "official"
    RETIRED = "retired"

    @property
    def interlocked(self) -> bool:
        """True where documents must not reach a real state endpoint."""
        return self in (Status.PROVISIONAL, Status.DRAFT)


class Type(StrEnum):
    """The types of items; the canonical text of each is what ``canonical.assessment.Answer`` holds."""

    TEXT = "text"
    #: One value of the item's code list.
    CODE = "code"
    #: ISO 8601, ``YYYY-MM-DD``.
    DATE = "date"
    #: ISO 8601 with an offset.
    DATETIME = "datetime"
    INTEGER = "integer"
    #: ``true`` or ``false``.
    BOOLEAN = "boolean"
    #: ``yes``, ``no`` or ``unanswered``.
    TRISTATE = "tristate"
    #: Text without inner meaning to us, matched by the item's pattern.
    IDENTIFIER = "identifier"


class ConsentClass(StrEnum):
    """When an item may leave."""

    #: Demographics (with identifiers and assessor) and SED: also without consent.
    ALWAYS = "always"
    #: Only with the member's consent to the full CANS.
    FULL = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeRange:
    """Completed years of age on the assessment date, both ends included; None is open."""

    youngest: int | None = None
    oldest: int | None = None

    def holds(self, years: int) -> bool:
        """Return whether this age lies in the range."""
        return (self.youngest is None or years >= self.youngest) and (self.oldest is None or years <= self.oldest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One test of another item: ``ITEM``, ``!ITEM``, ``ITEM=a|b`` or ``ITEM!=a|b`` (several, joined by ``;``, must all hold).

    An absent item never satisfies ``=`` and always satisfies ``!=``.
    """

    item: str
    #: The values meant; empty where presence itself is asked.
    values: tuple[str, ...] = ()
    negated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of the data dictionary."""

    #: Its code, for ever: ``LDF_SLEEP``.
    code: str
    #: The instruments that carry it; empty for all of them.
    instruments: tuple[str, ...]
    #: ``DOC``, ``MEM``, ``ASR``, ``CON``, ``SED``, ``LDF`` …
    section: str
    label: str
    type: Type
    #: Required outright (within its instrument, age gate and consent class).
    required: bool = False
    #: Required where all of these hold; used only where ``required`` is false.
    required_when: tuple[Condition, ...] = ()
    #: The code list of a ``code`` item.
    codes: str | None = None
    minimum: int | None = None
    maximum: int | None = None
    #: Characters at most.
    length: int | None = None
    #: A regular expression in RE2's language, matched against the whole text.
    pattern: str | None = None
    age: AgeRange | None = None
    consent: ConsentClass = ConsentClass.ALWAYS
    #: A credential or free text: masked even where a person asked to see a document.
    sensitive: bool = False
    #: Its path below the document's root: ``Member/DateOfBirth``; empty where it stays home.
    wire: str = ""
    cites: tuple[str, ...] = ()
    #: How often it may be answered: as often as its section repeats.
    repeats: int = 1
    #: Which occurrence this is; in the dictionary always the first.
    occurrence: int = 1
    #: The wire path of the element that repeats with its section; empty where nothing repeats, or it stays home.
    group: str = ""

    def belongs_to(self, instrument: str) -> bool:
        """Return whether that instrument carries the item."""
        return not self.instruments or instrument in self.instruments


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One value of a code list."""

    value: str
    label: str
    valid_from: date | None = None
    valid_to: date | None = None

    def valid_on(self, day: date) -> bool:
        """Return whether the code may be used on that day."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section of an instrument, in the order of the form."""

    code: str
    title: str
    #: The item that holds the section's comment; None where it has none.
    comment: str | None = None
    #: How often the whole section may be filled in, its comment included: once for each caregiver, say.
    repeats: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One interval at which assessments fall due."""

    #: The service that it binds; ``*`` for every service without one of its own.
    service: str
    days: int
    #: The assessment dates that it counts from.
    valid_from: date | None = None
    valid_to: date | None = None
    cites: tuple[str, ...] = ()

    def valid_on(self, day: date) -> bool:
        """Return whether it counts from an assessment of that day."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One of the two forms."""

    code: str
    title: str
    age: AgeRange
    sections: tuple[Section, ...]
    #: When the next assessment is due, by service and date (``specs.due``).
    due: tuple[Due, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One answer set that a rule must pass or fail, and why."""

    why: str
    answers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of ``rules/``: what it asks is in ``kind`` and ``terms``; the rest is for people."""

    code: str
    title: str
    severity: Severity
    #: One of ``specs.rules.KINDS``.
    kind: str
    #: The kind's own keys, as read from the file (``first``, ``then``, ``items`` …).
    terms: Mapping[str, Any]
    message: str
    why: str
    fix: str
    desk: str
    cites: tuple[str, ...]
    fhirpath: str = ""
    passes: tuple[Case, ...] = ()
    fails: tuple[Case, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One sentence of the specification."""

    id: str
    text: str
    #: SHALL or SHOULD.
    strength: str
    cites: str
    #: Why no rule checks it, where none does.
    not_checked_because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingPolicy:
    """What follows from one standing of a certification key, and the words for it."""

    #: pass, warn, hold or block.
    action: str
    #: The finding's code, ``C…``; empty where the standing needs no finding.
    rule: str = ""
    title: str = ""
    message: str = ""
    why: str = ""
    fix: str = ""
    desk: str = ""
    #: What to say there about this standing; where it is empty, the desk's own words.
    say: str = ""
    #: Whom to turn to next, or where the first desk does not exist; the fix says which.
    second_desk: str = ""
    second_say: str = ""
    #: Of two keys of one person: what to do where the key at hand is the one to keep …
    keep: str = ""
    #: … and where it is the one to have archived.
    archive: str = ""
    cites: tuple[str, ...] = ()
    #: The cause to hold for, where the action is hold.
    hold: HoldCause | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A dated suspension of recertification testing."""

    begins: date
    #: None while it lasts.
    ends: date | None = None
    cites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificationPolicy:
    """How keys are judged, as data."""

    #: RE2; None where no pattern is known.
    key_pattern: str | None
    #: Years from certification to expiry where the roster names no expiry; None where it never expires.
    validity_years: int | None
    waivers: tuple[Waiver, ...]
    #: Business days after which a name-change hold is escalated.
    name_change_business_days: int
    #: By standing: ``valid``, ``valid_recertification_waived``, ``not_yet_certified``, ``expired``, ``unknown``,
    #: ``conflict``, ``malformed``, ``awaiting_name_change``, ``awaiting_approval``, ``archived``, ``duplicate``, and
    #: ``could_not_check``.
    standings: Mapping[str, StandingPolicy]
    #: What follows where the state refuses, at the second try too, a key that we hold valid.
    refused_twice: StandingPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """The shape of the document."""

    #: The local name of the root element.
    root: str
    namespace: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """How the state is spoken to, as data; the reference transport is described in docs/transport.md."""

    #: Paths below the base address.
    submit: str
    #: With ``{tracking_id}``.
    status: str
    #: With ``{idempotency_key}``; None where the state offers no query.
    query: str | None
    token: str | None
    #: ``private_key_jwt`` or ``none``.
    auth: str
    #: True where the state honours Idempotency-Key.
    idempotency: bool
    receipt_namespace: str
    #: The state's word -> verdict.
    verdicts: Mapping[str, Verdict]
    #: Reason codes that concern the certification key.
    key_reasons: frozenset[str]
    #: Whether a definite rejection for a key that we hold valid is tried once more.
    second_try: bool
    #: The long clock.
    schedule: tuple[timedelta, ...]
    give_up_after: timedelta
    #: The cap on a Retry-After.
    retry_after_cap: timedelta
    #: How often a pending or suspended receipt is asked for again.
    poll_every: timedelta
    #: The short clock: tries in one attempt, for "not received" only, and seconds between them at most.
    short_tries: int
    short_wait: timedelta
    connect_timeout: timedelta
    #: For one request, all told; a lease is longer than twice this.
    total_timeout: timedelta
    max_document_bytes: int
    max_receipt_bytes: int
    max_in_flight: int
    #: Whether the next of a lane waits for a pending verdict.
    waits_for_pending: bool
    #: When nothing may be sent, though the state is well.
    blackouts: tuple[Blackout, ...] = ()
    #: Begun in a second at most; None for any number.
    per_second: int | None = None
    #: How soon the breaker opens, and how gently it closes.
    patience: Patience = USUAL


@dataclass(frozen=True, kw_only=True)
class Spec:
    """One specification package, read and checked; immutable."""

    version: str
    title: str
    publisher: str
    status: Status
    in_force: date
    #: The digest of SHA256SUMS, ``sha-256:<hex>``.
    digest: str
    directory: Path
    source: str
    instruments: Mapping[str, Instrument]
    #: In the dictionary's order, which is the order of the document.
    items: Mapping[str, Item]
    codes: Mapping[str, Mapping[str, Code]]
    rules: tuple[Rule, ...]
    requirements: Mapping[str, Requirement]
    certification: CertificationPolicy
    transport: Transport
    desks: Mapping[str, Desk]
    wire: Wire
    #: The bytes of wire.xsd.
    schema: bytes = field(repr=False)
    #: The item that holds consent, and the codes that allow the full CANS to leave.
    consent_item: str
    consent_full: frozenset[str]
    #: Where the notice of a Part 2 record stands; None where such a record cannot be sent under this package.
    notice: NoticePlaces | None = None

    @cached_property
    def occurrences(self) -> Mapping[str, Item]:
        """All that may be answered, in the document's order: each item, and as items of their own its further occurrences.

        A repeating section stands here once for each occurrence: all of its items, then all of them again as ``ITEM.2``.
        """
        return MappingProxyType({item.code: item for item in occurrences(self.items)})

    @cached_property
    def leaves_without_consent(self) -> frozenset[str]:
        """The allow-list of items that may leave without consent, with all their occurrences."""
        return frozenset(code for code, item in self.occurrences.items() if item.consent is ConsentClass.ALWAYS)

    def desks_for(self, policy: StandingPolicy) -> tuple[Desk, ...]:
        """Return the desks of a standing, first and next, each with the words to say about it."""
        named = ((policy.desk, policy.say), (policy.second_desk, policy.second_say))
        return tuple(replace(self.desks[name], say=say or self.desks[name].say) for name, say in named if name)

    def desk(self, name: str) -> Desk | None:
        """Return the desk of that name; None for the empty name."""
        return self.desks[name] if name else None
