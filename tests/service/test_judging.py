from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters import registry
from canonical.assessment import Answer, Assessment, Source
from canonical.finding import Conformance, HoldCause
from canonical.payload import Payload
from service.judging import Judge, located
from specs.catalog import Catalog

NOON = datetime(2026, 11, 16, 12, tzinfo=UTC)
SAMPLES = Path(__file__).parents[2] / "samples"
PLACE = Source(file="a.csv", line=2, label="row 2")


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog()


def assessment(**answers: str) -> Assessment:
    return Assessment(
        agency="riverbend",
        answers={item: Answer(text=text, source=PLACE) for item, text in answers.items()},
        origin=PLACE,
    )


def test_the_package_in_force_on_the_assessment_date_judges(catalog):
    """Not the one of today."""
    report = Judge(catalog=catalog).judge(assessment(ASSESSMENT_DATE="2026-03-02"), NOON)

    assert report.judged_by is not None
    assert report.judged_by.spec == catalog.for_date(datetime(2026, 3, 2, tzinfo=UTC).date()).version


def test_a_date_that_no_package_covers_could_not_be_checked(catalog):
    """X002 alone, held until there is a package; nothing else is claimed."""
    report = Judge(catalog=catalog).judge(assessment(ASSESSMENT_DATE="2001-03-02"), NOON)

    assert [finding.rule for finding in report.findings] == ["X002"]
    assert report.conformance is Conformance.COULD_NOT_CHECK
    assert report.holds == (HoldCause.COULD_NOT_CHECK,)
    assert report.judged_by is None
    assert report.findings[0].sources == (PLACE,)


def test_a_package_that_was_named_judges_whatever_the_date(catalog):
    """A person asked for it."""
    judge = Judge(catalog=catalog, spec=catalog.named("2026.1"))

    assert judge.judge(assessment(ASSESSMENT_DATE="2001-03-02"), NOON).judged_by is not None


@pytest.mark.parametrize("answers", [{}, {"ASSESSMENT_DATE": "soon"}])
def test_a_missing_or_broken_date_is_told_by_the_package_of_today(catalog, answers):
    """Otherwise nobody would hear what is wrong with the date."""
    report = Judge(catalog=catalog).judge(assessment(**answers), NOON)

    assert report.conformance is Conformance.DOES_NOT_CONFORM
    assert any("ASSESSMENT_DATE" in finding.items for finding in report.findings)


def test_places_get_their_lines_only_when_somebody_looks(catalog):
    """A reading knows pointers; lines and columns are looked up for findings alone, group by group."""
    payload = Payload(content=(SAMPLES / "bad/rating-out-of-list.json").read_bytes(), name="a.json", agency="riverbend")
    reading = registry.read(payload)
    ((_, report),) = Judge(catalog=catalog, certification=False).judge_reading(reading, NOON)
    whole, found = located(payload, reading, reading.findings, report.findings)

    assert whole == ()
    assert [finding.fingerprint for finding in found] == [finding.fingerprint for finding in report.findings]
    assert all(source.line and source.column for finding in found for source in finding.sources)


def test_nothing_found_is_nothing_to_locate():
    """No adapter is asked."""
    payload = Payload(content=b"", name="a.json")

    assert located(payload, registry.read(payload), (), ()) == [(), ()]
