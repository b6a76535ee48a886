from __future__ import annotations

import gc
import json
import subprocess
import sys
import weakref
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canonical.errors import SpecDefect
from canonical.finding import Conformance, Kind
from canonical.version import __version__
from specs.spec import Item, Type
from validators import engine
from validators.roster import COLUMNS, Roster
from validators.structural_checks import CHECKS


def test_the_story_is_told_in_order(judge, unreadable):
    """Reading, certification, consent, structure: whoever mends from the top mends in a useful order."""
    report = judge({"CONSENT": None, "MEMBER_ID": "1"}, unreadable("MEMBER_DOB"), certification=True)
    assert [finding.rule for finding in report.findings] == ["A004", "C010", "S020", "S007"]


def test_a_report_names_everything_that_judged(judge, spec):
    """The same verdict can be had again."""
    report = judge(mapping="riverbend sha-256:1")
    assert (report.judged_by.spec, report.judged_by.spec_status) == (spec.version, "provisional")
    assert (report.judged_by.spec_digest, report.judged_by.mapping) == (spec.digest, "riverbend sha-256:1")
    assert report.judged_by.engine == __version__


def test_a_specification_is_compiled_once(spec):
    """Compiling takes milliseconds, judging less than one."""
    assert engine.compiled(spec) is engine.compiled(spec)


def test_an_equal_specification_is_compiled_for_itself(spec, build_spec):
    """The digest of a package built by hand says nothing; the object does."""
    assert engine.compiled(build_spec()) is not engine.compiled(spec)


def test_only_so_many_compiled_specifications_are_kept(build_spec):
    """A service that adopts packages for years does not grow."""
    first = build_spec()
    gone = weakref.ref(engine.compiled(first).forms[None].structure)
    kept = [engine.compiled(build_spec()) for _ in range(20)]
    gc.collect()
    assert gone() is None
    assert len(kept) == 20
    assert len(engine._JUDGES) <= engine._MOST


@pytest.mark.parametrize(
    ("item", "says"),
    [
        (Item(code="X", instruments=(), section="X", label="X", type=Type.TEXT, pattern="(?=a)"), "RE2"),
        (Item(code="X", instruments=(), section="X", label="X", type=Type.CODE, codes="none"), "X has no code list"),
    ],
)
def test_a_dictionary_that_cannot_be_compiled_judges_nothing(build_spec, item, says):
    """Better no report than one that left a check out."""
    with pytest.raises(SpecDefect, match=says):
        engine.compiled(build_spec(item))


def test_a_policy_that_cannot_be_compiled_judges_nothing(build_spec, policy):
    """A broken key pattern, or a standing about which nothing is said, is found before the first key."""
    spec = build_spec()
    silent = {name: words for name, words in policy.standings.items() if name != "expired"}
    for broken in (replace(policy, key_pattern="("), replace(policy, standings=silent)):
        with pytest.raises(SpecDefect, match=r"RE2|the standing expired"):
            engine.compiled(replace(spec, certification=broken))


def test_nothing_heavy_is_imported():
    """The cold start of ``ecas validate`` pays for the standard library and RE2 only."""
    code = "import sys, json; import validators.engine, validators.roster; print(json.dumps(sorted(sys.modules)))"
    modules = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
    strangers = {name.split(".")[0] for name in modules} - sys.stdlib_module_names
    assert strangers & {"pydantic", "lxml", "fhir", "sqlalchemy", "aiohttp", "fastapi", "typer", "rich"} == set()


ROSTER = Roster.from_csv((",".join(COLUMNS) + "\nAB-1234,Maren,Tove,,,,2025-01-10,,,,\n").encode(), "roster.csv")
NAMES = [
    "INSTRUMENT", "ASSESSMENT_DATE", "COMPLETION_STATUS", "MEMBER_ID", "MEMBER_LAST_NAME", "MEMBER_DOB", "MEMBER_CHILDREN",
    "MEMBER_SEEN_AT", "MEMBER_TWIN", "ASSESSOR_NAME", "ASSESSOR_KEY", "CONSENT", "SED_DISORDER", "LDF_SLEEP", "LDF_MOTOR",
    "LDF_COMMENT", "TRA_JOB",
]  # fmt: skip
#: No text of ours holds it.
CANARY = "☃"
TEXTS = st.one_of(
    st.text(min_size=1, max_size=40).map(lambda text: f"{CANARY}{text}"),
    st.sampled_from(
        ["\x00", "2026-05-20", "five-through-twenty", "given", "complete", "unanswered", "AB-1234", "MAREN, TOVE"]
    ),
    st.dates().map(str),
    st.integers().map(str),
)
ANSWERS = st.dictionaries(st.one_of(st.sampled_from(NAMES), st.text(min_size=1, max_size=20)), TEXTS, max_size=20)


def shown(report):
    """Return everything that a report says, except places, which are the sender's own."""
    return "\n".join(
        "\n".join([finding.title, finding.message, finding.fix, finding.why, *finding.items, repr(finding.desk)])
        for finding in report.findings
    )


@settings(max_examples=300, deadline=None)
@given(answers=ANSWERS)
def test_any_answers_are_judged_and_none_is_told(spec, make, at, answers):
    """No assessment makes the engine raise; no finding holds a value; the same question has the same answer."""
    asked = make(answers, agency="riverbend")
    report = engine.validate(asked, spec, ROSTER, at)
    assert engine.validate(asked, spec, ROSTER, at) == report
    assert CANARY not in shown(report)


@settings(max_examples=150, deadline=None)
@given(answers=ANSWERS, good_ones=st.sets(st.sampled_from(NAMES)))
def test_nothing_conforms_without_what_is_required(spec, make, at, flawless, answers, good_ones):
    """Whatever is sent, a report without errors has an instrument, a date and a member."""
    mixed = {**answers, **{code: flawless[code] for code in good_ones & flawless.keys()}}
    report = engine.validate(make(mixed), spec, ROSTER, at)
    if report.conformance is Conformance.CONFORMS:
        assert {"INSTRUMENT", "ASSESSMENT_DATE", "MEMBER_ID", "MEMBER_DOB", "ASSESSOR_KEY"} <= mixed.keys()
    assert all(finding.sources for finding in report.findings)


def test_every_check_of_ours_can_be_read():
    """Each has a title, a sentence, a reason and a way to mend it; codes are never used twice."""
    assert all(check.code == code for code, check in CHECKS.items())
    for check in CHECKS.values():
        assert all((check.title, check.message.endswith("."), check.why.endswith("."), check.fix.endswith(".")))
        assert (check.kind is Kind.COULD_NOT_CHECK) is (check.code in {"X001", "X002"})
