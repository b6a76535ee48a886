"""A draft as the file that it becomes, and as a report."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from typing import Any, Final

from canonical.version import __version__
from service.drafting.draft import Draft
from service.drafting.line import Line
from service.drafting.question import Kind, Question
from service.drafting.quoting import key, quoted
from service.reports.printable import printable

_WIDTH: Final = 116
_SURE: Final = 0.85
_LIKELY: Final = 0.65


def mapping(draft: Draft) -> str:
    """Return the mapping file: the questions on top, and behind each line how sure it is."""
    return "\n".join(_file(draft)) + "\n"


def told(draft: Draft) -> str:
    """Return the report for people: the questions first, then what was found."""
    sure = sum(line.confidence >= _SURE for line in draft.lines)
    spec = f"{draft.spec.status.value} {draft.spec.version}"
    seen = f"assessments {draft.sample.records}, places {len(draft.sample.places)}"
    found = f"Items of the {spec} found: {len(draft.lines)}, surely {sure}."
    lines = [
        f"{printable(draft.sample.name)}: {draft.sample.format}, {seen}. {found}",
        "",
        f"Questions for a person: {len(draft.questions)}",
        *_numbered(draft),
        "",
        *(f"{_word(line.confidence):<7} {line.confidence:.2f}  {line.item}  {_places(line)}" for line in draft.lines),
    ]
    if draft.left:
        lines += ["", f"Places that nothing reads: {len(draft.left)}", *(f"  {quoted(p.path)}" for p in draft.left)]
    return "\n".join(lines) + "\n"


def as_json(draft: Draft) -> str:
    """Return the report for programs."""
    return json.dumps(_told(draft), ensure_ascii=False, indent=2) + "\n"


def _told(draft: Draft) -> dict[str, Any]:
    return {
        "ecas_bridge": __version__,
        "spec": {"version": draft.spec.version, "status": draft.spec.status.value, "digest": draft.spec.digest},
        "sample": draft.sample.name,
        "format": draft.sample.format,
        "records": draft.sample.records,
        "questions": [
            {"kind": q.kind.name.lower(), "items": list(q.items), "text": q.text, "candidates": list(q.candidates)}
            for q in draft.questions
        ],
        "items": [
            {"item": line.item, "places": list(line.places), "line": line.text, "confidence": line.confidence}
            for line in draft.lines
        ],
        "unread": [place.path for place in draft.left],
        "mapping": mapping(draft),
    }


def _file(draft: Draft) -> Iterator[str]:
    yield f"# Drafted by “ecas mapping init” from {printable(draft.sample.name)} for the {draft.spec.status.value} {draft.spec.version}."
    yield "# Behind each line stands how sure it is, from 0 to 1. Nothing is decided until a person has looked."
    yield "#"
    yield f"# Questions for a person: {len(draft.questions)}"
    yield from (f"# {line}".rstrip() for line in _numbered(draft))
    yield ""
    yield f"agency    = {quoted(draft.agency or 'your-agency')}"
    yield f"format    = {quoted(draft.sample.format)}"
    yield f"effective = {draft.spec.in_force.isoformat()}"
    yield from draft.sample.head
    yield ""
    yield "[items]"
    widest = max((len(key(line.item)) for line in draft.lines), default=0)
    for line in draft.lines:
        yield f"{key(line.item):<{widest}} = {line.text}  # {line.confidence:.2f}"
    for name, words in draft.tables.items():
        yield ""
        yield f"[codes.{key(name)}]"
        for word, code in words.items():
            if code is None:
                yield f"# {key(word)} = ?"
            else:
                yield f"{quoted(word)} = {quoted(code[0])}{'' if code[1] else '  # a guess'}"
    if draft.sample.tail:
        yield ""
        yield from draft.sample.tail
    if draft.left:
        yield ""
        yield f"# Places that nothing reads: {len(draft.left)}. Name under “ignore” what is to stay home."
        yield from (f"#   {quoted(place.path)}" for place in draft.left)


def _numbered(draft: Draft) -> Iterator[str]:
    for number, question in enumerate(draft.questions, start=1):
        yield from _wrapped(f"{number:>3}. ", question)


def _wrapped(mark: str, question: Question) -> list[str]:
    grave = "[required] " if question.kind is Kind.REQUIRED else ""
    return textwrap.wrap(
        printable(grave + question.text), _WIDTH, initial_indent=mark, subsequent_indent=" " * len(mark),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def _word(confidence: float) -> str:
    return "sure" if confidence >= _SURE else "likely" if confidence >= _LIKELY else "unsure"


def _places(line: Line) -> str:
    return " and ".join(map(quoted, line.places)) or line.keys[0]
