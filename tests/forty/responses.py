"""The forty as FHIR: a Bundle each, whose child stands in resources of its own."""

from __future__ import annotations

import json
from typing import Any

import fhir_builders
from fhir_forms import as_r5, as_xml
from forty.assessments import Answers, spec

from canonical.occurrence import parted
from specs.spec import Type

_ICD = "http://hl7.org/fhir/sid/icd-10-cm"
_LOCAL = "urn:ecas-bridge:id:local"
_KINDS = {Type.CODE: "valueCoding", Type.INTEGER: "valueInteger", Type.DATE: "valueDate"}
_CONSENTS = {"given": ("active", "permit"), "refused": ("active", "deny"), "withdrawn": ("inactive", "permit")}
#: What the resources around a response tell.
_TOLD = {
    "MEMBER_ID",
    "MEMBER_LOCAL_ID",
    "MEMBER_LAST_NAME",
    "MEMBER_FIRST_NAME",
    "MEMBER_DOB",
    "MEMBER_GENDER",
    "MEMBER_ZIP",
}


def r4(answers: Answers) -> bytes:
    return _json(_bundle(answers))


def r4_xml(answers: Answers) -> bytes:
    return as_xml(_bundle(answers))


def r5(answers: Answers) -> bytes:
    return _json(as_r5(_bundle(answers)))


def r5_xml(answers: Answers) -> bytes:
    return as_xml(as_r5(_bundle(answers)))


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def _bundle(answers: Answers) -> dict[str, Any]:
    return fhir_builders.bundle(
        fhir_builders.response(*_groups(answers), **fhir_builders.SUBJECT),
        _patient(answers),
        fhir_builders.coverage(answers["MEMBER_ID"]),
        *_consents(answers),
        *_conditions(answers),
    )


def _consents(answers: Answers) -> list[dict[str, Any]]:
    """Return the Consent that says what the answers say; that nobody asked is said by none."""
    if not _has_consent(answers):
        return []
    status, kind = _CONSENTS[answers["CONSENT"]]
    consent = fhir_builders.consent(status, type=kind)
    del consent["dateTime"]
    return [consent | ({"dateTime": answers["CONSENT_DATE"]} if "CONSENT_DATE" in answers else {})]


def _has_consent(answers: Answers) -> bool:
    return answers.get("CONSENT") in _CONSENTS


def _conditions(answers: Answers) -> list[dict[str, Any]]:
    """Return the diagnosis of a child that has one: of several nothing would tell the order, so the response tells them."""
    if not _is_alone(answers):
        return []
    code = {"coding": [{"system": _ICD, "code": answers["DX_CODE"]}]}
    return [{"resourceType": "Condition", "code": code, **fhir_builders.SUBJECT}]


def _is_alone(answers: Answers) -> bool:
    return "DX_CODE" in answers and "DX_CODE.2" not in answers


def _patient(answers: Answers) -> dict[str, Any]:
    name = {"family": answers["MEMBER_LAST_NAME"], "given": [answers["MEMBER_FIRST_NAME"]]}
    address = {"address": [{"postalCode": answers["MEMBER_ZIP"]}]} if "MEMBER_ZIP" in answers else {}
    return fhir_builders.patient(
        identifier=[{"system": _LOCAL, "value": answers["MEMBER_LOCAL_ID"]}],
        name=[name],
        gender=answers["MEMBER_GENDER"],
        birthDate=answers["MEMBER_DOB"],
        **address,
    )


def _groups(answers: Answers) -> list[dict[str, Any]]:
    """Return a group for each occurrence of each section, in their order."""
    groups: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for code, text in answers.items():
        if code not in _told(answers):
            item, (base, number) = spec().occurrences[code], parted(code)
            groups.setdefault((item.section, number), []).append(fhir_builders.item(base, **_value(item.type, text)))
    return [{"linkId": section, "item": items} for (section, _), items in sorted(groups.items())]


def _told(answers: Answers) -> set[str]:
    """Return the items that the response itself does not tell."""
    consent = {"CONSENT", "CONSENT_DATE"} if _has_consent(answers) else set()
    return _TOLD | consent | ({"DX_CODE"} if _is_alone(answers) else set())


def _value(kind: Type, text: str) -> dict[str, Any]:
    name = _KINDS.get(kind, "valueString")
    value: object = {"valueCoding": {"code": text}, "valueInteger": int(text) if kind is Type.INTEGER else 0}.get(
        name, text
    )
    return {name: value}
