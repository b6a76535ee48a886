"""One assessment in every form of FHIR: a Bundle of R4 turned into R5, and either of them written as XML.

``python -m tests.fhir_forms`` writes samples/fhir.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

Json = dict[str, Any]

_NAMESPACE = 'xmlns="http://hl7.org/fhir"'


def as_r5(document: Json) -> Json:
    """Return what R5 makes of a document of R4: the same statements in its own elements."""
    document = copy.deepcopy(document)
    resources = [entry["resource"] for entry in document.get("entry", ()) if "resource" in entry] or [document]
    for resource in (*resources, *(inner for one in resources for inner in one.get("contained", ()))):
        _CHANGES.get(resource["resourceType"], lambda _: None)(resource)
    return document


def _response(resource: Json) -> None:
    if "identifier" in resource:
        resource["identifier"] = [resource["identifier"]]
    resource.setdefault("questionnaire", "https://ecas-bridge.example/fhir/Questionnaire/none")


def _coverage(resource: Json) -> None:
    resource["kind"] = "insurance"
    if "subscriberId" in resource:
        resource["subscriberId"] = [{"value": resource["subscriberId"]}]
    for payor in resource.pop("payor", ()):
        resource["insurer"] = payor


def _consent(resource: Json) -> None:
    scope = resource.pop("scope")
    resource["category"] = [scope]
    resource["subject"] = resource.pop("patient")
    resource.pop("policyRule", None)
    if "dateTime" in resource:
        resource["date"] = resource.pop("dateTime")[:10]
    provision = resource.pop("provision", {})
    if "type" in provision:
        resource["decision"] = provision["type"]


def _encounter(resource: Json) -> None:
    resource["class"] = [{"coding": [resource["class"]]}]
    if "serviceType" in resource:
        resource["serviceType"] = [{"concept": resource["serviceType"]}]
    for one in resource.get("diagnosis", ()):
        one["condition"] = [{"reference": one.pop("condition")}]
        one.pop("rank", None)


def _condition(resource: Json) -> None:
    active = {"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}
    resource.setdefault("clinicalStatus", {"coding": [active]})


def _organization(resource: Json) -> None:
    telecom = resource.pop("telecom", None)
    if telecom:
        resource["contact"] = [{"telecom": telecom}]


_CHANGES = {
    "QuestionnaireResponse": _response,
    "Coverage": _coverage,
    "Consent": _consent,
    "Encounter": _encounter,
    "Condition": _condition,
    "Organization": _organization,
}


def as_xml(document: Json) -> bytes:
    """Return a document as FHIR writes it in XML; in whatever order the JSON has its elements."""
    kind = document["resourceType"]
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<{kind} {_NAMESPACE}>", *_inside(document, 1), f"</{kind}>"]
    return ("\n".join(lines) + "\n").encode()


def _inside(value: Json, depth: int):
    for name, inner in value.items():
        if name == "resourceType" or (name == "id" and "resourceType" not in value) or name.startswith("_"):
            continue
        if name == "url" and _is_extension(value):
            continue
        beside = value.get(f"_{name}")
        many = inner if isinstance(inner, list) else [inner]
        besides = beside if isinstance(beside, list) else [beside] * len(many)
        for one, extra in zip(many, [*besides, *[None] * len(many)], strict=False):
            yield from _element(name, one, extra or {}, depth)
    for name, extra in value.items():
        if name.startswith("_") and name[1:] not in value:
            yield from _element(name[1:], None, extra, depth)


def _is_extension(value: Json) -> bool:
    return "url" in value and not value.keys() - {"id", "url", "extension"} - {
        k for k in value if k.startswith(("value", "_value"))
    }


def _element(name: str, value, beside: Json, depth: int):
    indent = "  " * depth
    if isinstance(value, str) and value.startswith("<div"):
        yield f"{indent}{value}"
    elif isinstance(value, dict):
        attributes = ""
        if "id" in value and "resourceType" not in value:
            attributes += f" id={quoteattr(str(value['id']))}"
        if _is_extension(value):
            attributes += f" url={quoteattr(str(value['url']))}"
        yield f"{indent}<{name}{attributes}>"
        if "resourceType" in value:
            kind = value["resourceType"]
            yield from (f"{indent}  <{kind}>", *_inside(value, depth + 2), f"{indent}  </{kind}>")
        else:
            yield from _inside(value, depth + 1)
        yield f"{indent}</{name}>"
    else:
        text = {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value
        shown = "" if value is None else f" value={quoteattr(str(text), {chr(10): '&#10;', chr(9): '&#9;'})}"
        extra = f" id={quoteattr(beside['id'])}" if "id" in beside else ""
        yield f"{indent}<{name}{extra}{shown}>"
        yield from _inside({key: one for key, one in beside.items() if key == "extension"}, depth + 1)
        yield f"{indent}</{name}>"


def samples(folder: Path) -> dict[str, bytes]:
    """Return the files of samples/fhir by their name: one good sample in the forms of FHIR that it does not have already."""
    document = json.loads((folder / "good/five-through-twenty.json").read_bytes())
    later = as_r5(document)
    return {
        "five-through-twenty.r4.xml": as_xml(document),
        "five-through-twenty.r5.json": (json.dumps(later, indent=2, ensure_ascii=False) + "\n").encode(),
        "five-through-twenty.r5.xml": as_xml(later),
    }


if __name__ == "__main__":
    _SAMPLES = Path(__file__).parents[1] / "samples"
    for _name, _content in samples(_SAMPLES).items():
        (_SAMPLES / "fhir" / _name).write_bytes(_content)
