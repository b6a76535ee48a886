"""The state's document: XML from the dictionary's ``wire`` paths, judged by the package's own schema."""

from __future__ import annotations

import hashlib
import re
import threading
import weakref
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from lxml import etree

from canonical.assessment import Assessment
from canonical.errors import SpecDefect, UnfitDocument
from canonical.notice import STATEMENT, Notice
from canonical.outcome import Document
from gateway_client.projection import consents, project
from markup import door
from specs.spec import ConsentClass, Item, Spec, Wire

#: Reasons of ours beside the schema's own type names (``SCHEMAV_…``).
ILLEGAL_CHARACTER: Final = "XML_ILLEGAL_CHARACTER"
TOO_LARGE: Final = "DOCUMENT_TOO_LARGE"
NAMELESS: Final = "DOCUMENT_WITHOUT_ID"
#: The wire of the day of sending has no place for an answer that the assessment's own package lets leave.
NO_PLACE: Final = "NO_PLACE_ON_THE_WIRE"
#: The record is protected by 42 CFR Part 2, and the wire has no place for the notice that must go with it.
NO_NOTICE: Final = "NO_PLACE_FOR_THE_NOTICE"
#: What the parts of the notice are called among the items of a document: no item of a dictionary begins so.
_STATEMENT: Final = "notice statement"
_SCOPE: Final = "notice scope"

#: Layouts that a plan keeps: any number of diagnoses beside any number of caregivers.
_MOST_LAYOUTS: Final = 256

#: A canonical document begins with its root element: the declaration says no more than RFC 7303 already does.
_DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8"?>\n'
#: The last name of libxml2's list of what may come; none where the list is cut short.
_EXPECTED: Final = re.compile(r"Expected is .*\{[^{}]*\}([^\s{},]+) \)")


def build(assessment: Assessment, spec: Spec, sending: Spec | None = None, *, notice: Notice | None = None) -> Document:
    """Build the document for what may leave of an assessment; the same bytes every time.

    What may leave is said by ``spec``, the package of the assessment's own date; where it stands, by ``sending``, the
    package in force on the day of sending (the same one, unless told otherwise). An answer that the one lets leave and
    the other has no place for makes the document unfit: it is never left out in silence. (docs/adr/0010) So does a
    ``notice`` of 42 CFR Part 2 that the wire has no place for. (docs/adr/0028)

    The content is the canonical form itself (C14N 1.0, without comments) behind an XML declaration.

    Raises:
        UnfitDocument: naming the items and the schema's stable error types, never a value.
        SpecDefect: where the package's schema is no schema.
    """
    texts = project(assessment, spec)
    if sending is None or sending is spec:
        return _plan(spec).document(texts | _noticed(notice, spec))
    if homeless := _without_a_place(texts, sending, consented=consents(assessment, spec)):
        raise UnfitDocument("The wire has no place for some answers.", items=homeless, reasons=(NO_PLACE,))
    document = _plan(sending).document(texts | _noticed(notice, sending))
    return replace(document, provisional=document.provisional or spec.status.interlocked)


def _noticed(notice: Notice | None, sending: Spec) -> dict[str, str]:
    """Return what the document holds of the notice: both parts, or it is no document."""
    if notice is None:
        return {}
    if sending.notice is None:
        raise UnfitDocument("The wire has no place for the notice of 42 CFR Part 2.", reasons=(NO_NOTICE,))
    return {_STATEMENT: STATEMENT, _SCOPE: notice.scope}


def _without_a_place(texts: Iterable[str], sending: Spec, *, consented: bool) -> tuple[str, ...]:
    """Return the items that this package's wire lacks, or lets leave only with a consent that is not there."""
    return tuple(
        code
        for code in texts
        if (item := sending.occurrences.get(code)) is None
        or not item.wire
        or not (consented or item.consent is ConsentClass.ALWAYS)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """A template of elements, with certain further occurrences of what repeats."""

    template: etree._Element
    #: Per element of the template, children before parents: its item, or None for a group.
    from_the_end: tuple[str | None, ...]


class Plan:
    """A package's document, compiled once: a template of every element, its schema, and what stands where."""

    def __init__(self, spec: Spec) -> None:
        """Lay out the elements in the dictionary's order and compile the schema."""
        self._version = spec.version
        self._provisional = spec.status.interlocked
        self._largest = spec.transport.max_document_bytes
        self._wire = spec.wire
        self._items = {_place(item): code for code, item in spec.occurrences.items() if item.wire}
        if spec.notice is not None:
            self._items |= {spec.notice.statement: _STATEMENT, spec.notice.scope: _SCOPE}
        #: For each code of a second, third … occurrence: the section, and which occurrence of it.
        self._further = {
            code: (item.section, item.occurrence) for code, item in spec.occurrences.items() if item.occurrence > 1
        }
        self._layouts: dict[frozenset[tuple[str, int]], _Layout] = {}
        self._schema = _schema(spec)
        # An XMLSchema holds the errors of its last run: two threads would read each other's.
        self._judging = threading.Lock()

    def document(self, texts: Mapping[str, str]) -> Document:
        """Build, judge and digest the document for these texts by item."""
        root = self._filled(texts)
        self._judge(root)
        canonical: bytes = etree.tostring(root, method="c14n", with_comments=False)
        if len(_DECLARATION) + len(canonical) > self._largest:
            raise UnfitDocument("The document is larger than the state takes.", reasons=(TOO_LARGE,))
        if "DOCUMENT_ID" not in texts:
            raise UnfitDocument("The document has no id.", items=("DOCUMENT_ID",), reasons=(NAMELESS,))
        return Document(
            document_id=texts["DOCUMENT_ID"],
            content=_DECLARATION + canonical,
            digest=f"sha-256:{hashlib.sha256(canonical).hexdigest()}",
            spec=self._version,
            provisional=self._provisional,
        )

    def _filled(self, texts: Mapping[str, str]) -> etree._Element:
        """Copy the template (5 times faster than building), set what is answered and prune what is not."""
        layout = self._layout(frozenset(self._further[code] for code in texts if code in self._further))
        root = deepcopy(layout.template)
        illegal = []
        elements = list(root.iter())
        for element, item in zip(reversed(elements), layout.from_the_end, strict=True):
            text = texts.get(item) if item else None
            parent = element.getparent()
            if item and text is not None:
                try:
                    element.text = text
                except ValueError:  # what XML cannot say: a control character, a lone surrogate
                    illegal.append(item)
            elif parent is not None and not len(element):
                parent.remove(element)
        if illegal:
            message = "A text holds a character that XML cannot carry."
            raise UnfitDocument(message, items=tuple(reversed(illegal)), reasons=(ILLEGAL_CHARACTER,))
        return root

    def _layout(self, further: frozenset[tuple[str, int]]) -> _Layout:
        """Return the layout with these further occurrences; most documents have none, and copy no more than they need."""
        layout = self._layouts.get(further)
        if layout is None:
            wanted = {
                place: code
                for place, code in self._items.items()
                if code not in self._further or self._further[code] in further
            }
            template = _template(self._wire, wanted)
            paths = [_path(element) for element in template.iter()]
            layout = _Layout(template=template, from_the_end=tuple(wanted.get(path) for path in reversed(paths)))
            if len(self._layouts) < _MOST_LAYOUTS:
                self._layouts[further] = layout
        return layout

    def _judge(self, root: etree._Element) -> None:
        with self._judging:
            if self._schema.validate(root):
                return
            errors = list(self._schema.error_log)
        concerned = {item for error in errors for item in self._concerned(root, error)}
        raise UnfitDocument(
            "The package's schema refuses the document that we built.",
            items=tuple(item for item in self._items.values() if item in concerned),
            reasons=tuple(dict.fromkeys(error.type_name for error in errors)),
        )

    def _concerned(self, root: etree._Element, error: etree._LogEntry) -> list[str]:
        """Return the items that an error of the schema is about: what is missing, or what stands at the fault."""
        tree = root.getroottree()
        at_fault = next((element for element in root.iter() if tree.getpath(element) == error.path), root)
        missing = _missing(at_fault, error.message) if error.type_name == "SCHEMAV_ELEMENT_CONTENT" else None
        return (self._below(missing) if missing else []) or self._below(_path(at_fault))

    def _below(self, path: str) -> list[str]:
        """Return the item of a path, or the items of the group that it is; of the root, all."""
        return [item for wire, item in self._items.items() if not path or wire == path or wire.startswith(f"{path}/")]


#: By the identity of the package: a ``Spec`` holds mappings, so it has no hash. Cleared when the package goes.
_plans: dict[int, Plan] = {}
#: One at a time: at its first schema libxml2 sets up tables for the whole process, and guards them against nobody. Two
#: threads at it have ended in a process that refuses every document, and in one that aborts (tried: 1 of 150 starts).
_compiling = threading.Lock()


def _plan(spec: Spec) -> Plan:
    plan = _plans.get(id(spec))
    if plan is None:
        with _compiling:
            plan = _plans.get(id(spec))
            if plan is None:
                plan = _plans[id(spec)] = Plan(spec)
                weakref.finalize(spec, _plans.pop, id(spec), None)
    return plan


def _place(item: Item) -> str:
    """Return an item's ``wire`` path; the element that repeats is numbered from its second time on: ``Caregiver[2]/Safety``."""
    if item.occurrence == 1:
        return item.wire
    return f"{item.group}[{item.occurrence}]{item.wire.removeprefix(item.group)}"


def _template(wire: Wire, places: Iterable[str]) -> etree._Element:
    """Lay out one element for each step of each path, siblings together, in the dictionary's order."""
    namespace = wire.namespace
    root = etree.Element(f"{{{namespace}}}{wire.root}", nsmap={None: namespace})

    def grow(parent: etree._Element, paths: Iterable[list[str]]) -> None:
        for name, group in groupby(paths, key=lambda path: path[0]):
            child = etree.SubElement(parent, f"{{{namespace}}}{name.partition('[')[0]}")
            grow(child, [path[1:] for path in group if path[1:]])

    grow(root, [place.split("/") for place in places])
    return root


def _schema(spec: Spec) -> etree.XMLSchema:
    root = door.tree(spec.schema)
    schema = root if isinstance(root, tuple) else door.schema(root)
    if isinstance(schema, tuple):
        defects = tuple(f"wire.xsd:{one.line or 1}: {one.reason}" for one in schema)
        raise SpecDefect(f"The schema of package {spec.version} cannot be compiled.", defects=defects)
    return schema


def _path(element: etree._Element | None) -> str:
    """Return the names from below the root to the element, numbered as in ``_place``; empty for the root."""
    names: list[str] = []
    while element is not None and element.getparent() is not None:
        number = 1 + sum(1 for _ in element.itersiblings(str(element.tag), preceding=True))
        names.append(etree.QName(element).localname + (f"[{number}]" if number > 1 else ""))
        element = element.getparent()
    return "/".join(reversed(names))


def _missing(at_fault: etree._Element, message: str) -> str | None:
    """Return the path of the element that had to come, where a child came too early or its group ended too soon.

    libxml2 names it at the end of its message, behind those that may be left out; for a fault of content the message
    holds names of the schema only.
    """
    expected = _EXPECTED.search(message)
    if expected is None:
        return None
    group = at_fault if "Missing child element" in message else at_fault.getparent()
    return f"{_path(group)}/{expected.group(1)}".lstrip("/")
