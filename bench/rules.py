"""Rules: ours beside plain Python doing the same, and beside the FHIRPath that says the same."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import fhirpathpy

from adapters import registry
from bench.figure import Figure, beside
from canonical.assessment import Assessment
from canonical.finding import Severity
from canonical.payload import Payload
from service.sample_files import SAMPLES
from specs.catalog import PACKAGES
from specs.reader import load
from specs.spec import Rule
from validators.conditions import Seen
from validators.engine import compiled, validate
from validators.rules import compile_rule

SAMPLE = SAMPLES / "good" / "five-through-twenty.json"
PACKAGE = PACKAGES / "2026.1"
AT = datetime(2026, 11, 16, tzinfo=UTC)

#: Rules of the package whose FHIRPath twins are evaluated, in the order of their codes.
TWINS = 10

Texts = Mapping[str, str]


def declarative() -> Figure:
    """100 rules of six kinds, compiled from their terms, beside 100 functions written by hand, on one document."""
    spec, assessment = load(PACKAGE), _assessment()
    texts = Seen({code: answer.text for code, answer in assessment.answers.items()})
    pairs = [pair for number in range(20) for pair in _five(number)]
    ours = [compile_rule(rule, spec.occurrences).broken for rule, _ in pairs]
    plain = [function for _, function in pairs]
    assert [broken(texts) for broken in ours] == [broken(texts) for broken in plain]
    return beside(
        f"{len(ours)} declarative rules, one document",
        lambda: [broken(texts) for broken in ours],
        "plain Python functions doing the same",
        lambda: [broken(texts) for broken in plain],
        rounds=2_000,
        aim=2.5,
    )


def beside_fhirpath() -> Figure:
    """The package's whole rule set and structure, per rule, beside ten of its FHIRPath twins in fhirpathpy, per rule."""
    spec, assessment = load(PACKAGE), _assessment()
    response = next(
        entry["resource"]
        for entry in json.loads(SAMPLE.read_bytes())["entry"]
        if entry["resource"]["resourceType"] == "QuestionnaireResponse"
    )
    compiled(spec)
    twins = [fhirpathpy.compile(rule.fhirpath) for rule in spec.rules[:TWINS]]
    ours = _best(lambda: validate(assessment, spec, None, AT, certification=False), 300) / len(spec.rules)
    theirs = _best(lambda: [twin(response) for twin in twins], 5) / TWINS
    return Figure(
        name=f"per rule: {len(spec.rules)} rules and the whole structure",
        ours=ours,
        against=f"per rule: {TWINS} FHIRPath twins, fhirpathpy, compiled",
        baseline=theirs,
        aim=0.01,
    )


def load_package() -> Figure:
    """A package read, checked and its digests verified, beside the bare reading and hashing of its files."""
    import hashlib  # noqa: PLC0415 - the baseline's own

    def bare() -> None:
        for path in PACKAGE.rglob("*"):
            if path.is_file():
                hashlib.sha256(path.read_bytes()).digest()

    return beside("the package loaded", lambda: load(PACKAGE), "its files read and hashed", bare, rounds=20, aim=50)


def _best(work: Callable[[], object], rounds: int) -> float:
    best = float("inf")
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best


def _assessment() -> Assessment:
    (assessment,) = registry.read(Payload(content=SAMPLE.read_bytes(), name="sample", agency="riverbend")).assessments
    return assessment


_RATINGS = ("LDF_FAMILY", "LDF_SOCIAL", "LDF_LIVING", "LDF_COMMUNICATION", "LDF_SLEEP", "CUL_LANGUAGE", "CUL_IDENTITY")


def _rule(kind: str, **terms: Any) -> Rule:  # noqa: ANN401 - the terms of any kind
    return Rule(
        code="B999",
        title="",
        severity=Severity.ERROR,
        kind=kind,
        terms=terms,
        message="",
        why="",
        fix="",
        desk="",
        cites=(),
    )


def _five(number: int) -> list[tuple[Rule, Callable[[Texts], bool]]]:
    """Return five rules and, beside each, the function that a careful person would write for it."""
    item, other = _RATINGS[number % 7], _RATINGS[(number + 1) % 7]
    most = number % 5

    def required(texts: Texts) -> bool:
        return item not in texts and texts.get("COMPLETION_STATUS") in {"complete", "paper"}

    def allowed(texts: Texts) -> bool:
        return item in texts and texts[item] not in {"0", "1", "2"} and texts.get(other) == "0"

    def ordered(texts: Texts) -> bool:
        if "MEMBER_DOB" not in texts or "ASSESSMENT_DATE" not in texts:
            return False
        return date.fromisoformat(texts["ASSESSMENT_DATE"]) < date.fromisoformat(texts["MEMBER_DOB"])

    def counted(texts: Texts) -> bool:
        if not any(each in texts for each in _RATINGS):
            return False
        return not 0 <= sum(texts.get(each) == "3" for each in _RATINGS) <= most

    def implied(texts: Texts) -> bool:
        if "SED_DETERMINATION" not in texts or (item not in texts and other not in texts):
            return False
        return (texts.get(item) == "3" or texts.get(other) == "3") and texts["SED_DETERMINATION"] == "no"

    def filled(texts: Texts) -> bool:
        return 0 < (item in texts) + (other in texts) < 2  # noqa: PLR2004 - both of them

    kinds: list[tuple[Rule, Callable[[Texts], bool]]] = [
        (_rule("required_when", item=item, when="COMPLETION_STATUS=complete|paper"), required),
        (_rule("allowed_when", item=item, values=["0", "1", "2"], when=f"{other}=0"), allowed),
        (_rule("date_order", first="MEMBER_DOB", then="ASSESSMENT_DATE"), ordered),
        (_rule("count_between", items=list(_RATINGS), values=["3"], minimum=0, maximum=most), counted),
        (
            _rule(
                "any_implies",
                items=[item, other],
                values=["3"],
                then="SED_DETERMINATION",
                then_values=["yes", "unanswered"],
            ),
            implied,
        )
        if number % 2
        else (_rule("all_or_none", items=[item, other]), filled),
    ]
    return [(replace(rule, code=f"B{900 + number}"), function) for rule, function in kinds]
