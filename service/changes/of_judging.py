"""Differences in what judges beside the dictionary: instruments, rules, certification, desks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any, Final

from service.changes.difference import Difference, Fate, Part
from service.changes.phrases import ages, became, plain
from specs.spec import CertificationPolicy, Instrument, Rule, Spec, StandingPolicy

#: What a rule says to people; that it changed is worth one phrase.
_WORDS: Final = ("title", "message", "why", "fix", "desk")


def instrument_differences(old: Spec, new: Spec) -> Iterator[Difference]:
    """Yield what became of each instrument: its ages, sections and intervals."""
    yield from _come_and_gone(Part.INSTRUMENT, old.instruments, new.instruments)
    for code in _shared(old.instruments, new.instruments):
        phrases = tuple(_instrument_phrases(old.instruments[code], new.instruments[code]))
        if phrases:
            yield Difference(part=Part.INSTRUMENT, fate=Fate.CHANGED, subject=code, phrases=phrases)


def rule_differences(old: Spec, new: Spec) -> Iterator[Difference]:
    """Yield what became of each rule."""
    before = {rule.code: rule for rule in old.rules}
    after = {rule.code: rule for rule in new.rules}
    for code, rule in before.items():
        if code not in after:
            yield Difference(part=Part.RULE, fate=Fate.REMOVED, subject=code, phrases=(rule.title,))
    for code, rule in after.items():
        if code not in before:
            told = (f"{rule.title} ({rule.severity.value})", rule.message)
            yield Difference(part=Part.RULE, fate=Fate.ADDED, subject=code, phrases=told)
        elif phrases := tuple(_rule_phrases(before[code], rule)):
            yield Difference(part=Part.RULE, fate=Fate.CHANGED, subject=code, phrases=phrases)


def certification_differences(old: Spec, new: Spec) -> Iterator[Difference]:
    """Yield what became of the policy, and of the action of each standing."""
    for field in fields(CertificationPolicy):
        was, now = getattr(old.certification, field.name), getattr(new.certification, field.name)
        if was == now:
            continue
        if field.name == "standings":
            yield from _standing_differences(was, now)
        else:
            name = field.name.replace("_", " ")
            told = isinstance(was, (str, int)) or isinstance(now, (str, int))
            phrase = became("", was, now) if told else "it is another one"
            yield Difference(part=Part.CERTIFICATION, fate=Fate.CHANGED, subject=name, phrases=(phrase,))


def desk_differences(old: Spec, new: Spec) -> Iterator[Difference]:
    """Yield which desks came, went, or are reached otherwise."""
    yield from _come_and_gone(Part.DESK, old.desks, new.desks)
    for name in _shared(old.desks, new.desks):
        if old.desks[name] != new.desks[name]:
            reach = ("its name, its reach or its words changed",)
            yield Difference(part=Part.DESK, fate=Fate.CHANGED, subject=name, phrases=reach)


def _come_and_gone(part: Part, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    yield from (Difference(part=part, fate=Fate.REMOVED, subject=name) for name in old if name not in new)
    yield from (Difference(part=part, fate=Fate.ADDED, subject=name) for name in new if name not in old)


def _shared(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return [name for name in old if name in new]


def _instrument_phrases(old: Instrument, new: Instrument) -> Iterator[str]:
    if old.age != new.age:
        yield f"{ages(new.age)}, was {ages(old.age)}"
    if old.title != new.title:
        yield became("title", old.title, new.title)
    was = tuple(section.code for section in old.sections)
    now = tuple(section.code for section in new.sections)
    if was != now:
        yield became("sections", was, now)
    else:
        yield from _section_phrases(old, new)
    handled = {"code", "title", "age", "sections"}
    for field in fields(Instrument):
        if field.name not in handled and getattr(old, field.name) != getattr(new, field.name):
            yield "the next assessment is due at another time" if field.name == "due" else f"another {field.name}"


def _section_phrases(old: Instrument, new: Instrument) -> Iterator[str]:
    for was, now in zip(old.sections, new.sections, strict=True):
        for field in fields(was):
            before, after = getattr(was, field.name), getattr(now, field.name)
            if before != after:
                yield f"section {was.code}: {became(field.name, before, after)}"


def _rule_phrases(old: Rule, new: Rule) -> Iterator[str]:
    if old.severity is not new.severity:
        yield became("weight", old.severity, new.severity)
    if old.kind != new.kind:
        yield became("kind", old.kind, new.kind)
    for name in dict.fromkeys((*old.terms, *new.terms)):
        if old.terms.get(name) != new.terms.get(name):
            yield became(name, old.terms.get(name), new.terms.get(name))
    if words := _reworded(old, new, _WORDS):
        yield f"says it in other words ({plain(words)})"


def _standing_differences(old: Mapping[str, StandingPolicy], new: Mapping[str, StandingPolicy]) -> Iterator[Difference]:
    yield from _come_and_gone(Part.CERTIFICATION, old, new)
    for name in _shared(old, new):
        was, now = old[name], new[name]
        if was == now:
            continue
        phrases = [became("action", was.action, now.action)] if was.action != now.action else []
        if words := _reworded(was, now, (field.name for field in fields(StandingPolicy) if field.name != "action")):
            phrases.append(f"says it in other words ({plain(words)})")
        yield Difference(part=Part.CERTIFICATION, fate=Fate.CHANGED, subject=name, phrases=tuple(phrases))


def _reworded(old: object, new: object, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in names if getattr(old, name) != getattr(new, name))
