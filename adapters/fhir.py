"""FHIR, R4 and R5, in JSON and XML: a QuestionnaireResponse by itself, or a Bundle (of any type) that holds one or more.

Where each item is found. All of it is **our assumption**, until the state publishes its own profile:

- **The QuestionnaireResponse answers our exported Questionnaire**: ``linkId`` is the item's code, at any depth, unless a
  Questionnaire that came along says otherwise (``adapters.fhir_questions``). An answer is a ``valueCoding`` (its ``code``),
  ``valueInteger``, ``valueDecimal`` (a whole one), ``valueString``, ``valueDate``, ``valueDateTime`` or ``valueBoolean``.
  Items without an answer (groups, texts for display) say nothing. A link id that is no item is kept as it is: only the
  dictionary can tell. A group that is there again under its link id is the next occurrence of its section: what it holds is
  ``ITEM.2``, ``ITEM.3`` … The response's own answers win over everything below, except that a member's identifier, an
  assessor's key and a consent which are told differently elsewhere count for nothing: that is a finding.
- With a mapping of format ``fhir`` the answers are found by it instead (``adapters.fhir_record``), and the rest as below.
- ``identifier.value`` is DOCUMENT_ID (of several, that of ``urn:ecas-bridge:id:document``); the last part of
  ``questionnaire``, before ``|``, is INSTRUMENT; the day of ``authored`` is ASSESSMENT_DATE. ``status`` must be
  ``completed``, ``amended`` or ``stopped``: others are not final.
- **Patient**, by ``subject``, or by that of the one Composition of a document: name, home address's ``postalCode`` (which of
  several, says ``adapters.fhir_choosing``); ``birthDate``; ``gender``. The MassHealth id is the identifier of system
  ``urn:ecas-bridge:id:masshealth-member``, or else of type ``MA`` (v2-0203); the local id that of
  ``urn:ecas-bridge:id:local``, or else of type ``MR``.
- **Coverage** in force whose ``beneficiary`` is the Patient and whose payor (in R5: insurer) is called MassHealth:
  ``subscriberId``, and an identifier of our system, is the MassHealth id too. Ids of one child that differ are never resolved
  by us: a finding, and no MEMBER_ID.
- **Practitioner**, by ``author``, or else by ``source``, also through a PractitionerRole: ``LAST, FIRST``, and the identifier
  of ``urn:ecas-bridge:id:assessor-key`` of either.
- **Organization**, by the Patient's ``managingOrganization``, or else the Encounter's ``serviceProvider``, or else the
  role's: ``urn:ecas-bridge:id:agency``, and the NPI as PROVIDER_ID.
- **Encounter**, by ``encounter``: its ``serviceType`` of our code list is SERVICE. **Condition**: ``adapters.fhir_diagnoses``.
- **Consent** of the Patient: ``adapters.fhir_consent``. Consents that disagree, or say nothing plainly, are no readable one.

References are looked up inside the document and never fetched. Every document is judged in two tiers
(``adapters.fhir_conformance``), in XML by its JSON form (``adapters.fhir_xml``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Final

from adapters import fhir_json
from adapters.draft import Draft
from adapters.faults import NO_ASSESSMENT, NOT_A_PAYLOAD, RELEASE_IN_DOUBT, UNFIT_KIND
from adapters.fhir_answers import check_final, read_answers
from adapters.fhir_document import Document
from adapters.fhir_element import Element
from adapters.fhir_questions import QuestionBook
from adapters.fhir_release import Release
from adapters.fhir_size import TOO_MANY, overfull
from adapters.fhir_surroundings import read_surroundings
from adapters.fhir_written import Opened
from canonical.assessment import Assessment, Reading, Source
from canonical.finding import Finding
from canonical.payload import Payload

if TYPE_CHECKING:
    from adapters.loss import Witness
    from adapters.mapped import MappedReader
    from adapters.mapping import AgencyMapping

FORMAT: Final = "fhir"
#: So many complaints about a document that is not read stand beside the reason why.
_SHOWN: Final = 20
_BLANKS: Final = b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"


class Fhir:
    """Reads FHIR."""

    def __init__(self, witness: Witness | None = None) -> None:
        """Begin; somebody may look on while the fields of a mapping are counted."""
        self._witness = witness

    def read(self, payload: Payload, mapping: AgencyMapping | None) -> Reading:
        """Return one assessment for each QuestionnaireResponse."""
        ours = mapping if mapping is not None and mapping.format == FORMAT else None
        wanted = Release(ours.release) if ours is not None and ours.release else None
        found = opened(payload, wanted)
        reading = _read(found, payload, ours, wanted, self._witness)
        if not isinstance(found, Opened) or not _is_xml(payload):
            return reading
        from adapters import fhir_xml_places  # noqa: PLC0415 - as in opened

        return fhir_xml_places.in_xml(reading, found.value)

    def locate(self, payload: Payload, sources: Iterable[Source]) -> dict[Source, Source]:
        """Return each source with the line and column of what is at its pointer."""
        if not _is_xml(payload):
            return fhir_json.located(payload, sources)
        from adapters import fhir_xml_places  # noqa: PLC0415 - as in opened

        return fhir_xml_places.located(payload, sources)


def opened(payload: Payload, wanted: Release | None = None) -> Opened | tuple[Finding, ...]:
    """Return a document as the JSON of its release, whichever form it was written in, or why there is none."""
    if _is_xml(payload):
        from adapters import fhir_xml  # noqa: PLC0415 - who sends JSON need not pay for it

        found = fhir_xml.opened(payload, wanted)
    else:
        found = fhir_json.opened(payload, wanted)
    if isinstance(found, Opened) and (reason := overfull(found.value, len(payload.content))):
        return (NOT_A_PAYLOAD.found(reason, _whole(payload)),)
    return found


def _whole(payload: Payload) -> Source:
    return Source(file=payload.name, pointer="", label="the whole document")


def _is_xml(payload: Payload) -> bool:
    return payload.content[:1024].lstrip(_BLANKS).startswith(b"<")


def _read(
    opened: Opened | tuple[Finding, ...],
    payload: Payload,
    mapping: AgencyMapping | None,
    wanted: Release | None,
    witness: Witness | None,
) -> Reading:
    """Return what an opened document says."""
    if not isinstance(opened, Opened):
        return Reading(format=FORMAT, findings=opened)
    release = wanted or opened.told.release
    dialect = f"FHIR {release}, {opened.form}"
    whole = _whole(payload)
    kind = opened.value.get("resourceType")
    if kind not in ("Bundle", "QuestionnaireResponse"):
        message = "The file is a FHIR resource, but neither a Bundle nor a QuestionnaireResponse."
        return Reading(format=FORMAT, dialect=dialect, findings=(NO_ASSESSMENT.found(message, whole),))
    document = Document(
        payload.name, opened.value, release=release, of_the_form=opened.complaints, key_places=opened.key_places
    )
    if document.complaints.too_many:
        findings = (NOT_A_PAYLOAD.found(TOO_MANY, whole), *islice(document.complaints.others(), _SHOWN))
        return Reading(format=FORMAT, dialect=dialect, findings=findings)
    book = QuestionBook(document)
    reader = _reader(mapping, payload.agency, witness) if mapping else None
    responses = document.of_type("QuestionnaireResponse")
    assessments = tuple(
        _assessment(response, document, book, payload.agency, mapping, reader) for response in responses
    )
    doubts = () if wanted else _doubts(opened, document)
    return Reading(
        format=FORMAT,
        mapping=mapping.identity if mapping else None,
        dialect=dialect,
        assessments=assessments,
        findings=(*doubts, *_passed_over(document), *document.complaints.others()),
        ledger=reader.book.ledger() if reader else None,
    )


def _reader(mapping: AgencyMapping, agency: str | None, witness: Witness | None) -> MappedReader:
    from adapters.mapped import MappedReader  # noqa: PLC0415 - most FHIR needs no mapping

    reader = MappedReader(mapping, agency)
    reader.book.witness = witness
    return reader


def _assessment(
    response: Element,
    document: Document,
    book: QuestionBook,
    agency: str | None,
    mapping: AgencyMapping | None,
    reader: MappedReader | None,
) -> Assessment:
    """Return the assessment of one response: its own answers first, then what its surroundings tell."""
    draft = Draft(response.source(document.file))
    check_final(response, document, draft)
    if mapping is None or reader is None:
        read_answers(response, document, book.of(response), draft)
    else:
        agency = _read_mapped(response, document, book, mapping, reader, draft)
    surroundings = read_surroundings(response, document, draft)
    for finding in document.complaints.about(response, surroundings):
        draft.note(finding)
    return draft.finish(agency)


def _read_mapped(
    response: Element,
    document: Document,
    book: QuestionBook,
    mapping: AgencyMapping,
    reader: MappedReader,
    draft: Draft,
) -> str | None:
    """Take what a mapping finds as the response's own answers, and return whose they are.

    What is complained of is broken, whoever found it; so is an answer of a kind that has no text.
    """
    from adapters.fhir_record import FhirRecord  # noqa: PLC0415 - as in _reader

    record = FhirRecord(response, document, book.of(response))
    mapped = reader.assessment(record)
    for finding in mapped.findings:
        draft.note(finding)
    for item in mapped.unreadable:
        draft.give_up(item)
    for item, answer in mapped.answers.items():
        place = Element(value=None, pointer=answer.source.pointer or "", label=answer.source.label)
        if not answer.provenance.default and document.complaints.concern(place, item):
            draft.give_up(item)
        else:
            draft.answer(item, answer.text, answer.source, answer.provenance)
    for item, named in mapping.items.items():
        for element in (one for path in named.paths for one in record.unfit(path)):
            draft.give_up(item)
            if not document.complaints.concern(element, item):
                message = "An answer of this kind has no canonical form here."
                draft.fault(UNFIT_KIND, message, element.source(document.file), item=item)
    return mapped.agency


def _passed_over(document: Document) -> Iterator[Finding]:
    """Yield that there is no assessment, or that there may be some in what is not read."""
    for inner in document.of_type("Bundle") if document.is_bundle else ():
        message = "A Bundle inside a Bundle is not read: send it by itself."
        yield NO_ASSESSMENT.found(message, inner.source(document.file))
    if not document.of_type("QuestionnaireResponse"):
        yield NO_ASSESSMENT.found("The Bundle holds no QuestionnaireResponse.", document.root.source(document.file))


def _doubts(opened: Opened, document: Document) -> Iterator[Finding]:
    """Yield that a document shows signs of two releases."""
    if opened.told.doubt is None:
        return
    places = (
        Source(file=document.file, pointer=pointer, label=_label(pointer, document)) for pointer in opened.told.doubt
    )
    other = Release.R5 if document.release is Release.R4 else Release.R4
    message = f"The document was read as {document.release}; something in it is of {other}."
    yield RELEASE_IN_DOUBT.found(message, *places)


def _label(pointer: str, document: Document) -> str:
    """Return how FHIR calls the place of a pointer."""
    steps = (f"[{step}]" if step.isdigit() else f".{step}" for step in pointer.split("/")[1:])
    return document.root.label + "".join(steps)
