"""What the FHIR side can do, as FHIR asks for it: the CapabilityStatement, and the Questionnaires of the package of today."""

from __future__ import annotations

from typing import Any, Final

from canonical.version import __version__
from service.exports.fhir_questionnaire import questionnaire
from service.exports.fhir_resource import Json
from service.main import Service
from specs.spec import Spec

_VALIDATE: Final = "http://hl7.org/fhir/OperationDefinition/Resource-validate"


def capability(service: Service) -> Json:
    """Return the CapabilityStatement."""
    spec = _spec(service)
    return {
        "resourceType": "CapabilityStatement",
        "status": "draft" if spec.status.interlocked else "active",
        "experimental": spec.status.interlocked,
        "date": spec.in_force.isoformat(),
        "kind": "instance",
        "software": {"name": "ecas-bridge", "version": __version__},
        "implementation": {
            "description": f"Takes CANS assessments, judges them by the {spec.status} specification {spec.version}, and "
            "delivers them to the state."
        },
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [
            {
                "mode": "server",
                "documentation": "A Bundle of any type is taken at the base; its QuestionnaireResponses become submissions. "
                "Send an Idempotency-Key; without one the same Bundle is taken once.",
                "security": {
                    "description": "Authorization: Bearer, with an API key of the agency or a token of /oauth2/token."
                },
                "resource": [
                    {
                        "type": "Questionnaire",
                        "interaction": [{"code": "read"}, {"code": "search-type"}],
                        "searchParam": [{"name": "url", "type": "uri"}],
                    },
                    {
                        "type": "QuestionnaireResponse",
                        "operation": [{"name": "validate", "definition": _VALIDATE}],
                    },
                ],
                "interaction": [{"code": "transaction"}, {"code": "batch"}],
            }
        ],
    }


def questionnaires(service: Service, url: str | None = None) -> Json:
    """Return the Questionnaires of today as the answer to a search; of one address where it is given."""
    found = [one for one in _questionnaires(service) if url in (None, one["url"], f"{one['url']}|{one['version']}")]
    entries = [{"fullUrl": one["url"], "resource": one, "search": {"mode": "match"}} for one in found]
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "total": len(found)}
    return {**bundle, "entry": entries} if entries else bundle


def questionnaire_of(service: Service, id_: str) -> Json | None:
    """Return one Questionnaire of today; None where there is none of that id."""
    return next((one for one in _questionnaires(service) if one["id"] == id_), None)


def _questionnaires(service: Service) -> list[Json]:
    spec = _spec(service)
    return [questionnaire(instrument, spec) for instrument in spec.instruments.values()]


def _spec(service: Service) -> Spec:
    return service.judge.spec or service.catalog.for_date(service.clock().date())
