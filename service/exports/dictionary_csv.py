"""The data dictionary as a spreadsheet for people: one row an item, everything in words."""

from __future__ import annotations

import csv
import io
from typing import Final

from service.exports import wording
from specs.requirements import OUR_ASSUMPTION
from specs.spec import Code, Item, Spec

#: What a spreadsheet takes for the beginning of a formula, or skips before one; the last four are its full-width twins.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def dictionary_csv(spec: Spec) -> bytes:
    """Return the rows in UTF-8, with the mark that spreadsheets need to see it; no cell can be taken for a formula."""
    text = io.StringIO()
    rows = csv.writer(text)
    told = [_row(item, spec) for item in spec.items.values()]
    rows.writerow(told[0] if told else [])
    rows.writerows([harmless(cell) for cell in row.values()] for row in told)
    return text.getvalue().encode("utf-8-sig")


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet computes: an apostrophe before what would begin a formula."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell


def _row(item: Item, spec: Spec) -> dict[str, str]:
    """Return an item's cells by column."""
    return {
        "item": item.code,
        "label": item.label,
        "instruments": "; ".join(item.instruments) or "all",
        "section": f"{item.section}: {_section(item, spec)}",
        "type": wording.takes(item),
        "required": wording.required(item, spec),
        "codes": _codes(item, spec),
        "pattern": item.pattern or "",
        "ages": wording.ages(item.age) if item.age else "",
        "repeats": f"up to {item.repeats} times, with its section" if item.repeats > 1 else "",
        "consent": wording.consent(item),
        "sensitive": "yes" if item.sensitive else "",
        "place in the document": item.wire,
        "rules": "; ".join(rule.code for rule in spec.rules if item.code in wording.rule_items(rule, spec)),
        "cites": "\n".join(_cited(cite, spec) for cite in item.cites),
        "specification": f"{spec.version} ({spec.status.value})",
    }


def _section(item: Item, spec: Spec) -> str:
    """Return the section's title; where instruments call it differently, all of them."""
    titles = (
        section.title
        for instrument in spec.instruments.values()
        if item.belongs_to(instrument.code)
        for section in instrument.sections
        if section.code == item.section
    )
    return " / ".join(dict.fromkeys(titles))


def _codes(item: Item, spec: Spec) -> str:
    return "\n".join(_code(code) for code in spec.codes.get(item.codes or "", {}).values())


def _code(code: Code) -> str:
    validity = wording.validity(code)
    return f"{code.value} = {code.label}{f' ({validity})' if validity else ''}"


def _cited(cite: str, spec: Spec) -> str:
    if cite == OUR_ASSUMPTION:
        return cite
    requirement = spec.requirements[cite]
    return f"{requirement.id} ({requirement.strength}): {requirement.text}"
