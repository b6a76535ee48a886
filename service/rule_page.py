"""One page of ``docs/rules``: what a code means, why it matters, how to mend it, and who can help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from canonical.desk import Desk
from canonical.finding import HoldCause, Kind, Severity
from specs.requirements import OUR_ASSUMPTION
from specs.spec import Spec

#: The first thing in every page, for whoever would edit it.
NOTE: Final = "<!-- Written by `make docs` from {source}; change it there. -->"
#: What takes a memory of what was sent before, so that only the service can find it.
_SERVICE_ALONE: Final = frozenset({"X004"})
#: What follows from a finding of each weight, on the command line and in the service.
_CONSEQUENCES: Final = {
    "rejected": "**Error**, and the state's own word: the submission ends `rejected` and is never sent again as it is.",
    "unchecked": "**Unchecked**, which is never a pass: `ecas validate` exits 3, and the service keeps the submission "
    "`held` for the cause `{hold}`.",
    "hold": "**Hold**: `ecas validate` exits 1, and the service keeps the submission `held` for the cause `{hold}` until "
    "it is cured.",
    "remembered": "**Error**, which only the service can find: it keeps the submission `blocked`, and never sends it.",
    "unread": "**Error**: `ecas validate` exits 1, and the service keeps an assessment that it concerns `blocked`. Where "
    "nothing at all could be read, the service answers 422 and keeps the payload, with no submission.",
    "error": "**Error**: `ecas validate` exits 1, and the service keeps the submission `blocked`: it is never sent. Repair "
    "it and send it again.",
    "warning": "**Warning**: worth mending, and stops nothing; with `--fail-on warning`, `ecas validate` exits 1.",
    "advice": "**Advice**: worth knowing, and stops nothing.",
}
#: Where the words of each family of codes come from; of all others, from ecas-bridge itself.
_AUTHORS: Final = {
    "B": ", a rule of the package",
    "C": ", the certification policy of the package",
    "S": "; what it asks follows from the package's dictionary, and each finding cites the item's own requirements",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What there is to tell about one code."""

    code: str
    title: str
    severity: Severity
    kind: Kind
    hold: HoldCause | None
    message: str
    why: str
    fix: str
    desk: Desk | None
    cites: tuple[str, ...]
    #: The file that the words come from.
    source: str
    fhirpath: str = ""
    example: str

    @property
    def weight(self) -> str:
        """How much it weighs, in the word that reports use."""
        if self.kind is Kind.COULD_NOT_CHECK:
            return "unchecked"
        return "hold" if self.hold is not None else self.severity.value

    def text(self, spec: Spec) -> str:
        """Return the page; the package supplies the sentences that it cites."""
        sections = {
            "What it is": f"{self.message}\n\n{_CONSEQUENCES[self._consequence].format(hold=self.hold)}",
            "Why it matters": self.why,
            "How to mend it": self.fix,
            "Example": self.example,
            "Who can help": self._help(),
            "Source": self._source(spec),
        }
        body = "\n\n".join(f"## {heading}\n\n{text}" for heading, text in sections.items())
        return f"# {self.code} · {self.title}\n\n{NOTE.format(source=self.source)}\n\n{body}\n"

    @property
    def _consequence(self) -> str:
        if self.kind is Kind.STATE:
            return "rejected"
        if self.weight == Severity.ERROR:
            if self.code in _SERVICE_ALONE:
                return "remembered"
            return "unread" if self.code.startswith("A") else "error"
        return self.weight

    def _help(self) -> str:
        if self.desk is None:
            return "Nobody else: the repair is in your own hands."
        reach = " · ".join(filter(None, (self.desk.name, self.desk.phone, self.desk.email)))
        return f"**{reach}**\n\n{self.desk.handles}\n\n> {self.desk.say}"

    def _source(self, spec: Spec) -> str:
        author = _AUTHORS.get(self.code[0], ", a check of ecas-bridge and not of the state")
        paragraphs = [f"`{self.source}`{author}."]
        if self.cites:
            paragraphs.append("\n".join(f"- {_cited(cite, spec)}" for cite in self.cites))
        if self.fhirpath:
            paragraphs.append(f"In FHIRPath, for readers (it is never run):\n\n```text\n{self.fhirpath}\n```")
        return "\n\n".join(paragraphs)


def _cited(cite: str, spec: Spec) -> str:
    if cite == OUR_ASSUMPTION:
        return "Our assumption: no public source says so."
    requirement = spec.requirements[cite]
    return f"{requirement.id} ({requirement.strength}): {requirement.text} *{requirement.cites}*"
