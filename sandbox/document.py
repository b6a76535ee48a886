"""Submission documents as they come in: hardened reading of XML back into answers by the wire paths of the dictionary."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lxml import etree

from canonical.errors import SpecDefect
from canonical.outcome import Reason
from markup import door
from specs.spec import Spec

#: The element of the dictionary that names a document, and the one that counts its versions.
DOCUMENT_ID = "DOCUMENT_ID"


@dataclass(frozen=True, slots=True, kw_only=True)
class WireDocument:
    """A document of this interface, whether it conforms or not."""

    document_id: str
    #: ``sha-256:<hex>`` of the canonical form (Canonical XML 1.0, without comments).
    digest: str
    #: The texts that it carries, by item code; empty elements are no answers.
    answers: Mapping[str, str] = field(repr=False)
    #: What the schema has against it: the item where one is concerned, and the schema's own error code.
    schema_reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """Bytes that are no document of this interface, and why, in a sentence without any of them."""

    why: str
    #: Whether they are XML, but of another interface, or of another specification.
    foreign: bool = False


class DocumentReader:
    """Reads the documents of one specification.

    Raises:
        SpecDefect: where the specification's schema is none.
    """

    def __init__(self, spec: Spec) -> None:
        self._root = f"{{{spec.wire.namespace}}}{spec.wire.root}"
        self._prefix = f"{{{spec.wire.namespace}}}"
        self._items = {item.wire: item.code for item in spec.items.values() if item.wire}
        #: How many elements up from an item the one stands that comes once for each time that its section was filled in.
        self._group_above = {
            item.code: item.wire.count("/") - item.group.count("/") for item in spec.items.values() if item.group
        }
        root = door.tree(spec.schema)
        schema = root if isinstance(root, tuple) else door.schema(root)
        if isinstance(schema, tuple):
            raise SpecDefect("The sandbox cannot judge.", defects=("wire.xsd: not an XML schema.",))
        self._schema = schema

    def read(self, content: bytes) -> WireDocument | Unreadable:
        """Read a document; bytes that are none come back as the reason why."""
        root = _tree(content)
        if isinstance(root, Unreadable):
            return root
        if root.tag != self._root:
            return Unreadable(why="The root element is not the one of this interface.", foreign=True)
        # Also what keeps xsi:schemaLocation, by which a document could make the validator open files, out.
        if any(element.attrib for element in root.iter(etree.Element)):
            return Unreadable(why="The document carries attributes; this interface has none.")
        answers = self._answers(root)
        if DOCUMENT_ID not in answers:
            return Unreadable(why="The document does not say its id.")
        return WireDocument(
            document_id=answers[DOCUMENT_ID],
            digest=_digest(root),
            answers=answers,
            schema_reasons=tuple(self._schema_reasons(root)),
        )

    def _answers(self, root: etree._Element) -> dict[str, str]:
        """Return the first text at each wire path; what the dictionary does not know is left to the schema."""
        answers: dict[str, str] = {}
        paths: dict[etree._Element | None, str | None] = {root: ""}
        for element in root.iterdescendants(etree.Element):
            path = paths[element] = self._step(paths.get(element.getparent()), str(element.tag))
            text = element.text
            if path in self._items and text is not None and text.strip():
                answers.setdefault(self._numbered(element, self._items[path]), text)
        return answers

    def _step(self, above: str | None, tag: str) -> str | None:
        """Return the wire path of an element below that one; None outside this interface's namespace, and below that."""
        if above is None or not tag.startswith(self._prefix):
            return None
        name = tag[len(self._prefix) :]
        return f"{above}/{name}" if above else name

    def _item(self, element: etree._Element) -> str | None:
        """Return the code of the answer that an element holds: behind a dot, the how-manieth of its repeating group."""
        item = self._items.get(self._path(element))
        return None if item is None else self._numbered(element, item)

    def _numbered(self, element: etree._Element, item: str) -> str:
        """Return the item's code with the number of the time that its section was filled in."""
        if item not in self._group_above:
            return item
        group = [element, *element.iterancestors()][self._group_above[item]]
        earlier = sum(1 for _ in group.itersiblings(str(group.tag), preceding=True))
        return f"{item}.{earlier + 1}" if earlier else item

    def _path(self, element: etree._Element) -> str:
        """Return the element's wire path: the local names from below the root, in this interface's namespace only."""
        steps = [element, *element.iterancestors()][:-1]
        names = [str(step.tag) for step in reversed(steps)]
        if not all(name.startswith(self._prefix) for name in names):
            return ""
        return "/".join(name.removeprefix(self._prefix) for name in names)

    def _schema_reasons(self, root: etree._Element) -> Iterator[Reason]:
        tree = root.getroottree()
        if self._schema.validate(tree):
            return
        for entry in self._schema.error_log:
            places = tree.xpath(entry.path) if entry.path else []
            item = self._item(places[0]) if isinstance(places, list) and places else None
            # The log's own sentence quotes the document; its code does not.
            yield Reason(code="SCHEMA", item=item, text=f"The schema refuses this ({entry.type_name}).")


def _tree(content: bytes) -> etree._Element | Unreadable:
    """Return the tree of a document in UTF-8, the one encoding of this interface."""
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Unreadable(why="The body is not UTF-8.")
    root = door.tree(content)
    return Unreadable(why=root[0].reason) if isinstance(root, tuple) else root


def _digest(root: etree._Element) -> str:
    canonical = etree.tostring(root.getroottree(), method="c14n", exclusive=False, with_comments=False)
    return f"sha-256:{hashlib.sha256(canonical).hexdigest()}"
