"""Whether a package keeps its own word: the checks of ``ecas spec verify``, which need more than one room."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Final

from canonical.assessment import Answer, Assessment, Source
from canonical.finding import Severity
from sandbox.judge import judge_answers
from service.fixtures.pack import pack
from service.rule_mutants import score
from specs.coverage import uncovered
from specs.examples import Example, examples
from specs.spec import Spec
from specs.wire import check_wire
from validators.cases import check_cases
from validators.engine import validate

#: The share of rule mutants that must be noticed.
_ENOUGH: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check of a package."""

    name: str
    #: What was looked at, in a few words.
    told: str
    #: Each as a sentence; none where the package keeps its word.
    defects: tuple[str, ...] = ()
    #: What is worth a look, and no defect.
    notes: tuple[str, ...] = ()


def proved(spec: Spec) -> Check:
    """Return how much of the rules their own cases and the fixtures prove: every rule is changed by machine.

    A change that nobody notices is a note, for it may change nothing; too many of them are a defect.
    """
    result = score(spec, pack(spec).fixtures)
    enough = result.killed >= _ENOUGH * result.mutants
    return Check(
        name="mutants",
        told=result.told,
        defects=() if enough else (f"Fewer than {_ENOUGH:.0%} are noticed; add cases for what follows.",),
        notes=tuple(f"not noticed: {mutant.name}" for mutant in result.survivors),
    )


def verified(spec: Spec, at: datetime) -> Iterator[Check]:
    """Yield each check as it is done; loading has already checked the seal and every file."""
    yield Check(name="files", told=f"{len(spec.items)} items and {len(spec.rules)} rules, sealed as {spec.digest}")
    yield Check(name="wire", told="wire.xsd against the dictionary", defects=check_wire(spec))
    yield Check(
        name="requirements",
        told=f"{len(spec.requirements)} requirements, each checked or excused",
        defects=tuple(
            f"requirements.csv: {r.id} is cited by nothing, and no reason excuses it." for r in uncovered(spec)
        ),
    )
    cases = sum(len(rule.passes) + len(rule.fails) for rule in spec.rules)
    yield Check(name="rules", told=f"{cases} cases of {len(spec.rules)} rules", defects=tuple(check_cases(spec)))
    yield _examples(spec, at)


def _examples(spec: Spec, at: datetime) -> Check:
    """Both judges say of each example what it says itself; they share no code, so a mistake must be made twice."""
    found = examples(spec)
    return Check(
        name="examples",
        told=f"{len(found)} examples, judged by the validators and by the sandbox",
        defects=tuple(chain.from_iterable(_disputes(example, spec, at) for example in found)),
    )


def _disputes(example: Example, spec: Spec, at: datetime) -> Iterator[str]:
    for judge, refused in (
        ("validators say", _refused_here(example, spec, at)),
        ("sandbox says", {reason.code for reason in judge_answers(example.answers, spec)}),
    ):
        if refused != set(example.rules):
            yield f"{example.name}: meant to be {_told(example.rules)}; the {judge} {_told(refused)}."


def _refused_here(example: Example, spec: Spec, at: datetime) -> set[str]:
    place = Source(file=example.name, label=example.name)
    answers = {item: Answer(text=text, source=place) for item, text in example.answers.items()}
    report = validate(Assessment(agency=None, answers=answers, origin=place), spec, None, at, certification=False)
    return {finding.rule for finding in report.findings if finding.severity is Severity.ERROR}


def _told(rules: Iterable[str]) -> str:
    return f"rejected for {', '.join(sorted(rules))}" if rules else "accepted"
