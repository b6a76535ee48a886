"""What the resources around a QuestionnaireResponse tell: the child, the assessor, the agency, the consent.

The conventions are those of ``adapters.fhir``, and our assumption.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from adapters import fhir_consent
from adapters.draft import Draft
from adapters.faults import AMBIGUOUS, DANGLING_REFERENCE, UNFIT_KIND, UNREADABLE_VALUE
from adapters.fhir_choosing import MOST, best, coded, day, few, identifiers, in_force
from adapters.fhir_diagnoses import Diagnoses, codes
from adapters.fhir_document import Document
from adapters.fhir_element import Element
from adapters.fhir_release import Release
from canonical.assessment import Source
from canonical.finding import Severity
from canonical.occurrence import nth_of

_DOCUMENTS: Final = "urn:ecas-bridge:id:document"
_MASSHEALTH_MEMBER: Final = "urn:ecas-bridge:id:masshealth-member"
_LOCAL: Final = "urn:ecas-bridge:id:local"
_ASSESSOR_KEY: Final = "urn:ecas-bridge:id:assessor-key"
_AGENCY: Final = "urn:ecas-bridge:id:agency"
_NPI: Final = "http://hl7.org/fhir/sid/us-npi"
_SERVICES: Final = "https://ecas-bridge.example/fhir/CodeSystem/service"
#: What the payor of a Coverage that counts is called, whatever the case.
_MASSHEALTH: Final = "masshealth"
#: Longer than any item of a dictionary that is told by what surrounds a response.
_LONGEST: Final = 4_000

_COVERAGE_ENDED: Final = ("cancelled", "draft", "entered-in-error")

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
        encounter = self._follow(self._response, "encounter", ("Encounter",), ())
        if encounter is not None:
            yield encounter
            self._read_encounter(encounter)
        holder, name = self._whose()
        patient = self._follow(holder, name, ("Patient",), _TOLD_BY_PATIENT)
        if patient is not None:
            yield patient
            self._read_patient(patient)
            yield from self._read_coverages(patient)
            yield from self._read_consents(patient)
            yield from self._read_diagnoses(patient, encounter)
        role, practitioner = self._assessor()
        yield from (one for one in (role, practitioner) if one is not None)
        self._read_assessor(role, practitioner)
        organization = self._agency(patient, encounter, role)
        if organization is not None:
            yield organization
            self._agree("AGENCY_ID", identifiers(organization, _AGENCY, None))
            self._agree("PROVIDER_ID", identifiers(organization, _NPI, None))

    def _follow(self, holder: Element, name: str, kinds: tuple[str, ...], told: tuple[str, ...]) -> Element | None:
        """Return the resource of those kinds that a reference leads to; one that leads nowhere is a finding."""
        reference = holder.member(name)
        found = self._document.resolve(holder, reference)
        if found is not None and found.text("resourceType") in kinds:
            return found
        address = reference.text("reference") if reference else None
        if reference is None or not (address or "identifier" in reference.members):
            return None
        if not address:
            message = f"This reference names a {kinds[0]} by an identifier only, and is never looked up by one."
        elif self._document.is_bundle or address.startswith("#"):
            message = f"This reference leads to no {kinds[0]} in the Bundle, or to more than one."
        else:
            return None  # a response by itself has no Bundle to look in
        unknown = tuple(item for item in told if item not in self._draft)
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
        elif len(element.value) > _LONGEST:
            message = f"The text is longer than {_LONGEST:,} characters, and no item that it could answer is."
            self._draft.fault(UNREADABLE_VALUE, message, element.source(self._document.file), item=item)
        if not self._gone(item, element) and isinstance(element.value, str):
            self._draft.offer(item, form(element.value), element.source(self._document.file))

    def _offer_one(self, item: str, elements: Sequence[Element | None]) -> None:
        """Offer the one text that these elements tell; where they differ, none, and a finding."""
        told = {str(one.value): one for one in elements if one is not None}
        if len(told) > 1 and item not in self._draft:
            sources = (one.source(self._document.file) for one in told.values())
            self._draft.fault(AMBIGUOUS, "Several stand here that could count, and they differ.", *sources, item=item)
        elif told:
            self._offer(item, next(iter(told.values())))

    def _read_response(self) -> None:
        """Read what the response says of itself."""
        alone = self._response.member("identifier")
        told = [*few(self._response, "identifier"), *([alone] if alone is not None and alone.members else [])]
        ours = [one for one in told if one.text("system") == _DOCUMENTS] or told
        self._offer_one("DOCUMENT_ID", [one.member("value") for one in ours])
        self._offer("INSTRUMENT", self._response.member("questionnaire"), _last_part)
        self._offer("ASSESSMENT_DATE", self._response.member("authored"), day)

    def _whose(self) -> tuple[Element, str]:
        """Return the resource and the element that tell whose response it is: in a document its Composition may."""
        compositions = self._document.of_type("Composition")
        alone = len(compositions) == 1 and len(self._document.of_type("QuestionnaireResponse")) == 1
        if self._response.member("subject") is None and alone and compositions[0].member("subject") is not None:
            (composition,) = compositions
            subjects = list(few(composition, "subject"))  # in R5 there may be several
            if not subjects or len(subjects) == 1:
                return (_with_one(composition, subjects[0]) if subjects else composition), "subject"
        return self._response, "subject"

    def _read_encounter(self, encounter: Element) -> None:
        """Read in which service the child is."""
        kinds = [encounter.member("serviceType")] if self._document.release is Release.R4 else []
        kinds += [one.member("concept") for one in few(encounter, "serviceType")]
        self._offer_one("SERVICE", [coding.member("code") for kind in kinds for coding in coded(kind, (_SERVICES,))])

    def _read_patient(self, patient: Element) -> None:
        """Read the child."""
        name = self._best(patient, "name", _named, ("MEMBER_LAST_NAME", "MEMBER_FIRST_NAME"))
        if name is not None:
            self._offer("MEMBER_LAST_NAME", name.member("family"))
            self._offer("MEMBER_FIRST_NAME", next(name.each("given"), None))
        self._offer("MEMBER_DOB", patient.member("birthDate"))
        self._offer("MEMBER_GENDER", patient.member("gender"))
        address = self._best(patient, "address", lambda one: one.text("postalCode"), ("MEMBER_ZIP",), Severity.WARNING)
        self._offer("MEMBER_ZIP", address.member("postalCode") if address else None)
        self._agree("MEMBER_LOCAL_ID", identifiers(patient, _LOCAL, "MR", self._on))

    def _read_coverages(self, patient: Element) -> Iterator[Element]:
        """Read by which id MassHealth knows the child, and yield each Coverage that counted."""
        found = self._weighed("Coverage", "beneficiary", patient, "MEMBER_ID")
        coverages = [coverage for coverage in found if self._counts(coverage)]
        told = [value for coverage in coverages for value in _member_ids(coverage)]
        self._agree("MEMBER_ID", [*identifiers(patient, _MASSHEALTH_MEMBER, "MA", self._on), *told])
        yield from coverages

    def _counts(self, coverage: Element) -> bool:
        """Return whether a Coverage is in force and its payor (in R5: its insurer) is called MassHealth."""
        payors = [*few(coverage, "payor"), *filter(None, (coverage.member("insurer"),))]
        resolved = [self._document.resolve(coverage, payor) for payor in payors]
        called = [payor.text("display") for payor in payors]
        called += [payor.text("name") for payor in resolved if payor is not None]
        named = any(_MASSHEALTH in name.casefold() for name in called if name)
        ended = coverage.members.get("status") in _COVERAGE_ENDED
        return named and not ended and in_force(coverage.member("period"), self._on)

    def _read_consents(self, patient: Element) -> Iterator[Element]:
        """Read what the child's consents about privacy say, yielding each."""
        release = self._document.release
        found = self._weighed("Consent", fhir_consent.WHOSE[release], patient, "CONSENT")
        consents = [consent for consent in found if fhir_consent.counts(consent, release)]
        said: list[tuple[str, Source]] = []
        for consent in consents:
            if self._gone("CONSENT", consent):
                continue
            meaning = fhir_consent.meaning(consent, release, self._on)
            source = consent.source(self._document.file)
            if meaning is None:
                message = "This Consent is neither a plain permit nor a plain denial in force; it was not read."
                finding = UNFIT_KIND.found(message, source, items=("CONSENT",))
                self._draft.note(replace(finding, severity=Severity.WARNING))
            else:
                said.append((meaning, source))
                self._offer("CONSENT_DATE", consent.member(fhir_consent.WHEN[release]), day)
        self._draft.agree("CONSENT", said)
        yield from consents

    def _read_diagnoses(self, patient: Element, encounter: Element | None) -> Iterator[Element]:
        """Read the diagnoses, unless the response tells its own, yielding each Condition that counted."""
        if "DX_CODE" in self._draft or nth_of("DX_CODE", 2) in self._draft:
            return
        conditions = self._weighed("Condition", "subject", patient, "DX_CODE")
        diagnoses = Diagnoses(self._document, conditions, encounter)
        sources = [condition.source(self._document.file) for condition in diagnoses.conditions]
        if diagnoses.tied:
            self._draft.fault(AMBIGUOUS, "Two diagnoses of the Encounter bear the same rank.", *sources, item="DX_CODE")
            return
        if not diagnoses.ranked:
            message = "Nothing ranks these diagnoses; they were taken in the order of the Bundle."
            self._draft.note(replace(AMBIGUOUS.found(message, *sources), severity=Severity.WARNING))
        for number, condition in enumerate(diagnoses.conditions, start=1):
            item, told = nth_of("DX_CODE", number), codes(condition)
            if told:
                self._offer_one(item, told)
            else:
                message = "This Condition has no code of ICD-10-CM."
                self._draft.fault(UNREADABLE_VALUE, message, condition.source(self._document.file), item=item)
        yield from diagnoses.conditions

    def _assessor(self) -> tuple[Element | None, Element | None]:
        """Return the role and the practitioner who assessed: the author, or, where none is told, the source."""
        kinds = ("Practitioner", "PractitionerRole")
        if self._response.member("author") is None:
            source = self._document.resolve(self._response, self._response.member("source"))
            if source is None or source.text("resourceType") not in kinds:
                return None, None  # a child or a parent may be the source of answers; neither assesses
            found: Element | None = source
        else:
            found = self._follow(self._response, "author", kinds, _TOLD_BY_PRACTITIONER)
        if found is None or found.text("resourceType") == "Practitioner":
            return None, found
        return found, self._follow(found, "practitioner", ("Practitioner",), _TOLD_BY_PRACTITIONER)

    def _read_assessor(self, role: Element | None, practitioner: Element | None) -> None:
        """Read the assessor."""
        name = self._best(practitioner, "name", _named, ("ASSESSOR_NAME",)) if practitioner else None
        family = name.member("family") if name else None
        given = next(name.each("given"), None) if name else None
        if family is not None and given is not None and not self._gone("ASSESSOR_NAME", given):
            self._offer("ASSESSOR_NAME", family, lambda last: f"{last}, {given.value}")
        held = [
            value for one in (practitioner, role) if one for value in identifiers(one, _ASSESSOR_KEY, None, self._on)
        ]
        self._agree("ASSESSOR_KEY", held)

    def _agency(self, patient: Element | None, encounter: Element | None, role: Element | None) -> Element | None:
        """Return the agency: the first of those that the child, the encounter and the assessor's role name."""
        ways = ((patient, "managingOrganization"), (encounter, "serviceProvider"), (role, "organization"))
        for holder, name in ways:
            if holder is not None and holder.member(name) is not None:
                return self._follow(holder, name, ("Organization",), ())
        return None

    @property
    def _on(self) -> str | None:
        return self._draft.text("ASSESSMENT_DATE")

    def _best(
        self,
        person: Element,
        name: str,
        says: Callable[[Element], Hashable],
        items: tuple[str, ...],
        severity: Severity = Severity.ERROR,
    ) -> Element | None:
        """Return the one name or address to use; several between which nothing decides are a finding, and none."""
        key = (person.pointer, name, self._on)
        if key not in self._document.chosen:
            self._document.chosen[key] = best(person, name, self._on, says)
        found = self._document.chosen[key]
        open_items = tuple(item for item in items if item not in self._draft)
        if len(found) > 1 and open_items:
            sources = (one.source(self._document.file) for one in found)
            finding = AMBIGUOUS.found(
                "Several stand here that could count, and they differ.", *sources, items=open_items
            )
            self._draft.note(replace(finding, severity=severity))
            for item in open_items:
                self._draft.give_up(item)
        return found[0] if len(found) == 1 else None

    def _weighed(self, kind: str, name: str, patient: Element, item: str) -> Sequence[Element]:
        """Return the resources of a kind about the child; none, and a finding, where nobody could weigh so many."""
        found = self._document.referring(kind, name, patient)
        if len(found) <= MOST:
            return found
        message = f"More than {MOST} resources of the type {kind} are about one child; none of them was read."
        self._draft.fault(AMBIGUOUS, message, found[0].source(self._document.file), item=item)
        return ()

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


def _named(name: Element) -> Hashable:
    """Return what a name says, as far as it is read."""
    given = next((given.value for given in name.each("given")), None)
    return name.text("family"), given if isinstance(given, str) else None


def _member_ids(coverage: Element) -> Iterator[Element]:
    """Yield the ids of the insured: a text in R4, identifiers in R5; and an identifier of our own system in both."""
    told = coverage.member("subscriberId")
    several = [one.member("value") for one in few(coverage, "subscriberId")]
    alone = [told] if told is not None and not isinstance(told.value, list) else []
    yield from (one for one in (*alone, *several) if one is not None)
    yield from identifiers(coverage, _MASSHEALTH_MEMBER, None)


def _with_one(composition: Element, subject: Element) -> Element:
    """Return a Composition of R5 as if it had one subject, as it does."""
    return replace(composition, value={**composition.members, "subject": subject.value})


def _last_part(canonical: str) -> str:
    """Return the last part of a canonical URL, without its version."""
    return canonical.partition("|")[0].rstrip("/").rpartition("/")[2]
