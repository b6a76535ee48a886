"""Mends the mechanical faults of one file, round by round, and looks at what was made of it before anybody writes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from canonical.finding import Finding
from canonical.payload import Payload
from canonical.provenance import OURS
from service.edits.applying import applied
from service.edits.proposing import MENDABLE, edits_of

if TYPE_CHECKING:
    from service.cli.checker import Checker, Examined

#: A mended consent shows the faults of what it lets leave, and so on; more rounds than this no file needs.
_ROUNDS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Mending:
    """What became of one file."""

    payload: Payload
    #: The bytes as they are to be.
    content: bytes = field(repr=False)
    encoding: str
    #: The findings whose edits are in it, and those whose edits are only likely.
    mended: tuple[Finding, ...] = ()
    likely: tuple[Finding, ...] = ()
    #: The format, for a file of which nothing was or could be mended.
    format: str
    #: True where an edit did not do what it was to do: then nothing of its round is in the content.
    astray: bool = False


def mend(checker: Checker, path: Path) -> Mending:
    """Return a file with every certain edit in it; nothing is written.

    Raises:
        ConfigurationError: as ``Checker.examine``.
    """
    examined = checker.examine(path)
    payload, content = examined.payload, examined.payload.content
    mended: list[Finding] = []
    astray = False
    encoding = "utf-8"
    for _ in range(_ROUNDS):
        findings = [one for _, report in examined.checked(edits=True).assessments for one in report.findings]
        edits = edits_of(findings)
        if not edits:
            break
        encoding = edits[0].encoding
        draft = applied(content, edits)
        after = checker.examine(path, draft)
        chosen = [finding for finding in findings if finding.edit in edits]
        if not _is_faithful(examined, after, edited=frozenset(_places(chosen))):
            astray = True
            break
        mended += chosen
        content, examined = draft, after
    likely = tuple(one for one in findings if one.edit is not None and not one.edit.certain)
    return Mending(
        payload=payload,
        content=content,
        encoding=encoding,
        mended=tuple(mended),
        likely=likely,
        format=examined.reading.format,
        astray=astray,
    )


def _places(findings: list[Finding]) -> Iterator[tuple[str, str]]:
    return ((finding.items[0], finding.sources[0].label) for finding in findings)


def _is_faithful(before: Examined, after: Examined, *, edited: frozenset[tuple[str, str]]) -> bool:
    """Return whether all edited items can be read now, and every other answer is what it was."""
    if len(before.judged) != len(after.judged):
        return False
    for (old, _), (new, _) in zip(before.judged, after.judged, strict=True):
        for item, answer in old.answers.items():
            kept = answer.provenance is OURS or new.text(item) == answer.text
            if not kept and (item, answer.source.label) not in edited:
                return False
    findings = (one for _, report in after.judged for one in report.findings if one.rule in MENDABLE)
    return edited.isdisjoint((item, source.label) for one in findings for item in one.items for source in one.sources)
