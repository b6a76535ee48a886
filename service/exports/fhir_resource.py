"""What all our conformance resources have in common."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from service.exports import wording
from specs.spec import Spec, Status

#: A resource or a part of one, as JSON.
Json: TypeAlias = dict[str, Any]

_STATUSES: Final = {Status.OFFICIAL: "active", Status.RETIRED: "retired"}
_MASSACHUSETTS: Final = {"system": "urn:iso:std:iso:3166:-2", "code": "US-MA", "display": "Massachusetts"}


def head(kind: str, *, id: str, url: str, title: str, about: str, spec: Spec) -> Json:
    """Return the metadata of a resource; ``about`` follows the notice of how far the package may be trusted."""
    return {
        "resourceType": kind,
        "id": id,
        "url": url,
        "version": spec.version,
        "name": _name(title),
        "title": title,
        "status": _STATUSES.get(spec.status, "draft"),
        "experimental": spec.status.interlocked,
        "publisher": spec.publisher,
        "description": f"{wording.notice(spec)} {about}".strip(),
        "jurisdiction": [{"coding": [_MASSACHUSETTS]}],
        "copyright": wording.COPYRIGHT,
    }


def extension(url: str, **value: Any) -> Json:  # noqa: ANN401 - any FHIR value
    """Return an extension with its one value."""
    return {"url": url, **value}


def _name(title: str) -> str:
    """Return a title as a name that a machine may use: letters and digits, beginning with a capital."""
    words = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in title).split()
    name = "".join(word[0].upper() + word[1:] for word in words)
    return name if name[:1].isalpha() else f"List{name}"
