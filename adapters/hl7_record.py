"""Records of HL7 v2: a message, or each group of one that begins with OBR; every leaf of every segment is a field.

A path names segments, fields, components and subcomponents: ``PID-5.1``, ``PID-3[5 = "MR"].1``, and by its code an answer:
``OBX[3.1 = "LDF_SLEEP"]-5``. A path that ends above the leaves names the first of them, as HL7 itself reads what an older version
had in one piece. Where OBX-2 says that the value has no parts (a text, a number, a date), OBX-5 is not cut into any. What
OBX-11 withdraws is found, and is void.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from adapters.hl7_escapes import decoded
from adapters.hl7_status import Standing, standing
from adapters.hl7_text import Hl7File, Message, Segment, cut
from adapters.path import Name, Path, parse
from adapters.record import Field
from adapters.walk import Walk
from canonical.assessment import Source

#: OBX-2 of values that have no components.
PLAIN: Final = frozenset({"ST", "TX", "FT", "NM", "SI", "IS", "ID", "DT", "TM", "DTM"})
#: How HL7 writes that a value is to be empty.
_NULL: Final = '""'
#: How labels of parts of an OBX-5 begin.
_IN_VALUE: Final = re.compile(r"-5(?![0-9])")
_REPETITION: Final = re.compile(r"\[[0-9]+\]")
_OBX_TYPE: Final = 2
_OBX_VALUE: Final = 5
_MSH_SIGNS: Final = 2
_LONGEST_PLACE: Final = 5
#: Below these nothing is cut any more.
_RECORD, _SEGMENT, _FIELD, _COMPONENT, _LEAF = range(5)


class _Node:
    """A record, a segment, one repetition of a field, a component or a subcomponent."""

    __slots__ = ("column", "label", "level", "segment", "segments", "text")

    def __init__(
        self, level: int, text: str, column: int, label: str, segment: Segment | None, segments: Sequence[Segment] = ()
    ) -> None:
        self.level = level
        self.text = text
        #: Where it begins in its line, from 0.
        self.column = column
        #: What follows the segment in its name.
        self.label = label
        self.segment = segment
        self.segments = segments


class _Parts:
    """One message as a walk sees it."""

    def __init__(self, message: Message) -> None:
        self._message = message
        self._signs = message.delimiters
        self._cut: dict[int, Sequence[tuple[str, int]]] = {}

    def _fields(self, segment: Segment) -> Sequence[tuple[str, int]]:
        """Return the fields of a segment, cut once for a record."""
        fields = self._cut.get(segment.line)
        if fields is None:
            fields = self._cut[segment.line] = segment.fields()
        return fields

    def children(self, node: _Node, name: Name | None) -> Sequence[_Node]:
        if node.level == _RECORD:
            wanted = (one for one in node.segments if name is None or one.name == name.local)
            return [_Node(_SEGMENT, one.text, 0, "", one) for one in wanted]
        if name is None:
            return list(self.parts(node))
        if not name.local.isdecimal() or len(name.local) > _LONGEST_PLACE:
            return ()
        place = int(name.local)
        return self._field(node, place) if node.level == _SEGMENT else self._part(node, place)

    def width(self, node: _Node) -> int:
        return 1 + len(node.segments)

    def text(self, node: _Node) -> str | None:
        return self.value(self.leaf(node)) if node.level > _SEGMENT else None

    def value(self, leaf: _Node) -> str:
        """Return the text of a leaf."""
        return "" if leaf.text == _NULL else decoded(leaf.text, self._signs, self._message.encoding)

    def leaf(self, node: _Node) -> _Node:
        """Return the first leaf of a field, or of a part of one."""
        while node.level < _LEAF:
            node = next(self.parts(node))
        return node

    def leaves(self, record: _Node) -> Iterator[_Node]:
        """Yield every leaf of a record that holds anything; most fields hold nothing, and most others have no parts."""
        signs = self._signs
        for segment in record.segments:
            whole = _Node(_SEGMENT, segment.text, 0, "", segment)
            head = 1 if segment.name == "MSH" else 0
            for at, (text, column) in enumerate(self._fields(segment)[1:], start=1):
                if not text:
                    continue
                if signs.repetition in text or signs.component in text or signs.subcomponent in text:
                    yield from self._below(self._field(whole, at + head))
                else:
                    yield _Node(_LEAF, text, column, f"-{at + head}", segment)

    def _below(self, nodes: Sequence[_Node]) -> Iterator[_Node]:
        """Yield the leaves of a field that hold anything."""
        stack = list(reversed(nodes))
        while stack:
            node = stack.pop()
            if node.level < _LEAF:
                stack += list(self.parts(node))[::-1]
            elif node.text:
                yield node

    def parts(self, node: _Node) -> Iterator[_Node]:
        """Yield the repetitions of all fields of a segment, or the parts of a field."""
        if node.level == _SEGMENT:
            assert node.segment is not None, "a segment is one"
            first = 1 if node.segment.name == "MSH" else 0
            for place in range(1 + first, len(self._fields(node.segment)) + first):
                yield from self._field(node, place)
            return
        sign = self._signs.component if node.level == _FIELD else self._signs.subcomponent
        if sign not in node.text:
            # A part that is alone bears no number, but for the component around subcomponents.
            cut_below = node.level == _FIELD and self._signs.subcomponent in node.text
            yield _Node(node.level + 1, node.text, node.column, node.label + ".1" * cut_below, node.segment)
            return
        for place, (text, column) in enumerate(cut(node.text, sign, node.column), start=1):
            yield _Node(node.level + 1, text, column, f"{node.label}.{place}", node.segment)

    def _part(self, node: _Node, place: int) -> Sequence[_Node]:
        if node.level == _LEAF:
            return (node,) if place == 1 else ()
        return [part for at, part in enumerate(self.parts(node), start=1) if at == place]

    def _field(self, node: _Node, place: int) -> Sequence[_Node]:
        """Return the repetitions of a field."""
        segment = node.segment
        assert segment is not None, "a field is of a segment"
        head = segment.name == "MSH"
        at = place - 1 if head else place
        fields = self._fields(segment)
        if not 0 < at < len(fields):
            return ()
        text, column = fields[at]
        if head and place == _MSH_SIGNS:
            return (_Node(_LEAF, "", column, "-2", segment),)
        plain = segment.name == "OBX" and place == _OBX_VALUE and segment.field(_OBX_TYPE) in PLAIN
        level = _LEAF if plain else _FIELD
        if self._signs.repetition not in text:
            return (_Node(level, text, column, f"-{place}", segment),)
        return [
            _Node(level, one, begin, f"-{place}[{number}]", segment)
            for number, (one, begin) in enumerate(cut(text, self._signs.repetition, column), start=1)
        ]


class Hl7Record:
    """One message, or one group of it, that becomes one assessment."""

    def __init__(self, message: Message, segments: Sequence[Segment], head: Segment | None = None) -> None:
        """Take segments of a message; ``head`` is the one by which a group is known."""
        self._message = message
        self._head = head
        self._parts = _Parts(message)
        self._top = _Node(_RECORD, "", 0, "", None, segments)
        document = _Node(_RECORD, "", 0, "", None, message.segments)
        self._walk = Walk(self._parts, self._top, document)
        self._standings: dict[int, Standing] = {}

    @property
    def origin(self) -> Source:
        """The place of the message, or of the segment that begins the group."""
        return self._message.place(self._head)

    def fields(self, path: str) -> Sequence[Field]:
        """Return the leaves that a path names.

        Raises:
            PathDefect: the path is none.
        """
        return self.found(parse(path, hl7=True))

    def found(self, path: Path) -> Sequence[Field]:
        """Return the leaves that a parsed path names; a segment alone is none."""
        leaves = (self._parts.leaf(node) for node in self._walk.find(path) if node.level > _SEGMENT)
        return [self._field(leaf, self._void(leaf)) for leaf in leaves if leaf.text]

    def all(self) -> Iterator[Field]:
        """Yield every leaf that holds anything."""
        return map(self._field, self._parts.leaves(self._top))

    def _void(self, leaf: _Node) -> str:
        """Return why a leaf is no answer: of a result that was withdrawn none is, of one that is none its value is not."""
        segment = leaf.segment
        if segment is None or segment.name != "OBX":
            return ""
        found = self._standings.get(segment.line)
        if found is None:
            found = self._standings[segment.line] = standing(segment)
        if found is Standing.UNCONFIRMED or (found is Standing.NO_RESULT and not _IN_VALUE.match(leaf.label)):
            return ""
        return found.value

    def _field(self, leaf: _Node, void: str = "") -> Field:
        source = self._message.place(leaf.segment, leaf.label, leaf.column + 1)
        label = _REPETITION.sub("", leaf.label) if "[" in leaf.label else leaf.label
        name = (leaf.segment.name if leaf.segment else "") + label
        text = self._parts.value(leaf)
        return Field(text=text, source=source, name=name, void=void if text else "")


def records(file: Hl7File, *, by_order: bool = False) -> Iterator[Hl7Record]:
    """Yield a record for each message; by order, one for each OBR with what follows it and what stands before the first."""
    for message in file.messages:
        begins = [place for place, one in enumerate(message.segments) if by_order and one.name == "OBR"]
        if not begins:
            yield Hl7Record(message, message.segments)
            continue
        shared = message.segments[: begins[0]]
        for begin, end in zip(begins, [*begins[1:], len(message.segments)], strict=True):
            yield Hl7Record(message, [*shared, *message.segments[begin:end]], message.segments[begin])
