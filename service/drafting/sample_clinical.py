"""Samples in C-CDA: the places that the standard names, and the answers by the code of their observation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from adapters.xml_text import Element, Parsed, parse
from canonical.payload import Payload
from service.drafting.lexicon import CDA_NAMES
from service.drafting.quoting import quoted
from service.drafting.sample import Place, Sample

_DOCUMENT: Final = "ClinicalDocument"
#: The root of such a document.
ROOT: Final = f"{{urn:hl7-org:v3}}{_DOCUMENT}"
#: Elements that say by a code which one of several they are.
_CODED: Final = frozenset({"section", "organizer", "observation", "act"})
_PATIENT: Final = "recordTarget/patientRole"
#: How a section calls what was written about it as a whole.
_COMMENT: Final = "comment"

_OF_THE_STATE: Final = re.compile(r"mass ?health|medicaid|mmis", re.IGNORECASE)
#: Social Security numbers, which are nobody's business here.
_SSN: Final = "2.16.840.1.113883.4.1"
#: The day of an author is that of the visit in one program, and that of the signature in another.
_AUTHORED: Final = "author/time/@value"


def clinical(payload: Payload) -> Sample | None:
    """Return what a C-CDA document shows; None for other XML."""
    parsed = parse(payload.content)
    if not isinstance(parsed, Parsed) or parsed.root.tag != ROOT:
        return None
    found = [*_head(parsed.root), *_identifiers(parsed.root), *_answers(parsed.root, "", "")]
    often = Counter(place.path for place in found)
    doubts = ["Is the whole document one assessment?"]
    if often[_AUTHORED]:
        doubts.append(f"Is {_AUTHORED} the day of the assessment, or the day on which it was made final?")
    # What two elements share is no place.
    places = tuple(place for place in found if often[place.path] == 1)
    return Sample(
        name=payload.name.rpartition("/")[2],
        format="xml",
        records=1,
        places=places,
        head=(f"records = {quoted(_DOCUMENT)}",),
        doubts=tuple(doubts),
    )


def _place(path: str, name: str, text: str, display: str = "") -> Place:
    return Place(path=path, name=name, texts=(text,), shown={text: display} if display else {})


def _head(root: Element) -> Iterator[Place]:
    """Yield what the standard has a place for."""
    for path, name in CDA_NAMES.items():
        steps, _, attribute = path.partition("@")
        for element in _at(root, steps.rstrip("/").split("/")):
            text = _attribute(element, attribute) if attribute else element.text().strip()
            if text:
                yield _place(path, name, text)


def _identifiers(root: Element) -> Iterator[Place]:
    """Yield the numbers of the child, each by who gave it."""
    for element in _at(root, [*_PATIENT.split("/"), "id"]):
        said = _attribute(element, "assigningAuthorityName")
        key, text = ("assigningAuthorityName", said) if said else ("root", _attribute(element, "root"))
        if text and _attribute(element, "root") != _SSN and (number := _attribute(element, "extension")):
            name = f"{said} id" if _OF_THE_STATE.search(said) else f"{said} chart id"
            yield _place(f"{_PATIENT}/id[@{key} = {_literal(text)}]/@extension", name, number)


def _answers(element: Element, path: str, above: str) -> Iterator[Place]:
    """Yield what the observations below an element hold, each called by its section and its own words."""
    for child in element.elements():
        code = _code(child) if child.name in _CODED else None
        step = f"{path}/{child.name}".lstrip("/")
        here = above
        if code is not None:
            step += f"[code/@code = {_literal(_attribute(code, 'code'))}]"
            said = _said(child, code)
            if child.name == "section":
                here = said
                yield from _narrative(child, step, said)
            elif child.name == "act":
                yield from _remark(child, step, above)
            else:
                yield from _value(child, step, f"{above}: {said}" if above else said)
        if child.name != "text":
            yield from _answers(child, step, here)


def _value(observation: Element, path: str, name: str) -> Iterator[Place]:
    for value in _at(observation, ["value"]):
        for attribute in ("value", "code"):
            if text := _attribute(value, attribute):
                yield _place(f"{path}/value/@{attribute}", name, text, _attribute(value, "displayName"))
                return
        if text := value.text().strip():
            yield _place(f"{path}/value", name, text)


def _narrative(section: Element, path: str, name: str) -> Iterator[Place]:
    """Yield what is written about a section for people, where it is a paragraph of its own."""
    for paragraph in _at(section, ["text", "paragraph"]):
        if text := paragraph.text().strip():
            yield _place(f"{path}/text/paragraph", f"{name}: {_COMMENT}", text)


def _remark(act: Element, path: str, name: str) -> Iterator[Place]:
    """Yield the text of a Comment Activity."""
    for text in _at(act, ["text"]):
        if said := text.text().strip():
            yield _place(f"{path}/text", f"{name}: {_COMMENT}", said)


def _said(element: Element, code: Element) -> str:
    """Return what an element is called: by its title, its code's own words, or the code."""
    title = next((one.text().strip() for one in _at(element, ["title"])), "")
    return title or _attribute(code, "displayName") or _attribute(code, "code")


def _code(element: Element) -> Element | None:
    return next((one for one in _at(element, ["code"]) if _attribute(one, "code")), None)


def _at(element: Element, steps: list[str]) -> Iterator[Element]:
    for child in element.elements():
        if child.name == steps[0]:
            yield from _at(child, steps[1:]) if steps[1:] else (child,)


def _attribute(element: Element, name: str) -> str:
    return dict(element.attributes).get(name, "").strip()


def _literal(text: str) -> str:
    """Return a text as a path writes it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
