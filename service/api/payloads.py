"""The parameters and the documentation that every route with a payload shares."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final

from fastapi import Depends, Query
from pydantic import BeforeValidator

from adapters.registry import FORMATS
from canonical.payload import Payload
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
_ISO_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _known(text: object) -> object:
    """Accept a format's name; the error of another one holds nothing of it."""
    if text not in (AUTO, *FORMATS):
        raise ValueError
    return text


def _day(text: object) -> object:
    """Accept a day as ISO writes it; pydantic would take moments and numbers of seconds for days too."""
    if isinstance(text, str) and not _ISO_DAY.fullmatch(text):
        raise ValueError
    return text


#: What the payload is.
Format = Annotated[
    str,
    BeforeValidator(_known),
    Query(description="What the payload is.", json_schema_extra={"enum": [AUTO, *FORMATS]}),
]
#: Which day it is of.
Dated = Annotated[
    date | None,
    BeforeValidator(_day),
    Query(description="The day of the payload: it is read with the mapping of that day, now and later. Else today."),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a caller says of a payload, beside sending it."""

    #: None: the content decides.
    format: str | None = None
    #: None: that of its arrival.
    day: date | None = None

    def of(self, payload: Payload) -> str:
        """Return the payload and all that is said of it as one text: another text is another request."""
        day = [] if self.day is None else [self.day.isoformat()]
        return "\x1f".join([self.format or AUTO, payload.digest, *day])


def _said(format: Format = AUTO, dated: Dated = None) -> Said:
    return Said(format=None if format == AUTO else format, day=dated)


#: The parameters of every route with a payload.
AsSaid = Annotated[Said, Depends(_said)]

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

#: A response of one answer.
FHIR_XML_EXAMPLE: Final = (
    '<QuestionnaireResponse xmlns="http://hl7.org/fhir"><status value="completed"/><item><linkId value="LDF_SLEEP"/>'
    '<answer><valueCoding><code value="1"/></valueCoding></answer></item></QuestionnaireResponse>'
)
_HL7: Final = "MSH|^~\\&|EHR|RB|ECAS|EOHHS|20260302||ORU^R01|1|P|2.5.1\rOBX|1|NM|LDF_SLEEP||1||||||F\r"
#: The body of every route with a payload, for OpenAPI.
BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "The payload itself, byte for byte. Its content says what it is; Content-Type is not looked at. FHIR "
        "(R4, R5, JSON, XML) is read as it is; delimited text, workbooks (.xlsx, .xls), JSON, XML and HL7 v2 with the agency's "
        "mapping.",
        "content": {
            "application/fhir+json": {"schema": {"type": "object"}, "example": _FHIR},
            "application/fhir+xml": {"schema": {"type": "string"}, "example": FHIR_XML_EXAMPLE},
            "text/plain": {"schema": {"type": "string"}, "example": _HL7},
            "text/csv": {"schema": {"type": "string"}, "example": "ClientNo,DOB,BE_Sleep\n1001,03/01/2014,Watchful\n"},
        },
    }
}
