"""A FHIR document written in XML, brought into the form that JSON gives it, so that both are judged by the same tiers.

What is an array, a number or a resource is said by the models of its release. What has no place in that form (an element that
FHIR does not know, text outside of a narrative, an element twice that may stand once) is a complaint of its own. In what
order elements of different names stand is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import Final

from adapters import xml_text
from adapters.faults import NOT_A_PAYLOAD, nth
from adapters.fhir_conformance import Complaint
from adapters.fhir_models import ElementShape, elements, is_resource
from adapters.fhir_release import Release, told
from adapters.fhir_size import MOST_COMPLAINTS, TOO_MANY
from adapters.fhir_written import Opened
from adapters.xml_text import Element, local
from canonical.assessment import Source
from canonical.finding import Finding
from canonical.payload import Payload
from markup.text import Limits

_FHIR: Final = "{http://hl7.org/fhir}"
_XHTML: Final = "{http://www.w3.org/1999/xhtml}"
_XSI: Final = "{http://www.w3.org/2001/XMLSchema-instance}"
#: As deep as JSON may be, and as much: an attribute counts as much as the element that it stands in.
LIMITS: Final = Limits(depth=64, nodes=300_000)
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,15})?(?:[eE][+-]?[0-9]{1,2})?")
_WHOLE: Final = frozenset({"integer", "unsignedInt", "positiveInt", "integer64"})

_UNKNOWN: Final = "FHIR {} knows no element of this name here."
_ATTRIBUTE: Final = "The element has an attribute that FHIR does not know."
_TWICE: Final = "FHIR allows this element once here; it stands here again."
_TEXT: Final = "A text stands between elements; FHIR keeps values in the attribute “value”."
_NOTHING: Final = "The element has neither a value nor an extension; leave it out."
_NO_RESOURCE: Final = "One resource is expected here; there is none, several, or something else."


def opened(payload: Payload, release: Release | None) -> Opened | tuple[Finding, ...]:
    """Return the document in its JSON form, or why there is none; ``release`` is the one that somebody decided on."""
    parsed = xml_text.parse(payload.content, LIMITS)
    if isinstance(parsed, tuple):
        return tuple(NOT_A_PAYLOAD.found(one.reason, one.source(payload.name)) for one in parsed)
    root = parsed.root
    if not root.tag.startswith(_FHIR):
        message = "The file is XML, but no FHIR resource: its root is not in FHIR's namespace."
        return (NOT_A_PAYLOAD.found(message, Source(file=payload.name, pointer="/*", label="the root element")),)
    signs = told(_sketch(root))
    conversion = _Conversion(release or signs.release)
    try:
        value = conversion.resource(root, "", root.name)
    except _TooMany:
        return (NOT_A_PAYLOAD.found(TOO_MANY, Source(file=payload.name, pointer="/*", label="the root element")),)
    return Opened(value=value, told=signs, form="XML", complaints=tuple(conversion.complaints))


class _TooMany(Exception):
    """More is wrong than anybody reads; it never leaves this file."""


class _Conversion:
    """Turns elements into objects, by the models of one release."""

    def __init__(self, release: Release) -> None:
        self._release = release
        self.complaints: list[Complaint] = []

    def resource(self, element: Element, pointer: str, label: str) -> dict[str, object]:
        """Return a resource; one that FHIR does not know says its type and nothing else."""
        value: dict[str, object] = {"resourceType": element.name}
        if is_resource(self._release, element.name):
            value |= self._object(element, element.name, pointer, label)
        return value

    def _object(self, element: Element, kind: str, pointer: str, label: str) -> dict[str, object]:
        value = self._attributes(element, kind, pointer, label)
        shapes = elements(self._release, kind)
        if element.text():
            self._complain(pointer, label, _TEXT)
        for child in element.elements():
            name = child.name
            shape = shapes.get(name)
            if shape is None or not child.tag.startswith(_XHTML if shape.type == "xhtml" else _FHIR):
                place = f"{label}, its {nth(child.ordinal)} element"
                self._complain(f"{pointer}/*[{child.ordinal}]", place, _UNKNOWN.format(self._release))
            elif shape.primitive:
                self._put_primitive(value, child, shape, pointer, label)
            elif shape.many:
                several = value.setdefault(name, [])
                assert isinstance(several, list), "an element is an array always or never"
                here = len(several)
                several.append(self._complex(child, shape, f"{pointer}/{name}/{here}", f"{label}.{name}[{here}]"))
            elif name in value:
                self._complain(f"{pointer}/{name}", f"{label}.{name}", _TWICE)
            else:
                value[name] = self._complex(child, shape, f"{pointer}/{name}", f"{label}.{name}")
        return value

    def _complex(self, child: Element, shape: ElementShape, pointer: str, label: str) -> object:
        """Return the value of an element that holds elements."""
        if shape.type != "Resource":
            return self._object(child, shape.type, pointer, label)
        inside = list(child.elements())
        if len(inside) == 1 and inside[0].tag.startswith(_FHIR) and not child.text():
            return self.resource(inside[0], pointer, label)
        self._complain(pointer, label, _NO_RESOURCE)
        return {}

    def _put_primitive(
        self, value: dict[str, object], child: Element, shape: ElementShape, pointer: str, label: str
    ) -> None:
        """Put a primitive's value under its name, and what else it has under its name with an underscore."""
        name = child.name
        here = len(known) if isinstance(known := value.get(name, []), list) else 0
        step = f"/{here}" if shape.many else ""
        place, called = f"{pointer}/{name}{step}", f"{label}.{name}" + (f"[{here}]" if shape.many else "")
        one = _narrative(child) if shape.type == "xhtml" else self._value(child, shape)
        beside = {} if shape.type == "xhtml" else self._beside(child, name, pointer, called, step)
        if one is None and not beside:
            self._complain(place, called, _NOTHING)
            return
        if not shape.many:
            if name in value or f"_{name}" in value:
                self._complain(place, called, _TWICE)
                return
            value |= {} if one is None else {name: one}
            value |= {f"_{name}": beside} if beside else {}
            return
        several = value.setdefault(name, [])
        assert isinstance(several, list), "an element is an array always or never"
        several.append(one)
        if beside or f"_{name}" in value:
            extras = value.setdefault(f"_{name}", [])
            assert isinstance(extras, list), "what stands beside an array is one, too"
            extras += [None] * (len(several) - 1 - len(extras))
            extras.append(beside or None)

    def _value(self, child: Element, shape: ElementShape) -> object:
        text = dict(child.attributes).get("value")
        return None if text is None else _typed(text, shape.type)

    def _beside(self, child: Element, name: str, pointer: str, label: str, step: str) -> dict[str, object]:
        """Return the id and the extensions of a primitive."""
        place = f"{pointer}/_{name}{step}"
        found: dict[str, object] = {}
        extensions: list[object] = []
        for key, text in child.attributes:
            if key == "id":
                found["id"] = text
            elif key != "value":
                self._complain(f"{pointer}/{name}{step}", label, _ATTRIBUTE)
        for inner in child.elements():
            if inner.tag == f"{_FHIR}extension":
                here = len(extensions)
                below = f"{place}/extension/{here}", f"{label}.extension[{here}]"
                extensions.append(self._object(inner, "Extension", *below))
            else:
                called = f"{label}, its {nth(inner.ordinal)} element"
                self._complain(f"{pointer}/{name}{step}/*[{inner.ordinal}]", called, _UNKNOWN.format(self._release))
        if child.text():
            self._complain(f"{pointer}/{name}{step}", label, _TEXT)
        return {**found, "extension": extensions} if extensions else found

    def _attributes(self, element: Element, kind: str, pointer: str, label: str) -> dict[str, object]:
        """Return what stands in attributes: the id of an element, the address of an extension."""
        found: dict[str, object] = {}
        known = {"id", "url"} if kind == "Extension" else {"id"}
        for key, text in element.attributes:
            if key in known and not is_resource(self._release, kind):
                found[key] = text
            elif not key.startswith(_XSI):
                self._complain(pointer, label, _ATTRIBUTE)
        return found

    def _complain(self, pointer: str, label: str, sentence: str) -> None:
        if len(self.complaints) == MOST_COMPLAINTS:
            raise _TooMany
        self.complaints.append(Complaint(pointer=pointer, label=label, sentence=sentence))


def _typed(text: str, kind: str) -> object:
    """Return a value as JSON writes it; a text that is none of its type stays a text, and is complained of as one."""
    if kind == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if kind in _WHOLE and _INTEGER.fullmatch(text):
        return int(text)
    if kind == "decimal" and _DECIMAL.fullmatch(text):
        return int(text) if _INTEGER.fullmatch(text) else float(text)
    return text


def _narrative(element: Element) -> str:
    """Return a narrative as text; nobody reads it."""
    return "".join(_tags(element))


def _tags(element: Element) -> Iterator[str]:
    space = ' xmlns="http://www.w3.org/1999/xhtml"' if element.name == "div" else ""
    attributes = "".join(f' {local(key)}="{escape(text)}"' for key, text in element.attributes)
    yield f"<{element.name}{space}{attributes}>"
    for inside in element.content:
        if isinstance(inside, str):
            yield escape(inside, quote=False)
        else:
            yield from _tags(inside)
    yield f"</{element.name}>"


def _sketch(root: Element) -> dict[str, object]:
    """Return as much of a document as tells its release: names, what its profiles are, which form some elements have."""
    sketch = _outline(root)
    if root.name == "Bundle":
        entries = [entry for entry in root.elements() if entry.name == "entry"]
        held = (resource for entry in entries for resource in entry.elements() if resource.name == "resource")
        sketch["entry"] = [{"resource": _outline(inner)} for resource in held for inner in resource.elements()]
    return sketch


def _outline(resource: Element) -> dict[str, object]:
    outline: dict[str, object] = {"resourceType": resource.name}
    for child in resource.elements():
        value = dict(child.attributes).get("value")
        # One of several is an array for certain; of one alone only what it holds may tell.
        outline[child.name] = [] if child.position or (child.name == "subscriberId" and value is None) else value
    profiles = [
        dict(profile.attributes).get("value")
        for meta in resource.elements()
        if meta.name == "meta"
        for profile in meta.elements()
        if profile.name == "profile"
    ]
    contained = [
        _outline(inner) for child in resource.elements() if child.name == "contained" for inner in child.elements()
    ]
    return outline | {"resourceType": resource.name, "meta": {"profile": profiles}, "contained": contained}
