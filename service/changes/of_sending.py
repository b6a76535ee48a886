"""Differences in what is sent and how: the document, its schema, and the transport."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

from service.changes.difference import Difference, Fate, Part
from service.changes.phrases import became
from specs.defects import Defects
from specs.schema import Schema, read_schema
from specs.spec import Spec, Transport

if TYPE_CHECKING:
    from lxml.etree import _Element


def package_differences(old: Spec, new: Spec) -> Iterator[Difference]:
    """Yield how far each package may be trusted and since when it is in force."""
    for name in ("status", "in_force"):
        was, now = getattr(old, name), getattr(new, name)
        if was != now:
            phrases = (became("", was, now),)
            yield Difference(part=Part.PACKAGE, fate=Fate.CHANGED, subject=name.replace("_", " "), phrases=phrases)


def wire_differences(old: Spec, new: Spec) -> Iterator[Difference]:
    """Yield what became of the document's root, and of each element of the schema."""
    for name in ("root", "namespace"):
        was, now = getattr(old.wire, name), getattr(new.wire, name)
        if was != now:
            yield Difference(part=Part.WIRE, fate=Fate.CHANGED, subject=name, phrases=(became("", was, now),))
    if old.schema == new.schema:
        return
    before, after = _elements(old), _elements(new)
    for path in before:
        if path not in after:
            yield Difference(part=Part.WIRE, fate=Fate.REMOVED, subject=path)
    for path, facets in after.items():
        if path not in before:
            yield Difference(part=Part.WIRE, fate=Fate.ADDED, subject=path, phrases=tuple(_told(facets)))
        elif phrases := tuple(_facet_phrases(before[path], facets)):
            yield Difference(part=Part.WIRE, fate=Fate.CHANGED, subject=path, phrases=phrases)


def transport_differences(old: Spec, new: Spec) -> Iterator[Difference]:
    """Yield what became of the transport's paths, words and times."""
    for field in fields(Transport):
        was, now = getattr(old.transport, field.name), getattr(new.transport, field.name)
        if was == now:
            continue
        phrases = tuple(_word_phrases(was, now)) if field.name == "verdicts" else (became("", was, now),)
        subject = "receipt words" if field.name == "verdicts" else field.name.replace("_", " ")
        yield Difference(part=Part.TRANSPORT, fate=Fate.CHANGED, subject=subject, phrases=phrases)


def _word_phrases(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for verdict in dict.fromkeys((*old.values(), *new.values())):
        was = tuple(word for word, meant in old.items() if meant == verdict)
        now = tuple(word for word, meant in new.items() if meant == verdict)
        if was != now:
            yield became(f"{verdict} is said", was, now)


def _elements(spec: Spec) -> dict[str, dict[str, str]]:
    """Return each element below the root by its path, with what the schema asks of it."""
    schema = read_schema(spec.schema, Defects())
    root = schema.named("element", spec.wire.root) if schema else None
    if schema is None or root is None:
        return {}
    return dict(_below(schema, root, ""))


def _below(schema: Schema, element: _Element, prefix: str) -> Iterator[tuple[str, dict[str, str]]]:
    group = schema.group_type(element)
    for name, child in schema.children(group) if group is not None else ():
        path = f"{prefix}{name}"
        yield path, {"presence": "required" if child.required else "optional", **schema.facets(child.declaration)}
        yield from _below(schema, child.declaration, f"{path}/")


def _told(facets: Mapping[str, str]) -> Iterator[str]:
    yield from (f"{name}: {text}" for name, text in facets.items())


def _facet_phrases(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for name in dict.fromkeys((*old, *new)):
        was, now = old.get(name), new.get(name)
        if was == now:
            continue
        if name == "enumeration" and was and now:
            yield from _values(was.split(" "), now.split(" "))
        else:
            yield became(name, was, now)


def _values(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    yield from (f"{value} is refused now" for value in old if value not in new)
    yield from (f"{value} is allowed now" for value in new if value not in old)
