"""Every format is read back by a parser that forgives nothing."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import jsonschema
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from canonical.assessment import Source
from canonical.desk import Desk
from canonical.finding import Conformance, Finding, HoldCause, JudgedBy, Kind, Report, Severity
from service.reports.conformance import tally, verdict
from service.reports.formats import FORMATS, pieces, writer
from service.reports.json_report import as_data
from service.reports.run import Checked, Exit, FailOn, Run
from service.reports.text import Style, styled

SCHEMAS = Path(__file__).parent / "schemas"
PLACE = Source(file="exports/may 1.json", line=88, column=14, pointer="/item/2/answer/0", label="item[2].answer[0]")
DESK = Desk(id="masscans", name="MassCANS Help Desk", email="help@example.org", phone="555-0100", say="Please look.")
ERROR = Finding(
    rule="S004",
    severity=Severity.ERROR,
    kind=Kind.STRUCTURE,
    title="Code that is not in the item's list",
    message="Sleep holds a code that its list does not offer.",
    items=("LDF_SLEEP",),
    sources=(PLACE,),
    fix="Send one of 0, 1, 2, 3: nothing else, 100% sure.",
    why="A rating outside its list has no meaning.",
    desk=DESK,
    cites=("REQ-012",),
)
WARNING = replace(ERROR, rule="S009", severity=Severity.WARNING, sources=(replace(PLACE, line=90),))
ADVICE = replace(ERROR, rule="C009", severity=Severity.ADVICE, sources=(), desk=None)
HOLD = replace(ERROR, rule="C001", kind=Kind.CERTIFICATION, hold=HoldCause.UNKNOWN_KEY)
UNCHECKED = replace(ERROR, rule="C010", kind=Kind.COULD_NOT_CHECK, hold=HoldCause.COULD_NOT_CHECK)
ALL = (ADVICE, WARNING, HOLD, ERROR, UNCHECKED)
PROVISIONAL = JudgedBy(spec="2026.1", spec_status="provisional", spec_digest="sha-256:00", engine="test")


def run_of(*findings: Finding, judge: JudgedBy | None = PROVISIONAL, not_checked=(), fail_on=FailOn.ERROR) -> Run:
    report = Report(findings=findings, judged_by=judge, not_checked=not_checked)
    return Run(payloads=(Checked(name=PLACE.file, assessments=((PLACE, report),)),), fail_on=fail_on)


@pytest.mark.parametrize(
    ("findings", "fail_on", "code"),
    [
        ([], "error", Exit.CLEAN),
        ([ADVICE, WARNING], "error", Exit.CLEAN),
        ([WARNING], "warning", Exit.FINDINGS),
        ([ADVICE], "warning", Exit.CLEAN),
        ([ERROR], "error", Exit.FINDINGS),
        ([HOLD], "error", Exit.FINDINGS),
        ([replace(WARNING, hold=HoldCause.NAME_CHANGE)], "error", Exit.FINDINGS),
        ([ERROR, HOLD], "never", Exit.CLEAN),
        ([UNCHECKED], "error", Exit.COULD_NOT_CHECK),
        ([UNCHECKED], "never", Exit.COULD_NOT_CHECK),
        ([UNCHECKED, ERROR], "error", Exit.FINDINGS),
        ([UNCHECKED, WARNING], "error", Exit.COULD_NOT_CHECK),
        ([UNCHECKED, WARNING], "warning", Exit.FINDINGS),
    ],
)
def test_the_exit_code_follows_the_heaviest_that_applies(findings, fail_on, code):
    """Findings at or above the level, before what could not be checked, before clean."""
    assert run_of(*findings, fail_on=FailOn(fail_on)).exit_code is code


def test_what_was_not_read_proves_nothing():
    """No payload, or one without assessment and finding, could not be checked; good ones beside it change nothing."""
    silent = Checked(name="other.json")

    for run in (Run(payloads=()), Run(payloads=(silent,)), Run(payloads=(*run_of().payloads, silent))):
        assert run.conformance is Conformance.COULD_NOT_CHECK
        assert run.exit_code is Exit.COULD_NOT_CHECK


def test_findings_come_in_the_order_of_the_file():
    """What concerns the whole file first, then by line."""
    assert [finding.rule for finding in run_of(WARNING, ERROR, ADVICE).findings] == ["C009", "S004", "S009"]


@pytest.mark.parametrize(
    ("run", "sentence"),
    [
        (run_of(), "The export conforms to the *provisional* 2026.1."),
        (run_of(WARNING), "The export conforms to the *provisional* 2026.1."),
        (run_of(HOLD), "The export does not conform to the *provisional* 2026.1."),
        (run_of(UNCHECKED), "It could not be checked whether the export conforms to the *provisional* 2026.1."),
        (
            run_of(not_checked=("certification",)),
            "The export conforms to the *provisional* 2026.1, with certification not checked.",
        ),
        (run_of(judge=replace(PROVISIONAL, spec_status="official")), "The export conforms to 2026.1."),
        (run_of(ERROR, judge=None), "The export does not conform: no specification could be applied to it."),
        (run_of(UNCHECKED, judge=None), "The export could not be checked: no specification could be applied to it."),
    ],
)
def test_the_verdict_names_the_specification_and_its_status(run, sentence):
    """A provisional specification never passes for the state's."""
    assert verdict(run) == sentence


def test_the_tally_counts_in_words():
    """One of a kind is singular."""
    assert (
        tally(run_of(*ALL)) == "1 file, 1 assessment: 1 error, 1 hold, 1 check that could not run, 1 warning, 1 advice."
    )
    assert tally(run_of(ERROR, replace(ERROR, rule="S001"))) == "1 file, 1 assessment: 2 errors."


def test_the_text_report_reads_like_this():
    """The whole of it, as a person sees it in a pipe."""
    assert writer("text")(run_of(ERROR, WARNING)) == (
        "exports/may 1.json:88:14: error S004 Code that is not in the item's list\n"
        "  item    LDF_SLEEP\n"
        "  where   item[2].answer[0]\n"
        "  what    Sleep holds a code that its list does not offer.\n"
        "  why     A rating outside its list has no meaning.\n"
        "  fix     Send one of 0, 1, 2, 3: nothing else, 100% sure.\n"
        "  ask     MassCANS Help Desk, 555-0100, help@example.org\n"
        "  cites   REQ-012\n"
        "\n"
        "exports/may 1.json:90:14: warning S009 Code that is not in the item's list\n"
        "  item    LDF_SLEEP\n"
        "  where   item[2].answer[0]\n"
        "  what    Sleep holds a code that its list does not offer.\n"
        "  why     A rating outside its list has no meaning.\n"
        "  fix     Send one of 0, 1, 2, 3: nothing else, 100% sure.\n"
        "  ask     MassCANS Help Desk, 555-0100, help@example.org\n"
        "  cites   REQ-012\n"
        "\n"
        "Ask MassCANS Help Desk, 555-0100, help@example.org\n"
        "  say     “Please look.”\n"
        "\n"
        "1 file, 1 assessment: 1 error, 1 warning.\n"
        "The export does not conform to the *provisional* 2026.1.\n"
        "Provisional: our reading of public facts. The eCAS Technical Specifications are not published.\n"
    )


def test_the_same_fault_of_many_rows_is_told_once():
    """One mistake in a mapping is one thing to mend; five further places are listed and the rest counted."""
    rows = [replace(ERROR, sources=(replace(PLACE, line=number, label=f"row {number}"),)) for number in range(2, 27)]
    text = writer("text")(run_of(*rows))

    assert text.count("error S004") == 1
    assert text.count("  also    ") == 6
    assert "also    19 more places" in text
    assert "25 errors" in text


def test_colours_change_nothing_but_colours():
    """Without its escapes the coloured report is the plain one; emphasis replaces the asterisks."""
    colored = styled(run_of(*ALL), Style(color=True))

    assert "\x1b[" in colored
    assert re.sub(r"\x1b\[\d*m", "", colored) == writer("text")(run_of(*ALL)).replace("*provisional*", "provisional")


def test_junit_fits_its_schema_and_counts_right():
    """The XSD of the Jenkins plugin accepts it; a case fails at most once, and the counts say so."""
    content = writer("junit")(run_of(*ALL)).encode()
    root = etree.fromstring(content)

    etree.XMLSchema(etree.parse(SCHEMAS / "junit-10.xsd")).assertValid(root)
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("1", "1", "0")
    (failure,) = root.iter("failure")
    assert failure.get("type") == "C001"
    assert "exports/may 1.json:88:14" in failure.text


@pytest.mark.parametrize(
    ("findings", "failures", "errors"),
    [
        ([], "0", "0"),
        ([WARNING], "0", "0"),
        ([UNCHECKED], "0", "1"),
        ([ERROR], "1", "0"),
        ([HOLD, UNCHECKED], "1", "0"),
    ],
)
def test_junit_fails_what_the_exit_code_fails(findings, failures, errors):
    """A check that could not run is an error of the suite, never a pass."""
    root = etree.fromstring(writer("junit")(run_of(*findings)).encode())

    assert (root.get("failures"), root.get("errors")) == (failures, errors)


def test_junit_of_a_payload_without_assessment_is_an_error():
    """Nothing read is a case that could not run."""
    root = etree.fromstring(writer("junit")(Run(payloads=(Checked(name="a.json"),))).encode())

    assert (root.get("tests"), root.get("errors")) == ("1", "1")


def test_sarif_fits_its_schema_and_leads_to_the_place():
    """The schema of OASIS accepts it, for a run with and without findings."""
    schema = json.loads((SCHEMAS / "sarif-2.1.0-rtm.5.json").read_text("utf-8"))
    for run in (run_of(), run_of(*ALL), Run(payloads=())):
        log = json.loads(writer("sarif")(run))
        jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker()).validate(log)

    (sarif,) = json.loads(writer("sarif")(run_of(ERROR)))["runs"]
    (result,) = sarif["results"]
    physical = result["locations"][0]["physicalLocation"]
    assert unquote(physical["artifactLocation"]["uri"]) == PLACE.file
    assert physical["region"] == {"startLine": 88, "startColumn": 14}
    assert sarif["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "S004"
    assert result["partialFingerprints"] == {"ecasBridge/v1": ERROR.fingerprint}


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("a b/é.json", "a%20b/%C3%A9.json"),
        ("/srv/x#1.csv", "file:///srv/x%231.csv"),
        ("c:d.json", "./c%3Ad.json"),
        ("payload:sub_1", "./payload%3Asub_1"),
    ],
)
def test_sarif_names_files_as_uris(file, uri):
    """Blanks, letters beyond ASCII, and colons that would look like a scheme."""
    finding = replace(ERROR, sources=(replace(PLACE, file=file),))
    (result,) = json.loads(writer("sarif")(run_of(finding)))["runs"][0]["results"]

    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


COMMAND = re.compile(r"::(?P<command>error|warning|notice) (?P<properties>[^:]*)::(?P<data>.*)")


def parsed(line: str) -> tuple[str, dict[str, str], str]:
    """Read a workflow command as the runner does."""
    match = COMMAND.fullmatch(line)
    assert match
    properties = dict(part.split("=", 1) for part in match["properties"].split(","))
    return match["command"], {name: unquote(text) for name, text in properties.items()}, unquote(match["data"])


def test_github_annotations_survive_the_runner():
    """Commas, colons, percent signs and line ends come back as they were; the heaviest comes first."""
    odd = replace(ERROR, sources=(replace(PLACE, file="a,b:c%41.json", label="row 1"),))
    lines = writer("github")(run_of(WARNING, odd)).splitlines()
    command, properties, data = parsed(lines[0])

    assert command == "error"
    assert properties == {"file": "a,b:c%41.json", "line": "88", "col": "14", "title": f"S004 {ERROR.title}"}
    assert data == f"row 1: {ERROR.message}\nFix: {ERROR.fix}"
    assert parsed(lines[1])[0] == "warning"
    assert parsed(lines[-1])[0] == "notice"
    assert "does not conform" in parsed(lines[-1])[2]


NAMES = st.text(min_size=1, max_size=20)


@settings(max_examples=60, deadline=None)
@given(file=NAMES, label=NAMES)
@example(file="0", label=" ")
def test_any_name_of_a_file_or_column_leaves_every_report_well_formed(file, label):
    """Control characters, quotes and markup in the sender's own names break no format and reach no terminal."""
    place = replace(PLACE, file=file, label=label)
    report = Report(findings=(replace(ERROR, sources=(place, place)),), judged_by=PROVISIONAL)
    run = Run(payloads=(Checked(name=file, assessments=((place, report),)),))
    written = {name: writer(name)(run) for name in FORMATS}

    etree.fromstring(written["junit"].encode())
    assert json.loads(written["json"])["findings"][0]["sources"][0]["file"] == file
    assert json.loads(written["sarif"])["runs"]
    assert len(written["github"].splitlines()) == 2
    assert "\x1b" not in written["text"]


@pytest.mark.parametrize("findings", [(), (ERROR,), (ERROR, replace(ERROR, title="\u2028 a line\nand another"))])
def test_the_json_report_comes_finding_by_finding(findings):
    """Piece by piece it is the same text as all at once: no report of a hundred thousand findings is ever held whole."""
    run = run_of(*findings)
    written = list(pieces("json", run))

    assert "".join(written) == json.dumps(as_data(run), indent=2, ensure_ascii=False) + "\n"
    assert len(written) == len(findings) + 2


def test_a_report_has_no_place_for_a_value():
    """A run is made of findings and places: no answer can be reached from it."""
    answers = [field for kind in (Run, Checked) for field in kind.__dataclass_fields__ if "answer" in field]

    assert answers == []
