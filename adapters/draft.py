"""An assessment while it is being read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from adapters.faults import ANSWERED_TWICE, UNREADABLE_VALUE, Fault, shown
from canonical.assessment import Answer, Assessment, Source
from canonical.finding import Finding
from canonical.provenance import AS_IT_STANDS, Provenance

#: Characters that no XML document can carry, whatever the item.
_UNSENDABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class Draft:
    """Collects one assessment's answers, and what is wrong with them."""

    def __init__(self, origin: Source) -> None:
        """Begin with nothing but the place where the assessment stands."""
        self._origin = origin
        self._answers: dict[str, Answer] = {}
        self._broken: set[str] = set()
        self._findings: list[Finding] = []

    def __contains__(self, item: str) -> bool:
        """Return whether the item has an answer, or a place that could not be read."""
        return item in self._answers or item in self._broken

    def answer(self, item: str, text: str, source: Source, provenance: Provenance = AS_IT_STANDS) -> None:
        """Take the item's own answer; a second one is a finding, and then neither counts."""
        if item in self._answers:
            first = self._answers[item].source
            self.fault(ANSWERED_TWICE, "This item is answered more than once.", first, source, item=item)
        elif item not in self._broken:
            self._keep(item, text, source, provenance)

    def offer(self, item: str, text: str, source: Source) -> None:
        """Take an answer that something else implies; the item's own answer, even a broken one, wins."""
        if item not in self:
            self._keep(item, text, source)

    def agree(self, item: str, told: Sequence[tuple[str, Source]]) -> None:
        """Take what several places tell of one item, its own answer among them; where they differ, none counts."""
        own = self._answers.get(item)
        everything = [*([(own.text, own.source)] if own else []), *told]
        if len({text for text, _ in everything}) > 1:
            sources = (source for _, source in everything)
            self.fault(ANSWERED_TWICE, "Several places tell this item, and they differ.", *sources, item=item)
        elif told:
            self.offer(item, *told[0])

    def text(self, item: str) -> str | None:
        """Return the answer so far, or None."""
        answer = self._answers.get(item)
        return None if answer is None else answer.text

    def fault(self, fault: Fault, message: str, *sources: Source, item: str) -> None:
        """Note that the item's place was found and could not be read."""
        self.note(fault.found(message, *sources, items=shown(item)))
        self.give_up(item)

    def give_up(self, item: str) -> None:
        """Let the item have no answer, because a finding already tells what is wrong with it."""
        self._answers.pop(item, None)
        self._broken.add(item)

    def note(self, finding: Finding) -> None:
        """Add a finding of the assessment."""
        self._findings.append(finding)

    def finish(self, agency: str | None) -> Assessment:
        """Return the assessment."""
        return Assessment(agency=agency, answers=self._answers, origin=self._origin, findings=tuple(self._findings))

    def _keep(self, item: str, text: str, source: Source, provenance: Provenance = AS_IT_STANDS) -> None:
        """Keep a text without the blanks around it; a blank one is no answer."""
        text = text.strip()
        if not text.isprintable() and _UNSENDABLE.search(text):  # what can be printed is nothing of that kind
            message = "The value holds a control character that no submission document can carry."
            self.fault(UNREADABLE_VALUE, message, source, item=item)
        elif text:
            self._answers[item] = Answer(text=text, source=source, provenance=provenance)
