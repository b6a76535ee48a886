"""The parameters and the documentation that every route with a payload shares."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Query
from pydantic import BeforeValidator

from adapters.registry import FORMATS
from service.api.problems import (
    BODY_TOO_LARGE,
    BODY_TOO_SLOW,
    ENCODED_BODY,
    MISCONFIGURED,
    MULTIPART_BODY,
    NO_VALID_KEY,
    STORE_UNAVAILABLE,
    WRONG_PARAMETER,
    Problem,
)

#: The content says what it is.
AUTO: Final = "auto"


def _known(text: object) -> object:
    """Accept a format's name; the error of another one holds nothing of it."""
    if text not in (AUTO, *FORMATS):
        raise ValueError
    return text


#: What the payload is.
Format = Annotated[
    str,
    BeforeValidator(_known),
    Query(description="What the payload is.", json_schema_extra={"enum": [AUTO, *FORMATS]}),
]

#: What every route with a payload may refuse.
REFUSALS: Final[tuple[Problem, ...]] = (
    NO_VALID_KEY,
    BODY_TOO_SLOW,
    BODY_TOO_LARGE,
    ENCODED_BODY,
    MULTIPART_BODY,
    WRONG_PARAMETER,
    STORE_UNAVAILABLE,
    MISCONFIGURED,
)

_FHIR: Final = {
    "resourceType": "QuestionnaireResponse",
    "status": "completed",
    "item": [
        {"linkId": "INSTRUMENT", "answer": [{"valueCoding": {"code": "five-through-twenty"}}]},
        {"linkId": "ASSESSMENT_DATE", "answer": [{"valueDate": "2026-03-02"}]},
        {"linkId": "LDF_SLEEP", "answer": [{"valueCoding": {"code": "1"}}]},
    ],
}

#: The body of every route with a payload, for OpenAPI.
BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "The payload itself, byte for byte. Its content says what it is; Content-Type is not looked at.",
        "content": {
            "application/fhir+json": {"schema": {"type": "object"}, "example": _FHIR},
            "text/csv": {"schema": {"type": "string"}, "example": "ClientNo,DOB,BE_Sleep\n1001,03/01/2014,Watchful\n"},
        },
    }
}


def chosen(format_: str) -> str | None:
    """Return the format that the caller chose; None where the content decides."""
    return None if format_ == AUTO else format_
