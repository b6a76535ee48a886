"""Findings and problems as FHIR tells them: an OperationOutcome with our rule ids, and the place in the sender's own resource."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from canonical.assessment import Source
from canonical.finding import Finding, Kind, Report, Severity
from service import fhir_names
from service.api.problems import MEDIA_TYPE

#: The media type of FHIR's JSON.
FHIR_JSON: Final = "application/fhir+json"
#: The system of our rule ids (our assumption, like all names of our FHIR side), and of the names of problems.
RULES: Final = f"{fhir_names.BASE}/CodeSystem/ecas-rule"
PROBLEMS: Final = f"{fhir_names.BASE}/CodeSystem/ecas-problem"
_LINE: Final = "http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-line"
_COLUMN: Final = "http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-col"
_SEVERITIES: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.ADVICE: "information"}
_BY_KIND: Final = {
    Kind.READING: "structure",
    Kind.STRUCTURE: "value",
    Kind.TERMINOLOGY: "code-invalid",
    Kind.BUSINESS: "business-rule",
    Kind.CERTIFICATION: "business-rule",
    Kind.CONSENT: "business-rule",
    Kind.STATE: "processing",
    Kind.COULD_NOT_CHECK: "incomplete",
}
#: Rules for which FHIR has a narrower word than for their kind.
_BY_RULE: Final = {"S001": "required", "S004": "code-invalid", "A008": "duplicate", "X004": "conflict"}
#: What FHIR calls our refusals, by status; all others are ``processing``.
_BY_STATUS: Final = {
    400: "invalid",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    406: "not-supported",
    408: "timeout",
    409: "conflict",
    413: "too-long",
    415: "not-supported",
    422: "invalid",
    429: "throttled",
    500: "exception",
    503: "transient",
}
_PREFIX: Final = "/fhir"
#: How a place in XML begins: with the type of a resource.
_XPATH: Final = re.compile(r"/[A-Z]")
_STEP: Final = re.compile(r"(?P<name>[A-Za-z]\w*)(?:\[(?P<number>\d+)\])?$")


def outcome(issues: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return an OperationOutcome of these issues."""
    return {"resourceType": "OperationOutcome", "issue": list(issues)}


def issues(findings: Iterable[Finding], place: str = "") -> list[dict[str, Any]]:
    """Return an issue for each finding; ``place`` is what stands before the sender's own places, where it was wrapped."""
    return [_issue(finding, place) for finding in findings]


def said(report: Report, place: str = "") -> list[dict[str, Any]]:
    """Return the issues of a report, and what it comes to; there is always one."""
    judges = report.judged_by
    spec = f"the {judges.spec_status} {judges.spec}" if judges else "any specification"
    words = {
        "conforms": f"It conforms to {spec}.",
        "does-not-conform": f"It does not conform to {spec}.",
        "could-not-check": f"It could not be checked against {spec} in every part.",
    }[report.conformance.value]
    told = {"severity": "information", "code": "informational", "details": {"text": words}}
    return [*issues(report.findings, place), told]


def _issue(finding: Finding, place: str) -> dict[str, Any]:
    items = f"Items: {', '.join(finding.items)}." if finding.items else ""
    source = finding.sources[0] if finding.sources else None
    issue: dict[str, Any] = {
        "severity": _SEVERITIES[finding.severity],
        "code": _BY_RULE.get(finding.rule, _BY_KIND[finding.kind]),
        "details": {
            "coding": [{"system": RULES, "code": finding.rule, "display": finding.title}],
            "text": finding.message,
        },
        "diagnostics": " ".join(filter(None, (items, finding.fix, f"See {finding.docs}."))),
    }
    if source is not None and not place and source.line is not None:
        issue["extension"] = [{"url": _LINE, "valueInteger": source.line}]
        if source.column is not None:
            issue["extension"].append({"url": _COLUMN, "valueInteger": source.column})
    if expressions := [words for source in finding.sources if (words := expression(source, place))]:
        issue["expression"] = expressions
    if labels := [_location(source) for source in finding.sources]:
        issue["location"] = labels
    return issue


def expression(source: Source, place: str = "") -> str | None:
    """Return a place as FHIRPath says it; None for a source that is no place in a resource."""
    if source.pointer is None:
        return None
    if _XPATH.match(source.pointer):
        return _of_xpath(source.pointer)
    steps = [step for step in source.pointer.split("/") if step]
    root = place or ("Bundle" if steps[:1] == ["entry"] else "QuestionnaireResponse")
    return root + "".join(f"[{step}]" if step.isdecimal() else f".{step}" for step in steps if _known(step))


def _of_xpath(pointer: str) -> str:
    """Return a place in XML as FHIRPath says it: numbers from 0, and the types of resources only at the root."""
    root, *steps = (step for step in map(_STEP.match, pointer.split("/")[1:]) if step is not None)
    inner = (step for step in steps if not step["name"][0].isupper())
    return root["name"] + "".join(
        f".{step['name']}" + (f"[{int(step['number']) - 1}]" if step["number"] else "") for step in inner
    )


def _known(step: str) -> bool:
    return step.isalnum() or step.startswith("_")


def _location(source: Source) -> str:
    """Return a place in our own words, with its line where it has one."""
    at = f"line {source.line}: " if source.line is not None else ""
    return f"{at}{source.label}" or "the whole document"


class OperationOutcomes:
    """Turns problems into OperationOutcomes on their way out of ``/fhir``, whoever answered with them."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand around the application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; a problem is held back until it is whole."""
        if scope["type"] != "http" or not (scope["path"] == _PREFIX or scope["path"].startswith(f"{_PREFIX}/")):
            await self._app(scope, receive, send)
            return
        started: Message | None = None
        content = b""

        async def translated(message: Message) -> None:
            nonlocal started, content
            if (
                message["type"] == "http.response.start"
                and Headers(raw=message["headers"]).get("content-type") == MEDIA_TYPE
            ):
                started = message
                return
            if started is None:
                await send(message)
                return
            content += message.get("body", b"")
            if not message.get("more_body") or content.endswith(b"}"):
                start, started = started, None
                told = orjson.dumps(of_problem(orjson.loads(content)))
                await send({**start, "headers": [*_headers(start), (b"content-length", str(len(told)).encode())]})
                await send({"type": "http.response.body", "body": told, "more_body": bool(message.get("more_body"))})

        await self._app(scope, receive, translated)


def of_problem(problem: Mapping[str, Any]) -> dict[str, Any]:
    """Return an RFC 9457 problem as an OperationOutcome, with the findings that it carries."""
    name = problem["type"].rpartition(":")[2]
    named = ", ".join(f"{field['in']} {field['name']}" for field in problem.get("fields", ()))
    first: dict[str, Any] = {
        "severity": "fatal" if problem["status"] >= 500 else "error",  # noqa: PLR2004 - our own fault
        "code": _BY_STATUS.get(problem["status"], "processing"),
        "details": {
            "coding": [{"system": PROBLEMS, "code": name, "display": problem["title"]}],
            "text": problem["detail"],
        },
    }
    if named:
        first["diagnostics"] = f"See: {named}."
    return outcome([first])


def _headers(start: Message) -> list[tuple[bytes, bytes]]:
    kept = [(name, value) for name, value in start["headers"] if name not in (b"content-type", b"content-length")]
    return [*kept, (b"content-type", FHIR_JSON.encode())]
