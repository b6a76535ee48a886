from __future__ import annotations

import json
from pathlib import Path

import pytest

from canonical.finding import Conformance, Severity
from specs.reader import load
from validators.cases import check_cases
from validators.engine import compiled, validate

PACKAGE = Path(__file__).parents[2] / "specs" / "packages" / "2026.1"
EXAMPLES = sorted(PACKAGE.glob("examples/*/*.json"))


@pytest.fixture(scope="module")
def package():
    """The provisional package, as it is shipped."""
    return load(PACKAGE)


def name(path: Path) -> str:
    """Return what a test calls an example."""
    return f"{path.parent.name}/{path.stem}"


def test_there_are_examples():
    """An empty folder would agree with everything."""
    assert {path.parent.name for path in EXAMPLES} == {"accepted", "rejected"}


def test_every_rule_stands_by_its_cases(package):
    """Each rule passes its pass cases and fails its fail cases."""
    assert package.rules
    assert check_cases(package) == []


@pytest.mark.parametrize("path", EXAMPLES, ids=name)
def test_an_example_is_judged_as_it_says(package, make, at, path):
    """What is accepted has no error; what is rejected has exactly the errors that it names."""
    example = json.loads(path.read_text(encoding="utf-8"))
    report = validate(make(example["answers"]), package, None, at, certification=False)
    errors = {finding.rule for finding in report.findings if finding.severity is Severity.ERROR}
    assert errors == set(example.get("rules", ()))
    assert (report.conformance is Conformance.CONFORMS) is (path.parent.name == "accepted")


def test_every_standing_has_its_words(package):
    """What holds or blocks says so in a rule's words."""
    compiled(package)
    silent = {standing for standing, policy in package.certification.standings.items() if not policy.rule}
    assert silent == {"valid"}
