"""What a straightforward engineer writes: fhir.resources parses the Bundle, a walk gathers the answers, the envelope is built.

It trusts the document more than we do: a wrong reference, a second answer, or two ids that differ would pass, and no finding could
say where anything stands. It is the baseline of ``bench.reading``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from fhir.resources.R4B.bundle import Bundle

from canonical.assessment import Answer, Assessment, Source, identified

_ID: Final = "urn:ecas-bridge:id:"


def read(content: bytes, agency: str) -> Assessment:
    """Return the assessment of a Bundle that holds one QuestionnaireResponse and one of everything around it."""
    bundle: Any = Bundle.model_validate_json(content)
    by_type: dict[str, Any] = {}
    by_url = {}
    for entry in bundle.entry:
        by_url[entry.fullUrl] = entry.resource
        by_type.setdefault(entry.resource.__resource_type__, entry.resource)
    response, patient, consent = by_type["QuestionnaireResponse"], by_type["Patient"], by_type["Consent"]
    assessor = by_url[response.author.reference]
    organization = by_url[patient.managingOrganization.reference]
    name = assessor.name[0]
    texts = {
        "DOCUMENT_ID": response.identifier.value,
        "INSTRUMENT": response.questionnaire.partition("|")[0].rpartition("/")[2],
        "ASSESSMENT_DATE": response.authored.date().isoformat(),
        "MEMBER_LAST_NAME": patient.name[0].family,
        "MEMBER_FIRST_NAME": patient.name[0].given[0],
        "MEMBER_DOB": patient.birthDate.isoformat(),
        "MEMBER_GENDER": patient.gender,
        "MEMBER_ZIP": patient.address[0].postalCode,
        "MEMBER_ID": _identifier(patient.identifier, "masshealth-member"),
        "MEMBER_LOCAL_ID": _identifier(patient.identifier, "local"),
        "ASSESSOR_NAME": f"{name.family}, {name.given[0]}",
        "ASSESSOR_KEY": _identifier(assessor.identifier, "assessor-key"),
        "AGENCY_ID": _identifier(organization.identifier, "agency"),
        "PROVIDER_ID": next(one.value for one in organization.identifier if one.system.endswith("/us-npi")),
        "CONSENT": "given" if consent.provision.type == "permit" else "refused",
        "CONSENT_DATE": consent.dateTime.isoformat()[:10],
    }
    _gather(response.item, texts)
    place = Source(file="bundle", label="the Bundle")
    answers = {item: Answer(text=text, source=place) for item, text in texts.items()}
    return identified(Assessment(agency=agency, answers=answers, origin=place))


def _gather(items: Iterable[Any], texts: dict[str, str]) -> None:
    for item in items:
        for answer in item.answer or ():
            code, number = item.linkId, 1
            while code in texts:
                number += 1
                code = f"{item.linkId}.{number}"
            texts[code] = _text(answer)
        _gather(item.item or (), texts)


def _text(answer: Any) -> str:  # noqa: ANN401 - an object of the library
    if answer.valueCoding is not None:
        return str(answer.valueCoding.code)
    if answer.valueDate is not None:
        return str(answer.valueDate.isoformat())
    return str(answer.valueString)


def _identifier(identifiers: Iterable[Any], kind: str) -> str:
    return next(str(one.value) for one in identifiers if one.system == _ID + kind)
