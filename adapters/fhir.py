"""FHIR R4 JSON: a QuestionnaireResponse by itself, or a Bundle (of any type) that holds one or more.

Where each item is found. All of it is **our assumption**, until the state publishes its own profile:

- **The QuestionnaireResponse answers our exported Questionnaire**: ``linkId`` is the item's code, at any depth. An answer
  is a ``valueCoding`` (its ``code``), ``valueInteger``, ``valueString``, ``valueDate``, ``valueDateTime`` or
  ``valueBoolean``. Items without an answer (groups, texts for display) say nothing. A link id that is no item is kept as
  it is: only the dictionary can tell. A group that is there again under its link id is the next occurrence of its
  section: what it holds is ``ITEM.2``, ``ITEM.3`` … The response's own answers win over everything below, except that a member's
  identifier, an assessor's key and a consent which are told differently elsewhere count for nothing: that is a finding.
- ``identifier.value`` is DOCUMENT_ID; the last part of ``questionnaire``, before ``|``, is INSTRUMENT; the day of
  ``authored`` is ASSESSMENT_DATE. ``status`` must be ``completed``, ``amended`` or ``stopped``: others are not final.
- **Patient**, by ``subject``: the official name, or else the usual, or else the first; ``birthDate``; ``gender``; the
  home address's ``postalCode``. The MassHealth id is the identifier of system ``urn:ecas-bridge:id:masshealth-member``, or
  else of type ``MA`` (v2-0203); the local id that of ``urn:ecas-bridge:id:local``, or else of type ``MR``.
- **Coverage** whose ``beneficiary`` is the Patient and whose payor is called MassHealth: ``subscriberId`` is the MassHealth
  id too. Ids of one child that differ are never resolved by us: a finding, and no MEMBER_ID.
- **Practitioner**, by ``author``, also through a PractitionerRole: ``LAST, FIRST``, and the identifier of ``urn:ecas-bridge:id:assessor-key``.
- **Organization**, by the Patient's ``managingOrganization``: ``urn:ecas-bridge:id:agency``, and the NPI as PROVIDER_ID.
- **Consent** of the Patient in the scope ``patient-privacy``: active and permit is given, active and deny or rejected is
  refused, inactive is withdrawn. Consents that disagree, have exceptions, or say neither are no readable consent.

References are looked up inside the Bundle and never fetched. Every document is held against fhir.resources once; what
it does not enforce and would change an answer (value sets, numbers in quotes) is checked here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from adapters.draft import Draft
from adapters.faults import DUPLICATE_NAME, NO_ASSESSMENT, NOT_A_PAYLOAD, nth
from adapters.fhir_answers import read_answers
from adapters.fhir_document import Document
from adapters.fhir_element import Element
from adapters.fhir_surroundings import read_surroundings
from adapters.json_positions import positions
from adapters.json_text import Flaw, decode
from adapters.mapping import AgencyMapping
from canonical.assessment import Assessment, Reading, Source
from canonical.finding import Finding
from canonical.payload import Payload

FORMAT: Final = "fhir"


class Fhir:
    """Reads FHIR R4 JSON."""

    def read(self, payload: Payload, mapping: AgencyMapping | None) -> Reading:  # noqa: ARG002 - FHIR needs no mapping
        """Return one assessment for each QuestionnaireResponse."""
        decoded = decode(payload.content)
        if decoded.flaws:
            return _refused(*(_flawed(flaw, payload.name) for flaw in decoded.flaws))
        whole = Source(file=payload.name, pointer="", label="the whole document")
        value = decoded.value
        if not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
            return _refused(
                NOT_A_PAYLOAD.found("The file is JSON, but no FHIR resource: it has no resourceType.", whole)
            )
        if value["resourceType"] not in ("Bundle", "QuestionnaireResponse"):
            message = "The file is a FHIR resource, but neither a Bundle nor a QuestionnaireResponse."
            return _refused(NO_ASSESSMENT.found(message, whole))
        return _reading(Document(payload, value), payload.agency)

    def locate(self, payload: Payload, sources: Iterable[Source]) -> dict[Source, Source]:
        """Return each source with the line and column of the value at its pointer."""
        sources = tuple(sources)
        pointers = {source.pointer for source in sources if source.line is None and source.pointer is not None}
        text = _text(payload)
        found = positions(text, pointers) if pointers and text else {}
        return {source: _placed(source, found.get(source.pointer or "")) for source in sources}


def _reading(document: Document, agency: str | None) -> Reading:
    """Return one assessment for each response of a document, and what concerns none of them."""
    assessments = tuple(
        _assessment(response, document, agency) for response in document.of_type("QuestionnaireResponse")
    )
    findings = tuple(document.complaints.others())
    if not assessments:
        none = NO_ASSESSMENT.found("The Bundle holds no QuestionnaireResponse.", document.root.source(document.file))
        findings = (*findings, none)
    return Reading(format=FORMAT, assessments=assessments, findings=findings)


def _assessment(response: Element, document: Document, agency: str | None) -> Assessment:
    """Return the assessment of one response: its own answers first, then what its surroundings tell."""
    draft = Draft(response.source(document.file))
    read_answers(response, document, draft)
    surroundings = read_surroundings(response, document, draft)
    for finding in document.complaints.about((response, *surroundings)):
        draft.note(finding)
    return draft.finish(agency)


def _placed(source: Source, place: tuple[int, int] | None) -> Source:
    if source.line is not None or source.pointer is None or place is None:
        return source
    return replace(source, line=place[0], column=place[1])


def _text(payload: Payload) -> str:
    """Return the payload as text, or nothing where it is none: then there are no places in it to find."""
    try:
        return payload.content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return ""


def _refused(*findings: Finding) -> Reading:
    return Reading(format=FORMAT, findings=findings)


def _flawed(flaw: Flaw, file: str) -> Finding:
    """Return the finding for a flaw of the JSON text."""
    key = f", the {nth(flaw.duplicate)} key of its object" if flaw.duplicate else ""
    source = Source(file=file, line=flaw.line, column=flaw.column, label=f"line {flaw.line}, column {flaw.column}{key}")
    fault = DUPLICATE_NAME if flaw.duplicate else NOT_A_PAYLOAD
    return fault.found(flaw.reason, source)
