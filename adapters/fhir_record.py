"""The answers of one QuestionnaireResponse as fields, for a mapping of format ``fhir``.

A place of the mapping is a link id (``Q17``), or a code of the question with its system
(``http://loinc.org|44250-9``), where the Questionnaire came along. A number behind it in brackets (``Q17[2]``) means only that
one of several. An answer is the text that the adapter would take; of a coding without a code, what it displays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from adapters.fhir_answers import canonical
from adapters.fhir_document import Document
from adapters.fhir_element import Element
from adapters.fhir_questions import Questions
from adapters.record import Field
from canonical.assessment import Source

_ONE_OF: Final = re.compile(r"(.*)\[([1-9][0-9]{0,5})\]")


class FhirRecord:
    """One response, read once into fields."""

    def __init__(self, response: Element, document: Document, questions: Questions) -> None:
        """Walk the items of a response."""
        self._file = document.file
        self._origin = response.source(document.file)
        self._fields: list[Field] = []
        self._by_place: dict[str, list[Field]] = {}
        self._unfit: dict[str, list[Element]] = {}
        level = [response]
        while level:
            holder = level.pop()
            level += reversed(list(holder.each("item")))
            if "answer" in holder.members:
                level += reversed(list(holder.each("answer")))
                self._read(holder, questions)

    @property
    def origin(self) -> Source:
        """The place of the response."""
        return self._origin

    def fields(self, path: str) -> Sequence[Field]:
        """Return the answers to the questions of a link id or a code."""
        found = self._by_place.get(path)
        if found is not None:
            return found
        one = _ONE_OF.fullmatch(path)
        return self._by_place.get(one[1], ())[int(one[2]) - 1 : int(one[2])] if one else ()

    def unfit(self, path: str) -> Sequence[Element]:
        """Return the answers to the questions of a link id or a code that have no text to be read."""
        return self._unfit.get(path, ())

    def all(self) -> Iterator[Field]:
        """Yield every answer."""
        return iter(self._fields)

    def _read(self, item: Element, questions: Questions) -> None:
        link = item.text("linkId")
        places = (*((link,) if link else ()), *questions.codes(item.members))
        for answer in item.each("answer"):
            text = canonical(answer)
            if text is None:
                coding = answer.member("valueCoding")
                text = coding.text("display") if coding else None
            field = None if text is None else Field(text=text, source=answer.source(self._file))
            self._fields += [field] if field else []
            for place in places:
                if field is not None:
                    self._by_place.setdefault(place, []).append(field)
                elif answer.members.keys() - {"item"}:
                    self._unfit.setdefault(place, []).append(answer)
