"""Rules of the kind ``cel``: the answers of a document, typed and bound once for all expressions that ask them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Final

from canonical.occurrence import nth_of
from specs.expressions import context_of
from specs.spec import Item, Type
from validators.conditions import Seen, Texts
from validators.days import read_day

if TYPE_CHECKING:
    import cel


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no offset")
    return moment


def _midnight(text: str) -> datetime:
    day: date = read_day(text)
    return datetime.combine(day, time(), UTC)


#: What an expression sees of an answer; of all other types, its text.
_VALUES: Final[Mapping[Type, Callable[[str], object]]] = {
    Type.DATE: _midnight,
    Type.DATETIME: _moment,
    Type.INTEGER: int,
}


class Binding:
    """What expressions see of one occurrence of a section, or of what does not repeat."""

    def __init__(self, dictionary: Mapping[str, Item], section: str | None, number: int) -> None:
        self._dictionary = dictionary
        self._section = section
        self._number = number
        #: The code of the answer that an expression calls by the item's.
        self._code_of: dict[str, str] = {}

    def bind(self, items: tuple[str, ...]) -> tuple[str, ...]:
        """Let expressions ask these items too; return the codes of the answers that they will see."""
        for item in items:
            repeats = self._dictionary[item].section == self._section
            self._code_of[item] = nth_of(item, self._number) if repeats else item
        return tuple(self._code_of[item] for item in items)

    def holds(self, program: cel.Program, texts: Texts) -> bool:
        """Return whether an expression is true of the texts.

        Raises:
            ArithmeticError, LookupError, RuntimeError, TypeError, ValueError: it could not be evaluated.
        """
        verdict = program.execute(self._context(texts))
        if verdict is True or verdict is False:
            return verdict
        raise TypeError("an expression is true or false")

    def readable(self, codes: tuple[str, ...], texts: Texts) -> bool:
        """Return whether the answers under these codes, as far as there are any, have the values of their types."""
        return all(self._value(code, texts[code]) is not None for code in codes if code in texts)

    def _context(self, texts: Texts) -> cel.Context:
        """Return the context of a document, made when the first expression asks for it."""
        if not isinstance(texts, Seen):
            return context_of(self._values(texts))
        context = texts.contexts.get(self)
        if context is None:
            context = texts.contexts[self] = context_of(self._values(texts))
        return context

    def _values(self, texts: Texts) -> dict[str, object]:
        values = {item: self._value(code, texts[code]) for item, code in self._code_of.items() if code in texts}
        return {item: value for item, value in values.items() if value is not None}

    def _value(self, code: str, text: str) -> object | None:
        """Return the value of an answer; None where the text is none of its type."""
        try:
            return _VALUES.get(self._dictionary[code].type, str)(text)
        except ValueError:
            return None
