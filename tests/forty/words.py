"""How a sender writes what a canonical answer says, and the line of a mapping that reads it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from forty.assessments import AGENCY, forty, spec

from specs.spec import Type

_TRISTATE = {"yes": "Ja", "no": "Nein", "unanswered": "Offen"}
_DIGITS = 12


def lines() -> tuple[str, ...]:
    """Return the items that any of the forty answers, in the dictionary's order."""
    answered = {code for answers in forty() for code in answers}
    return tuple(code for code in spec().occurrences if code in answered)


def quoted(text: str) -> str:
    """Return a text as TOML writes it."""
    return json.dumps(text, ensure_ascii=False)


def _list(code: str) -> str:
    """Return the name of an item's closed list, or of its type."""
    item = spec().occurrences[code]
    return item.codes or item.type.value


@dataclass(frozen=True)
class Words:
    """One sender's ways of writing."""

    #: In the directives of ``strptime``.
    day: str
    #: Whether codes stand there as words of the sender's own.
    worded: bool = True
    #: Whether leading zeros of the member's id are dropped.
    drops_zeros: bool = False

    def word(self, code: str, text: str) -> str:
        """Return what the sender has for an answer."""
        item = spec().occurrences[code]
        if item.type is Type.DATE:
            return date.fromisoformat(text).strftime(self.day)
        if self.drops_zeros and code == "MEMBER_ID":
            return text.lstrip("0")
        return self._table(code).get(text, text)

    def _table(self, code: str) -> Mapping[str, str]:
        item = spec().occurrences[code]
        if item.type is Type.TRISTATE:
            return _TRISTATE
        if not self.worded or item.type is not Type.CODE:
            return {}
        return {text: f"{list_code.label} ({text})" for text, list_code in spec().codes[item.codes or ""].items()}

    def line(self, code: str, place: str) -> str:
        """Return the line of the mapping for an item that stands at a place."""
        item, steps = spec().occurrences[code], ""
        if item.type is Type.DATE:
            steps = f', date = "{self.day}"'
        elif self.drops_zeros and code == "MEMBER_ID":
            steps = f", pad = {_DIGITS}"
        elif self._table(code):
            steps = f', codes = "{_list(code)}"'
        return f"{quoted(code)} = {{ {place}{steps} }}"

    def mapping(self, format_: str, places: Mapping[str, str], head: str = "") -> str:
        """Return a whole mapping: each item at its place."""
        tables = {_list(code): self._table(code) for code in places}
        codes = [
            f"[codes.{name}]\n" + "\n".join(f"{quoted(word)} = {quoted(text)}" for text, word in table.items())
            for name, table in tables.items()
            if table
        ]
        items = "\n".join(self.line(code, place) for code, place in places.items())
        top = f'agency = "{AGENCY}"\nformat = "{format_}"\neffective = 2026-01-01\n{head}\n'
        return "\n".join((top, "[items]", items, *codes)) + "\n"
