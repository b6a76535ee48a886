"""What the resources around a QuestionnaireResponse tell: the child, the assessor, the agency, the consent.

The conventions are those of ``adapters.fhir``, and our assumption.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from adapters.draft import Draft
from adapters.faults import DANGLING_REFERENCE, UNFIT_KIND
from adapters.fhir_document import Document
from adapters.fhir_element import Element
from canonical.assessment import Source
from canonical.finding import Severity

_ID_TYPES: Final = "http://terminology.hl7.org/CodeSystem/v2-0203"
_MASSHEALTH_MEMBER: Final = "urn:ecas-bridge:id:masshealth-member"
_LOCAL: Final = "urn:ecas-bridge:id:local"
_ASSESSOR_KEY: Final = "urn:ecas-bridge:id:assessor-key"
_AGENCY: Final = "urn:ecas-bridge:id:agency"
_NPI: Final = "http://hl7.org/fhir/sid/us-npi"
_CONSENT_SCOPES: Final = "http://terminology.hl7.org/CodeSystem/consentscope"
_PRIVACY: Final = "patient-privacy"
#: What the payor of a Coverage that counts is called, whatever the case.
_MASSHEALTH: Final = "masshealth"

#: Tuples, because what stands there may be anything, and not everything can be looked up in a set.
_GENDERS: Final = ("male", "female", "other", "unknown")
_COVERAGE_ENDED: Final = ("cancelled", "draft", "entered-in-error")
_CONSENT_IGNORED: Final = ("draft", "proposed", "entered-in-error")
_CONSENT_KNOWN: Final = ("active", "rejected", "inactive", *_CONSENT_IGNORED)

#: What stays unknown where the reference to them leads nowhere.
_TOLD_BY_PATIENT: Final = (
    "MEMBER_ID",
    "MEMBER_LAST_NAME",
    "MEMBER_FIRST_NAME",
    "MEMBER_DOB",
    "MEMBER_GENDER",
    "CONSENT",
)
_TOLD_BY_PRACTITIONER: Final = ("ASSESSOR_NAME", "ASSESSOR_KEY")

_USES: Final = {"official": 0, "usual": 1, "home": 1, None: 2}
_LAST_USE: Final = 9


def read_surroundings(response: Element, document: Document, draft: Draft) -> tuple[Element, ...]:
    """Offer the draft what the response's surroundings tell, and return the resources that were read."""
    return tuple(_Surroundings(response, document, draft).read())


class _Surroundings:
    """Follows the references of one response."""

    def __init__(self, response: Element, document: Document, draft: Draft) -> None:
        self._response = response
        self._document = document
        self._draft = draft

    def read(self) -> Iterator[Element]:
        """Read one kind of resource after another, yielding each that counted."""
        self._read_response()
        patient = self._follow(self._response, "subject", "Patient", _TOLD_BY_PATIENT)
        if patient is not None:
            yield patient
            yield from self._read_patient(patient)
            yield from self._read_consents(patient)
            organization = self._follow(patient, "managingOrganization", "Organization", ())
            if organization is not None:
                yield organization
                self._read_organization(organization)
        practitioner = self._follow(self._response, "author", "Practitioner", _TOLD_BY_PRACTITIONER)
        if practitioner is not None:
            yield practitioner
            self._read_practitioner(practitioner)

    def _follow(self, holder: Element, name: str, kind: str, told: tuple[str, ...]) -> Element | None:
        """Return the resource of that kind that a reference leads to; one that leads nowhere is a finding."""
        reference = holder.member(name)
        found = self._document.resolve(holder, reference)
        if found is not None and name == "author" and found.text("resourceType") == "PractitionerRole":
            return self._follow(found, "practitioner", kind, told)
        if found is not None and found.text("resourceType") == kind:
            return found
        address = reference.text("reference") if reference else None
        if reference is not None and address and (self._document.is_bundle or address.startswith("#")):
            unknown = tuple(item for item in told if item not in self._draft)
            message = f"This reference leads to no {kind} in the Bundle, or to more than one."
            finding = DANGLING_REFERENCE.found(message, reference.source(self._document.file), items=unknown)
            self._draft.note(finding if unknown else replace(finding, severity=Severity.WARNING))
            for item in unknown:
                self._draft.give_up(item)
        return None

    def _offer(self, item: str, element: Element | None, form: Callable[[str], str] = str) -> None:
        """Offer what an element's text says, unless it is broken."""
        if element is None or item in self._draft:
            return
        if not isinstance(element.value, str):
            self._document.complaints.misfit(element, "A text in quotes is expected here.")
        if not self._gone(item, element) and isinstance(element.value, str):
            self._draft.offer(item, form(element.value), element.source(self._document.file))

    def _read_response(self) -> None:
        """Read what the response says of itself."""
        identifier = self._response.member("identifier")
        self._offer("DOCUMENT_ID", identifier.member("value") if identifier else None)
        self._offer("INSTRUMENT", self._response.member("questionnaire"), _last_part)
        self._offer("ASSESSMENT_DATE", self._response.member("authored"), _day)

    def _read_patient(self, patient: Element) -> Iterator[Element]:
        """Read the child, and yield each Coverage that counted."""
        name = _best(patient, "name")
        if name is not None:
            self._offer("MEMBER_LAST_NAME", name.member("family"))
            self._offer("MEMBER_FIRST_NAME", next(name.each("given"), None))
        self._offer("MEMBER_DOB", patient.member("birthDate"))
        gender = patient.member("gender")
        if gender is not None and gender.value not in _GENDERS:
            self._document.complaints.misfit(gender, "FHIR R4 knows no such code for a gender.")
        self._offer("MEMBER_GENDER", gender)
        address = _best(patient, "address")
        self._offer("MEMBER_ZIP", address.member("postalCode") if address else None)
        self._agree("MEMBER_LOCAL_ID", _identifiers(patient, _LOCAL, "MR"))
        coverages = [
            coverage
            for coverage in self._document.referring("Coverage", "beneficiary", patient)
            if self._counts(coverage)
        ]
        members = [coverage.member("subscriberId") for coverage in coverages]
        self._agree(
            "MEMBER_ID", [*_identifiers(patient, _MASSHEALTH_MEMBER, "MA"), *(m for m in members if m is not None)]
        )
        yield from coverages

    def _counts(self, coverage: Element) -> bool:
        """Return whether a Coverage is in force and its payor is called MassHealth."""
        called = [payor.text("display") for payor in coverage.each("payor")]
        payors = [self._document.resolve(coverage, payor) for payor in coverage.each("payor")]
        called += [payor.text("name") for payor in payors if payor is not None]
        named = any(_MASSHEALTH in name.casefold() for name in called if name)
        return named and coverage.members.get("status") not in _COVERAGE_ENDED

    def _agree(self, item: str, found: list[Element]) -> None:
        """Offer the one text that all these elements, and the item's own answer, hold; where they differ, none."""
        told = [
            (element.value, element.source(self._document.file)) for element in found if not self._gone(item, element)
        ]
        self._draft.agree(
            item, [(text.strip(), source) for text, source in told if isinstance(text, str) and text.strip()]
        )

    def _gone(self, item: str, element: Element) -> bool:
        """Return whether an element is broken; then its item is, too."""
        if not self._document.complaints.concern(element, item):
            return False
        self._draft.give_up(item)
        return True

    def _read_practitioner(self, practitioner: Element) -> None:
        """Read the assessor."""
        name = _best(practitioner, "name")
        family = name.member("family") if name else None
        given = next(name.each("given"), None) if name else None
        if family is not None and given is not None and not self._gone("ASSESSOR_NAME", given):
            self._offer("ASSESSOR_NAME", family, lambda last: f"{last}, {given.value}")
        self._agree("ASSESSOR_KEY", _identifiers(practitioner, _ASSESSOR_KEY, None))

    def _read_organization(self, organization: Element) -> None:
        """Read the agency."""
        self._agree("AGENCY_ID", _identifiers(organization, _AGENCY, None))
        self._agree("PROVIDER_ID", _identifiers(organization, _NPI, None))

    def _read_consents(self, patient: Element) -> Iterator[Element]:
        """Read what the child's consents in the scope of privacy say, yielding each."""
        said: list[tuple[str, Source]] = []
        consents = [
            consent for consent in self._document.referring("Consent", "patient", patient) if _is_privacy(consent)
        ]
        for consent in consents:
            status = consent.member("status")
            if status is not None and status.value not in _CONSENT_KNOWN:
                self._document.complaints.misfit(status, "FHIR R4 knows no such status of a Consent.")
            if consent.members.get("status") in _CONSENT_IGNORED or self._gone("CONSENT", consent):
                continue
            meaning = _meaning(consent, self._draft.text("ASSESSMENT_DATE"))
            source = consent.source(self._document.file)
            if meaning is None:
                message = "This Consent is neither a plain permit nor a plain denial in force; it was not read."
                finding = UNFIT_KIND.found(message, source, items=("CONSENT",))
                self._draft.note(replace(finding, severity=Severity.WARNING))
            else:
                said.append((meaning, source))
                self._offer("CONSENT_DATE", consent.member("dateTime"), _day)
        self._draft.agree("CONSENT", said)
        yield from consents


def _day(moment: str) -> str:
    """Return the date of a dateTime, as its own offset has it."""
    return moment.partition("T")[0]


def _last_part(canonical: str) -> str:
    """Return the last part of a canonical URL, without its version."""
    return canonical.partition("|")[0].rstrip("/").rpartition("/")[2]


#: What a provision may say and still be about the whole record.
_PLAIN: Final = frozenset({"type", "period", "id"})


def _meaning(consent: Element, on: str | None) -> str | None:
    """Return given, refused or withdrawn; None where it says neither plainly, is narrowed, or did not hold on that day."""
    status = consent.members.get("status")
    provision = consent.member("provision")
    if status == "inactive":
        return "withdrawn"
    if status == "rejected":
        return "refused"
    if status != "active" or provision is None or "modifierExtension" in consent.members:
        return None
    if not provision.members.keys() <= _PLAIN:
        return None  # an actor, a purpose, a class of data …: a permit for something else is none for this
    period = provision.member("period")
    begin, end = (period.text("start"), period.text("end")) if period else (None, None)
    if on and ((end and end[: len(on)] < on) or (begin and begin[: len(on)] > on)):
        return None
    return {"permit": "given", "deny": "refused"}.get(str(provision.text("type")))


def _is_privacy(consent: Element) -> bool:
    scope = consent.member("scope")
    return scope is not None and any(
        coding.text("code") == _PRIVACY and coding.text("system") == _CONSENT_SCOPES for coding in scope.each("coding")
    )


def _best(person: Element, name: str) -> Element | None:
    """Return the name or address to use: the official, the usual or home one, one of no stated use, or any."""
    return min(person.each(name), key=lambda one: _USES.get(one.text("use"), _LAST_USE), default=None)


def _identifiers(holder: Element, system: str, type_code: str | None) -> list[Element]:
    """Return the values of the identifiers of our own system, or else of those of that type."""
    current = [one for one in holder.each("identifier") if one.text("use") != "old"]
    found = [one for one in current if one.text("system") == system]
    if not found and type_code:
        found = [one for one in current if _is_of_type(one, type_code)]
    return [value for value in (one.member("value") for one in found) if value is not None]


def _is_of_type(identifier: Element, code: str) -> bool:
    kind = identifier.member("type")
    return kind is not None and any(
        coding.text("code") == code and coding.text("system") == _ID_TYPES for coding in kind.each("coding")
    )
