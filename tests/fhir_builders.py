"""Small FHIR resources, built to be read in a test."""

from __future__ import annotations

V2 = "http://terminology.hl7.org/CodeSystem/v2-0203"
SCOPES = "http://terminology.hl7.org/CodeSystem/consentscope"


def response(*items, **more):
    answered = {"item": list(items)} if items else {}
    return {"resourceType": "QuestionnaireResponse", "status": "completed", **answered, **more}


def bundle(*resources):
    entries = [{"fullUrl": f"urn:uuid:{n}", "resource": resource} for n, resource in enumerate(resources)]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def item(code, **value):
    return {"linkId": code, "answer": [value]}


def patient(**more):
    return {"resourceType": "Patient", "id": "p", **more}


def consent(status="active", **provision):
    return {
        "resourceType": "Consent",
        "status": status,
        "scope": {"coding": [{"system": SCOPES, "code": "patient-privacy"}]},
        "category": [{"text": "release"}],
        "patient": {"reference": "Patient/p"},
        "dateTime": "2026-03-02T09:00:00-05:00",
        "policyRule": {"text": "release"},
        **({"provision": provision} if provision else {}),
    }


def coverage(member, payor="MassHealth", **more):
    return {
        "resourceType": "Coverage",
        "status": "active",
        "subscriberId": member,
        "beneficiary": {"reference": "Patient/p"},
        "payor": [{"display": payor}],
        **more,
    }


SUBJECT = {"subject": {"reference": "Patient/p"}}
