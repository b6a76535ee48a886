"""Records of XML of any shape: whatever a path of the mapping names becomes one; every attribute and run of text is a field.

A pointer is an XPath whose names are of any namespace, ``/report/answer[3]/@value``; an element or attribute whose name no
mapping declares stands in it by its position, ``*[4]``. Declarations of namespaces are no fields, and neither are blanks
between elements.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Final

from adapters.declared import NOTHING, Declared
from adapters.path import Name, Path, parse
from adapters.record import Field
from adapters.walk import Walk
from adapters.xml_positions import Spot, places
from adapters.xml_text import Element, Parsed, local
from adapters.xml_text import parse as parse_xml
from canonical.assessment import Source
from canonical.refusal import Refused


class _Node:
    """An element, one of its attributes, or one of its runs of text."""

    __slots__ = ("alone", "attribute", "element", "run", "value")

    def __init__(
        self, element: Element, *, attribute: int = 0, run: int = 0, alone: bool = True, value: str | None = None
    ) -> None:
        self.element = element
        #: Which attribute of the element, from 1; 0 for none.
        self.attribute = attribute
        #: Which run of text of the element, from 1; 0 for none.
        self.run = run
        #: Whether it is the only run of its element.
        self.alone = alone
        #: The text of an attribute or a run.
        self.value = value

    @property
    def text(self) -> str:
        return self.element.text() if self.value is None else self.value

    def alone_with_text(self) -> bool:
        """Return whether it is an element with one run of text, which bears the same pointer."""
        return self.value is None and sum(type(one) is str for one in self.element.content) == 1

    def attributes(self) -> Iterator[_Node]:
        """Yield the attributes of an element."""
        for place, (_, value) in enumerate(self.element.attributes, start=1):
            yield _Node(self.element, attribute=place, value=value)

    def content(self) -> Iterator[_Node]:
        """Yield the runs of text of an element, and the elements in it."""
        alone = sum(type(one) is str for one in self.element.content) == 1
        run = 0
        for one in self.element.content:
            if type(one) is Element:
                yield _Node(one)
            elif type(one) is str:
                run += 1
                yield _Node(self.element, run=run, alone=alone, value=one)


class _Document(Element):
    """What stands above the root: a path from the document names the root first."""

    __slots__ = ()


class _Branches:
    """XML as a walk sees it."""

    def children(self, node: _Node, name: Name | None) -> Sequence[_Node]:
        element = node.element
        if node.attribute:
            return ()
        if name is None:
            return [_Node(child) for child in element.elements()] if element.content else ()
        if name.attribute:
            tags = (tag for tag, _ in element.attributes)
            return [one for one, tag in zip(node.attributes(), tags, strict=True) if _fits(tag, name)]
        return [_Node(child) for child in element.elements() if _fits(child.tag, name)]

    def width(self, node: _Node) -> int:
        return 1 + len(node.element.content) + len(node.element.attributes)

    def text(self, node: _Node) -> str | None:
        return node.text


def _fits(tag: str, name: Name) -> bool:
    return local(tag) == name.local if name.namespace is None else tag == name.exact


_BRANCHES: Final = _Branches()


class XmlDocument:
    """An XML document that was read."""

    def __init__(self, parsed: Parsed, file: str, declared: Declared) -> None:
        """Take what the parser gave."""
        self._parsed = parsed  # held, so that whoever asks for its places need not parse again
        self._text = parsed.text
        self._top = _Document("", (), None, -1)
        self._root = parsed.root
        self._top.add(self._root)
        self._file = file
        self._declared = declared

    def records(self, at: str = "") -> Iterator[XmlRecord]:
        """Yield the elements that a path names, from above the root; without a path the root."""
        top = _Node(self._top)
        for node in Walk(_BRANCHES, top, top).find(parse(at or "*")):
            yield XmlRecord(self, node, top)

    def all(self) -> Iterator[Field]:
        """Yield every field of the document, once."""
        return self.fields_of(_Node(self._root))

    def fields_of(self, node: _Node) -> Iterator[Field]:
        """Yield the attributes and runs of text of an element, and those of the elements in it."""
        return self._walked(node, node.element, attributes=True)

    def texts_of(self, node: _Node, record: _Node) -> Iterator[Field]:
        """Yield an attribute; or the runs of text of an element and of those in it: what a reader of it would see."""
        return self._walked(node, record.element, attributes=False)

    def _walked(self, begin: _Node, record: Element, *, attributes: bool) -> Iterator[Field]:
        stack = [iter([begin])]
        while stack:
            node = next(stack[-1], None)
            if node is None:
                stack.pop()
            elif node.value is not None:
                yield self._field(node, record)
            else:
                if attributes:
                    yield from (self._field(one, record) for one in node.attributes())
                if node.element.content:
                    stack.append(node.content())

    def _field(self, node: _Node, record: Element) -> Field:
        return Field(text=node.text, source=self.source(node), name=self._name(node, record))

    def _name(self, node: _Node, record: Element) -> str:
        """Return what a field is called in every record: which one of several elements it is in makes no difference."""
        steps = [self._shown(node)] if node.attribute else []
        element: Element | None = node.element
        while element is not None and element is not record and element is not self._top:
            steps.append(element.name if element.name in self._declared else f"*[{element.ordinal}]")
            element = element.above
        path = "/".join(reversed(steps))
        return path or "." if element is record else f"/{path}"

    def source(self, node: _Node) -> Source:
        """Return the place of a node."""
        pointer = self._pointer(node)
        return Source(file=self._file, pointer=pointer, label=pointer)

    def _pointer(self, node: _Node) -> str:
        steps: list[str] = []
        element: Element | None = node.element
        while element is not None and element is not self._top:
            steps.append(self._step(element))
            element = element.above
        way = "".join(f"/{step}" for step in reversed(steps)) or "/"
        if node.attribute:
            return f"{way}/{self._shown(node)}"
        return way if node.alone else f"{way}/text()[{node.run}]"

    def _shown(self, node: _Node) -> str:
        """Return the name of an attribute; one of a namespace may have a twin without, and is told by its position."""
        name = node.element.attributes[node.attribute - 1][0]
        return f"@{name}" if name in self._declared else f"@*[{node.attribute}]"

    def _step(self, element: Element) -> str:
        if element.name not in self._declared:
            return f"*[{element.ordinal}]"
        return element.name + (f"[{element.position}]" if element.position else "")

    def locate(self, sources: Iterable[Source]) -> dict[Source, Source]:
        """Return the sources of this document with line and column: it takes another walk over the text."""
        wanted = {source.label: source for source in sources}
        spots: dict[Source, Spot] = {}
        stack = [iter([_Node(self._root)])]
        while stack and len(spots) < len(wanted):
            node = next(stack[-1], None)
            if node is None:
                stack.pop()
                continue
            source = wanted.get(self._pointer(node))
            # An element and its only text have one name; what has a text is asked for because of it.
            if source is not None and (node.value is not None or not node.alone_with_text()):
                spots[source] = (node.element.number, node.attribute, node.run)
            if node.value is None:
                stack.append(chain(node.attributes(), node.content()))
        found = places(self._text, frozenset(spots.values()))
        located: dict[Source, Source] = {}
        for source in wanted.values():
            line, column = found.get(spots[source], (None, None)) if source in spots else (None, None)
            located[source] = replace(source, line=line, column=column)
        return located


class XmlRecord:
    """One element that becomes one assessment."""

    def __init__(self, document: XmlDocument, node: _Node, top: _Node) -> None:
        """Take an element of a document."""
        self._document = document
        self._node = node
        self._walk = Walk(_BRANCHES, node, top)

    @property
    def origin(self) -> Source:
        """The place of the element."""
        return self._document.source(self._node)

    def fields(self, path: str) -> Sequence[Field]:
        """Return the attributes that a path names, or the runs of text of the elements that it names and of those in them.

        Raises:
            PathDefect: the path is none.
        """
        return self.found(parse(path))

    def found(self, path: Path) -> Sequence[Field]:
        """Return what a parsed path names."""
        return [field for node in self._walk.find(path) for field in self._document.texts_of(node, self._node)]

    def all(self) -> Iterator[Field]:
        """Yield every field of the element."""
        return self._document.fields_of(self._node)


def read_xml(content: bytes, file: str, declared: Declared = NOTHING) -> XmlDocument | Refused:
    """Return the document, or why it was refused; never raises for any bytes."""
    parsed = parse_xml(content)
    return XmlDocument(parsed, file, declared) if isinstance(parsed, Parsed) else parsed
