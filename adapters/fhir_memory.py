"""What fhir.resources has already found right, so that it need not look at the same thing a thousand times.

A questionnaire item with one coded answer is right or wrong by itself: a form has a few hundred of them, however many
children it is filled in for. So are the organizations and practitioners of an agency. Only successes are remembered, as
keyed digests of one process, never a text; whatever is not remembered, and every resource of a child, is judged each time.
"""

from __future__ import annotations

import hashlib
import os
from typing import Final

import orjson

#: How many digests are kept; beyond it all are forgotten, which costs time and nothing else.
_ROOM: Final = 50_000
_DIGEST_BYTES: Final = 16
#: Resources that say nothing of a child and come again and again.
_RECURRING: Final = frozenset({"Organization", "Practitioner"})
_ITEM: Final = frozenset({"linkId", "text", "answer"})
_CODING: Final = frozenset({"system", "code", "display"})


class FhirMemory:
    """Takes out of a document what was found right before."""

    def __init__(self, *, room: int = _ROOM) -> None:
        """Begin with nothing."""
        self._key = os.urandom(32)
        self._right: set[bytes] = set()
        self._room = room

    def unknown(self, document: dict[str, object]) -> tuple[dict[str, object], list[bytes]]:
        """Return the document without what is known to be right, and the digests of what else would be remembered.

        The document itself is not touched. If the rest is right, so is the whole: nothing that is taken out depends on
        anything around it.
        """
        fresh: list[bytes] = []
        entries = document.get("entry")
        if document.get("resourceType") != "Bundle" or not isinstance(entries, list):
            return self._rest_of(document, fresh), fresh
        rest = [self._entry(entry, fresh) for entry in entries]
        return {**document, "entry": rest}, fresh

    def remember(self, digests: list[bytes]) -> None:
        """Remember what was found right."""
        if len(self._right) + len(digests) > self._room:
            self._right.clear()
        self._right.update(digests[: self._room])

    def _entry(self, entry: object, fresh: list[bytes]) -> object:
        if not isinstance(entry, dict) or not isinstance(resource := entry.get("resource"), dict):
            return entry
        kind = resource.get("resourceType")
        if isinstance(kind, str) and kind in _RECURRING and self._is_right(resource, fresh):
            return {name: value for name, value in entry.items() if name != "resource"}
        return {**entry, "resource": self._rest_of(resource, fresh)}

    def _rest_of(self, resource: dict[str, object], fresh: list[bytes]) -> dict[str, object]:
        if resource.get("resourceType") != "QuestionnaireResponse":
            return resource
        return self._without_right_items(resource, fresh)

    def _without_right_items(self, holder: dict[str, object], fresh: list[bytes]) -> dict[str, object]:
        """Return a group, or the response, without the items that are known; its own fields stay."""
        items = holder.get("item")
        if not isinstance(items, list) or not items:
            return holder
        rest = []
        for item in items:
            if not isinstance(item, dict):
                rest.append(item)
            elif _is_coded(item):
                if not self._is_right(item, fresh):
                    rest.append(item)
            else:
                rest.append(self._without_right_items(item, fresh))
        if rest:
            return {**holder, "item": rest}
        return {name: value for name, value in holder.items() if name != "item"}

    def _is_right(self, part: dict[str, object], fresh: list[bytes]) -> bool:
        digest = hashlib.blake2b(orjson.dumps(part), digest_size=_DIGEST_BYTES, key=self._key).digest()
        if digest in self._right:
            return True
        fresh.append(digest)
        return False


def _is_coded(item: dict[str, object]) -> bool:
    """Return whether an item is one coded answer and nothing else: no group, no extension, no text of a person."""
    answers = item.get("answer")
    if not item.keys() <= _ITEM or not isinstance(answers, list) or len(answers) != 1:
        return False
    (answer,) = answers
    if not isinstance(answer, dict) or answer.keys() != {"valueCoding"}:
        return False
    coding = answer["valueCoding"]
    return isinstance(coding, dict) and coding.keys() <= _CODING
