"""A mapping beside a package: what can never be right, and what is not covered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from adapters.mapping import AgencyMapping, MappingDefect, lines_of, load_mapping
from canonical.finding import Severity
from service.cli.suggestion import close_to
from service.proving.code_lines import code_lines
from service.proving.date_lines import date_lines
from service.proving.lines import Lines
from service.proving.remark import Remark
from specs.spec import Item, Spec, Type

_DEFECT: Final = re.compile(r"(?P<file>.*):(?P<line>[0-9]+): (?P<text>.*)", re.DOTALL)
#: What an assessment is given that does not bring it (``canonical.assessment.identified``).
_OURS: Final = frozenset({"DOCUMENT_ID", "DOCUMENT_VERSION", "SUBMISSION_TYPE", "AGENCY_ID"})
_INSTRUMENT: Final = "INSTRUMENT"
_PAIRS: Final = {Type.TRISTATE: "yes-no", Type.BOOLEAN: "true-false"}


def checked(path: Path, spec: Spec) -> tuple[Remark, ...]:
    """Return everything that is to be said about a mapping file, in the order of its lines."""
    try:
        mapping = load_mapping(path)
    except MappingDefect as broken:
        return tuple(_of_defect(path, defect) for defect in str(broken).splitlines())
    lines = Lines(str(path), lines_of(path))
    found = [*_items(mapping, spec, lines), *code_lines(mapping, spec, lines), *date_lines(mapping, spec, lines)]
    found += [*_shadowed(mapping, lines), *_uncovered(mapping, spec, lines)]
    return tuple(sorted(found, key=lambda remark: (remark.line, remark.name, remark.items)))


def _of_defect(path: Path, defect: str) -> Remark:
    found = _DEFECT.fullmatch(defect)
    line, text = (int(found["line"]), found["text"]) if found else (1, defect)
    return Remark(file=str(path), line=line, severity=Severity.ERROR, name="defect", text=text)


def _items(mapping: AgencyMapping, spec: Spec, lines: Lines) -> Iterator[Remark]:
    """Tell of items that the package does not have, and of texts that its items cannot take."""
    for code, mapped in mapping.items.items():
        item = spec.occurrences.get(code)
        if item is None:
            text = f"The package {spec.version} has no item {code}.{close_to(code, spec.occurrences)}"
            yield lines.error("unknown-item", text, (code,), "items", code)
            continue
        for key, value in (("value", mapped.value if not mapped.paths else ""), ("default", mapped.default or "")):
            if value and not _takes(item, value, spec):
                text = f"“{key}” is no answer that {code} can take: {_wanted(item, spec)}."
                yield lines.error("impossible-value", text, (code,), "items", code)
        for step in mapped.transforms:
            pair = getattr(step, "pair", None)
            if pair and pair != _PAIRS.get(item.type):
                wanted = _PAIRS.get(item.type)
                mend = f"write truth = “{wanted}”" if wanted else f"{code} is of the type {item.type.value}"
                yield lines.error(
                    "wrong-truth",
                    f"truth = “{pair}” gives words that {code} cannot take: {mend}.",
                    (code,),
                    "items",
                    code,
                )
        if mapped.pad and item.length and mapped.pad > item.length:
            text = f"“pad” fills up to {mapped.pad} digits, and {code} takes {item.length} characters at most."
            yield lines.error("too-long", text, (code,), "items", code)
        if item.occurrence > 1 and _before(item) not in mapping.items:
            text = f"{code} is mapped and {_before(item)} is not: occurrences are counted without a gap."
            yield lines.warning("gap", text, (code,), "items", code)


def _before(item: Item) -> str:
    code = item.code.partition(".")[0]
    return code if item.occurrence == 2 else f"{code}.{item.occurrence - 1}"  # noqa: PLR2004 - the first has no number


def _takes(item: Item, text: str, spec: Spec) -> bool:
    if item.codes:
        return text in spec.codes[item.codes]
    words = {Type.TRISTATE: {"yes", "no", "unanswered"}, Type.BOOLEAN: {"true", "false"}}.get(item.type)
    return words is None or text in words


def _wanted(item: Item, spec: Spec) -> str:
    if item.codes:
        return f"one of {', '.join(spec.codes[item.codes])}"
    return "yes, no or unanswered" if item.type is Type.TRISTATE else "true or false"


def _shadowed(mapping: AgencyMapping, lines: Lines) -> Iterator[Remark]:
    """Tell of items that read what another one reads already, whole."""
    first: dict[tuple[str, ...], str] = {}
    for code, mapped in mapping.items.items():
        if not mapped.paths or mapped.split is not None:
            continue
        if mapped.paths in first:
            text = f"{code} reads the same place as {first[mapped.paths]}, and the whole of it; one of them is likely to be wrong."
            yield lines.warning("same-place", text, (code,), "items", code)
        else:
            first[mapped.paths] = code


def _uncovered(mapping: AgencyMapping, spec: Spec, lines: Lines) -> Iterator[Remark]:
    """Tell of required items that no line reads; of those that only complete assessments must answer, by section."""
    instruments = _instruments(mapping, spec)
    by_section: dict[tuple[str, int | None], list[Item]] = {}
    for item in spec.items.values():
        if item.code in mapping.items or item.code in _OURS or not any(map(item.belongs_to, instruments)):
            continue
        if item.required:
            text = f"No line maps {item.code} ({item.label}), which every assessment must answer."
            yield lines.error("required-not-covered", text, (item.code,), "items")
        elif item.required_when:
            by_section.setdefault((item.section, item.age.youngest if item.age else None), []).append(item)
    for (section, youngest), items in by_section.items():
        codes = tuple(item.code for item in items)
        when = f" at ages from {youngest}" if youngest else ""
        text = f"No line maps these items of {section}, which some assessments must answer{when}: {', '.join(codes)}."
        yield lines.warning("required-not-covered", text, codes, "items")


def _instruments(mapping: AgencyMapping, spec: Spec) -> frozenset[str]:
    """Return the instruments that the mapping can tell of an assessment."""
    mapped = mapping.items.get(_INSTRUMENT)
    if mapped is None:
        return frozenset(spec.instruments)
    told = {mapped.value} if not mapped.paths else set(mapping.codes.get(mapped.codes or "", {}).values())
    return frozenset(told & spec.instruments.keys()) or frozenset(spec.instruments)
