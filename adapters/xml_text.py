"""XML as a tree of plain objects, or the reason why there is none.

The one door (``markup/door.py``) parses, and tells a builder; the library's own tree is never built.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakValueDictionary

from canonical.refusal import Refused
from markup.door import Watch, watched
from markup.text import DOCUMENT, Limits

#: What XML calls white space.
BLANKS: Final = " \t\r\n"
#: Each character that is written by its number comes as a piece of its own.
_PIECES: Final = 4096


class Element:
    """One element: plain, and small, for there may be many."""

    __slots__ = ("above", "attributes", "content", "number", "ordinal", "position", "tag")

    def __init__(self, tag: str, attributes: tuple[tuple[str, str], ...], above: Element | None, number: int) -> None:
        #: ``{namespace}name``, or the name alone where there is no namespace.
        self.tag = tag
        self.attributes = attributes
        self.above = above
        #: Which element of the document it is, from 0.
        self.number = number
        #: Which child element of its parent it is, from 1.
        self.ordinal = 1
        #: Which one of its name, whatever the namespace, among them, from 1; 0 where it is the only one.
        self.position = 0
        #: Runs of text and elements, in their order.
        self.content: Sequence[Element | str] = ()

    def add(self, one: Element | str) -> None:
        """Take a run of text or an element behind what it holds."""
        if isinstance(self.content, list):
            self.content.append(one)
        else:  # most elements hold nothing, or one text: a list for each would cost as much as all else
            self.content = [one]

    @property
    def name(self) -> str:
        """The name without its namespace."""
        return local(self.tag)

    def elements(self) -> Iterator[Element]:
        """Yield the child elements."""
        return (child for child in self.content if type(child) is Element)

    def text(self) -> str:
        """Return its own text, without that of the elements in it."""
        return "".join(child for child in self.content if type(child) is str)


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class Parsed:
    """A document that was read."""

    #: What it was read from, and how much of it there may be.
    content: bytes = field(repr=False)
    limits: Limits
    root: Element = field(repr=False)
    #: The text in UTF-8, without a byte order mark: where things stand is looked up in it.
    text: bytes = field(repr=False)


#: By the identity of the bytes: the trees that somebody holds; none of them is held by this.
_HELD: Final[WeakValueDictionary[int, Parsed]] = WeakValueDictionary()


def local(tag: str) -> str:
    """Return a name without its namespace."""
    return tag[tag.rfind("}") + 1 :]


def parse(content: bytes, limits: Limits = DOCUMENT) -> Parsed | Refused:
    """Return the tree of a document, or why there is none; never raises for any bytes.

    While somebody still holds the tree of the same bytes, it is that one: reading, places and edits each ask for it.
    """
    known = _HELD.get(id(content))
    if known is not None and known.content is content and known.limits == limits:
        return known
    builder = _Builder(limits)
    text = watched(content, builder)
    if isinstance(text, tuple):
        return text
    assert builder.root is not None, "a document that parses has a root"
    parsed = _HELD[id(content)] = Parsed(content=content, limits=limits, root=builder.root, text=text)
    return parsed


class _Builder(Watch):
    """Builds the tree."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self.root: Element | None = None
        self._here: Element | None = None
        #: How many of each name the elements above, and the one at hand, hold so far.
        self._seen: list[dict[str, int]] = [{}]
        self._run: list[str] = []
        self._elements = 0
        #: Each name once, and without its namespace: there are few, and many elements.
        self._names: dict[str, tuple[str, str]] = {}

    def meet(self, tag: str, attributes: Mapping[str, str]) -> None:
        if self._run:
            self._end_run()
        names = self._names.get(tag)
        if names is None:
            names = self._names[tag] = (tag, local(tag))
        tag, name = names
        pairs = tuple(attributes.items()) if attributes else ()
        above = self._here
        element = self._here = Element(tag, pairs, above, self._elements)
        self._elements += 1
        if above is None:
            self.root = element
        else:
            seen = self._seen[-1]
            seen[name] = element.position = seen.get(name, 0) + 1
            above.add(element)
        self._seen.append({})

    def data(self, text: str) -> None:
        """Keep a piece of text; a comment inside a run does not cut it in two."""
        self._run.append(text)
        if len(self._run) == _PIECES:
            self._run = ["".join(self._run)]

    def end(self, tag: str) -> None:  # noqa: ARG002 - the parser tells it
        if self._run:
            self._end_run()
        self._depth -= 1
        element = self._here
        assert element is not None, "an element ends that began"
        seen = self._seen.pop()
        if seen:
            self._place(element, seen)
        self._here = element.above

    def _place(self, element: Element, seen: Mapping[str, int]) -> None:
        """Number the child elements of an element, now that all are there."""
        ordinal = 0
        for child in element.content:
            if type(child) is Element:
                ordinal += 1
                child.ordinal = ordinal
                if seen[child.name] == 1:
                    child.position = 0

    def _end_run(self) -> None:
        run = "".join(self._run)
        self._run.clear()
        if self._here is not None and run.strip(BLANKS):
            self.count()
            self._here.add(run)
