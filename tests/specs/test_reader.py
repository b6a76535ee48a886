"""A sound package loads whole."""

from __future__ import annotations

import contextlib
import dataclasses
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canonical.errors import ConfigurationError, SpecDefect
from canonical.finding import HoldCause, Severity
from canonical.verdict import Verdict
from specs.reader import load
from specs.seal import seal
from specs.spec import AgeRange, Condition, ConsentClass, Status, Type

ROOT = Path(__file__).parents[2]


@pytest.fixture
def spec(package):
    return load(package)


def test_the_package_says_what_it_is(spec, package):
    """Version, status, date and digest are those of package.toml and of the seal."""
    assert (spec.version, spec.status, spec.in_force) == ("2030.1", Status.PROVISIONAL, date(2030, 1, 1))
    assert spec.digest == seal(package)
    assert spec.consent_full == {"given"}


def test_an_item_holds_every_column(spec):
    """Instruments, conditions, age gate, consent class, path and citations come out of their cells."""
    sleep = spec.items["LDF_SLEEP"]
    assert sleep.instruments == ("young",)
    assert sleep.required_when == (
        Condition(item="COMPLETION_STATUS", values=("complete", "paper")),
        Condition(item="CONSENT"),
    )
    assert (sleep.type, sleep.codes, sleep.age) == (Type.CODE, "rating", AgeRange(youngest=2))
    assert (sleep.consent, sleep.wire, sleep.cites) == (ConsentClass.FULL, "Life/Sleep", ("REQ-001", "our assumption"))
    assert spec.items["MEMBER_ID"].pattern == "[0-9]{12}"
    assert spec.items["ASSESSOR_KEY"].sensitive


def test_the_order_of_the_dictionary_is_kept(spec, files):
    """A document is written in the order of items.csv, so the spec must keep it."""
    assert list(spec.items) == [line.split(",")[0] for line in files["items.csv"].splitlines()[1:]]


def test_the_allow_list_is_what_may_always_leave(spec):
    """Only the two items of consent class full stay home without consent."""
    assert set(spec.items) - spec.leaves_without_consent == {"LDF_SLEEP", "LDF_COMMENT"}


def test_codes_hold_their_dates(spec):
    """A code is valid on both of its end days, and not after."""
    older = spec.codes["instrument"]["older"]
    assert older.valid_on(date(2030, 1, 1))
    assert older.valid_on(date(2039, 12, 31))
    assert not older.valid_on(date(2040, 1, 1))


def test_a_rule_holds_its_terms_and_cases(spec):
    """The terms are the kind's own keys and nothing else."""
    (rule,) = spec.rules
    assert (rule.severity, rule.kind) == (Severity.ERROR, "date_order")
    assert dict(rule.terms) == {"first": "MEMBER_DOB", "then": "ASSESSMENT_DATE"}
    assert [case.answers["ASSESSMENT_DATE"] for case in (*rule.passes, *rule.fails)] == ["2030-03-01", "2030-02-28"]


def test_the_policy_and_the_transport_are_data(spec):
    """Holds, waivers, verdicts and clocks come out in our own words and units."""
    assert spec.certification.standings["unknown"].hold is HoldCause.UNKNOWN_KEY
    assert spec.certification.standings["valid"].rule == ""
    assert spec.certification.waivers[0].ends is None
    assert spec.transport.verdicts == {"taken": Verdict.ACCEPTED, "refused": Verdict.REJECTED, "waits": Verdict.PENDING}
    assert spec.transport.schedule == (timedelta(seconds=15), timedelta(minutes=2))
    assert spec.transport.token is None
    assert spec.desk("own").phone is None
    assert [(due.service, due.days) for due in spec.instruments["young"].due] == [("*", 180), ("ICC", 90)]


def test_a_spec_cannot_be_changed(spec):
    """Neither its fields nor any mapping in it take a new value."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        spec.version = "2031.1"
    mappings = (
        spec.items, spec.codes, spec.codes["rating"], spec.instruments, spec.occurrences,
        spec.requirements, spec.desks, spec.rules[0].terms, spec.rules[0].passes[0].answers,
        spec.certification.standings, spec.transport.verdicts,
    )  # fmt: skip
    for mapping in mappings:
        with pytest.raises(TypeError):
            mapping["x"] = None


def test_a_directory_that_is_not_there_is_a_wrong_setting(tmp_path):
    """It is the deployment that is wrong, and the message names the directory."""
    with pytest.raises(ConfigurationError, match="nowhere"):
        load(tmp_path / "nowhere")


def test_loading_draws_in_no_xml_and_no_framework(package):
    """The cold start of the command line pays for neither."""
    program = (
        "import pathlib, sys; from specs.reader import load; load(pathlib.Path(sys.argv[1]));"
        "print(sorted({'lxml', 'pydantic', 'fhir', 'fastapi', 'sqlalchemy', 'aiohttp'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, package], cwd=ROOT, capture_output=True, check=True, text=True
    )
    assert done.stdout == "[]\n"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_file_however_broken_raises_anything_else(tmp_path, files, write, data):
    """A package that is cut, doubled or sprinkled with nonsense loads, or is refused with its defects."""
    name = data.draw(st.sampled_from(sorted(set(files) - {"NOTES.md"})))
    text = files[name]
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
    nonsense = data.draw(
        st.one_of(
            st.just(""),
            st.text(max_size=8),
            st.sampled_from(['"', "[", "{", "\n", ",", ";", "-1", "9" * 5000, "[" * 5000]),
        )
    )
    files = {**files, name: text[:start] + nonsense + text[end:]}
    directory = write(
        tmp_path / "mutant", {name: text.encode("utf-8", "replace").decode() for name, text in files.items()}
    )
    with contextlib.suppress(SpecDefect):
        load(directory)
