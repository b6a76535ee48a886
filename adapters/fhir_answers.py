"""The answers that a QuestionnaireResponse gives itself, link id by link id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from adapters.draft import Draft
from adapters.faults import AMBIGUOUS, ANSWERED_TWICE, NO_ASSESSMENT, UNFIT_KIND
from adapters.fhir_document import Document
from adapters.fhir_element import Element
from adapters.fhir_questions import Questions
from canonical.assessment import Source
from canonical.occurrence import nth_of

#: A tuple, because what stands there may be anything, and not everything can be looked up in a set.
_NOT_FINAL: Final = ("in-progress", "entered-in-error")


def _coded(value: object) -> str | None:
    code = value.get("code") if isinstance(value, dict) else None
    return code if isinstance(code, str) else None


def _worded(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _counted(value: object) -> str | None:
    return str(value) if type(value) is int else None


def _measured(value: object) -> str | None:
    """Return a whole number that is written as a decimal; one with a fraction has no canonical form."""
    whole = type(value) is int or (isinstance(value, float) and value.is_integer())
    return str(int(value)) if whole and isinstance(value, int | float) else None


def _decided(value: object) -> str | None:
    return ("true" if value else "false") if isinstance(value, bool) else None


@dataclass(frozen=True, slots=True)
class _Choice:
    """One of FHIR's kinds of answer that has a canonical form."""

    read: Callable[[object], str | None]
    #: What is wrong where ``read`` finds nothing.
    otherwise: str


_CHOICES: Final = {
    "valueCoding": _Choice(_coded, "A valueCoding answers by its code, and this one has none."),
    "valueInteger": _Choice(_counted, "A valueInteger is a whole number, without quotes."),
    "valueDecimal": _Choice(_measured, "A decimal with a fraction has no canonical form here."),
    "valueString": _Choice(_worded, "A valueString is a text in quotes."),
    "valueDate": _Choice(_worded, "A valueDate is a text in quotes."),
    "valueDateTime": _Choice(_worded, "A valueDateTime is a text in quotes."),
    "valueBoolean": _Choice(_decided, "A valueBoolean is true or false, without quotes."),
}
_OTHER_KINDS: Final = frozenset({"valueAttachment", "valueQuantity", "valueReference", "valueTime", "valueUri"})

_NO_OBJECT: Final = "A FHIR object is expected here; something else stands in its place."


def read_answers(response: Element, document: Document, questions: Questions, draft: Draft) -> None:
    """Put every answered question of the response into the draft."""
    _Answers(document, questions, draft).read_items(response.members, response.pointer, response.label)


def check_final(response: Element, document: Document, draft: Draft) -> None:
    """Refuse a response that is not final, or that its Bundle asks to delete."""
    status = response.member("status")
    if status is not None and status.value in _NOT_FINAL:
        message = "The QuestionnaireResponse is not final: its status says in progress, or entered in error."
        draft.note(NO_ASSESSMENT.found(message, status.source(document.file)))
    if document.is_deleted(response):
        message = "The Bundle asks to delete this QuestionnaireResponse, so it is no assessment to submit."
        draft.note(NO_ASSESSMENT.found(message, response.source(document.file)))


def canonical(answer: Element) -> str | None:
    """Return the canonical text of an answer; None where it has none."""
    for kind, value in answer.members.items():
        if kind in _CHOICES:
            return _CHOICES[kind].read(value)
    return None


class _Answers:
    """Walks the items of one response: on the hot path, so an ``Element`` is made for each answer and nothing else."""

    def __init__(self, document: Document, questions: Questions, draft: Draft) -> None:
        self._document = document
        self._questions = questions
        self._draft = draft

    def read_items(self, parent: dict[str, object], pointer: str, label: str, occurrence: int = 1) -> None:
        """Read the items below a response, an item or an answer, at any depth.

        A group that stands there again under the same link id is the next occurrence of its section, and so of all in it.
        """
        items = parent.get("item")
        if not isinstance(items, list):
            return
        groups: Counter[str] = Counter()
        plainly = not self._questions.by_link and not self._document.complaints.any
        for position, item in enumerate(items):
            if plainly and self._is_plain(item, pointer, label, position, occurrence):
                continue
            place, called = f"{pointer}/item/{position}", f"{label}.item[{position}]"
            if not isinstance(item, dict):
                self._document.complaints.misfit(Element(value=item, pointer=place, label=called), _NO_OBJECT)
                continue
            if "answer" in item:
                self._read(item, f"{place}/answer", f"{called}.answer", occurrence)
                if "item" in item:
                    self.read_items(item, place, called, occurrence)
            elif isinstance(group := item.get("linkId"), str):
                groups[group] += 1
                self.read_items(item, place, called, max(occurrence, groups[group]))
            else:
                self.read_items(item, place, called, occurrence)

    def _is_plain(self, item: object, pointer: str, label: str, position: int, occurrence: int) -> bool:
        """Return whether an item is what most are, and was read: a link id, and one answer of one kind."""
        if not isinstance(item, dict) or "item" in item or "definition" in item:
            return False
        link, answers = item.get("linkId"), item.get("answer")
        if not isinstance(link, str) or not isinstance(answers, list) or len(answers) != 1:
            return False
        (answer,) = answers
        if not isinstance(answer, dict) or len(answer) != 1:
            return False
        ((kind, value),) = answer.items()
        choice = _CHOICES.get(kind)
        text = None if choice is None else choice.read(value)
        if text is None:
            return False
        place = Source(
            file=self._document.file,
            pointer=f"{pointer}/item/{position}/answer/0",
            label=f"{label}.item[{position}].answer[0]",
        )
        self._draft.answer(nth_of(link, occurrence), text, place)
        return True

    def _read(self, item: dict[str, object], pointer: str, label: str, occurrence: int) -> None:
        """Read what an item was answered, and the items below it."""
        named = self._questions.items(item)
        code = nth_of(named[0], occurrence) if named else None
        whole = Element(value=item["answer"], pointer=pointer, label=label)
        answers = list(whole.elements())
        if code is None:
            self._document.complaints.misfit(whole, "An item without a link id cannot be answered.")
        elif len(named) > 1:
            message = "The Questionnaire says that this link id means one item, and also another."
            for one in named:
                self._draft.fault(AMBIGUOUS, message, whole.source(self._document.file), item=one)
        elif len(answers) == 1 and answers[0].members:
            self._take(code, answers[0])
        elif len(answers) > 1 and self._questions.repeats(item) and occurrence == 1:
            for number, answer in enumerate(answers, start=1):
                self._take(nth_of(named[0], number), answer)
        elif len(answers) > 1:
            sources = (answer.source(self._document.file) for answer in answers)
            self._draft.fault(ANSWERED_TWICE, "This item has more than one answer.", *sources, item=code)
        else:
            self._document.complaints.misfit(
                whole, "An answer is an array of FHIR objects; here it is empty, or holds something else."
            )
            self._give_up(code, whole)
        for answer in answers:
            if "item" in answer.members:
                self.read_items(answer.members, answer.pointer, answer.label, occurrence)

    def _take(self, code: str, answer: Element) -> None:
        """Put an answer into the draft, in its canonical form."""
        if self._document.complaints.concern(answer, code):
            self._draft.give_up(code)
            return
        for kind, value in answer.members.items():
            choice = _CHOICES.get(kind)
            if choice is not None:
                self._choose(code, choice, value, answer)
            elif kind in _OTHER_KINDS:
                message = f"An answer of the kind {kind} has no canonical form here."
                self._draft.fault(UNFIT_KIND, message, answer.source(self._document.file), item=code)

    def _choose(self, code: str, choice: _Choice, value: object, answer: Element) -> None:
        """Read one value[x] as its kind asks."""
        text = choice.read(value)
        if text is not None:
            self._draft.answer(code, text, answer.source(self._document.file))
        elif isinstance(value, dict | float):
            self._draft.fault(UNFIT_KIND, choice.otherwise, answer.source(self._document.file), item=code)
        else:
            self._document.complaints.misfit(answer, choice.otherwise)
            self._give_up(code, answer)

    def _give_up(self, code: str, element: Element) -> None:
        """Let the complaint about an element name its item, and the item have no answer."""
        self._document.complaints.concern(element, code)
        self._draft.give_up(code)
