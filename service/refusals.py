"""Findings that only the service can make: it alone knows what came before and what leaves."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.faults import NOT_A_PAYLOAD
from canonical.assessment import Assessment, Source
from canonical.errors import UnfitDocument
from canonical.finding import Finding, HoldCause, Kind, Severity
from canonical.outcome import Reason
from canonical.payload import Payload
from gateway_client.envelope import NO_NOTICE, NO_PLACE


def undecided(payload: Payload, mappings: Sequence[str]) -> Finding:
    """Return what keeps a payload from being read that several mappings can read: to take one of them would be a guess."""
    message = (
        f"Several of the agency's mappings can read it, and came into force on the same day: {', '.join(mappings)}. "
        "Nothing was read with any of them."
    )
    return NOT_A_PAYLOAD.found(message, Source(file=payload.name, label="the whole file"))


def unfit(assessment: Assessment, fault: UnfitDocument) -> Finding:
    """Return what keeps the document from being built: X003 the schema, X006 the wire's places, X010 that of the notice."""
    if NO_NOTICE in fault.reasons:
        return _without_a_notice(assessment)
    return _without_a_place(assessment, fault) if NO_PLACE in fault.reasons else _refused_by_schema(assessment, fault)


def _refused_by_schema(assessment: Assessment, fault: UnfitDocument) -> Finding:
    return Finding(
        rule="X003",
        severity=Severity.ERROR,
        kind=Kind.STRUCTURE,
        title="Document refused by the specification's schema",
        message="The document built from this assessment does not fit the schema of the specification package.",
        items=fault.items,
        fix="Correct the items named here; where they look right to you, tell the operator of ecas-bridge.",
        why="The state would refuse the document, or worse, read it wrongly.",
    ).at(_places(assessment, fault.items))


def _without_a_place(assessment: Assessment, fault: UnfitDocument) -> Finding:
    return Finding(
        rule="X006",
        severity=Severity.ERROR,
        kind=Kind.STRUCTURE,
        title="Answers without a place on today's wire",
        message="The package of the assessment date asks for these items, and the document of the package in force on "
        "the day of sending has no place for them.",
        items=fault.items,
        fix="Nothing to repair in the export. The operator asks the state how assessments from before the change are to "
        "be sent; it goes on by itself when a package that has a place for them is adopted.",
        why="Left out, the answers would be lost without a word; the assessment waits instead.",
        hold=HoldCause.COULD_NOT_CHECK,
    ).at(_places(assessment, fault.items))


def _without_a_notice(assessment: Assessment) -> Finding:
    return Finding(
        rule="X010",
        severity=Severity.ERROR,
        kind=Kind.CONSENT,
        title="Document without a place for the Part 2 notice",
        message="42 CFR Part 2 protects this record, and the document of the specification package in force has no place "
        "for the statement and the scope of consent that must go with it.",
        fix="Nothing to repair in the export. The operator asks the state how such records are to be sent; it goes on by "
        "itself when a package that has a place for the notice is adopted.",
        why="Sent without them, the record would be disclosed against 42 CFR 2.32.",
        hold=HoldCause.PART_TWO,
    ).at([assessment.origin])


def without_a_scope(assessment: Assessment) -> Finding:
    """X009: 42 CFR Part 2 protects the record, and no consent that is in force covers where it would go."""
    return Finding(
        rule="X009",
        severity=Severity.ERROR,
        kind=Kind.CONSENT,
        title="Part 2 record without the scope of a consent",
        message="42 CFR Part 2 protects this record, and no consent is written down here that covers sending it to the "
        "state today.",
        items=("SERVICE",),
        fix="Record what the member has consented to, purpose, recipient and dates, with ecas consent scope. Where the "
        "programme is no Part 2 program, the operator says so with ecas part_two set.",
        why="A record of a substance use disorder program leaves only with the member's consent, and with its scope.",
        hold=HoldCause.PART_TWO,
    ).at(_places(assessment, ("SERVICE",)))


def taken(assessment: Assessment) -> Finding:
    """X004: the document id and version are on their way already, with other answers."""
    return Finding(
        rule="X004",
        severity=Severity.ERROR,
        kind=Kind.STRUCTURE,
        title="Same document, other answers",
        message="A submission with this document id, version and type is on its way or accepted, and its answers differ.",
        items=("DOCUMENT_ID", "DOCUMENT_VERSION"),
        fix="To correct it, send it with a higher DOCUMENT_VERSION and SUBMISSION_TYPE correct; "
        "if it is another assessment, give it its own DOCUMENT_ID.",
        why="Two different records under one name: the state could keep the wrong one.",
    ).at(_places(assessment, ("DOCUMENT_ID",)))


def another_child(assessment: Assessment) -> Finding:
    """X007: the MassHealth ID belongs, by what the agency sent before, to a child that was born on another day."""
    return Finding(
        rule="X007",
        severity=Severity.ERROR,
        kind=Kind.STRUCTURE,
        title="MassHealth ID of another child",
        message="Earlier assessments of this agency carry this MassHealth ID with another date of birth, "
        "for a child of another local id.",
        items=("MEMBER_ID", "MEMBER_DOB", "MEMBER_LOCAL_ID"),
        fix="Compare the MassHealth ID with the member's card. Where it is mistyped, correct it and send the assessment "
        "again; where it is right, release the submission with a note.",
        why="Under a wrong MassHealth ID the state would file the assessment with another child.",
        hold=HoldCause.IDENTITY,
    ).at(_places(assessment, ("MEMBER_ID", "MEMBER_DOB")))


def foreign(assessment: Assessment) -> Finding:
    """X005: the payload names another agency than the one whose credential brought it."""
    return Finding(
        rule="X005",
        severity=Severity.ERROR,
        kind=Kind.STRUCTURE,
        title="Another agency's assessment",
        message="The assessment names another agency than the one whose API key it came with.",
        items=("AGENCY_ID",),
        fix="Send it with that agency's own API key, or correct AGENCY_ID in the export or the mapping.",
        why="A record in the wrong agency's name could be seen by people who must not see it, and its child would wait.",
    ).at(_places(assessment, ("AGENCY_ID",)))


def withdrawn_before(assessment: Assessment) -> Finding:
    """X008: the member's consent was withdrawn, and the record's own consent is not newer than that."""
    return Finding(
        rule="X008",
        severity=Severity.ERROR,
        kind=Kind.CONSENT,
        title="Consent withdrawn",
        message="The member's consent was withdrawn before these clinical answers left, and the record gives none of a "
        "later day.",
        items=("CONSENT", "CONSENT_DATE"),
        fix="Record the member's decision of today in CONSENT and CONSENT_DATE and send the assessment again: without "
        "consent its demographics and SED alone leave. Or cancel it.",
        why="The withdrawal counts from the moment in which it is known; what was prepared before must not leave after.",
        hold=HoldCause.CONSENT_WITHDRAWN,
    ).at(_places(assessment, ("CONSENT", "CONSENT_DATE")))


def refused(assessment: Assessment, reason: Reason) -> Finding:
    """R001: one reason of the state, in the sender's coordinates. The state's own sentence stays in the receipt."""
    items = (reason.item,) if reason.item else ()
    return Finding(
        rule="R001",
        severity=Severity.ERROR,
        kind=Kind.STATE,
        title="Rejected by the state",
        message=f"The state rejected the assessment with its reason {reason.code}; its sentence is in the receipt.",
        items=items,
        fix="Read the receipt, correct the item in the record, and send the assessment again.",
        why="The state has not taken this assessment.",
    ).at(_places(assessment, items))


def _places(assessment: Assessment, items: tuple[str, ...]) -> list[Source]:
    places = [assessment.answers[item].source for item in items if item in assessment.answers]
    return places or [assessment.origin]
