from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from canonical.finding import Conformance, HoldCause, Severity
from specs.spec import Waiver
from validators.certification import Standing, standing
from validators.engine import validate
from validators.roster import COLUMNS, Roster

KEY = "AB-1234"
S = Standing


def line(**cells: str) -> dict[str, str]:
    """Return a line of the roster: Tove Maren, certified 2025-01-10 for two years, at riverbend."""
    usual = {"key": KEY, "last_name": "Maren", "first_name": "Tove", "agencies": "riverbend", "state": "MA"}
    return {**usual, "certified_on": "2025-01-10", **cells}


def roster_of(*lines: dict[str, str]) -> Roster:
    """Read a roster from these lines, as from a file."""
    rows = [",".join(COLUMNS), *(",".join(f'"{cells.get(column, "")}"' for column in COLUMNS) for cells in lines)]
    return Roster.from_csv("\n".join(rows).encode(), "roster.csv")


def at_other(**cells: str) -> dict[str, str]:
    """Return a line of another person at another agency under the same key."""
    return line(last_name="Okafor", first_name="Ifeoma", agencies="hillside", **cells)


WAIVED = "2020-03-01"
OLD = {"certified_on": "2018-06-01"}  # good to 2020-06-01: current when the waiver began
LAPSED = {"certified_on": "2018-02-28"}  # good to 2020-02-28: lapsed the day before

#: A sentence, the lines, what is asked, the standing.
CASES = [
    # the key
    ("a key of no known form", [line()], {"key": "tove@example.org"}, S.MALFORMED),
    ("a key in small letters has no known form", [line()], {"key": "ab-1234"}, S.MALFORMED),
    ("a key with a blank beside it has no known form", [line()], {"key": "AB-1234 "}, S.MALFORMED),
    ("a key with a line end has no known form", [line()], {"key": "AB-1234\n"}, S.MALFORMED),
    ("half a character is no key", [line()], {"key": "\ud800"}, S.MALFORMED),
    ("a key that is not on the roster", [line()], {"key": "ZZ-9999"}, S.UNKNOWN),
    ("any key against an empty roster", [], {}, S.UNKNOWN),
    ("a key on the roster", [line()], {}, S.VALID),
    ("a malformed key is malformed even where the roster has it", [line(key="??")], {"key": "??"}, S.MALFORMED),
    # the agency
    ("an assessor of another agency is unknown here", [line(agencies="hillside")], {}, S.UNKNOWN),
    ("an assessor of two agencies is known at the one", [line(agencies="riverbend;hillside")], {}, S.VALID),
    ("an assessor of two agencies is known at the other", [line(agencies="riverbend; hillside")], {"agency": "hillside"}, S.VALID),
    ("an assessor of no named agency is known anywhere", [line(agencies="")], {"agency": "elsewhere"}, S.VALID),
    ("nobody asks for the agency, so all lines count", [line(agencies="hillside")], {"agency": None}, S.VALID),
    ("one key at two agencies on two lines is one person", [line(), line(agencies="hillside")], {"agency": "hillside"}, S.VALID),
    # conflict
    ("one key under two persons", [line(), line(last_name="Okafor", first_name="Ifeoma")], {}, S.CONFLICT),
    ("one key under two persons at two agencies is told to the one", [line(), at_other()], {}, S.CONFLICT),
    ("one key under two persons at two agencies is told to the other",
     [line(), at_other()], {"agency": "hillside", "name": "OKAFOR, IFEOMA"}, S.CONFLICT),
    ("a conflict is settled where one line is archived", [line(), at_other(status="archived")], {}, S.VALID),
    ("the archived side of a settled conflict is archived",
     [line(), at_other(status="archived")], {"agency": "hillside", "name": "OKAFOR, IFEOMA"}, S.ARCHIVED),
    ("one key under old and new name of one person is no conflict",
     [line(former_names="Dahl"), line(last_name="Dahl", agencies="hillside")], {}, S.VALID),
    ("a key used under a name that shares nothing with its owner's", [line()], {"name": "OKAFOR, IFEOMA"}, S.CONFLICT),
    ("two lines of one person with and without a middle initial", [line(first_name="Tove K."), line()], {}, S.VALID),
    # archived
    ("an archived key", [line(status="archived")], {}, S.ARCHIVED),
    ("an archived key is archived whoever uses it", [line(status="Archived")], {"name": "OKAFOR, IFEOMA"}, S.ARCHIVED),
    ("an archived key is archived though it has expired", [line(status="archived", **LAPSED)], {}, S.ARCHIVED),
    # not yet certified
    ("certified the day after the assessment", [line()], {"on": "2025-01-09"}, S.NOT_YET_CERTIFIED),
    ("certified on the day of the assessment", [line()], {"on": "2025-01-10"}, S.VALID),
    ("certified the day before", [line()], {"on": "2025-01-11"}, S.VALID),
    ("issued is the next best date where certified is unknown", [line(certified_on="", issued_on="2025-01-10")], {"on": "2025-01-09"}, S.NOT_YET_CERTIFIED),
    ("issued later than certified does not matter", [line(issued_on="2025-03-01")], {"on": "2025-01-10"}, S.VALID),
    ("the beginning is reckoned back from the expiry where nothing else is known",
     [line(certified_on="", expires_on="2027-01-10")], {"on": "2025-01-09"}, S.NOT_YET_CERTIFIED),
    ("reckoned back, the first day is good", [line(certified_on="", expires_on="2027-01-10")], {"on": "2025-01-10"}, S.VALID),
    ("not yet certified blocks although approval is awaited too", [line(state="NH")], {"on": "2025-01-09"}, S.NOT_YET_CERTIFIED),
    ("not yet certified blocks although the name has changed too",
     [line()], {"on": "2025-01-09", "name": "DAHL, TOVE"}, S.NOT_YET_CERTIFIED),
    ("a line with no date at all says nothing", [line(certified_on="")], {}, S.COULD_NOT_CHECK),
    # validity and expiry
    ("the last day of two years", [line()], {"on": "2027-01-10", "waivers": ()}, S.VALID),
    ("the day after two years", [line()], {"on": "2027-01-11", "waivers": ()}, S.EXPIRED),
    ("the roster's own expiry counts, on its day", [line(expires_on="2025-06-30")], {"on": "2025-06-30", "waivers": ()}, S.VALID),
    ("the roster's own expiry counts, the day after", [line(expires_on="2025-06-30")], {"on": "2025-07-01", "waivers": ()}, S.EXPIRED),
    ("certified on 29 February, good to 28 February", [line(certified_on="2024-02-29")], {"on": "2026-02-28", "waivers": ()}, S.VALID),
    ("certified on 29 February, over on 1 March", [line(certified_on="2024-02-29")], {"on": "2026-03-01", "waivers": ()}, S.EXPIRED),
    ("where the package knows no validity a certificate never ends", [line(certified_on="2009-01-10")], {"years": None}, S.VALID),
    ("without a validity an expiry in the roster still ends it",
     [line(expires_on="2025-06-30")], {"years": None, "on": "2025-07-01", "waivers": ()}, S.EXPIRED),
    ("without a validity, an expiry alone says nothing of the beginning",
     [line(certified_on="", expires_on="2030-01-01")], {"years": None}, S.COULD_NOT_CHECK),
    ("a renewed certificate on a second line is good", [line(certified_on="2022-01-10"), line()], {"waivers": ()}, S.VALID),
    ("between an old and a renewed certificate there is a gap",
     [line(), line(certified_on="2022-01-10")], {"on": "2024-06-01", "waivers": ()}, S.EXPIRED),
    ("before the first of two certificates", [line(), line(certified_on="2022-01-10")], {"on": "2021-01-01"}, S.NOT_YET_CERTIFIED),
    # the waiver
    ("current when the waiver began, expired since", [line(**OLD)], {}, S.VALID_RECERTIFICATION_WAIVED),
    ("current when the waiver began, and still in its two years", [line(**OLD)], {"on": "2020-06-01"}, S.VALID),
    ("current when the waiver began, the day after its two years", [line(**OLD)], {"on": "2020-06-02"}, S.VALID_RECERTIFICATION_WAIVED),
    ("its last day is the day the waiver began", [line(certified_on="2018-03-01")], {}, S.VALID_RECERTIFICATION_WAIVED),
    ("lapsed the day before the waiver began", [line(**LAPSED)], {}, S.EXPIRED),
    ("earned during the waiver, expired since", [line(certified_on="2021-09-01")], {}, S.VALID_RECERTIFICATION_WAIVED),
    ("earned on the first day of the waiver", [line(certified_on=WAIVED)], {}, S.VALID_RECERTIFICATION_WAIVED),
    ("assessed before the waiver began, expired then", [line(certified_on="2017-06-01")], {"on": "2020-02-29"}, S.EXPIRED),
    ("assessed on the waiver's last day", [line(**OLD)], {"waivers": [(WAIVED, "2026-05-20")]}, S.VALID_RECERTIFICATION_WAIVED),
    ("assessed after the waiver ended", [line(**OLD)], {"waivers": [(WAIVED, "2026-05-19")]}, S.EXPIRED),
    ("earned after the waiver ended, and expired", [line(certified_on="2023-01-01")], {"waivers": [(WAIVED, "2022-12-31")]}, S.EXPIRED),
    ("a second waiver helps where the first has ended",
     [line()], {"on": "2028-05-20", "waivers": [(WAIVED, "2022-12-31"), ("2026-07-01", None)]}, S.VALID_RECERTIFICATION_WAIVED),
    ("without a waiver nothing is waived", [line(**OLD)], {"waivers": ()}, S.EXPIRED),
    ("the waiver keeps the roster's own expiry too", [line(expires_on="2025-06-30")], {}, S.VALID_RECERTIFICATION_WAIVED),
    # out of state
    ("out of state and never approved", [line(state="NH")], {}, S.AWAITING_APPROVAL),
    ("out of state and approved before certification", [line(state="NH", approved_on="2024-12-01")], {}, S.VALID),
    ("approved only after the assessment: nobody was certified before that",
     [line(state="NH", approved_on="2026-06-01")], {}, S.NOT_YET_CERTIFIED),
    ("approved on the day of the assessment", [line(state="NH", approved_on="2026-05-20")], {}, S.VALID),
    ("out of state, not approved and not certified", [line(state="RI", certified_on="")], {}, S.AWAITING_APPROVAL),
    ("out of state, not approved, and expired", [line(state="RI", **LAPSED)], {}, S.AWAITING_APPROVAL),
    ("Massachusetts written out", [line(state="Massachusetts")], {}, S.VALID),
    ("Massachusetts in small letters", [line(state="ma")], {}, S.VALID),
    ("no state is Massachusetts", [line(state="")], {}, S.VALID),
    ("the roster says that approval is awaited", [line(status="awaiting-approval")], {}, S.AWAITING_APPROVAL),
    ("the roster said so before the approval came",
     [line(status="awaiting_approval", approved_on="2024-12-01")], {}, S.VALID),
    # names
    ("the name in other case", [line()], {"name": "maren, tove"}, S.VALID),
    ("no name was given", [line()], {"name": None}, S.VALID),
    ("a new last name", [line()], {"name": "DAHL, TOVE"}, S.AWAITING_NAME_CHANGE),
    ("a new first name", [line()], {"name": "MAREN, ANNE"}, S.AWAITING_NAME_CHANGE),
    ("a double name after a marriage", [line()], {"name": "MAREN-DAHL, TOVE"}, S.AWAITING_NAME_CHANGE),
    ("the former name", [line(former_names="Dahl")], {"name": "DAHL, TOVE"}, S.AWAITING_NAME_CHANGE),
    ("a former name written in full", [line(former_names="Berg, Anna; Dahl, Eva")], {"name": "DAHL, EVA"}, S.AWAITING_NAME_CHANGE),
    ("the roster says that the change is not confirmed", [line(status="awaiting name change")], {}, S.AWAITING_NAME_CHANGE),
    ("the name has changed, and the certificate is past but waived", [line(**OLD)], {"name": "DAHL, TOVE"}, S.AWAITING_NAME_CHANGE),
    ("the name has changed, and the certificate has expired", [line(**LAPSED)], {"name": "DAHL, TOVE"}, S.EXPIRED),
    ("a suffix on one side", [line(last_name="Maren Jr.")], {}, S.VALID),
    ("a middle initial on one side", [line()], {"name": "MAREN, TOVE K."}, S.VALID),
    ("another middle initial", [line(first_name="Tove B.")], {"name": "MAREN, TOVE K."}, S.AWAITING_NAME_CHANGE),
]  # fmt: skip


def ask(policy, lines, *, on="2026-05-20", waivers=None, years=2, **asked):
    """Ask for the standing of Tove Maren's key, unless told otherwise."""
    if waivers is not None:
        spans = tuple(
            Waiver(begins=date.fromisoformat(begins), ends=ends and date.fromisoformat(ends))
            for begins, ends in waivers
        )
        policy = replace(policy, waivers=spans)
    asked = {"key": KEY, "name": "MAREN, TOVE", "agency": "riverbend", **asked}
    return standing(roster_of(*lines), replace(policy, validity_years=years), on=date.fromisoformat(on), **asked)


@pytest.mark.parametrize(("lines", "asked", "held"), [row[1:] for row in CASES], ids=[row[0] for row in CASES])
def test_standing(policy, lines, asked, held):
    """A key has the standing that the roster and the policy give it as of the day."""
    assert ask(policy, lines, **asked) is held


def test_every_standing_is_reached():
    """The table leaves no standing out."""
    assert {row[3] for row in CASES} == set(Standing)


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
