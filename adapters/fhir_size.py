"""How much FHIR one document may hold, and how it is judged in parts: much that is wrong must not take longer than much that is right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

#: Complaints about one document. A form mends one place at a time; whoever sends a thousand has sent something else.
MOST_COMPLAINTS: Final = 1_000
TOO_MANY: Final = f"The document is not FHIR in more than {MOST_COMPLAINTS:,} places; nothing of it was read."
MAX_BYTES: Final = 10_000_000
#: Values of a whole document; an assessment with its child, consent and diagnoses has about a thousand.
MAX_VALUES: Final = 500_000
#: Of one resource. The longest form has a tenth of that.
MAX_OF_RESOURCE: Final = 50_000
#: A document that is shorter cannot hold so many.
_SHORT: Final = 2 * MAX_OF_RESOURCE
#: Values of a part that is judged at a time.
_PART: Final = 20_000


def too_large(content: bytes) -> str | None:
    """Return why a JSON text is not even decoded."""
    if len(content) > MAX_BYTES:
        return f"The document is larger than {MAX_BYTES // 1_000_000} MB: send its assessments in several."
    if len(content) > MAX_VALUES and sum(map(content.count, (b",", b"[", b"{"))) > MAX_VALUES:
        return f"The document holds more than {MAX_VALUES:,} values: send its assessments in several."
    return None


def overfull(document: dict[str, object], length: int) -> str | None:
    """Return why a decoded document of that many bytes is not judged."""
    if length <= _SHORT:
        return None
    full = any(_count(one, MAX_OF_RESOURCE) > MAX_OF_RESOURCE for one in _entries(document) or [document])
    return f"A resource holds more than {MAX_OF_RESOURCE:,} values, which none of an assessment has." if full else None


def parts(document: dict[str, object]) -> Iterator[tuple[int, dict[str, object]]]:
    """Yield a document in parts, each with the number of its first entry; what stands beside the entries is in the first.

    A judge may stop between two of them, and holds no more than one in memory.
    """
    entries = _entries(document)
    if entries is None:
        yield 0, document
        return
    begin, values, head = 0, 0, document
    for at, entry in enumerate(entries):
        values += _count(entry, _PART)
        if values > _PART and at > begin:
            yield begin, {**head, "entry": entries[begin:at]}
            begin, values, head = at, _count(entry, _PART), {"resourceType": "Bundle", "type": "collection"}
    yield begin, {**head, "entry": entries[begin:]} if begin else document


def _entries(document: dict[str, object]) -> list[object] | None:
    entries = document.get("entry")
    return entries if document.get("resourceType") == "Bundle" and isinstance(entries, list) and entries else None


def _count(value: object, most: int) -> int:
    """Return how many values there are in a value, itself counted; it stops soon after so many."""
    count, level = 1, [value]
    while level and count <= most:
        below: list[object] = []
        for node in level:
            below += node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        count += len(below)
        level = below
    return count
