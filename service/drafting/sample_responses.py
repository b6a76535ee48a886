"""Samples in FHIR whose questions are not ours: each link id by what the form asks there, and what comes along besides."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from adapters.draft import Draft
from adapters.fhir import opened
from adapters.fhir_answers import canonical
from adapters.fhir_document import Document
from adapters.fhir_element import Element
from adapters.fhir_size import TOO_MANY
from adapters.fhir_surroundings import read_surroundings
from adapters.fhir_written import Opened
from canonical.payload import Payload
from service.drafting.names import ItemNames
from service.drafting.sample import NoSample, Place, Sample

_RESPONSE: Final = "QuestionnaireResponse"
_CODING: Final = "valueCoding"


def fhir(payload: Payload, names: ItemNames) -> Sample:
    """Return what QuestionnaireResponses show: each is one assessment.

    Raises:
        NoSample: there is none in the file, or its questions are ours.
    """
    document = _document(payload)
    responses = document.of_type(_RESPONSE)
    if not responses:
        raise NoSample("It is FHIR, and holds no QuestionnaireResponse.")
    asked = _asked(document)
    answers: dict[str, list[Element]] = defaultdict(list)
    called: dict[str, str] = {}
    for response in responses:
        found = [*_answers(response, "", asked)]
        often = Counter(link for link, _, _ in found)
        for link, name, answer in found:
            called.setdefault(link, name)
            if often[link] == 1:
                answers[link].append(answer)
    if called and 2 * sum(map(names.is_code, called)) > len(called):
        raise NoSample("It is FHIR, and its questions are our own: it needs no mapping.")
    codings = Counter(canonical(one) for of_link in answers.values() for one in of_link if one.member(_CODING))
    places = tuple(_place(link, called[link], of_link, codings) for link, of_link in answers.items())
    return Sample(
        name=payload.name.rpartition("/")[2], format="fhir", records=len(responses), places=places,
        given=_given(document), doubts=("Is each QuestionnaireResponse one assessment?",),
    )  # fmt: skip


def _document(payload: Payload) -> Document:
    found = opened(payload)
    if not isinstance(found, Opened):
        raise NoSample(found[0].message)
    document = Document(payload.name, found.value, release=found.told.release)
    if document.complaints.too_many:
        raise NoSample(TOO_MANY)
    return document


def _asked(document: Document) -> dict[str, str]:
    """Return what the Questionnaires of the file ask, by link id: a response may leave it out."""
    asked: dict[str, str] = {}
    forms = [*document.of_type("Questionnaire")]
    for response in document.of_type(_RESPONSE):
        forms += document.contained(response, "Questionnaire")
    level = forms
    while level:
        holder = level.pop()
        level += holder.each("item")
        if (link := holder.text("linkId")) and (text := holder.text("text")):
            asked.setdefault(link, text)
    return asked


def _place(link: str, name: str, answers: list[Element], codings: Mapping[str | None, int]) -> Place:
    """Return the place of a question: codes that repeat in the file are those of a closed set."""
    texts = tuple(text for one in answers if (text := canonical(one)))
    shown = {canonical(one) or "": _display(one) for one in answers if one.member(_CODING)}
    coded = len(shown) > 0 and all(codings[text] > 1 for text in texts)
    return Place(path=link, name=name, texts=texts, shown=shown, coded=coded)


def _display(answer: Element) -> str:
    coding = answer.member(_CODING)
    return (coding.text("display") if coding else None) or ""


def _answers(holder: Element, above: str, asked: dict[str, str]) -> Iterator[tuple[str, str, Element]]:
    """Yield link id, name and place of each answer; what a group is called stands before what it asks."""
    for item in holder.each("item"):
        link = item.text("linkId") or ""
        said = item.text("text") or asked.get(link, "")
        for answer in item.each("answer"):
            name = said or link
            if link:
                yield link, f"{above}: {name}" if above else name, answer
            yield from _answers(answer, said or above, asked)
        yield from _answers(item, said or above, asked)


def _given(document: Document) -> frozenset[str]:
    """Return the items that each response has by itself, from the Patient and whatever else it refers to."""
    given: list[frozenset[str]] = []
    for response in document.of_type(_RESPONSE):
        draft = Draft(response.source(document.file))
        read_surroundings(response, document, draft)
        given.append(frozenset(draft.finish(None).answers))
    return frozenset.intersection(*given)
