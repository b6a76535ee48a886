"""The releases of FHIR that we read, and how a document tells which one it is written in.

A document may say it (``meta.profile`` with a version, ``fhirVersion``), and its shape may: elements that only one of the
two has, or has in that form. What is said wins over the shape. A document that tells nothing is judged as R4, in which it
means the same; one whose signs contradict one another is a doubt, and whoever knows better decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Release(StrEnum):
    """One release of FHIR."""

    #: Judged by the R4B classes of fhir.resources: what we read is the same in both.
    R4 = "R4"
    R5 = "R5"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a document tells of its release."""

    release: Release
    #: Pointers of a sign for it, and of one against it, where both were seen.
    doubt: tuple[str, str] | None = None


#: Versions as ``fhirVersion`` and canonical addresses write them.
_VERSIONS: Final = ((re.compile(r"4\.[03](?:\.\d+)?"), Release.R4), (re.compile(r"5\.0(?:\.\d+)?"), Release.R5))
_IN_ADDRESS: Final = re.compile(r"^http://hl7\.org/fhir/(?:(\d\.\d(?:\.\d+)?)|(R4B?|R5))/|\|(\d\.\d(?:\.\d+)?)$")
_CORE: Final = "http://hl7.org/fhir/"


def _signs(*, r4: str = "", r5: str = "") -> dict[str, Release]:
    return dict.fromkeys(r4.split(), Release.R4) | dict.fromkeys(r5.split(), Release.R5)


#: Elements that only one of the releases has, by resource type.
_ELEMENTS: Final = {
    "Consent": _signs(
        r4="dateTime organization patient performer policy policyRule scope",
        r5="controller date decision grantee grantor manager period policyBasis policyText regulatoryBasis subject",
    ),
    "Coverage": _signs(r4="payor", r5="insurancePlan insurer kind paymentBy"),
    "Encounter": _signs(
        r4="classHistory hospitalization period reasonCode reasonReference statusHistory",
        r5="actualPeriod admission careTeam plannedEndDate plannedStartDate reason subjectStatus virtualService",
    ),
    "PractitionerRole": _signs(
        r4="availabilityExceptions availableTime notAvailable telecom",
        r5="availability characteristic communication contact",
    ),
    "Organization": _signs(r4="address telecom", r5="description qualification"),
    "Condition": _signs(r4="asserter recorder", r5="participant"),
    "Composition": _signs(r4="confidentiality", r5="name note url useContext version"),
    "MessageHeader": _signs(r4="enterer eventUri", r5="eventCanonical"),
}
#: Elements that are an array in R5, and in R4 were none.
_ARRAYS_SINCE_R5: Final = {
    "QuestionnaireResponse": ("identifier",),
    "Coverage": ("subscriberId",),
    "Consent": ("provision", "sourceAttachment", "sourceReference"),
    "Encounter": ("class",),
    "Composition": ("identifier", "subject"),
}


def told(document: dict[str, object]) -> Told:
    """Return the release that a decoded document tells, by its own words first, then by its shape.

    Where signs contradict one another the release with more of them is taken, R4 where they are as many, and it is a doubt.
    """
    resources = list(_resources(document))
    for signs in (_said, _shown):
        seen: dict[Release, list[str]] = {release: [] for release in Release}
        for pointer, resource in resources:
            for release, where in signs(resource, pointer):
                seen[release].append(where)
        likely, other = sorted(Release, key=lambda release: -len(seen[release]))
        if seen[other]:
            return Told(release=likely, doubt=(seen[likely][0], seen[other][0]))
        if seen[likely]:
            return Told(release=likely)
    return Told(release=Release.R4)


def _resources(document: dict[str, object]) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield the document, the resources of its entries, and what these contain."""
    yield "", document
    yield from _contained(document, "")
    entries = document.get("entry")
    for number, entry in enumerate(entries if isinstance(entries, list) else ()):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict):
            yield f"/entry/{number}/resource", resource
            yield from _contained(resource, f"/entry/{number}/resource")


def _contained(resource: dict[str, object], pointer: str) -> Iterator[tuple[str, dict[str, object]]]:
    inner = resource.get("contained")
    for number, one in enumerate(inner if isinstance(inner, list) else ()):
        if isinstance(one, dict):
            yield f"{pointer}/contained/{number}", one


def _said(resource: dict[str, object], pointer: str) -> Iterator[tuple[Release, str]]:
    """Yield what a resource says itself."""
    version = resource.get("fhirVersion")
    if isinstance(version, str) and (release := _release_of(version)):
        yield release, f"{pointer}/fhirVersion"
    meta = resource.get("meta")
    profiles = meta.get("profile") if isinstance(meta, dict) else None
    for number, profile in enumerate(profiles if isinstance(profiles, list) else ()):
        if isinstance(profile, str) and (release := _profiled(profile)):
            yield release, f"{pointer}/meta/profile/{number}"


def _profiled(profile: str) -> Release | None:
    """Return the release that an address of FHIR's own profiles names; the version of somebody else's is another matter."""
    found = _IN_ADDRESS.search(profile) if profile.startswith(_CORE) else None
    if found is None:
        return None
    version, name, after = found.groups()
    return (Release.R5 if name == "R5" else Release.R4) if name else _release_of(version or after)


def _release_of(version: str) -> Release | None:
    return next((release for written, release in _VERSIONS if written.fullmatch(version)), None)


def _shown(resource: dict[str, object], pointer: str) -> Iterator[tuple[Release, str]]:
    """Yield what the shape of a resource shows."""
    kind = resource.get("resourceType")
    if not isinstance(kind, str):
        return
    for name, release in _ELEMENTS.get(kind, {}).items():
        if name in resource:
            yield release, f"{pointer}/{name}"
    for name in _ARRAYS_SINCE_R5.get(kind, ()):
        value = resource.get(name)
        if isinstance(value, list | dict | str):
            yield (Release.R5 if isinstance(value, list) else Release.R4), f"{pointer}/{name}"
