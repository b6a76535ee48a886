"""How well each place of a sample fits each item: by its name, by those that stand around it, by what is in it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from typing import Final

from service.drafting.likeness import alike, likeness
from service.drafting.sample import Place, Sample
from service.drafting.shapes import Shape, fit
from service.drafting.targets import Target, Targets
from service.drafting.terms import terms
from specs.spec import ConsentClass, Spec, Type

_AGES: Final = re.compile(r"(?<!\d)(\d{1,2})\s*(?:-|to|thru|through)\s*(\d{1,2})(?!\d)")
#: A number that counts nothing: the code list of diagnoses.
_ICD: Final = re.compile(r"\bICD[- ]?(?:9|10)(?:[- ]?CM)?\b", re.IGNORECASE)
#: What stands before the name of an item: ``Life: Sleep``, ``SED Part 1 - Disorder``.
_HEAD: Final = re.compile(r"(?P<head>.*?[^\s:/-])(?::\s+|\s+-\s+|\s+/\s+)(?P<rest>\S.*)")
_FEWEST_OF_A_GROUP: Final = 3
#: So many of them show what they are.
_MOST_OF_A_GROUP: Final = 60
#: A group belongs to a section if its head and what is in it say so to this degree.
_SURE_OF_SECTION: Final = 0.45
_OTHER_SECTION: Final = 0.7
#: A word of a head that is like a word of a section to this degree says it, and to that one names it beyond doubt.
_SAYS_SECTION: Final = 0.6
_NAMES_SECTION: Final = 0.9
_OTHER_PURPOSE: Final = 0.3
_LEAST: Final = 0.3


class Scores:
    """The scores of one sample for one package."""

    def __init__(self, spec: Spec, targets: Targets, sample: Sample) -> None:
        """Take what is compared."""
        self._spec = spec
        self._targets = targets
        self._places = sample.places
        self.shapes = [Shape(texts=place.texts, shown=place.shown, coded=place.coded) for place in sample.places]
        self._ages = [self._instrument(place) for place in sample.places]
        self._terms = [self._said(place) for place in sample.places]
        #: Sections that are no part of the instrument's own questions: an export may put them under one head.
        self._plain = {item.section for item in spec.items.values()} - {
            item.section for item in spec.items.values() if item.consent is ConsentClass.FULL
        }
        self._known: dict[tuple[str, int], dict[tuple[str, ...], float]] = {}
        #: What stands before each name, and the rest of it.
        self.parts = [_parted(place) for place in sample.places]

    @cached_property
    def sections(self) -> list[str]:
        """The section that each place is in, as its neighbours of the same beginning show; empty where they show none."""
        groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for at, (head, _) in enumerate(self.parts):
            groups[head].append(at)
        found = [""] * len(self._places)
        for head, members in groups.items():
            if not head or len(members) < _FEWEST_OF_A_GROUP:
                continue
            section = self._section(head, members)
            for at in members:
                found[at] = section
        return found

    def matrix(self, instruments: frozenset[str]) -> list[list[float]]:
        """Return a row for each target and a column for each place; items of other instruments than these score nothing."""
        return [
            [
                self._score(target, at) if any(map(target.item.belongs_to, instruments)) else 0.0
                for at in range(len(self._places))
            ]
            for target in self._targets.all
        ]

    def _score(self, target: Target, at: int) -> float:
        name = self._name(target, at)
        return name * self._fits(target, at) if name >= _LEAST else 0.0

    def _fits(self, target: Target, at: int) -> float:
        shape = self.shapes[at]
        if target.half:
            odd = shape.is_truth or shape.is_prose or any(sign.isdigit() for text in shape.counts for sign in text)
            return 0.1 if odd else 1.0
        return fit(target.item, shape, self._spec)

    def _name(self, target: Target, at: int) -> float:
        """Return how much the name of a place says this item."""
        said, item = self._terms[at], target.item
        if target.comment or "comment" in said:
            return self._as_comment(target, at)
        if (asked := self._occurrence(target, said)) is None:
            return 0.0
        found = self._like(target, asked)
        section = self.sections[at]
        if section and (section == item.section or self._mixed(section, item.section, at)):
            rest = self._occurrence(target, self.parts[at][1]) or ()
            found = max(found, self._like(target, rest))
            found += 0.3 * (1 - found) if found >= _LEAST else 0.0
        elif section or (item.consent is ConsentClass.FULL and self._of_other_section(item.section, said)):
            found *= _OTHER_SECTION
        return found * self._by_age(target, at)

    def _mixed(self, section: str, other: str, at: int) -> bool:
        """Return whether a head like “Evaluation” stands above items of several sections, none of which it names."""
        words = self._targets.sections[section]
        named = any(alike(one, word) >= _NAMES_SECTION for one in self.parts[at][0] for word in words)
        return not named and {section, other} <= self._plain

    def _like(self, target: Target, said: Sequence[str]) -> float:
        known = self._known.setdefault((target.item.code, target.half), {})
        told = tuple(said)
        if told not in known:
            weights = self._targets.weights
            found = (likeness(told, phrase, weights, target.beside) for phrase in target.phrases)
            known[told] = max(found, default=0.0)
        return known[told]

    def _as_comment(self, target: Target, at: int) -> float:
        """Return how much a place is the comment on a section: comments differ in nothing but the section."""
        said = self._terms[at]
        if not target.comment or "comment" not in said:
            return 0.0 if target.comment else _OTHER_PURPOSE * self._like(target, said)
        if self.sections[at]:
            return 0.95 if self.sections[at] == target.item.section else 0.2
        others = [word for word in said if word != "comment"]
        words = self._targets.sections[target.item.section]
        meant = sum(max(alike(one, word) for word in words) for one in others) / len(others) if others else 0.0
        return 0.4 + 0.55 * meant if meant >= 0.5 and target.item.occurrence == 1 else 0.2  # noqa: PLR2004

    def _occurrence(self, target: Target, said: Sequence[str]) -> tuple[str, ...] | None:
        """Return the words of a name without the number of the occurrence; None where it is another one's."""
        item = target.item
        if item.repeats == 1:
            return tuple(said)
        numbers = [word for word in said if word.isdigit() and int(word) <= item.repeats]
        wanted = str(item.occurrence)
        if (numbers and wanted not in numbers) or (not numbers and item.occurrence > 1):
            return None
        return tuple(word for word in said if word != wanted)

    def _of_other_section(self, section: str, said: Sequence[str]) -> bool:
        """Return whether a name says another section, and not this one: ``Caregiver Safety``."""
        loud = {"CGR": "caregiver", "STR": "strengths", "CUL": "cultural"}
        return any(
            code != section and any(alike(one, word) > _OTHER_SECTION for one in said) for code, word in loud.items()
        )

    def _by_age(self, target: Target, at: int) -> float:
        """Return what a name's ages make of it: ``Medical (0-4)``."""
        instruments, told = target.item.instruments, self._ages[at]
        if told:
            return 0.0 if instruments and told not in instruments else 1.0 if instruments else 0.85
        elsewhere = set(self._ages) - {""}
        return 0.85 if instruments and elsewhere.issuperset(instruments) else 1.0

    def _instrument(self, place: Place) -> str:
        found = _AGES.search(place.name)
        if found is None:
            return ""
        ages = (int(found[1]), int(found[2]))
        fitting = (one.code for one in self._spec.instruments.values() if (one.age.youngest, one.age.oldest) == ages)
        return next(fitting, "")

    def _said(self, place: Place) -> tuple[str, ...]:
        return terms(_plain(place.name))

    def _section(self, head: tuple[str, ...], members: Sequence[int]) -> str:
        """Return the section that a group of places is: its head says it, or what is in it."""
        best, section = 0.0, ""
        for code, words in self._targets.sections.items():
            said = max(alike(one, word) for one in head for word in words)
            inside = [target for target in self._targets.all if target.item.section == code and not target.comment]
            likest = [
                max((self._like(t, self.parts[at][1]) for t in inside), default=0.0)
                for at in members[:_MOST_OF_A_GROUP]
            ]
            total = 0.45 * (said if said >= _SAYS_SECTION else 0.0) + 0.55 * sum(likest) / len(likest)
            if total > best:
                best, section = total, code
        return section if best >= _SURE_OF_SECTION else ""


def _parted(place: Place) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the words that a name begins with, as its neighbours do, and the rest."""
    name = _plain(place.name)
    if "/" in name and " " not in name:
        above, _, last = name.rpartition("/")
        return terms(above.rpartition("/")[2]), terms(last)
    if found := _HEAD.fullmatch(name):
        return terms(found["head"]), terms(found["rest"])
    words = terms(name)
    return words[:1], words[1:]


def _plain(name: str) -> str:
    """Return a name without numbers that are no numbers of an item: ages, ``ICD-10``."""
    return _ICD.sub("icd", _AGES.sub(" ", name))


def is_rating(target: Target) -> bool:
    """Return whether an item is one of the many that are answered alike, one after the other on the form."""
    return not target.half and target.item.occurrence == 1 and target.item.type in (Type.CODE, Type.TRISTATE)
