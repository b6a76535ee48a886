"""An entry as a FHIR R4 AuditEvent, in the shape of IHE Basic Audit Log Patterns as far as it fits.

It names nobody but by our own ids, and no patient: the pattern's patient entity would carry an identifier of the member,
who is found by the submission instead.
"""

from __future__ import annotations

from datetime import UTC
from typing import Any, Final

from service.audit.acting import HOST, SYSTEM
from service.audit.deed import SENT
from service.audit.entry import Entry, Outcome
from service.clock import from_milliseconds

_OURS: Final = "urn:ecas-bridge"
_DICOM: Final = "http://dicom.nema.org/resources/ontology/DCM"
_REST: Final = {
    "system": "http://terminology.hl7.org/CodeSystem/audit-event-type",
    "code": "rest",
    "display": "Restful Operation",
}
_ENTITY: Final = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_OUTCOMES: Final = {Outcome.DONE: "0", Outcome.REFUSED: "4", Outcome.FAILED: "8"}
_DISCLOSE: Final = {
    "system": "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle",
    "code": "disclose",
    "display": "Disclose Record Lifecycle Event",
}
#: By the word before the first point of an action, and for all others.
_TYPES: Final = {
    "submission": ("110110", "Patient Record"),
    "submissions": ("110112", "Query"),
    "consent": ("110110", "Patient Record"),
    "credential": ("110113", "Security Alert"),
    "authentication": ("110114", "User Authentication"),
    "audit": ("110101", "Audit Log Used"),
    "service": ("110100", "Application Activity"),
}
_OTHERWISE: Final = ("110100", "Application Activity")
#: By the last word of an action: create, read, update, delete; everything else is executed.
_VERBS: Final = {
    "submit": "C", "received": "C", "added": "C", "made": "C",
    "read": "R", "listed": "R", "reconciled": "R", "disclosure": "R", "sent": "R", "exported": "R",
    "changed": "U", "moved": "U", "answered": "U", "hold": "U", "release": "U", "resolve": "U", "close": "U",
    "cancel": "U", "void": "U", "correct": "U", "set": "U", "rotated": "U",
    "revoked": "D", "erased": "D",
}  # fmt: skip


def as_audit_event(entry: Entry) -> dict[str, Any]:
    """Return the resource, as plain data."""
    subtypes = [{"system": f"{_OURS}:audit:action", "code": entry.action}]
    agents = [_agent(entry)]
    if entry.action == SENT:
        subtypes.append(_DISCLOSE)
        agents.append(_the_state())
    event = {
        "resourceType": "AuditEvent",
        "id": f"{entry.agency or 'deployment'}-{entry.number}",
        "type": _type(entry),
        "subtype": subtypes,
        "action": _VERBS.get(entry.action.rpartition(".")[2], "E"),
        "recorded": from_milliseconds(entry.at).astimezone(UTC).isoformat(timespec="milliseconds"),
        "outcome": _OUTCOMES[Outcome(entry.outcome)],
        "agent": agents,
        "source": {
            "site": entry.agency or "the deployment",
            "observer": _who("software", "ecas-bridge"),
            "type": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/security-source-type",
                    "code": "4",
                    "display": "Application Server",
                }
            ],
        },
        "entity": _entities(entry),
    }
    return event | ({"outcomeDesc": entry.detail} if entry.detail else {})


def _type(entry: Entry) -> dict[str, str]:
    if entry.request:
        return _REST
    code, display = _TYPES.get(entry.action.partition(".")[0], _OTHERWISE)
    return {"system": _DICOM, "code": code, "display": display}


def _agent(entry: Entry) -> dict[str, Any]:
    kind = ("110153", "Source Role ID") if entry.role in (SYSTEM, HOST) else ("110150", "Application")
    return {
        "type": {"coding": [{"system": _DICOM, "code": kind[0], "display": kind[1]}]},
        "role": [{"coding": [{"system": f"{_OURS}:role", "code": entry.role}]}],
        "who": _who("principal", entry.principal or "unknown"),
        "requestor": True,
    }


def _the_state() -> dict[str, Any]:
    coding = {"system": _DICOM, "code": "110152", "display": "Destination Role ID"}
    return {"type": {"coding": [coding]}, "who": _who("destination", "ecas"), "requestor": False}


def _entities(entry: Entry) -> list[dict[str, Any]]:
    """Return what it was done to, the request, and the entry itself with its place in the chain."""
    details = {"agency": entry.agency, "number": str(entry.number), "digest": entry.digest, "note": entry.note}
    found = [
        {
            "what": _who("audit-entry", f"{entry.agency}/{entry.number}"),
            "type": _other("4", "Other"),
            "detail": [{"type": name, "valueString": value} for name, value in details.items() if value],
        }
    ]
    if entry.about:
        found.append({"what": _who(entry.kind or "thing", entry.about), "type": _other("2", "System Object")})
    if entry.request:
        transaction = {
            "system": "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType",
            "code": "XrequestId",
        }
        found.append({"what": _who("request", entry.request), "type": transaction})
    return found


def _other(code: str, display: str) -> dict[str, str]:
    return {"system": _ENTITY, "code": code, "display": display}


def _who(kind: str, value: str) -> dict[str, Any]:
    return {"identifier": {"system": f"{_OURS}:{kind}", "value": value}}
