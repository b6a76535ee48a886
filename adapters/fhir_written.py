"""What a FHIR document is once it was decoded, whichever way it was written."""

from __future__ import annotations

from dataclasses import dataclass, field

from adapters.fhir_complaints import KeyPlaces
from adapters.fhir_conformance import Complaint
from adapters.fhir_release import Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A decoded document: its JSON form, and what could not be brought into it."""

    value: dict[str, object] = field(repr=False)
    #: What it tells of its release.
    told: Told
    #: ``JSON`` or ``XML``.
    form: str
    #: Finds keys that FHIR does not know in the text.
    key_places: KeyPlaces = field(repr=False, default=lambda _: {})
    complaints: tuple[Complaint, ...] = ()
