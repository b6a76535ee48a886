"""Code tables beside the lists of a package: lines that lead nowhere, and codes that no line leads to."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from adapters.mapping import AgencyMapping, ItemMapping
from adapters.transforms import Refused, Translate
from service.proving.lines import Lines
from service.proving.remark import Remark
from specs.spec import Spec, Type

_TRISTATE = ("yes", "no")


def code_lines(mapping: AgencyMapping, spec: Spec, lines: Lines) -> Iterator[Remark]:
    """Tell what is wrong with the code tables of a mapping, and what is missing in them."""
    for name, table in mapping.codes.items():
        users = [code for code, mapped in mapping.items.items() if mapped.codes == name]
        if not users:
            yield lines.warning("unused-table", f"No item uses the code table [codes.{name}].", (), "codes", name)
            continue
        taken = {code for user in users for code in _taken(spec, user)}
        open_ended = any(not _taken(spec, user) for user in users)
        for word, code in table.items():
            if not open_ended and code not in taken:
                text = f"The line leads to “{code}”, which is in no list of an item that uses the table ({_named(users)}): {', '.join(sorted(taken))}."
                yield lines.error("unreachable-code", text, (users[0],), *_place(lines, name, word))
            if all(_never_arrives(mapping, mapping.items[user], word) for user in users):
                text = "No text gets as far as this line: a step before it changes the word, or it stands for nothing."
                yield lines.warning("shadowed-line", text, (users[0],), *_place(lines, name, word))
    yield from _uncovered(mapping, spec, lines)


def _uncovered(mapping: AgencyMapping, spec: Spec, lines: Lines) -> Iterator[Remark]:
    """Tell of codes that no word of a table leads to, once for each table and list."""
    told: set[tuple[str, tuple[str, ...]]] = set()
    for code, mapped in mapping.items.items():
        wanted = _taken(spec, code)
        item = spec.occurrences.get(code)
        if item is None or not mapped.codes or not wanted or (mapped.codes, tuple(wanted)) in told:
            continue
        told.add((mapped.codes, tuple(wanted)))
        wanted = wanted if item.codes else _TRISTATE
        reached = {*mapping.codes.get(mapped.codes, {}).values(), mapped.default}
        if missing := [one for one in wanted if one not in reached]:
            text = f"No word of [codes.{mapped.codes}] leads to {', '.join(missing)} ({code}): how does the export write it, if it can?"
            yield lines.advice("list-not-covered", text, (code,), "codes", mapped.codes)


def _taken(spec: Spec, code: str) -> Collection[str]:
    """Return the codes that an item takes; none where it takes any text."""
    item = spec.occurrences.get(code)
    if item is None:
        return ()
    if item.codes:
        return tuple(spec.codes[item.codes])
    return {Type.TRISTATE: ("yes", "no", "unanswered"), Type.BOOLEAN: ("true", "false")}.get(item.type, ())


def _never_arrives(mapping: AgencyMapping, mapped: ItemMapping, word: str) -> bool:
    """Return whether a word of a table is another one, or none, by the time the table is looked at."""
    empty = mapping.empty if mapped.empty is None else mapped.empty
    if word in empty:
        return True
    text: str | Refused = word
    for step in mapped.transforms:
        if isinstance(step, Translate) or isinstance(text, Refused):
            break
        text = step.apply(text)
    return isinstance(text, Refused) or text.strip().casefold() != word


def _place(lines: Lines, table: str, word: str) -> tuple[str, ...]:
    """Return the place of a line; the table holds its words in lower case, the file as they were written."""
    return next(
        (key for key in lines.keys if key[:2] == ("codes", table) and key[2:] and key[2].casefold() == word),
        ("codes", table),
    )


def _named(users: Collection[str]) -> str:
    first, *others = users
    return f"{first} and {len(others)} more" if others else first
