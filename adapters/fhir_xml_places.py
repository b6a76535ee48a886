"""Where the things of a FHIR document in XML stand: from pointers into its JSON form to XPath, and to lines and columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from adapters import xml_text
from adapters.fhir_xml import LIMITS
from adapters.xml_positions import Spot, places
from adapters.xml_text import Element, Parsed
from canonical.assessment import Reading, Source
from canonical.finding import Finding
from canonical.payload import Payload

#: A value stands no deeper in an answer than this.
_DEEPEST: Final = 4
_STEP: Final = re.compile(r"(@?)([^\[\]/@]+)(?:\[([1-9][0-9]*)\])?")
#: Elements below which the type of a resource stands as an element of its own.
_HOLD_RESOURCES: Final = frozenset({"resource", "contained", "outcome"})


class XPaths:
    """Translates pointers into the JSON form of one document."""

    def __init__(self, value: dict[str, object]) -> None:
        """Keep the document that pointers lead through."""
        self._value = value
        self._known: dict[str, tuple[str, object]] = {"": (f"/{value.get('resourceType')}", value)}

    def of(self, source: Source) -> Source:
        """Return a source whose pointer is an XPath; names stand for those of FHIR's namespace."""
        return source if source.pointer is None else replace(source, pointer=self.xpath(source.pointer))

    def xpath(self, pointer: str) -> str:
        """Return the XPath of a pointer; beyond the end of the document its last step is told as it is."""
        return self._reached(pointer)[0]

    def _reached(self, pointer: str) -> tuple[str, object]:
        if pointer not in self._known:
            above, _, step = pointer.rpartition("/")
            self._known[pointer] = self._stepped(above, step)
        return self._known[pointer]

    def _stepped(self, above: str, step: str) -> tuple[str, object]:
        path, value = self._reached(above)
        if isinstance(value, list):
            number = int(step) if step.isdigit() else 0
            inner = value[number] if number < len(value) else None
            here = path if len(value) == 1 else f"{path}[{number + 1}]"
            return self._inside(above.rpartition("/")[2], here, inner)
        inner = value.get(step) if isinstance(value, dict) else None
        if isinstance(inner, str) and isinstance(value, dict) and self._is_attribute(above, step, value):
            return f"{path}/@{step}", inner
        here = f"{path}/{step.removeprefix('_')}"
        return (here, inner) if isinstance(inner, list) else self._inside(step, here, inner)

    def _inside(self, name: str, path: str, inner: object) -> tuple[str, object]:
        """Return the way into a resource, whose type is an element, and into anything else as it is."""
        if name in _HOLD_RESOURCES and isinstance(inner, dict) and isinstance(inner.get("resourceType"), str):
            return f"{path}/{inner['resourceType']}", inner
        return path, inner

    def _is_attribute(self, above: str, step: str, value: dict[str, object]) -> bool:
        """Return whether XML writes it as an attribute: the id of what is no resource, the address of an extension."""
        if step == "id":
            return "resourceType" not in value
        return step == "url" and re.search(r"[eE]xtension/\d+$", above) is not None


def in_xml(reading: Reading, value: dict[str, object]) -> Reading:
    """Return a reading of the JSON form of a document, its places told as XPath."""
    of = XPaths(value).of
    return replace(
        reading,
        findings=tuple(_moved(finding, of) for finding in reading.findings),
        assessments=tuple(
            replace(
                one,
                origin=of(one.origin),
                answers={item: replace(answer, source=of(answer.source)) for item, answer in one.answers.items()},
                findings=tuple(_moved(finding, of) for finding in one.findings),
            )
            for one in reading.assessments
        ),
    )


def _moved(finding: Finding, of: Callable[[Source], Source]) -> Finding:
    return replace(finding, sources=tuple(map(of, finding.sources)))


def located(payload: Payload, sources: Iterable[Source]) -> dict[Source, Source]:
    """Return each source with the line and column where the element at its XPath begins, or the one around it that exists."""
    sources = tuple(sources)
    wanted = {source for source in sources if source.line is None and source.pointer is not None}
    parsed = xml_text.parse(payload.content, LIMITS) if wanted else ()
    if isinstance(parsed, tuple):
        return {source: source for source in sources}
    ways = _Ways(parsed.root)
    spots = {source: (ways.to(source.pointer or ""), 0, 0) for source in wanted}
    found = places(parsed.text, frozenset(spots.values()))
    return {source: _placed(source, found[spots[source]]) if source in wanted else source for source in sources}


def answers(parsed: Parsed, sources: Iterable[Source]) -> dict[Source, Spot]:
    """Return which attribute holds the value of each source: that of its element, or of what answers in it."""
    ways = _Ways(parsed.root)
    found = {source: _answering(ways.element(source.pointer or ""), source.pointer or "") for source in sources}
    return {source: spot for source, spot in found.items() if spot is not None}


def _answering(element: Element, xpath: str) -> Spot | None:
    read = _STEP.fullmatch(xpath.rpartition("/")[2])
    if read is None or read[2] != element.name:
        return None  # the path leads beyond the end of the document: this is what stands around it
    for _ in range(_DEEPEST):
        names = [name for name, _ in element.attributes]
        if "value" in names:
            return (element.number, names.index("value") + 1, 0)
        inside = [one for one in element.elements() if one.name.startswith("value")]
        inside = inside or [one for one in element.elements() if one.name == "code"]
        if len(inside) != 1:
            return None
        element = inside[0]
    return None


def _placed(source: Source, place: tuple[int, int]) -> Source:
    return replace(source, line=place[0], column=place[1])


class _Ways:
    """Follows XPaths of our own making through a tree, each part of a way once."""

    def __init__(self, root: Element) -> None:
        self._reached: dict[str, Element] = {"": root}
        self._children: dict[int, dict[str, list[Element]]] = {}
        self._root = root

    def to(self, xpath: str) -> int:
        """Return the number of the element that a path leads to, or of the last one on its way."""
        return self.element(xpath).number

    def element(self, xpath: str) -> Element:
        """Return the element that a path leads to, or the last one on its way."""
        return self._element("/" + xpath.lstrip("/").partition("/")[2] if xpath.count("/") > 1 else "")

    def _element(self, path: str) -> Element:
        if path not in self._reached:
            above, _, step = path.rpartition("/")
            self._reached[path] = self._child(self._element(above), step)
        return self._reached[path]

    def _child(self, element: Element, step: str) -> Element:
        read = _STEP.fullmatch(step)
        if read is None or read[1]:
            return element
        if element.number not in self._children:
            by_name = self._children.setdefault(element.number, {"*": []})
            for child in element.elements():
                by_name["*"].append(child)
                by_name.setdefault(child.name, []).append(child)
        found = self._children[element.number].get(read[2], [])
        number = int(read[3] or 1)
        return found[number - 1] if number <= len(found) else element
