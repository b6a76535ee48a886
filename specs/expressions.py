"""Expressions in the Common Expression Language: what they may say, and what they may cost.

An expression sees one variable, the map ``a`` of answers by item code, and only as ``a.LDF_SLEEP``, ``a['LDF_SLEEP']``,
``has(a.LDF_SLEEP)`` or ``'LDF_SLEEP' in a``: so the items that it asks are known without running it. CEL has no loops and no
input or output, but neither a budget: its macros within macros are bounded here, by looking at the source.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, FileFinder
from typing import TYPE_CHECKING, Final

from specs.bounds import DEEPEST_BRACKETS, DEEPEST_MACROS, LONGEST_EXPRESSION, LONGEST_LIST
from specs.patterns import pattern_fault

if TYPE_CHECKING:
    import cel

#: What ``Program.execute`` raises where an expression cannot be evaluated. Its texts hold values: they are never shown.
NOT_EVALUABLE: Final = (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)

#: The one variable.
ANSWERS: Final = "a"

_MACROS: Final = frozenset({"all", "exists", "exists_one", "filter", "map"})
_FUNCTIONS: Final = frozenset(
    {
        "has", "size", "startsWith", "endsWith", "contains", "matches", "timestamp", "duration", "int", "string",
        "getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear",
        "getHours", "getMinutes", "getSeconds",
    }
)  # fmt: skip
_WORDS: Final = frozenset({"true", "false", "null", "in"})
_OPENING: Final = {"(": ")", "[": "]", "{": "}"}

_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")
    | (?P<number>[0-9][0-9A-Za-z.]*)
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<sign>&&|\|\||==|!=|<=|>=|[-+*/%!<>?:.,()\[\]])
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class _Token:
    #: text, number, name or sign.
    kind: str
    text: str
    #: Where it stands in the expression, from 1.
    place: int


@lru_cache(maxsize=1)
def _library() -> object:
    """Load the library's compiled module alone: its package also brings an interactive shell, ten times the cost."""
    package = importlib.util.find_spec("cel")
    places = package.submodule_search_locations if package is not None else None
    finder = FileFinder(next(iter(places or ())), (ExtensionFileLoader, EXTENSION_SUFFIXES))
    found = finder.find_spec("cel")
    assert found is not None, "common-expression-language is a dependency"
    assert found.loader is not None, "an extension module has its loader"
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def compiled(expression: str) -> cel.Program:
    """Compile an expression that ``expression_faults`` found sound.

    Raises:
        ValueError: it is not CEL.
    """
    program: cel.Program = _library().compile(expression)  # type: ignore[attr-defined]
    return program


def context_of(answers: dict[str, object]) -> cel.Context:
    """Return a context for one document, or one occurrence in it; it may not be shared by threads.

    Raises:
        ValueError: CEL cannot hold one of the values.
    """
    context: cel.Context = _library().Context()  # type: ignore[attr-defined]
    context.add_variable(ANSWERS, answers)
    return context


def items_in(expression: str) -> tuple[str, ...]:
    """Return the items that a sound expression asks, each once, in the order of their first mention."""
    return tuple(dict.fromkeys(item for _, item in _asked(_tokens(expression) or ())))


def expression_faults(expression: str) -> tuple[str, ...]:
    """Return a sentence for everything that is wrong with an expression; it is compiled only where nothing is."""
    if len(expression) > LONGEST_EXPRESSION:
        return (f"The expression has {len(expression):,} characters; {LONGEST_EXPRESSION:,} are the most.",)
    tokens = _tokens(expression)
    if tokens is None:
        return ("The expression holds something that rules have no use for (maps, comments, raw or triple quotes).",)
    faults = (*_depth_faults(tokens), *_word_faults(tokens), *_pattern_faults(tokens))
    if faults:
        return faults
    try:
        compiled(expression)
    except NOT_EVALUABLE:
        return ("The expression is not CEL.",)
    return ()


def _tokens(expression: str) -> tuple[_Token, ...] | None:
    """Cut an expression into words; None where it holds anything else."""
    tokens: list[_Token] = []
    end = 0
    while expression[end:].strip():
        match = _TOKEN.match(expression, end)
        if match is None or match.lastgroup is None:
            return None
        text = match[match.lastgroup]
        if (
            match.lastgroup == "text" and tokens and tokens[-1].kind == "text"
        ):  # a text in three quotes, which hides others
            return None
        tokens.append(_Token(match.lastgroup, text, match.start(match.lastgroup) + 1))
        end = match.end()
    return tuple(tokens)


def _asked(tokens: Sequence[_Token]) -> Iterator[tuple[int, str]]:
    """Yield the position of each ``a``, and the item that is asked of it."""
    for at in range(len(tokens)):
        if not _is_answers(tokens, at):
            continue
        after = [each.text for each in tokens[at + 1 : at + 4]]
        if after[:1] == ["."] and len(after) > 1 and after[2:] != ["("]:
            yield at, after[1]
        elif after[:1] == ["["] and after[2:] == ["]"] and tokens[at + 2].kind == "text":
            yield at, after[1][1:-1]
        elif (
            at > 1 and tokens[at - 1].text == "in" and tokens[at - 2].kind == "text" and after[:1] not in (["."], ["["])
        ):
            yield at, tokens[at - 2].text[1:-1]


def _is_answers(tokens: Sequence[_Token], at: int) -> bool:
    """Return whether a token is the variable, and not a member of that name."""
    token = tokens[at]
    return token.kind == "name" and token.text == ANSWERS and (at == 0 or tokens[at - 1].text != ".")


def _word_faults(tokens: Sequence[_Token]) -> Iterator[str]:
    """Refuse words that are neither the answers, nor known functions, nor bound by a macro."""
    asked = {at for at, _ in _asked(tokens)}
    bound = {tokens[at + 2].text for at in range(1, len(tokens) - 2) if _opens_macro(tokens, at)}
    if ANSWERS in bound:
        yield f"No macro may call its element {ANSWERS!r}: that is the answers."
    for at, token in enumerate(tokens):
        if token.kind != "name" or token.text in _WORDS or token.text in bound:
            continue
        member = at > 0 and tokens[at - 1].text == "."
        called = at + 1 < len(tokens) and tokens[at + 1].text == "("
        if called and token.text not in _FUNCTIONS | _MACROS:
            yield f"{token.text!r} (character {token.place}) is no function that rules may use."
        elif _is_answers(tokens, at):
            if at not in asked:
                yield f"{ANSWERS!r} (character {token.place}) is asked for single items only: a.LDF_SLEEP, 'LDF_SLEEP' in a."
        elif not called and not member:
            yield f"{token.text!r} (character {token.place}) is no variable; the answers are in the map {ANSWERS!r}."


def _opens_macro(tokens: Sequence[_Token], at: int) -> bool:
    return tokens[at].text in _MACROS and [each.text for each in (tokens[at - 1], tokens[at + 1])] == [".", "("]


def _depth_faults(tokens: Sequence[_Token]) -> Iterator[str]:
    """Refuse brackets and macros that are nested too deep, and lists that are too long."""
    brackets: list[tuple[str, bool]] = []
    commas: list[int] = []
    for at, token in enumerate(tokens):
        if token.kind != "sign":
            continue
        if token.text in _OPENING:
            brackets.append((_OPENING[token.text], at > 1 and at + 1 < len(tokens) and _opens_macro(tokens, at - 1)))
            commas.append(0)
        elif brackets and token.text == brackets[-1][0]:
            brackets.pop()
            commas.pop()
        elif token.text == "," and brackets:
            commas[-1] += 1
        if len(brackets) > DEEPEST_BRACKETS:
            yield f"More than {DEEPEST_BRACKETS} brackets within one another (character {token.place})."
            return
        if sum(macro for _, macro in brackets) > DEEPEST_MACROS:
            yield f"More than {DEEPEST_MACROS} macros within one another (character {token.place})."
            return
        if brackets and brackets[-1][0] == "]" and commas[-1] >= LONGEST_LIST:
            yield f"A list has {LONGEST_LIST} elements at most (character {token.place})."
            return


def _pattern_faults(tokens: Sequence[_Token]) -> Iterator[str]:
    """Refuse a regular expression that is not written out, or that costs too much."""
    for at, token in enumerate(tokens):
        if token.text != "matches" or [each.text for each in tokens[at + 1 : at + 2]] != ["("]:
            continue
        pattern = tokens[at + 2 : at + 4]
        if [each.kind for each in pattern] != ["text", "sign"] or pattern[1].text != ")" or "\\" in pattern[0].text:
            yield f"matches (character {token.place}) takes one regular expression, in quotes, without backslashes."
        elif fault := pattern_fault(pattern[0].text[1:-1]):
            yield fault
