"""Every rule of the shipped package, changed by machine: what its cases and the fixtures do not notice is not proved."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace

import pytest

from service.fixtures.pack import pack
from service.rule_mutants import Score, mutants, score
from specs.catalog import Catalog
from specs.spec import Case, Spec

ENOUGH = 0.95
UNDECIDED = "a tri-state left unanswered counts as no answer, and the kind decides on answers only"
#: Changes that change nothing, and why.
EQUIVALENT = {
    **{
        f"B028 ways: way {number}: unanswered too in {item}=yes": UNDECIDED
        for number, item in (
            (1, "SED_PART1_DISORDER"),
            (1, "SED_PART1_IMPAIRMENT"),
            (2, "SED_PART2_LEARNING"),
            (3, "SED_PART2_RELATIONSHIPS"),
            (4, "SED_PART2_BEHAVIOR"),
            (5, "SED_PART2_UNHAPPINESS"),
            (6, "SED_PART2_FEARS"),
        )
    },
    "B032 values: without unanswered": UNDECIDED,
    "B033 items: SED_DETERMINATION too": "asked only where the determination is answered, so it is never the unanswered one",
    "B036 expression: matches: one character more": "the dictionary takes no ZIP code that ends with its first three digits",
}


@pytest.fixture(scope="module")
def spec() -> Spec:
    return Catalog().named("2026.1")


@pytest.fixture(scope="module")
def result(spec: Spec) -> Score:
    return score(spec, pack(spec).fixtures)


def test_mutants_are_killed(result: Score, capsys: pytest.CaptureFixture[str]):
    """At least 95 % of the mutants are noticed; the figure and the survivors are printed."""
    with capsys.disabled():
        told = (f"  {mutant.name}: {EQUIVALENT.get(mutant.name, 'NOT EXPLAINED')}\n" for mutant in result.survivors)
        sys.stdout.write(f"\n{result.told}; survivors:\n{''.join(told)}")
    assert result.killed >= ENOUGH * result.mutants


def test_survivors_are_explained(result: Score):
    """Each mutant that survives changes nothing that an assessment could show, and no explanation is left over."""
    assert {mutant.name for mutant in result.survivors} == EQUIVALENT.keys()


def test_every_term_of_every_rule_is_changed(spec: Spec):
    """No rule escapes, and no term of one, but an item that is the only one of its type; an expression's items change within it."""
    kinds = Counter(item.type for item in spec.items.values())
    for rule in spec.rules:
        changed = {mutant.change.split(":")[0] for mutant in mutants(rule, spec)}
        exempt = {"items"} if rule.kind == "cel" else set()
        exempt |= {
            name for name, term in rule.terms.items() if term in spec.items and kinds[spec.items[term].type] == 1
        }
        assert {"severity", *rule.terms} - exempt <= changed, rule.code


def test_a_weak_case_is_found_out(spec: Spec):
    """A rule whose cases keep away from its bound, and that no fixture shows, lets mutants of bound and severity live."""
    rule = next(rule for rule in spec.rules if rule.code == "B005")
    far = Case(why="years later", answers={"ASSESSMENT_DATE": "2026-01-10", "FINALIZED_ON": "2029-07-10"})
    weak = replace(rule, passes=rule.passes[1:], fails=(far,))
    survivors = {mutant.name for mutant in score(replace(spec, rules=(weak,)), ()).survivors}
    assert survivors >= {"B005 days: 179", "B005 days: 181", "B005 severity: error", "B005 severity: warning"}


def test_what_a_reader_would_refuse_is_no_mutant(spec: Spec):
    """No mutant has a code that its item's list lacks, a bound below zero, or a range turned round."""
    rule = next(rule for rule in spec.rules if rule.kind == "count_between")
    turned = [m.rule.terms for m in mutants(rule, spec)]
    assert all(0 <= terms["minimum"] <= terms["maximum"] for terms in turned)
    assert all(set(terms["values"]) <= {"0", "1", "2", "3"} for terms in turned)
