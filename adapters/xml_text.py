"""XML, read by the one hardened parser: a tree of plain objects, or the reason why not.

Before anything is parsed the text is cut down to UTF-8 (UTF-16, ISO-8859-1 and Windows-1252 where the document says so, and
nothing else), and a document that declares a document type is refused: there are no entities to expand, no file to fetch.
What remains is fed to a parser that builds no tree of its own; a counter in front of ours ends it at the first limit.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from lxml import etree

from adapters.refusal import Refusal, Refused

if TYPE_CHECKING:
    from lxml.etree import ParserTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How large a document may be."""

    bytes: int = 10_000_000
    #: Elements within one another.
    depth: int = 200
    #: Elements, attributes, runs of text, comments and processing instructions.
    nodes: int = 200_000
    #: Of one element.
    attributes: int = 256


DOCUMENT: Final = Limits()
#: What XML calls white space.
BLANKS: Final = " \t\r\n"
#: What the parser is fed at a time: it stops soon after a limit.
_MOUTHFUL: Final = 65536
#: Each character that is written by its number comes as a piece of its own.
_PIECES: Final = 4096
_ENCODINGS: Final = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "utf-16": "utf-16",
    "utf-16le": "utf-16",
    "utf-16be": "utf-16",
    "iso-8859-1": "latin-1",
    "latin1": "latin-1",
    "latin-1": "latin-1",
    "windows-1252": "windows-1252",
    "cp1252": "windows-1252",
}
_DECLARED: Final = re.compile(rb"<\?xml\s[^>]{0,200}?\bencoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
#: Blanks, processing instructions and comments: all that may stand before a document type.
_PROLOG: Final = re.compile(rb"(?:[ \t\r\n]++|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)
_ATTRIBUTE: Final = re.compile(rb"[^\s=\"'<>/]+\s*=\s*(?:\"[^\"<]*+\"|'[^'<]*+')")

#: A tag long enough to hold more attributes than 64.
_LONG: Final = re.compile(rb"<[^<]{320,}+")

_NO_XML: Final = "The text is not well-formed XML at this place."
#: Our words for the numbers by which the parser names what is wrong; its own may quote the content.
_REASONS: Final = {
    5: "Something follows the end of the document.",
    9: "A character stands here that XML does not allow.",
    26: "An entity is used that XML itself does not define; write the character, or its number.",
    38: "An attribute holds the sign <; it is written &lt;.",
    39: "The value of an attribute stands in quotes.",
    41: "An attribute has no value.",
    42: "An attribute stands twice in one element.",
    68: "A name stands here that XML does not allow, or a < that is to be written &lt;.",
    73: "A tag is not closed by >.",
    76: "An element is closed under another name than it was opened.",
    77: "The document ends before all its elements are closed.",
    81: "The bytes are not of the encoding that the document says.",
    201: "A name has a prefix that no namespace is declared for.",
}


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A document that was read."""

    root: Element = field(repr=False)
    #: The text in UTF-8, without a byte order mark: where things stand is looked up in it.
    text: bytes = field(repr=False)


def local(tag: str) -> str:
    """Return a name without its namespace."""
    return tag[tag.rfind("}") + 1 :]


def parse(content: bytes, limits: Limits = DOCUMENT) -> Parsed | Refused:
    """Return the tree of a document, or why there is none; never raises for any bytes."""
    text = _cleared(content, limits)
    if isinstance(text, Refusal):
        return (text,)
    builder = _Builder(limits)
    refusal = _fed(text, builder)
    if refusal is not None:
        return (refusal,)
    assert builder.root is not None, "a document that parses has a root"
    return Parsed(root=builder.root, text=text)


def walk(content: bytes, watch: Watch) -> Refused:
    """Tell a watcher every start of an element, and keep no tree; return why the document was not read to its end."""
    text = _cleared(content, watch.limits)
    refusal = text if isinstance(text, Refusal) else _fed(text, watch)
    return () if refusal is None else (refusal,)


class _Stop(Exception):
    """A limit was reached; it never leaves this file."""


class Watch:
    """Counts what the parser meets; a subclass looks at it."""

    def __init__(self, limits: Limits) -> None:
        """Begin at nothing."""
        self.limits = limits
        #: Why it was stopped; empty while it was not.
        self.stopped = ""
        self._nodes = 0
        self._depth = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Count an element and its attributes."""
        self._depth += 1
        self._nodes += 1 + len(attributes)
        if self._depth > self.limits.depth:
            self.stop(f"Elements are nested deeper than {self.limits.depth} levels.")
        if len(attributes) > self.limits.attributes:
            self.stop(f"An element has more than {self.limits.attributes} attributes.")
        if self._nodes > self.limits.nodes:
            self.stop(f"The document has more than {self.limits.nodes:,} elements, attributes and texts.")
        self.meet(tag, attributes)

    def meet(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Look at the start of an element."""

    def end(self, tag: str) -> None:  # noqa: ARG002 - the parser tells it
        """Count the way back."""
        self._depth -= 1

    def comment(self, text: str) -> None:  # noqa: ARG002 - as above
        """Count what holds no data."""
        self.count()

    def pi(self, target: str, data: str | None = None) -> None:  # noqa: ARG002 - as above
        """Count what holds no data."""
        self.count()

    def doctype(self, name: str | None, public: str | None, system: str | None) -> None:  # noqa: ARG002 - as above
        """Stop at a document type that was seen too late."""
        self.stop(_DOCTYPE)

    def close(self) -> None:
        """Have nothing to return."""

    def count(self) -> None:
        """Count one node."""
        self._nodes += 1
        if self._nodes > self.limits.nodes:
            self.stop(f"The document has more than {self.limits.nodes:,} elements, attributes and texts.")

    def stop(self, reason: str) -> None:
        """End the parsing."""
        self.stopped = reason
        raise _Stop


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


_DOCTYPE: Final = "The document declares a document type (DOCTYPE), which is never read: leave it out."


def _cleared(content: bytes, limits: Limits) -> bytes | Refusal:
    """Return the text in UTF-8 if it may be parsed at all."""
    if len(content) > limits.bytes:
        return Refusal(reason=f"The document is larger than {limits.bytes // 1_000_000} MB.")
    text = _as_utf8(content)
    if isinstance(text, Refusal):
        return text
    begin = _PROLOG.match(text)
    assert begin is not None, "it may match nothing, and then it matches"
    if text[begin.end() : begin.end() + 9].upper() == b"<!DOCTYPE":
        return Refusal(reason=_DOCTYPE, line=text.count(b"\n", 0, begin.end()) + 1)
    # The parser reads a tag to its end before it tells anybody how much is in it.
    if text.count(b"<") > 3 * limits.nodes:
        return Refusal(reason=f"The document has more than {limits.nodes:,} elements, attributes and texts.")
    for part in _LONG.finditer(text):
        if part[0].count(b"=") > limits.attributes and len(_ATTRIBUTE.findall(part[0])) > limits.attributes:
            reason = f"An element has more than {limits.attributes} attributes."
            return Refusal(reason=reason, line=text.count(b"\n", 0, part.start()) + 1)
    return text


def _as_utf8(content: bytes) -> bytes | Refusal:
    """Return the content in UTF-8 without a byte order mark."""
    marked, encoding = _marked(content)
    if encoding == "utf-32":
        return Refusal(reason="The document is in UTF-32; UTF-8, UTF-16, ISO-8859-1 and Windows-1252 are read.")
    wide = encoding.startswith("utf-16")
    text = _recoded(content[marked:], encoding) if wide else content[marked:]
    if isinstance(text, Refusal):
        return text
    declared = _DECLARED.match(text)
    said = (
        _ENCODINGS.get(declared[1].decode().lower()) if declared else encoding.removesuffix("-le").removesuffix("-be")
    )
    if said is None:
        return Refusal(reason="The document says an encoding that is not read: use UTF-8.", line=1)
    if wide != (said == "utf-16") or (encoding == "utf-8" and said not in ("", "utf-8")):
        return Refusal(reason="The document says one encoding and is in another.", line=1)
    return text if wide else _recoded(text, said or "utf-8")


def encoding_of(content: bytes) -> tuple[int, str]:
    """Return the length of the byte order mark and the encoding of a document that was read."""
    marked, shown = _marked(content)
    said = _DECLARED.match(content[marked:])
    if not said or shown.startswith("utf-16"):
        return marked, shown or "utf-8"
    return marked, _ENCODINGS[said[1].decode().lower()]


def _marked(content: bytes) -> tuple[int, str]:
    """Return the length of the byte order mark and the encoding that the first bytes show; empty where they show none."""
    if content.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, b"<\0\0\0", b"\0\0\0<")):
        return 0, "utf-32"
    for mark, encoding in ((codecs.BOM_UTF8, "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if content.startswith(mark):
            return len(mark), encoding
    return 0, {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}.get(content[:2], "")


def _recoded(content: bytes, encoding: str) -> bytes | Refusal:
    """Return the content in UTF-8, piece by piece: one wide character must not quadruple a large text."""
    decoder = codecs.getincrementaldecoder(encoding)()
    pieces: list[bytes] = []
    line = 1
    for at in range(0, len(content), _MOUTHFUL):
        try:
            piece = decoder.decode(content[at : at + _MOUTHFUL], final=at + _MOUTHFUL >= len(content))
        except UnicodeDecodeError as broken:
            line += broken.object[: broken.start].decode(encoding, "ignore").count("\n")
            return Refusal(reason="The bytes are not of the encoding that the document says, or of UTF-8.", line=line)
        line += piece.count("\n")
        if encoding != "utf-8":
            pieces.append(piece.encode())
    return content if encoding == "utf-8" else b"".join(pieces)


def _fed(text: bytes, watch: Watch) -> Refusal | None:
    """Feed a text to the parser, and return why it was refused."""
    parser = etree.XMLParser(
        target=cast("ParserTarget[None]", watch),  # it has what it needs, and nothing that would slow it down
        encoding="utf-8",
        # None can be declared without a document type; False would leave an ampersand in an attribute as “&#38;”.
        resolve_entities="internal",
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
    )
    if not text.strip():
        return Refusal(reason="The file is empty.")
    try:
        for at in range(0, len(text), _MOUTHFUL):
            parser.feed(text[at : at + _MOUTHFUL])
        parser.close()
    except _Stop:
        return Refusal(reason=watch.stopped)
    except etree.XMLSyntaxError as broken:
        line, column = broken.position
        return Refusal(reason=_REASONS.get(broken.code, _NO_XML), line=max(line, 1), column=max(column, 1))
    # The parser goes on after a name whose prefix means nothing, and drops the prefix.
    for fault in parser.feed_error_log.filter_from_errors():
        return Refusal(reason=_REASONS.get(fault.type, _NO_XML), line=max(fault.line, 1), column=max(fault.column, 1))
    return None
