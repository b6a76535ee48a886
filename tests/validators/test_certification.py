from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from standing_cases import AGENCY, CASES, KEY, LAPSED, NAME, OKAFOR, OLD, ON, Case, line, roster_csv, second

from canonical.finding import Conformance, HoldCause, Severity
from specs.catalog import Catalog
from specs.spec import Waiver
from validators.certification import Standing, refused_twice, standing
from validators.duplicates import duplicate
from validators.engine import validate
from validators.roster import Roster

#: Where only the validators are asked: no command line would pass these on as they are.
HARD = [
    Case("a key with a blank beside it has no known form", [line()], {"key": "AB-1234 "}, Standing.MALFORMED),
    Case("a key with a line end has no known form", [line()], {"key": "AB-1234\n"}, Standing.MALFORMED),
    Case("half a character is no key", [line()], {"key": "\ud800"}, Standing.MALFORMED),
    Case("no name was given", [line()], {"name": None}, Standing.VALID),
    Case(
        "no name was given, and two persons have the key", [line(), line(**OKAFOR)], {"name": None}, Standing.CONFLICT
    ),
    Case("certified in 9999 is not yet certified", [line(certified_on="9999-12-31")], {}, Standing.NOT_YET_CERTIFIED),
    Case("expired in the year 1", [line(certified_on="", expires_on="0001-01-01")], {}, Standing.EXPIRED),
]


@pytest.fixture(name="policy", scope="module")
def _policy():
    """The policy that we ship."""
    return Catalog().named("2026.1").certification


def roster_of(*lines):
    """Read a roster from these lines, as from a file."""
    return Roster.from_csv(roster_csv(lines), "roster.csv")


def ask(policy, lines, *, on=ON, waivers=None, years=2, **asked):
    """Ask for the standing of Tove Maren's key, unless told otherwise."""
    if waivers is not None:
        spans = tuple(
            Waiver(begins=date.fromisoformat(begins), ends=ends and date.fromisoformat(ends))
            for begins, ends in waivers
        )
        policy = replace(policy, waivers=spans)
    asked = {"key": KEY, "name": NAME, "agency": AGENCY, **asked}
    return standing(roster_of(*lines), replace(policy, validity_years=years), on=date.fromisoformat(on), **asked)


@pytest.mark.parametrize("case", [*CASES, *HARD], ids=lambda case: case.says)
def test_standing(policy, case):
    """A key has the standing that the roster and the policy give it as of the day."""
    assert ask(policy, case.lines, **case.asked) is case.held


def test_every_standing_is_reached():
    """The table leaves no standing out."""
    assert {case.held for case in CASES} == set(Standing)


def test_every_sentence_is_said_once():
    """No case is told twice under one name."""
    assert len({case.says for case in CASES}) == len(CASES)


def test_without_a_pattern_any_key_is_looked_up(policy):
    """No format of keys is published, so a package may have none."""
    lines = [line(key="any thing")]
    assert ask(replace(policy, key_pattern=None), lines, key="any thing") is Standing.VALID


def test_without_a_roster_nothing_can_be_said(policy):
    """No look-up service exists."""
    held = standing(None, policy, key=KEY, name=None, on=date(2026, 5, 20), agency=None)
    assert held is Standing.COULD_NOT_CHECK


#: The standing, the change of the line, what follows: rule, severity, hold.
FOLLOWS = [
    ("unknown is held", {"key": "ZZ-0000"}, "C001", Severity.ERROR, HoldCause.UNKNOWN_KEY),
    ("not yet certified blocks", {"certified_on": "2026-05-21"}, "C002", Severity.ERROR, None),
    ("expired blocks", LAPSED, "C003", Severity.ERROR, None),
    ("another person's key blocks", {"last_name": "Okafor", "first_name": "Ifeoma"}, "C004", Severity.ERROR, None),
    ("a changed name is held", {"last_name": "Dahl"}, "C006", Severity.ERROR, HoldCause.NAME_CHANGE),
    ("an awaited approval is held", {"state": "NH"}, "C007", Severity.ERROR, HoldCause.APPROVAL),
    ("an archived key blocks", {"status": "archived"}, "C008", Severity.ERROR, None),
    ("a waived recertification is advice", OLD, "C009", Severity.ADVICE, None),
    ("a line without dates could not be checked", {"certified_on": ""}, "X001", Severity.ERROR, HoldCause.COULD_NOT_CHECK),
]  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "rule", "severity", "hold"), [row[1:] for row in FOLLOWS], ids=[row[0] for row in FOLLOWS]
)
def test_what_follows_from_a_standing(spec, make, good, at, cells, rule, severity, hold):
    """The package says what follows, and the finding points at the key."""
    report = validate(make(good, agency="riverbend"), spec, roster_of(line(**cells)), at)
    (finding,) = report.findings
    assert (finding.rule, finding.severity, finding.hold) == (rule, severity, hold)
    assert finding.items[0] == "ASSESSOR_KEY"
    assert finding.sources[0].label == "the place of ASSESSOR_KEY"
    assert report.blocks is (severity is Severity.ERROR and hold is None)


def test_a_malformed_key_blocks(spec, make, good, at):
    """What is no key at all has no cure that we could wait for."""
    report = validate(make({**good, "ASSESSOR_KEY": "none"}), spec, roster_of(line()), at)
    assert [(finding.rule, finding.hold) for finding in report.findings] == [("C005", None)]


def test_a_valid_key_has_no_finding(spec, make, good, at):
    """And the report names the roster that vouches for it."""
    roster = roster_of(line())
    report = validate(make(good), spec, roster, at)
    assert report.findings == ()
    assert report.judged_by.roster == roster.digest


def test_without_a_roster_the_report_is_no_pass(spec, make, good, at):
    """A check that did not run is never a pass."""
    report = validate(make(good), spec, None, at)
    assert [finding.rule for finding in report.findings] == ["C010"]
    assert report.conformance is Conformance.COULD_NOT_CHECK
    assert report.holds == (HoldCause.COULD_NOT_CHECK,)


def test_left_out_on_purpose_it_is_named(spec, make, good, at):
    """Without certification the report says that it is without."""
    report = validate(make(good), spec, roster_of(), at, certification=False)
    assert report.findings == ()
    assert report.not_checked == ("certification",)
    assert report.judged_by.roster is None


def test_a_missing_key_is_reported_once(spec, make, good, at):
    """Structure says that it is missing; certification has nothing to add."""
    del good["ASSESSOR_KEY"]
    report = validate(make(good), spec, roster_of(line()), at)
    assert [(finding.rule, finding.items) for finding in report.findings] == [("S001", ("ASSESSOR_KEY",))]


def test_an_unreadable_key_is_reported_once(spec, make, good, at, unreadable):
    """The adapter says so; certification has nothing to add."""
    report = validate(make(good, unreadable("ASSESSOR_KEY")), spec, roster_of(), at)
    assert [finding.rule for finding in report.findings] == ["A004"]


def test_an_unreadable_name_is_not_compared(spec, make, good, at, unreadable):
    """Half a name would look like a changed one."""
    report = validate(
        make({**good, "ASSESSOR_NAME": "OKAFOR, X"}, unreadable("ASSESSOR_NAME")), spec, roster_of(line()), at
    )
    assert [finding.rule for finding in report.findings] == ["A004"]


@pytest.mark.parametrize("cells", [{}, OLD, LAPSED, {"certified_on": "2030-01-01"}])
def test_without_an_assessment_date_no_dated_standing_is_told(spec, make, good, at, cells):
    """Expired or not yet certified as of what day? The missing date is the finding."""
    del good["ASSESSMENT_DATE"]
    report = validate(make(good), spec, roster_of(line(**cells)), at)
    assert [finding.rule for finding in report.findings] == ["S001"]


def test_without_an_assessment_date_an_unknown_key_is_told(spec, make, good, at):
    """No date can change it, so the sender hears of both in one round."""
    del good["ASSESSMENT_DATE"]
    report = validate(make(good), spec, roster_of(), at)
    assert [finding.rule for finding in report.findings] == ["C001", "S001"]


def test_a_package_that_does_not_ask_for_the_date_gets_no_silent_pass(build_spec, make, good, at):
    """Where no error covers the missing date, certification says that it could not be checked."""
    spec = build_spec(replace(build_spec().items["ASSESSMENT_DATE"], required=False))
    del good["ASSESSMENT_DATE"]
    report = validate(make(good), spec, roster_of(line()), at)
    assert [(finding.rule, finding.items) for finding in report.findings] == [("X001", ("ASSESSMENT_DATE",))]


def test_the_agency_is_the_credential_s_and_not_the_payload_s(spec, make, good, at):
    """What a payload says of itself opens nobody else's roster."""
    report = validate(make(good, agency="hillside"), spec, roster_of(line(agencies="riverbend")), at)
    assert [finding.rule for finding in report.findings] == ["C001"]


@pytest.mark.parametrize(
    ("lines", "keep", "archive"),
    [
        ([line(), second()], "AB-1234", ["CD-5678"]),
        ([second(), line()], "AB-1234", ["CD-5678"]),
        ([line(**LAPSED), second()], "CD-5678", ["AB-1234"]),
        ([line(**OLD), second()], "AB-1234", ["CD-5678"]),
        ([line(certified_on=""), second()], "CD-5678", ["AB-1234"]),
        ([line(state="NH", approved_on="2026-02-01"), second()], "CD-5678", ["AB-1234"]),
        ([line(), line(certified_on="2026-02-01"), second()], "AB-1234", ["CD-5678"]),
        ([line(), second(certified_on="2025-01-10")], "AB-1234", ["CD-5678"]),
        ([line(issued_on="2025-01-12"), second(certified_on="2025-01-10", issued_on="2025-01-11")], "CD-5678", ["AB-1234"]),
        ([second(key="EF-9012", certified_on="2026-03-01"), second(), line()], "AB-1234", ["CD-5678", "EF-9012"]),
    ],
    ids=[
        "the first certified", "in any order", "not one that has lapsed", "one that the waiver keeps good",
        "not one without a date", "approval counts as the beginning", "a renewal does not make it younger",
        "at a tie both sides are told the same", "at a tie the first issued", "of three keys two go",
    ],
)  # fmt: skip
def test_of_two_keys_one_is_to_keep(policy, lines, keep, archive):
    """The one certified first among those that are good, whichever of them is asked about."""
    roster = roster_of(*lines)
    for key in (keep, *archive):
        found = duplicate(roster, policy, key=key, on=date.fromisoformat(ON), agency=AGENCY)
        assert (found.keep, list(found.archive)) == (keep, archive)
        assert not any(shown in repr(found) for shown in (keep, *archive))


@pytest.mark.parametrize(("key", "fix"), [("AB-1234", "Keep this one."), ("CD-5678", "Archive this one.")])
def test_a_duplicate_is_told_what_to_do_with_the_key_at_hand(spec, make, good, at, key, fix):
    """The holder of the first key keeps it; the second is the one to have archived; neither stops the assessment."""
    report = validate(make({**good, "ASSESSOR_KEY": key}, agency=AGENCY), spec, roster_of(line(), second()), at)
    assert [(f.rule, f.severity, f.fix, f.hold) for f in report.findings] == [("C011", Severity.WARNING, fix, None)]


def test_a_package_may_hold_a_duplicate(spec, make, good, at):
    """What follows from a standing is the package's to say."""
    held = replace(spec.certification.standings["duplicate"], action="hold", hold=HoldCause.DUPLICATE_KEY)
    standings = {**spec.certification.standings, "duplicate": held}
    spec = replace(spec, certification=replace(spec.certification, standings=standings))
    report = validate(make(good, agency=AGENCY), spec, roster_of(line(), second()), at)
    assert report.holds == (HoldCause.DUPLICATE_KEY,)


def test_a_key_that_the_state_refused_twice(spec, make, good):
    """It is held in the package's words, at the place of the key."""
    finding = refused_twice(make(good), spec)
    assert (finding.rule, finding.hold, finding.items) == ("C012", HoldCause.KEY_REFUSED, ("ASSESSOR_KEY",))
    assert finding.sources[0].label == "the place of ASSESSOR_KEY"


def test_a_standing_has_its_own_words_for_the_desk():
    """Whom to ask, and what to say about this standing; the desk's own words where there are none."""
    package = Catalog().named("2026.1")
    changed, approved = (
        package.certification.standings[name] for name in ("awaiting_name_change", "awaiting_approval")
    )
    assert [desk.id for desk in package.desks_for(changed)] == ["access-administrator", "vg"]
    assert "approve the account" in package.desks_for(approved)[0].say
    silent = replace(approved, say="")
    assert package.desks_for(silent) == (package.desks["masscans"],)
    assert package.desks_for(package.certification.standings["valid"]) == ()
