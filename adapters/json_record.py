"""Records of JSON of any shape: whatever a path of the mapping names becomes one, and every leaf is a field.

The text is decoded as strictly as FHIR is (``json_text.py``), but numbers keep the digits that the sender wrote. A label is a
path that leads to its field, ``visits[2]/answers[3]/value``; a member whose name no mapping declares stands in it as ``*[4]``:
the fourth of its object. ``null`` holds nothing and is no field.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

import orjson

from adapters.declared import LONGEST_NAME, NOTHING, Declared
from adapters.json_positions import Lines, escaped
from adapters.json_text import decode
from adapters.path import Name, Path, parse, quoted
from adapters.record import Field
from adapters.walk import Walk
from canonical.assessment import Source
from canonical.refusal import Refusal, Refused

MAX_BYTES: Final = 10_000_000
#: A hundred times as many as an assessment has questions, and more.
MAX_VALUES: Final = 200_000
MAX_NAMES: Final = 100_000
#: Characters of one name.
MAX_NAME: Final = LONGEST_NAME
_FLAWS_SHOWN: Final = 20
#: Said of a place in which the mapping expects one value.
_PARTS: Final = "An object stands here; the path of the mapping must lead to one value in it."
#: A string, perhaps a name, or what stands before a value that is not the first of all.
_MARKS: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"(?:[ \t\r\n]*+(?P<name>:))?|(?P<value>[\[{,])', re.DOTALL)
_NUMBERS: Final = re.compile(rb'("(?:[^"\\]|\\.)*+")|-?[0-9][0-9.eE+-]*+', re.DOTALL)
#: A string (a name, where a colon follows it), the beginning of an array or object, or the word of a number or literal.
_VALUE: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"(?P<name>[ \t\r\n]*+:)?|[{\[]|[^\s{}\[\],:"]++')
_LONG_NAME: Final = re.compile(rb'"(?:[^"\\]|\\.){%d,}+"[ \t\r\n]*+:' % (MAX_NAME + 1), re.DOTALL)


class _Node:
    """A value, and the way to it."""

    __slots__ = ("above", "member", "name", "path", "place", "value")

    def __init__(self, value: object, above: _Node | None, member: str | None, place: int) -> None:
        self.value = value
        self.above = above
        #: The name of the member; None in an array, and at the top.
        self.member = member
        #: Which value of its object or array it is, from 1.
        self.place = place
        #: Kept where it holds others: label, whether it is the array that a name leads to, and pointer, if it may be shown.
        self.path: tuple[str, bool, str | None] | None = None
        #: Likewise, as its record calls it: the record, the name, and whether it stands in that record.
        self.name: tuple[_Node, str, bool] | None = None

    @property
    def holds(self) -> bool:
        """Whether there are values in it."""
        return type(self.value) in (dict, list)

    def inside(self) -> Iterator[_Node]:
        """Yield the values in it."""
        if type(self.value) is dict:
            for place, (name, value) in enumerate(self.value.items(), start=1):
                yield _Node(value, self, name, place)
        elif type(self.value) is list:
            for place, value in enumerate(self.value, start=1):
                yield _Node(value, self, None, place)


class _Members:
    """JSON as a walk sees it."""

    def children(self, node: _Node, name: Name | None) -> Sequence[_Node]:
        if name is None:
            return tuple(node.inside())
        if name.attribute or name.namespace:
            return ()
        if type(node.value) is list:
            return [child for one in node.inside() if type(one.value) is dict for child in self.children(one, name)]
        if type(node.value) is not dict or name.local not in node.value:
            return ()
        place = 0  # looked up where somebody asks: it takes a walk over the object
        member = _Node(node.value[name.local], node, name.local, place)
        return tuple(member.inside()) if type(member.value) is list else (member,)

    def width(self, node: _Node) -> int:
        return len(node.value) if type(node.value) in (dict, list) else 1  # type: ignore[arg-type]  # both have one

    def text(self, node: _Node) -> str | None:
        return _text(node.value)


_MEMBERS: Final = _Members()


class JsonDocument:
    """A JSON text that was read."""

    def __init__(self, value: object, content: bytes, file: str, declared: Declared) -> None:
        """Take the value apart from its text."""
        self._top = _Node(value, None, None, 1)
        self._content = content
        self._file = file
        self._declared = declared

    def records(self, at: str = "") -> Iterator[JsonRecord]:
        """Yield what a path names, from the document's top; without a path the document, or each element of an array."""
        if at:
            nodes = Walk(_MEMBERS, self._top, self._top).find(parse(at))
        else:
            nodes = list(self._top.inside()) if type(self._top.value) is list else [self._top]
        for node in nodes:
            yield JsonRecord(self, node)

    def all(self) -> Iterator[Field]:
        """Yield every field of the document, once."""
        return self.fields_below(self._top)

    def locate(self, sources: Iterable[Source]) -> dict[Source, Source]:
        """Return the sources of this document with line and column: it takes another walk over the text."""
        located = {source: source for source in sources}
        wanted = {source.label: source for source in located}
        numbers: dict[int, Source] = {}
        stack = [self._top]
        number = 0
        while stack and len(numbers) < len(wanted):
            node = stack.pop()
            if (source := wanted.get(self._path(node)[0] or "/")) is not None:
                numbers[number] = source
            number += 1
            stack += list(node.inside())[::-1]
        text = self._content.decode()
        lines = Lines(text)
        # The walk over the text meets the same values in the same order.
        values = (found for found in _VALUE.finditer(text) if not found["name"])
        for _, (at, value) in zip(range(max(numbers, default=-1) + 1), enumerate(values), strict=False):
            if (source := numbers.get(at)) is not None:
                line, column = lines.place(value.start())
                located[source] = replace(source, line=line, column=column)
        return located

    def source(self, node: _Node) -> Source:
        """Return the place of a value."""
        label, _, pointer = self._path(node)
        return Source(file=self._file, pointer=pointer, label=label or "/")

    def _path(self, node: _Node) -> tuple[str, bool, str | None]:
        """Return the label of a value, whether it is the array that a name leads to, and its RFC 6901 pointer.

        The elements of such an array count as the name's. A pointer holds names, so it is None where one is not declared.
        """
        if node.path is not None:
            return node.path
        if node.above is None:
            return "", False, ""
        label, of_array, pointer = self._path(node.above)
        if node.member is None:
            step, token, of_array = (f"[{node.place}]" if of_array else f"/*[{node.place}]"), str(node.place - 1), False
        else:
            step, token = self._step(node, node.member), escaped(node.member)
            of_array = node.member in self._declared and type(node.value) is list
            pointer = pointer if node.member in self._declared else None
        path = (label + step, of_array, None if pointer is None else f"{pointer}/{token}")
        if node.holds:
            node.path = path
        return path

    def _step(self, node: _Node, member: str) -> str:
        """Return how a label calls a member: by its name if that is declared, else by its place in its object."""
        if member in self._declared:
            return f"/{quoted(member)}"
        assert node.above is not None, "a member is in an object"
        place = node.place or 1 + list(node.above.value).index(member)  # type: ignore[call-overload]
        return f"/*[{place}]"

    def field(self, leaf: _Node, text: str, record: _Node) -> Field:
        """Return a leaf of a record as a field."""
        return Field(text=text, source=self.source(leaf), name=self._name(leaf, record))

    def _name(self, leaf: _Node, record: _Node) -> str:
        """Return what a leaf is called in every record: which element of an array it is makes no difference."""
        _, name, inside = self._below(leaf, record)
        return name.removeprefix("/") or "." if inside else name

    def _below(self, node: _Node, record: _Node) -> tuple[_Node, str, bool]:
        if node is record or node.above is None:
            return record, "", node is record
        if node.name is not None and node.name[0] is record:
            return node.name
        _, name, inside = self._below(node.above, record)
        found = (record, name + (self._step(node, node.member) if node.member is not None else ""), inside)
        if node.holds:
            node.name = found
        return found

    def fields_below(self, below: _Node) -> Iterator[Field]:
        """Yield the leaves of a value, in the document's order."""
        stack = [iter([below])]
        while stack:
            node = next(stack[-1], None)
            if node is None:
                stack.pop()
            elif (text := _text(node.value)) is not None:
                yield self.field(node, text, below)
            elif node.holds:
                stack.append(node.inside())


class JsonRecord:
    """One value of a document that becomes one assessment."""

    def __init__(self, document: JsonDocument, node: _Node) -> None:
        """Take a value of a document."""
        self._document = document
        self._node = node
        top = node
        while top.above is not None:
            top = top.above
        self._walk = Walk(_MEMBERS, node, top)

    @property
    def origin(self) -> Source:
        """The place of the value."""
        return self._document.source(self._node)

    def fields(self, path: str) -> Sequence[Field]:
        """Return the leaves that a path names; an array counts as its elements, and an object is there without a value.

        Raises:
            PathDefect: the path is none.
        """
        return self.found(parse(path))

    def found(self, path: Path) -> Sequence[Field]:
        """Return the leaves that a parsed path names."""
        found = (node.inside() if type(node.value) is list else (node,) for node in self._walk.find(path))
        named = bool(path.steps) and path.steps[-1].name is not None  # what “*” finds is of any kind
        fields = (self._field(leaf, named=named) for leaves in found for leaf in leaves)
        return [field for field in fields if field is not None]

    def _field(self, leaf: _Node, *, named: bool) -> Field | None:
        """Return a leaf as a field; a null is not there, and for what has parts no default may stand in."""
        text = _text(leaf.value)
        if text is not None:
            return self._document.field(leaf, text, self._node)
        if not leaf.holds or not named:
            return None
        field = self._document.field(leaf, "", self._node)
        field.void = _PARTS
        return field

    def all(self) -> Iterator[Field]:
        """Yield every leaf of the record."""
        return self._document.fields_below(self._node)


def read_json(content: bytes, file: str, declared: Declared = NOTHING) -> JsonDocument | Refused:
    """Return the document, or why it was refused; never raises for any bytes."""
    if refusal := _too_large(content):
        return (refusal,)
    if flaws := decode(content).flaws:
        return tuple(Refusal(reason=f.reason, line=f.line, column=f.column) for f in flaws[:_FLAWS_SHOWN])
    content = content.removeprefix(codecs.BOM_UTF8)
    # Once more, with every number as a text: 2.50 must not become 2.5.
    return JsonDocument(orjson.loads(_NUMBERS.sub(_as_text, content)), content, file, declared)


def _as_text(found: re.Match[bytes]) -> bytes:
    """Return a string as it is, and a number as a string."""
    return found[1] or b'"%b"' % found[0]


def _too_large(content: bytes) -> Refusal | None:
    """Return why a text is not decoded at all."""
    if len(content) > MAX_BYTES:
        return Refusal(reason=f"The text is larger than {MAX_BYTES // 1_000_000} MB.")
    if sum(map(content.count, (b",", b"[", b"{"))) >= MAX_VALUES or content.count(b":") > MAX_NAMES:
        values = names = 0
        for mark in _MARKS.finditer(content):
            values += mark["value"] is not None
            names += mark["name"] is not None
            if values == MAX_VALUES or names > MAX_NAMES:
                line = content.count(b"\n", 0, mark.start()) + 1
                reason = f"The text holds more than {MAX_VALUES:,} values or {MAX_NAMES:,} names."
                return Refusal(reason=reason, line=line)
    if found := _LONG_NAME.search(content):
        line = content.count(b"\n", 0, found.start()) + 1
        return Refusal(reason=f"A name is longer than {MAX_NAME} characters.", line=line)
    return None


def _text(value: object) -> str | None:
    """Return the text of a leaf, as JSON writes it; None for what is none, and for null."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else None
