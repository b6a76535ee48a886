"""A Bundle of R4 made of answers: what FHIR has resources for stands in them, the rest in the response."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fhir_builders import SCOPES, V2

from service.fhir_response import questionnaire_response
from specs.spec import Spec

Json = dict[str, Any]
_CONSENTS = {"given": ("active", "permit"), "refused": ("active", "deny"), "withdrawn": ("inactive", "permit")}
_MOVED = [
    "DOCUMENT_ID",
    "ASSESSMENT_DATE",
    "MEMBER_ID",
    "MEMBER_LOCAL_ID",
    "MEMBER_LAST_NAME",
    "MEMBER_FIRST_NAME",
    "MEMBER_DOB",
    "MEMBER_GENDER",
    "MEMBER_ZIP",
    "ASSESSOR_NAME",
    "ASSESSOR_KEY",
    "AGENCY_ID",
    "PROVIDER_ID",
]


def bundle_of(answers: Mapping[str, str], spec: Spec) -> Json:
    """Return the Bundle; a Consent only where FHIR can say what the answer says."""
    told = dict(answers)
    moved = {item: told.pop(item) for item in _MOVED if item in told}
    consent = _CONSENTS.get(told.get("CONSENT", ""))
    response = json.loads(questionnaire_response(told | ({} if consent is None else {"CONSENT": ""}), spec))
    response |= {"subject": _to("patient"), "author": _to("practitioner")}
    if "DOCUMENT_ID" in moved:
        response["identifier"] = {"system": "urn:ecas-bridge:id:document", "value": moved["DOCUMENT_ID"]}
    if "ASSESSMENT_DATE" in moved:
        response["authored"] = moved["ASSESSMENT_DATE"]
    resources = {
        "patient": _patient(moved),
        "practitioner": _practitioner(moved),
        "organization": {"resourceType": "Organization", "name": "Invented Agency", **_ids(moved, _OF_THE_AGENCY)},
        "coverage": {
            "resourceType": "Coverage",
            "status": "active",
            **({"subscriberId": moved["MEMBER_ID"]} if "MEMBER_ID" in moved else {}),
            "beneficiary": _to("patient"),
            "payor": [{"display": "MassHealth"}],
        },
        **({"consent": _consent(*consent)} if consent else {}),
        "response": response,
    }
    entries = [{"fullUrl": f"urn:uuid:{name}", "resource": resource} for name, resource in resources.items()]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


_OF_THE_CHILD = {"MEMBER_ID": "urn:ecas-bridge:id:masshealth-member", "MEMBER_LOCAL_ID": "urn:ecas-bridge:id:local"}
_OF_THE_ASSESSOR = {"ASSESSOR_KEY": "urn:ecas-bridge:id:assessor-key"}
_OF_THE_AGENCY = {"AGENCY_ID": "urn:ecas-bridge:id:agency", "PROVIDER_ID": "http://hl7.org/fhir/sid/us-npi"}


def _to(name: str) -> Json:
    return {"reference": f"urn:uuid:{name}"}


def _ids(moved: Mapping[str, str], systems: Mapping[str, str]) -> Json:
    found = [{"system": system, "value": moved[item]} for item, system in systems.items() if item in moved]
    return {"identifier": found} if found else {}


def _name(family: str, given: str) -> Json:
    return {"use": "official", **({"family": family} if family else {}), **({"given": [given]} if given else {})}


def _patient(moved: Mapping[str, str]) -> Json:
    name = _name(moved.get("MEMBER_LAST_NAME", ""), moved.get("MEMBER_FIRST_NAME", ""))
    zip_code = moved.get("MEMBER_ZIP")
    return {
        "resourceType": "Patient",
        **_ids(moved, _OF_THE_CHILD),
        "name": [name],
        **({"gender": moved["MEMBER_GENDER"]} if "MEMBER_GENDER" in moved else {}),
        **({"birthDate": moved["MEMBER_DOB"]} if "MEMBER_DOB" in moved else {}),
        **({"address": [{"use": "home", "postalCode": zip_code}]} if zip_code else {}),
        "managingOrganization": _to("organization"),
    }


def _practitioner(moved: Mapping[str, str]) -> Json:
    last, _, first = moved.get("ASSESSOR_NAME", "").partition(",")
    kind = {"coding": [{"system": V2, "code": "LN"}]}
    other = {"type": kind, "system": "urn:x", "value": "not-the-key"}
    ids = _ids(moved, _OF_THE_ASSESSOR).get("identifier", [])
    return {"resourceType": "Practitioner", "identifier": [other, *ids], "name": [_name(last, first.strip())]}


def _consent(status: str, decision: str) -> Json:
    return {
        "resourceType": "Consent",
        "status": status,
        "scope": {"coding": [{"system": SCOPES, "code": "patient-privacy"}]},
        "category": [{"text": "release"}],
        "patient": _to("patient"),
        "policyRule": {"text": "release"},
        "provision": {"type": decision},
    }
