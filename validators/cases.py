"""Every rule's own cases: it must pass those that it is said to pass, and fail those that it is said to fail."""

from __future__ import annotations

from collections.abc import Iterator

from canonical.errors import SpecDefect
from specs.spec import Case, Rule, Spec
from validators.rules import NOT_EVALUABLE, CompiledRule, compile_occurrences


def check_cases(spec: Spec) -> list[str]:
    """Return what is wrong with the rules' cases, as ``rules/B001.toml: sentence``; nothing where all is well."""
    return [f"rules/{rule.code}.toml: {fault}" for rule in spec.rules for fault in _faults(rule, spec)]


def _faults(rule: Rule, spec: Spec) -> Iterator[str]:
    try:
        compiled = compile_occurrences(rule, spec.occurrences)
    except SpecDefect as defect:
        yield str(defect).removeprefix(f"rules/{rule.code}.toml: ")
        return
    for word, cases, meant in (("pass", rule.passes, False), ("fail", rule.fails, True)):
        if not cases:
            yield f"The rule has no [[{word}]] case."
        for number, case in enumerate(cases, 1):
            fault = _fault(compiled, case, meant=meant)
            if fault:
                yield f"[[{word}]] case {number} ({case.why}) {fault}."


def _fault(compiled: tuple[CompiledRule, ...], case: Case, *, meant: bool) -> str | None:
    """Return what the case does instead of what it is meant to."""
    try:
        broken = any(each.broken(case.answers) for each in compiled if each.is_asked(case.answers))
    except NOT_EVALUABLE:
        return "could not be evaluated"
    if broken is meant:
        return None
    return "fails" if broken else "passes"
