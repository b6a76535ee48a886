"""The business rules of a package as one instrument's form asks them, and the findings of those that are broken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from canonical.assessment import Assessment, Source
from canonical.finding import Finding, Kind
from specs.expressions import NOT_EVALUABLE
from specs.spec import AgeRange, Item, Spec
from validators.circumstances import Circumstances
from validators.conditions import Texts
from validators.consent import stays_home
from validators.expressions import Binding
from validators.kinds import CompiledRule, compile_occurrences, compile_rule
from validators.structural_checks import CHECKS

__all__ = ["NOT_EVALUABLE", "CompiledRule", "Rules", "compile_occurrences", "compile_rule"]


@dataclass(frozen=True, slots=True)
class _Clause:
    """A compiled rule with what decides whether it is asked at all."""

    compiled: CompiledRule
    items: frozenset[str]
    #: Asked only with consent to the full CANS: it looks at what would stay home.
    clinical: bool
    gates: tuple[AgeRange, ...]


class Rules:
    """The rules of one instrument, in the order of their codes."""

    def __init__(self, spec: Spec, carried: frozenset[str]) -> None:
        """Compile the rules that say something about a form with these items; raise SpecDefect as ``compile_rule``."""
        self._spec = spec
        home = stays_home(spec)
        bindings: dict[tuple[str | None, int], Binding] = {}
        compiled = (
            each
            for rule in sorted(spec.rules, key=lambda rule: rule.code)
            for each in compile_occurrences(rule, spec.occurrences, carried, bindings)
        )
        clauses = tuple(
            _Clause(
                compiled=rule,
                items=frozenset(rule.items),
                clinical=not home.isdisjoint(rule.items),
                gates=_gates(rule, spec.occurrences),
            )
            for rule in compiled
            if rule.subjects <= carried and not any(pool.isdisjoint(carried) for pool in rule.pools)
        )
        self._clauses = tuple(clause for clause in clauses if not clause.compiled.occurrence)
        #: With those asked of a second, third … occurrence, in the order of their rules; most assessments have none.
        self._all_clauses = clauses
        self._further = frozenset(code for clause in clauses for code in clause.compiled.occurrence)

    def judge(self, assessment: Assessment, circumstances: Circumstances, texts: Texts) -> list[Finding]:
        """Judge the texts; a rule that needs what could not be read is left out, for that has its error already."""
        found = []
        age = circumstances.age
        further = not self._further.isdisjoint(texts)
        for clause in self._all_clauses if further else self._clauses:
            if (
                not clause.compiled.is_asked(texts)
                or (clause.clinical and not circumstances.full)
                or not clause.items.isdisjoint(circumstances.unreadable)
                or any(age is None or not gate.holds(age) for gate in clause.gates)
            ):
                continue
            try:
                broken = clause.compiled.broken(texts)
            except NOT_EVALUABLE:
                found.append(_could_not_run(clause.compiled, assessment, self._spec))
            else:
                if broken:
                    found.append(_finding(clause.compiled, assessment, self._spec))
        return found


def _gates(compiled: CompiledRule, items: Mapping[str, Item]) -> tuple[AgeRange, ...]:
    """Return the age gates behind which a rule has nothing to say: its subjects', and those that all of a list share."""
    gates = [items[code].age for code in sorted(compiled.subjects)]
    for pool in compiled.pools:
        shared = {items[code].age for code in pool}
        gates += shared if len(shared) == 1 else ()
    return tuple(dict.fromkeys(gate for gate in gates if gate is not None))


def _finding(compiled: CompiledRule, assessment: Assessment, spec: Spec) -> Finding:
    rule = compiled.rule
    return Finding(
        rule=rule.code,
        severity=rule.severity,
        kind=Kind.BUSINESS,
        title=rule.title,
        message=rule.message,
        items=compiled.items,
        sources=_places(compiled.items, assessment),
        fix=rule.fix,
        why=rule.why,
        desk=spec.desks.get(rule.desk),
        cites=rule.cites,
    )


def _could_not_run(compiled: CompiledRule, assessment: Assessment, spec: Spec) -> Finding:
    return CHECKS["X001"].finding(
        spec.desks,
        items=compiled.items,
        sources=_places(compiled.items, assessment),
        cites=compiled.rule.cites,
        words={"check": f"The rule {compiled.rule.code} ({compiled.rule.title})"},
    )


def _places(items: Iterable[str], assessment: Assessment) -> tuple[Source, ...]:
    """Return where the items were read, each place once; where none was, the assessment's own place."""
    places = dict.fromkeys(assessment.answers[item].source for item in items if item in assessment.answers)
    return tuple(places) or (assessment.origin,)
