"""The pages of the rules: complete, fresh, and with examples that really pass and really fail."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters import registry
from adapters.faults import FAULTS
from adapters.mapping import load_mapping
from canonical.assessment import Answer, Assessment, Source
from canonical.errors import ConfigurationError
from canonical.payload import Payload
from service import rule_pages
from service.judging import Judge
from service.rule_cases import Case, Changed, Snippet, Told
from service.rule_examples import BASE, CASES, ROSTER_LINE
from specs.catalog import Catalog
from specs.examples import examples
from validators.roster import COLUMNS, Roster
from validators.structural_checks import CHECKS

AT = datetime(2026, 11, 16, tzinfo=UTC)
CATALOG = Catalog()
SPEC = CATALOG.named("2026.1")
HEADINGS = ("What it is", "Why it matters", "How to mend it", "Example", "Who can help", "Source")


def _judged(cases: str) -> list[tuple[str, Case]]:
    return [(code, case) for code, both in CASES.items() for case in getattr(both, cases) if not isinstance(case, Told)]


def _found(case: Case, tmp_path: Path) -> set[str]:
    return _read(case, tmp_path) if isinstance(case, Snippet) else _changed(case)


def _read(case: Snippet, tmp_path: Path) -> set[str]:
    mapping = None
    if case.mapping:
        (tmp_path / "mapping.toml").write_text(case.mapping, "utf-8")
        mapping = load_mapping(tmp_path / "mapping.toml")
    reading = registry.read(Payload(content=case.content, name="snippet", agency="riverbend"), mapping=mapping)
    assert mapping is None or reading.format == mapping.format
    return {f.rule for f in (*reading.findings, *(f for a in reading.assessments for f in a.findings))}


def _changed(case: Changed) -> set[str]:
    (base,) = (example for example in examples(SPEC) if example.name == BASE)
    place = Source(file=BASE, label=BASE)
    texts = {item: text for item, text in {**base.answers, **case.answers}.items() if text is not None}
    answers = {item: Answer(text=text, source=place) for item, text in texts.items()}
    roster = None
    if case.roster is not None:
        line = dict.fromkeys(COLUMNS, "") | {**ROSTER_LINE, **case.roster}
        roster = Roster.from_csv(f"{','.join(line)}\n{','.join(line.values())}\n".encode(), "roster.csv")
    judge = Judge(catalog=CATALOG, roster=roster, certification=roster is not None)
    report = judge.judge(Assessment(agency="riverbend", answers=answers, origin=place), AT)
    return {finding.rule for finding in report.findings}


@pytest.mark.parametrize(("code", "case"), _judged("passes"), ids=lambda value: getattr(value, "why", value))
def test_passing_case(code: str, case: Case, tmp_path: Path):
    """A case that a page shows as passing does not meet the page's rule."""
    assert code not in _found(case, tmp_path)


@pytest.mark.parametrize(("code", "case"), _judged("fails"), ids=lambda value: getattr(value, "why", value))
def test_failing_case(code: str, case: Case, tmp_path: Path):
    """A case that a page shows as failing meets the page's rule."""
    assert code in _found(case, tmp_path)


def test_pages_have_the_same_headings():
    """Every page tells the same things in the same order."""
    for name, text in rule_pages.pages(SPEC).items():
        found = tuple(line.removeprefix("## ") for line in text.splitlines() if line.startswith("## "))
        assert name == rule_pages.INDEX or found == HEADINGS, name


def test_every_page_has_cases():
    """A page shows at least one case that passes and one that fails."""
    for name, text in rule_pages.pages(SPEC).items():
        if name != rule_pages.INDEX:
            passes, fails = text.partition("## Example")[2].partition("## Who can help")[0].split("Fails:")
            assert "\n- " in passes, name
            assert "\n- " in fails, name


def test_every_code_has_a_page():
    """Rules, standings, faults and checks each have their page, and the service's own findings too."""
    policy = SPEC.certification
    standings = {one.rule for one in (*policy.standings.values(), policy.refused_twice) if one.rule}
    codes = (
        {rule.code for rule in SPEC.rules}
        | standings
        | FAULTS.keys()
        | CHECKS.keys()
        | {"X002", "X004", "X005", "X006", "X007", "X008", "X009", "X010", "R001"}
    )
    assert {f"{code}.md" for code in codes} | {rule_pages.INDEX} == rule_pages.pages(SPEC).keys()


def test_cases_are_of_rules_that_exist():
    """No case is left over from a check that is gone."""
    assert {f"{code}.md" for code in CASES} <= rule_pages.pages(SPEC).keys()


def test_stale_pages_are_named(tmp_path: Path):
    """A missing page, an edited one and one without a rule are each named; fresh ones are not."""
    written = rule_pages.pages(SPEC)
    rule_pages.write(tmp_path, written)
    assert rule_pages.stale(tmp_path, written) == []
    (tmp_path / "B001.md").unlink()
    (tmp_path / "S001.md").write_text(written["S001.md"] + "By hand.\n", "utf-8")
    (tmp_path / "Z001.md").write_text("<!-- Written by `make docs` from nothing -->", "utf-8")
    assert [fault.partition(".md")[0][-4:] for fault in rule_pages.stale(tmp_path, written)] == ["B001", "S001", "Z001"]
    rule_pages.write(tmp_path, written)
    assert rule_pages.stale(tmp_path, written) == []


def test_pages_of_others_are_left_alone(tmp_path: Path):
    """A folder that holds somebody else's text is refused, and nothing in it is touched."""
    (tmp_path / "README.md").write_text("# Mine\n", "utf-8")
    with pytest.raises(ConfigurationError, match="no page of ours"):
        rule_pages.write(tmp_path, rule_pages.pages(SPEC))
    assert [file.name for file in tmp_path.iterdir()] == ["README.md"]
