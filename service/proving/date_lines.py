"""Forms of days that cannot be, or that can be read in two ways."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from itertools import combinations
from typing import Final

from adapters.dates import SERIALS, day_of
from adapters.mapping import AgencyMapping
from adapters.transforms import Dates
from service.proving.lines import Lines
from service.proving.remark import Remark
from specs.spec import Spec, Type

#: A day that could be a month.
_TWOFOLD: Final = date(2026, 3, 4)
_MONTHS: Final = frozenset("mbB")


def date_lines(mapping: AgencyMapping, spec: Spec, lines: Lines) -> Iterator[Remark]:
    """Tell of forms that read no day, other days, or what is no day at all."""
    for code, mapped in mapping.items.items():
        item = spec.occurrences.get(code)
        steps = [step for step in mapped.transforms if isinstance(step, Dates)] if mapped.date else []
        if item is None:
            continue
        if steps and item.type not in (Type.DATE, Type.DATETIME, Type.TEXT):
            text = f"“date” writes a day, and {code} is of the type {item.type.value}."
            yield lines.error("no-date", text, (code,), "items", code)
        if item.type is Type.DATE and mapped.paths and not steps and mapping.format != "workbook" and not mapped.codes:
            text = f"{code} is a date without “date”: only days written 2026-03-04 can be read."
            yield lines.advice("date-as-it-stands", text, (code,), "items", code)
        for step in steps:
            yield from _forms(step.forms, code, lines)


def _forms(forms: tuple[str, ...], code: str, lines: Lines) -> Iterator[Remark]:
    for form in forms:
        if form in SERIALS:
            continue
        directives = set(re.findall("%([A-Za-z])", form))
        if not (directives & {"Y", "y"} and directives & _MONTHS and "d" in directives):
            text = f"The form {form} does not tell day, month and year: no day can be read with it."
            yield lines.error("impossible-form", text, (code,), "items", code)
        elif "y" in directives:
            text = f"The form {form} has years of two digits: 68 is read as 2068, and 69 as 1969."
            yield lines.advice("short-year", text, (code,), "items", code)
    for first, second in combinations([form for form in forms if form not in SERIALS], 2):
        read = day_of(_TWOFOLD.strftime(second), first)
        if read is not None and read != _TWOFOLD:
            text = f"Days up to the 12th written {second} are read as {first}, which stands before it: 03/04 becomes another day."
            yield lines.error("twofold-form", text, (code,), "items", code)
