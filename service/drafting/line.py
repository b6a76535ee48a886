"""One line of a drafted mapping, and the words that it brings to a code table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from service.drafting.matching import Match
from service.drafting.quoting import quoted
from service.drafting.shapes import Shape
from specs.spec import Item, Spec, Type

_TRUTHS: Final = {Type.TRISTATE: "yes-no", Type.BOOLEAN: "true-false"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """How one item is read, as far as it is known."""

    item: str
    #: What stands between the braces, key by key, as TOML.
    keys: tuple[str, ...]
    #: The places, as they are called; none for a constant.
    places: tuple[str, ...]
    #: From 0 to 1.
    confidence: float
    #: The code table that it uses; empty for none.
    table: str = ""
    #: … and the list of the package that it leads to.
    codes: str = ""
    #: Word to code, and whether that is beyond doubt.
    words: Mapping[str, tuple[str, bool]] = field(default_factory=dict)
    #: Words that no code is known for, and that may be shown …
    unknown: tuple[str, ...] = ()
    #: … and how many there are that may not.
    hidden: int = 0

    @property
    def text(self) -> str:
        """The table in braces."""
        return f"{{ {', '.join(self.keys)} }}"


def line_of(match: Match, spec: Spec, place: str, secret: frozenset[str]) -> Line:
    """Return the line of an item that one place answers.

    Args:
        match: the item and its place.
        spec: the package.
        place: ``from = "…"``, ``field = 7`` or ``question = "…"``.
        secret: texts that are never shown, because they stand where names and numbers do.
    """
    item, shape = match.target.item, match.shape
    line = Line(item=item.code, keys=(place,), places=(match.place.path,), confidence=match.confidence)
    if item.type is Type.DATE and shape.forms:
        return _with(line, f"date = {quoted(shape.forms[0])}")
    if item.type in _TRUTHS:
        if shape.is_truth or not shape.texts:
            return _with(line, f"truth = {quoted(_TRUTHS[item.type])}")
        return replace(line, hidden=len(shape.counts))
    if width := shape.width(item):
        return _with(line, f"pad = {width}")
    if item.codes and not _is_canonical(item, shape, spec):
        return _translated(line, item.codes, shape, spec, secret)
    return _with(line, "empty = []") if match.target.comment else line


def _translated(line: Line, codes: str, shape: Shape, spec: Spec, secret: frozenset[str]) -> Line:
    """Return a line with a code table, or with ``number`` where that is enough."""
    known = spec.codes[codes]
    if (mark := shape.mark) and all(
        text.partition(mark)[0] in known and not text.partition(mark)[2].strip("0") for text in shape.counts
    ):
        return _with(line, f'number = "{mark}"')
    table = codes.replace("_", "-")
    told = {word: shape.code_of(word, codes, known) for word in shape.counts}
    safe = {word for word in told if told[word] or (shape.is_closed and word not in secret)}
    return replace(
        _with(line, f"codes = {quoted(table)}"),
        table=table,
        codes=codes,
        words={word: code for word, code in told.items() if code is not None},
        unknown=tuple(word for word in told if told[word] is None and word in safe),
        hidden=len(told) - len(safe),
    )


def _with(line: Line, key: str) -> Line:
    return replace(line, keys=(*line.keys, key))


def _is_canonical(item: Item, shape: Shape, spec: Spec) -> bool:
    """Return whether every text is a code of the list as it stands."""
    return bool(item.codes) and all(text in spec.codes[item.codes] for text in shape.counts)  # type: ignore[index]
