"""Which item a link id of a response answers.

A link id is the item's code, unless something that came along says otherwise: the Questionnaire that the response answers
(contained in it, or in the Bundle), by a ``code`` of our system ``urn:ecas-bridge:item`` or by a ``definition`` that ends in
``#`` and the item's code; or the ``definition`` of the answered item itself. What is elsewhere is never fetched.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from adapters.fhir_document import Document
from adapters.fhir_element import Element

#: The system of our items' codes; **our assumption**, like every name that begins so.
ITEMS: Final = "urn:ecas-bridge:item"
#: What a ``definition`` that means one of our items begins with.
_DEFINED: Final = (ITEMS, "https://ecas-bridge.example/fhir/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a Questionnaire says of one link id."""

    #: The items that it means; several contradict one another.
    items: tuple[str, ...] = ()
    #: Its codes of any system, as ``system|code``.
    codes: tuple[str, ...] = ()
    #: It may have several answers.
    repeats: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """The questions that came along with one response."""

    by_link: dict[str, Question] = field(default_factory=dict)

    def items(self, item: dict[str, object]) -> tuple[str, ...]:
        """Return the codes of the items that an answered item of the response means: one, unless something contradicts."""
        own = _defined(item.get("definition"))
        link = item.get("linkId")
        if not isinstance(link, str):
            return (own,) if own else ()
        question = self.by_link.get(link) if self.by_link else None
        named = dict.fromkeys(filter(None, (own, *(question.items if question else ()))))
        return tuple(named) or (link,)

    def codes(self, item: dict[str, object]) -> tuple[str, ...]:
        """Return the codes that the question of an answered item has."""
        link = item.get("linkId")
        question = self.by_link.get(link) if isinstance(link, str) else None
        return question.codes if question else ()

    def repeats(self, item: dict[str, object]) -> bool:
        """Return whether the question says that it may have several answers."""
        link = item.get("linkId")
        question = self.by_link.get(link) if isinstance(link, str) else None
        return question is not None and question.repeats


class QuestionBook:
    """The Questionnaires of a document; each is read once, however many responses answer it."""

    def __init__(self, document: Document) -> None:
        """Note which there are."""
        self._document = document
        self._by_url: dict[str, list[Element]] = {}
        self._read: dict[str, Questions] = {}
        for one in document.of_type("Questionnaire"):
            self._by_url.setdefault(one.text("url") or "", []).append(one)

    def of(self, response: Element) -> Questions:
        """Return what the Questionnaire of a response says, where exactly one is in the document."""
        found = list(self._named(response, response.text("questionnaire") or ""))
        if len(found) != 1:
            return Questions()
        (questionnaire,) = found
        if questionnaire.pointer not in self._read:
            self._read[questionnaire.pointer] = _read(questionnaire)
        return self._read[questionnaire.pointer]

    def _named(self, response: Element, address: str) -> Iterator[Element]:
        if address.startswith("#"):
            inside = self._document.contained(response, "Questionnaire")
            yield from (one for one in inside if one.text("id") == address[1:])
            return
        url, _, version = address.partition("|")
        for one in self._by_url.get(url, ()) if url else ():
            if not version or one.text("version") in (None, version):
                yield one


def _read(questionnaire: Element) -> Questions:
    by_link: dict[str, Question] = {}
    level = list(questionnaire.each("item"))
    while level:
        below: list[Element] = []
        for item in level:
            link = item.text("linkId")
            if link is not None:
                by_link.setdefault(link, _question(item))
            below += item.each("item")
        level = below
    return Questions(by_link=by_link)


def _question(item: Element) -> Question:
    codings = [(coding.text("system"), coding.text("code")) for coding in item.each("code")]
    named = [code for system, code in codings if system == ITEMS]
    return Question(
        items=tuple(dict.fromkeys(filter(None, (*named, _defined(item.text("definition")))))),
        codes=tuple(f"{system or ''}|{code}" for system, code in codings if code),
        repeats=item.members.get("repeats") is True,
    )


def _defined(definition: object) -> str | None:
    """Return the item that a definition means; None where it is not one of ours."""
    if not isinstance(definition, str) or not definition.startswith(_DEFINED):
        return None
    return definition.rpartition("#")[2] if "#" in definition else None
