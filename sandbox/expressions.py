"""Rules of the kind ``cel`` as the state reads them: CEL is a published language, so its library is shared, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from sandbox.form import Form, as_day
from specs.expressions import NOT_EVALUABLE, compiled, context_of
from specs.spec import Type

#: Of how many expressions the compiled form is kept: more than a package has.
_KEPT: Final = 512
_compiled = lru_cache(_KEPT)(compiled)


def is_true(expression: str, items: Sequence[str], form: Form) -> bool | None:
    """Return whether an expression is true of the form; None where it cannot be evaluated."""
    answers: dict[str, object] = {}
    for item in items:
        text = form.text(item)
        if text is None:
            continue
        value = _value(form.spec.items[item].type, text)
        if value is None:
            return None
        answers[item] = value
    try:
        result = _compiled(expression).execute(context_of(answers))
    except NOT_EVALUABLE:
        return None
    return result if isinstance(result, bool) else None


def _value(kind: Type, text: str) -> object | None:
    """Read a text as the expression sees it; None where it is none of its type."""
    if kind is Type.DATE:
        day = as_day(text)
        return None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)
    if kind is Type.INTEGER:
        return int(text) if text.removeprefix("-").isdecimal() else None
    if kind is Type.DATETIME:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return None
        return None if moment.tzinfo is None else moment
    return text
