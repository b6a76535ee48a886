"""The screens of the form: one for each section, its items in the dictionary's order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from canonical.occurrence import nth_of
from service.exports import wording
from service.exports.markup import Markup, element, joined, listed
from service.exports.page_parts import Screen, chip, citations, code, link, plural, table
from specs.spec import Instrument, Item, Spec

_HEADS = ("Item", "Answer", "Place in the document", "Rules", "Cites")


def sections(spec: Spec) -> Iterator[Screen]:
    """Yield a screen for each section, in the order of the forms."""
    titles: dict[str, dict[str, str]] = {}
    for instrument in spec.instruments.values():
        for section in instrument.sections:
            titles.setdefault(section.code, {})[instrument.code] = section.title
    order = dict.fromkeys(item.section for item in spec.items.values())
    for name in [*(name for name in order if name in titles), *(name for name in order if name not in titles)]:
        items = [item for item in spec.items.values() if item.section == name]
        yield Screen(
            anchor=f"section-{name}",
            group="The form",
            title=next(iter(titles.get(name, {}).values()), name),
            count=str(len(items)),
            lead=_lead(name, items, titles.get(name, {}), spec),
            body=table(_HEADS, _bodies(items, spec)),
        )


def list_anchor(codes: str) -> str:
    """Return where a code list stands in the page."""
    return f"codes-{codes}"


def short(instrument: Instrument) -> str:
    """Return the ages of an instrument, which tell the two forms apart at a glance."""
    return f"{instrument.age.youngest or 0}\N{EN DASH}{instrument.age.oldest or ''}"


def _lead(name: str, items: list[Item], titles: Mapping[str, str], spec: Spec) -> Markup:
    """Return how much of the section each form has, and what the form calls it where the forms differ."""
    differ = len(set(titles.values())) > 1
    forms = [
        f"{spec.instruments[form].title}{f', “{title}”' if differ else ''}: {plural(_carried(items, form), 'item')}"
        for form, title in titles.items()
    ]
    repeats = items[0].repeats
    again = [f" · up to {repeats} times, as ", code(items[0].code), ", ", code(nth_of(items[0].code, 2)), " …"]
    return element("p", code(name), " · ", " · ".join(forms), *(again if repeats > 1 else []), class_="lead")


def _carried(items: Iterable[Item], form: str) -> int:
    return sum(item.belongs_to(form) for item in items)


def _bodies(items: Iterable[Item], spec: Spec) -> Iterator[Markup]:
    """Yield the items, those that are owed alike under one heading."""
    for told, alike in groupby(items, lambda item: _owed(item, spec)):
        heading = element("th", told, colspan=str(len(_HEADS)), scope="rowgroup")
        yield element("tbody", element("tr", heading, class_="owed"), [_row(item, spec) for item in alike])


def _owed(item: Item, spec: Spec) -> str:
    """Return when the items of a group are owed and leave, in one sentence."""
    required = wording.required(item, spec)
    gate = f", for {wording.ages(item.age)}" if item.age and required == "optional" else ""
    return f"{required[:1].upper()}{required[1:]}{gate}; {wording.consent(item)}."


def _row(item: Item, spec: Spec) -> Markup:
    forms = [chip(short(spec.instruments[form]), "form") for form in item.instruments]
    marks = [*forms, *([chip("sensitive")] if item.sensitive else [])]
    rules = [link(rule.code, rule.code) for rule in spec.rules if item.code in wording.rule_items(rule, spec)]
    return element(
        "tr",
        element(
            "th", element("span", item.label, class_="label"), " ", *marks, element("br"), _self(item), scope="row"
        ),
        element("td", _answer(item)),
        element("td", _path(item), class_="path"),
        element("td", listed(rules, " ")),
        element("td", citations(item.cites, spec)),
        id=item.code,
        data_find=f"{item.code} {item.label} {item.wire}",
    )


def _self(item: Item) -> Markup:
    """Return the item's code, which is a link to itself for whoever wants to pass it on."""
    return element("a", code(item.code), href=f"#{item.code}", class_="self")


def _path(item: Item) -> Markup:
    """Return the item's place in the document, which may break after a slash."""
    if not item.wire:
        return element("span", "stays home", class_="quiet")
    return element("code", listed(item.wire.split("/"), Markup("/<wbr>")))


def _answer(item: Item) -> Markup:
    if item.codes:
        return joined("a code of ", link(list_anchor(item.codes), item.codes.replace("_", " ")))
    pattern = [element("br"), element("code", item.pattern, class_="pattern")] if item.pattern else []
    return joined(wording.takes(item), *pattern)
