"""The one door: every parser of XML in this project is made here, and so is every compiled schema.

A text is cut down first (``markup/text.py``), then fed to a parser that builds nothing, while a watch counts and ends it at
the first limit. Only what passed is built into a tree: by whoever watched, or by the library, for those who need its own.
No file, address, entity, inclusion or stylesheet that a document names is ever opened. (docs/adr/0037)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from lxml import etree

from canonical.refusal import Refusal, Refused
from markup.text import DOCTYPE, DOCUMENT, Limits, cleared

#: What the parser is fed at a time: it stops soon after a limit.
_MOUTHFUL: Final = 65536
_XS: Final = "{http://www.w3.org/2001/XMLSchema}"
#: What would make a schema draw on other files, or reach for the network.
_OTHER_FILES: Final = tuple(f"{_XS}{name}" for name in ("import", "include", "redefine", "override"))
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
        self.stop(DOCTYPE)

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


def watched(content: bytes, watch: Watch) -> bytes | Refused:
    """Tell a watch what a document holds; return its text in UTF-8, or why it was not read to its end. Never raises."""
    text = cleared(content, watch.limits)
    refusal = text if isinstance(text, Refusal) else _fed(text, watch)
    if refusal is not None:
        return (refusal,)
    assert isinstance(text, bytes), "what was fed is a text"
    return text


def tree(content: bytes, limits: Limits = DOCUMENT) -> etree._Element | Refused:
    """Return the library's own tree, for those who judge it by a schema or write its canonical form; or why there is none."""
    text = watched(content, Watch(limits))
    if isinstance(text, tuple):
        return text
    try:
        return etree.fromstring(text, _parser())
    except etree.XMLSyntaxError as broken:
        return (Refusal(reason=_NO_XML, line=max(broken.lineno or 1, 1)),)


def schema(root: etree._Element) -> etree.XMLSchema | Refused:
    """Return a schema that stands alone, compiled; or every reason why there is none. They quote the schema, no document."""
    for element in root.iter(*_OTHER_FILES):
        reason = "The schema must stand alone: it may not draw on other files."
        return (Refusal(reason=reason, line=element.sourceline or 1),)
    try:
        return etree.XMLSchema(root)
    except etree.XMLSchemaParseError as fault:
        told = [(entry.message, entry.line) for entry in fault.error_log] or [("it cannot be compiled.", 1)]
        return tuple(Refusal(reason=f"This is not XML Schema 1.0: {said}", line=max(line, 1)) for said, line in told)


def _parser(watch: Watch | None = None) -> etree.XMLParser:
    """Return a parser that tells a watch and builds nothing, or one that builds the library's tree."""
    # For the types a watch is no target: it has what the library calls, and nothing that would slow it down.
    made: etree.XMLParser = cast("Any", etree.XMLParser)(
        target=watch,
        encoding="utf-8",  # whatever the document says of itself: it was recoded
        # None can be declared without a document type; False would leave an ampersand in an attribute as “&#38;”.
        resolve_entities="internal",
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        recover=False,
        huge_tree=False,
    )
    return made


def _fed(text: bytes, watch: Watch) -> Refusal | None:
    """Feed a text to the parser, and return why it was refused."""
    parser = _parser(watch)
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
