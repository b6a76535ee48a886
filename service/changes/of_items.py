"""Differences between two data dictionaries: items and code lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Final

from service.changes.difference import Difference, Fate, Part
from service.changes.phrases import became, described, required
from specs.spec import Code, ConsentClass, Item, Spec

#: Phrased below by hand, or nothing that anybody would have to follow.
_BY_HAND: Final = frozenset({"code", "required", "required_when", "consent", "cites", "occurrence"})
#: What the other fields are called.
_NAMES: Final[Mapping[str, str]] = {
    "instruments": "instruments",
    "codes": "code list",
    "minimum": "least",
    "maximum": "most",
    "length": "characters at most",
    "age": "asked at",
    "wire": "place in the document",
    "repeats": "times that it may be answered",
    "group": "element that repeats",
}

_LEAVES: Final = {ConsentClass.ALWAYS: "always", ConsentClass.FULL: "only with consent to the full CANS"}


def item_differences(old: Spec, new: Spec) -> Iterator[Difference]:
    """Yield what became of each item: removed and perhaps renamed, added, changed."""
    gone = [item for code, item in old.items.items() if code not in new.items]
    fresh = [item for code, item in new.items.items() if code not in old.items]
    renamed = dict(_renamed(gone, fresh))
    for item in gone:
        heir = renamed.get(item.code)
        if heir is None:
            yield Difference(part=Part.ITEM, fate=Fate.REMOVED, subject=item.code, phrases=(f"“{item.label}”",))
        else:
            phrases = tuple(_phrases(item, heir))
            yield Difference(
                part=Part.ITEM, fate=Fate.PERHAPS_RENAMED, subject=item.code, phrases=phrases, became=heir.code
            )
    heirs = {heir.code for heir in renamed.values()}
    for item in fresh:
        if item.code not in heirs:
            yield Difference(part=Part.ITEM, fate=Fate.ADDED, subject=item.code, phrases=described(item, new))
    for code, item in old.items.items():
        if code in new.items and (phrases := tuple(_phrases(item, new.items[code]))):
            yield Difference(part=Part.ITEM, fate=Fate.CHANGED, subject=code, phrases=phrases)


def code_differences(old: Spec, new: Spec) -> Iterator[Difference]:
    """Yield what became of each code list, value by value."""
    for name, codes in old.codes.items():
        if name not in new.codes:
            yield Difference(part=Part.CODE_LIST, fate=Fate.REMOVED, subject=name)
        elif phrases := tuple(_code_phrases(codes, new.codes[name])):
            yield Difference(part=Part.CODE_LIST, fate=Fate.CHANGED, subject=name, phrases=phrases)
    for name, codes in new.codes.items():
        if name not in old.codes:
            values = tuple(f"{code.value} (“{code.label}”)" for code in codes.values())
            yield Difference(part=Part.CODE_LIST, fate=Fate.ADDED, subject=name, phrases=values)


def _renamed(gone: list[Item], fresh: list[Item]) -> Iterator[tuple[str, Item]]:
    """Pair each item that is gone with a new one of the same place in the document, or of the same label and section."""
    free = list(fresh)
    for item in gone:
        heir = next((other for other in free if _alike(item, other)), None)
        if heir is not None:
            free.remove(heir)
            yield item.code, heir


def _alike(item: Item, other: Item) -> bool:
    same_place = bool(item.wire) and item.wire == other.wire
    return same_place or (item.section, item.label.casefold()) == (other.section, other.label.casefold())


def _phrases(old: Item, new: Item) -> Iterator[str]:
    if (old.required, old.required_when) != (new.required, new.required_when):
        yield f"{required(new)}, was {required(old)}"
    if old.consent is not new.consent:
        yield f"leaves {_LEAVES[new.consent]} now, was {_LEAVES[old.consent]}"
    for field in fields(Item):
        was, now = getattr(old, field.name), getattr(new, field.name)
        if field.name not in _BY_HAND and was != now:
            yield became(_NAMES.get(field.name, field.name), was or None, now or None)


def _code_phrases(old: Mapping[str, Code], new: Mapping[str, Code]) -> Iterator[str]:
    for value, code in old.items():
        if value not in new:
            yield f"{value} (“{code.label}”) is gone"
        else:
            for name in ("label", "valid_from", "valid_to"):
                was, now = getattr(code, name), getattr(new[value], name)
                if was != now:
                    yield f"{value}: {became(name.replace('_', ' '), was, now)}"
    yield from (f"{value} (“{code.label}”) is new" for value, code in new.items() if value not in old)
