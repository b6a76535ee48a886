"""An assessment as answers to the items of the specification, each with the place where it was read."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from canonical.provenance import AS_IT_STANDS, OURS, Provenance

if TYPE_CHECKING:
    from canonical.finding import Finding
    from canonical.ledger import Ledger

#: The namespace of the document ids that we derive (never change it: the ids would change with it).
DOCUMENT_IDS: Final = uuid.UUID("6b0cf3e2-6d0f-5b0e-9d3c-2f5f0a8f1c11")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A place in the sender's own file. It never holds a value, nor a key that no mapping declares."""

    #: The payload's name.
    file: str
    #: The line, from 1; None where the format has none or nobody asked yet (see ``adapters.registry.locate``).
    line: int | None = None
    #: The column in that line, from 1, in characters.
    column: int | None = None
    #: RFC 6901 JSON Pointer or XPath, where the format has one.
    pointer: str | None = None
    #: How a person of that format calls the place: ``Bundle.entry[3].resource.birthDate``, ``row 14, column DOB``.
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The text for one item in canonical form (ISO dates, code values), and where it was read."""

    #: The canonical text; never empty (no answer is no ``Answer``).
    text: str = field(repr=False)
    #: Where it was read.
    source: Source
    #: How it was read there; no part of what the answer is, and not kept with it.
    provenance: Provenance = field(default=AS_IT_STANDS, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """One assessment: an agency and its answers."""

    #: The agency it belongs to, from the credential, the mapping or the settings; None where none says.
    agency: str | None
    #: Answers by item code.
    answers: Mapping[str, Answer] = field(repr=False)
    #: Where the assessment as a whole stands: the row, or the QuestionnaireResponse.
    origin: Source
    #: What the adapter could not read of it.
    findings: tuple[Finding, ...] = ()

    def text(self, item: str) -> str | None:
        """Return the answer's text, or None."""
        answer = self.answers.get(item)
        return None if answer is None else answer.text

    @property
    def unreadable(self) -> frozenset[str]:
        """The items whose place was found but could not be read: they are not missing, they are broken."""
        return frozenset(item for finding in self.findings for item in finding.items)

    def with_answers(self, answers: Mapping[str, Answer]) -> Assessment:
        """Return the same assessment with these answers beside its own (its own win)."""
        return replace(self, answers={**answers, **self.answers})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What an adapter could read of a payload, and what it could not."""

    #: The format it was read as.
    format: str
    #: The mapping's name, first day and digest, or None where none was needed.
    mapping: str | None = None
    #: The assessments, in the payload's order.
    assessments: tuple[Assessment, ...] = ()
    #: What concerns the payload as a whole.
    findings: tuple[Finding, ...] = ()
    #: How the text was cut, in a sentence: encoding, delimiter, quotes, line ends; None where the format leaves no choice.
    dialect: str | None = None
    #: What became of every field; None where nothing was read by a mapping.
    ledger: Ledger | None = None


def identified(assessment: Assessment) -> Assessment:
    """Give an assessment the identity that it does not bring itself.

    ``DOCUMENT_ID`` becomes a UUIDv5 of (agency, local id or member id, instrument, date, type), so that the same
    assessment exported twice is the same document; ``DOCUMENT_VERSION`` becomes 1, ``SUBMISSION_TYPE`` new,
    ``AGENCY_ID`` the agency whose credential it came under. (design.md section 4)
    """
    who = assessment.text("MEMBER_LOCAL_ID") or assessment.text("MEMBER_ID") or ""
    parts = (
        assessment.agency or assessment.text("AGENCY_ID") or "",
        who,
        assessment.text("INSTRUMENT") or "",
        assessment.text("ASSESSMENT_DATE") or "",
        assessment.text("ASSESSMENT_TYPE") or "",
    )
    derived = {"DOCUMENT_VERSION": "1", "SUBMISSION_TYPE": "new"}
    if assessment.agency:
        derived["AGENCY_ID"] = assessment.agency
    if "DOCUMENT_ID" not in assessment.answers:
        derived["DOCUMENT_ID"] = str(uuid.uuid5(DOCUMENT_IDS, "\x1f".join(parts)))
    place = replace(assessment.origin, label=f"derived by ecas-bridge for {assessment.origin.label}")
    missing = {
        item: Answer(text=text, source=place, provenance=OURS)
        for item, text in derived.items()
        if item not in assessment.answers
    }
    return assessment.with_answers(missing) if missing else assessment
