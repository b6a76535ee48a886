"""The shapes of assessors and certification keys: what may be sent, and what is answered."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, SecretStr
from pydantic.config import JsonDict

from service.api.shapes import DeskShape, Shape
from validators.certification import Standing
from validators.roster import AccountStatus

_ASSESSOR: Final[JsonDict] = {
    "last_name": "Ostrowski",
    "first_name": "Delphine",
    "agencies": ["riverbend"],
    "state": "MA",
    "keys": [{"key": "EX-0001-0001", "certified_on": "2025-03-11", "expires_on": "2027-03-11"}],
}


def seen(text: str) -> str:
    """Accept what a person can see; nothing else is ever altered or refused in a name."""
    if any(ord(sign) < 32 or 127 <= ord(sign) < 160 or 0xD800 <= ord(sign) < 0xE000 for sign in text):  # noqa: PLR2004
        raise ValueError
    return text.strip()


#: A name, or what else people write; long ones exist.
Text = Annotated[str, Field(max_length=1000), AfterValidator(seen)]
Named = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(seen)]


class Given(BaseModel):
    """A body of exactly these members; what is wrong with it is told without what it says."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class GivenCertificate(Given):
    """A certification key and its dates; ``id`` names one that is there, ``key`` brings a new one."""

    id: str | None = None
    key: SecretStr | None = Field(None, min_length=1, max_length=100)
    certified_on: date | None = None
    issued_on: date | None = None
    expires_on: date | None = None
    approved_on: date | None = None
    status: AccountStatus | None = None


class GivenAssessor(Given):
    """A person for the roster."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, json_schema_extra={"example": _ASSESSOR})

    last_name: Named
    first_name: Text = ""
    former_names: list[Named] = Field([], description="“LAST, FIRST until YYYY-MM-DD”; the date where it is known.")
    agencies: list[Named] = Field([], description="Those that the person works for; none means any.")
    state: Text = Field("", description="The state of practice; empty is Massachusetts.")
    keys: list[GivenCertificate] = Field(min_length=1)


class GivenChange(Given):
    """What is to be different; members that are left out stay as they are."""

    last_name: Named | None = None
    first_name: Text | None = None
    former_names: list[Named] | None = None
    agencies: list[Named] | None = None
    state: Text | None = None
    keys: list[GivenCertificate] = []


class GivenKey(Given):
    """A key to be checked; it travels in the body and never in an address."""

    key: SecretStr = Field(min_length=1, max_length=1000)
    name: Named = Field(description="The name under which it is used, “LAST, FIRST”.")
    on: date = Field(description="The assessment date.")


class GivenNote(Given):
    """A person's word, and why it is given."""

    note: str = Field(min_length=1, max_length=1000)


class EvidenceShape(Shape):
    """What a certificate rests on."""

    model_config = ConfigDict(extra="forbid", title="Evidence")

    document: str | None = Field(description="The digest of the certificate's PDF.")
    note: str
    seen_by: str
    seen_on: date | None
    at: AwareDatetime


class CertificateShape(Shape):
    """A certification key; masked, always."""

    model_config = ConfigDict(extra="forbid", title="Certificate")

    id: str
    key: str = Field(description="Masked.")
    certified_on: date | None
    issued_on: date | None
    expires_on: date | None
    approved_on: date | None
    status: AccountStatus
    conflict: bool = Field(description="Another agency holds this key for another person.")
    evidence: list[EvidenceShape]


class AssessorShape(Shape):
    """A person on the agency's roster."""

    model_config = ConfigDict(extra="forbid", title="Assessor")

    id: str
    last_name: str
    first_name: str
    former_names: list[str]
    agencies: list[str]
    state: str
    keys: list[CertificateShape]


class AssessorsShape(Shape):
    """The roster, in the order of its coming."""

    model_config = ConfigDict(extra="forbid", title="Assessors")

    assessors: list[AssessorShape]
    next: str | None = Field(description="Give it as “after” for the next page; null on the last one.")


class EditedShape(Shape):
    """A person as the roster has it now."""

    model_config = ConfigDict(extra="forbid", title="Edited")

    assessor: AssessorShape
    released: int = Field(description="Held submissions that go on because of it.")


class StandingShape(Shape):
    """What the roster says about a key as of a date."""

    model_config = ConfigDict(extra="forbid", title="Standing")

    standing: Standing
    action: Literal["pass", "warn", "hold", "block"]
    desk: DeskShape | None
    why: str
