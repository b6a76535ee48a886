from __future__ import annotations

from datetime import date

import pytest

from canonical.finding import Conformance, Kind, Severity
from specs.spec import AgeRange, Code, Item, Type

BABY = "birth-through-four"

#: What is changed, the check, the item that it names (None: the finding names none).
FAULTS = [
    ("a required identifier is missing", {"MEMBER_ID": None}, "S001", "MEMBER_ID"),
    ("a required text holds blanks only", {"ASSESSOR_NAME": "   "}, "S001", "ASSESSOR_NAME"),
    ("a rating of a complete assessment is missing", {"LDF_SLEEP": None}, "S001", "LDF_SLEEP"),
    ("a rating of an assessment on paper is missing", {"COMPLETION_STATUS": "paper", "LDF_SLEEP": None}, "S001", "LDF_SLEEP"),
    ("a rating behind the age gate is missing", {"MEMBER_DOB": "2012-05-20"}, "S001", "TRA_JOB"),
    ("a tri-state of a complete assessment is missing", {"SED_DISORDER": None}, "S001", "SED_DISORDER"),
    ("an item is in no dictionary", {"LDF_SLEEEP": "1"}, "S002", None),
    ("a date is written the American way", {"ASSESSMENT_DATE": "05/20/2026"}, "S003", "ASSESSMENT_DATE"),
    ("a date does not exist", {"MEMBER_DOB": "2017-02-29"}, "S003", "MEMBER_DOB"),
    ("a date has no hyphens", {"MEMBER_DOB": "20170115"}, "S003", "MEMBER_DOB"),
    ("a date is a week", {"MEMBER_DOB": "2017-W03-1"}, "S003", "MEMBER_DOB"),
    ("a date has foreign digits", {"MEMBER_DOB": "\uff12\uff10\uff11\uff17-01-15"}, "S003", "MEMBER_DOB"),
    ("a moment has no offset", {"MEMBER_SEEN_AT": "2026-05-20T10:00:00"}, "S003", "MEMBER_SEEN_AT"),
    ("a moment has an hour that does not exist", {"MEMBER_SEEN_AT": "2026-05-20T25:00:00Z"}, "S003", "MEMBER_SEEN_AT"),
    ("a number is a word", {"MEMBER_CHILDREN": "two"}, "S003", "MEMBER_CHILDREN"),
    ("a number has a leading zero", {"MEMBER_CHILDREN": "02"}, "S003", "MEMBER_CHILDREN"),
    ("a number is longer than any number", {"MEMBER_CHILDREN": "9" * 5000}, "S003", "MEMBER_CHILDREN"),
    ("a boolean is a yes", {"MEMBER_TWIN": "yes"}, "S003", "MEMBER_TWIN"),
    ("a tri-state is a maybe", {"SED_DISORDER": "maybe"}, "S003", "SED_DISORDER"),
    ("a text holds a NUL", {"MEMBER_LAST_NAME": "Qu\x00ill"}, "S003", "MEMBER_LAST_NAME"),
    ("a text holds half a character", {"MEMBER_LAST_NAME": "Qu\ud800ll"}, "S003", "MEMBER_LAST_NAME"),
    ("a rating is out of its list", {"LDF_SLEEP": "4"}, "S004", "LDF_SLEEP"),
    ("a rating has a blank beside it", {"LDF_SLEEP": "1 "}, "S004", "LDF_SLEEP"),
    ("a number is one too many", {"MEMBER_CHILDREN": "10"}, "S005", "MEMBER_CHILDREN"),
    ("a number is one too few", {"MEMBER_CHILDREN": "-1"}, "S005", "MEMBER_CHILDREN"),
    ("a text has one character too many", {"MEMBER_LAST_NAME": "Elevenchars"}, "S006", "MEMBER_LAST_NAME"),
    ("an identifier lacks a digit", {"MEMBER_ID": "10000000001"}, "S007", "MEMBER_ID"),
    ("an identifier fits but for one more line", {"MEMBER_ID": "100000000001\n"}, "S007", "MEMBER_ID"),
    ("an item of the other instrument is answered", {"LDF_MOTOR": "1"}, "S008", "LDF_MOTOR"),
    ("an item for older members is answered", {"TRA_JOB": "1"}, "S009", "TRA_JOB"),
    ("a section comment is missing", {"LDF_COMMENT": None}, "S010", "LDF_COMMENT"),
    ("a section comment holds blanks only", {"LDF_COMMENT": " \n"}, "S010", "LDF_COMMENT"),
    ("the instrument is missing", {"INSTRUMENT": None}, "S011", "INSTRUMENT"),
    ("the instrument is unknown", {"INSTRUMENT": "cans"}, "S011", "INSTRUMENT"),
    ("the member is 21 on the assessment date", {"MEMBER_DOB": "2005-05-20", "TRA_JOB": "1"}, "S012", "INSTRUMENT"),
    ("the member is 4 on the assessment date", {"MEMBER_DOB": "2021-05-21"}, "S012", "INSTRUMENT"),
    ("a criterion is left open in a complete assessment", {"SED_DISORDER": "unanswered"}, "S013", "SED_DISORDER"),
]  # fmt: skip

#: What is changed and nevertheless in order.
PASSES = [
    ("nothing is changed", {}),
    ("an unfinished assessment lacks ratings, comment and criteria",
     {"COMPLETION_STATUS": "incomplete-final", "LDF_SLEEP": None, "LDF_COMMENT": None, "SED_DISORDER": None}),
    ("a criterion is left open in an unfinished assessment", {"COMPLETION_STATUS": "incomplete-final", "SED_DISORDER": "unanswered"}),
    ("a criterion is left open on paper", {"COMPLETION_STATUS": "paper", "SED_DISORDER": "unanswered"}),
    ("an item for older members is answered by one", {"MEMBER_DOB": "2012-05-20", "TRA_JOB": "1"}),
    ("an item for older members is missing the day before the birthday", {"MEMBER_DOB": "2012-05-21"}),
    ("the member turns 5 on the assessment date", {"MEMBER_DOB": "2021-05-20"}),
    ("the member turns 21 the day after", {"MEMBER_DOB": "2005-05-21", "TRA_JOB": "1"}),
    ("the least number is given", {"MEMBER_CHILDREN": "0"}),
    ("the greatest number is given", {"MEMBER_CHILDREN": "9"}),
    ("a moment has an offset", {"MEMBER_SEEN_AT": "2026-05-20T10:00:00-04:00"}),
    ("a moment is in UTC, with a fraction", {"MEMBER_SEEN_AT": "2026-05-20T10:00:00.25Z"}),
    ("a boolean is given", {"MEMBER_TWIN": "false"}),
    ("a text has as many characters as it may", {"MEMBER_LAST_NAME": "Ten—chärs!"}),
    ("a text has a tab and a line end", {"MEMBER_LAST_NAME": "a\tb\nc"}),
    ("the other instrument has its own item",
     {"INSTRUMENT": BABY, "MEMBER_DOB": "2024-01-15", "LDF_SCHOOL": None, "LDF_MOTOR": "3"}),
    ("a leap-day child turns 5 on 1 March", {"MEMBER_DOB": "2020-02-29", "ASSESSMENT_DATE": "2025-03-01"}),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "code", "named"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_each_fault_is_found_once_and_alone(judge, changes, code, named):
    """Where one thing is wrong, one finding says so, names its item, and points somewhere."""
    (finding,) = judge(changes).findings
    assert finding.rule == code
    assert finding.items[:1] == ((named,) if named else ())
    assert finding.sources
    assert finding.fix
    assert finding.why


@pytest.mark.parametrize("changes", [row[1] for row in PASSES], ids=[row[0] for row in PASSES])
def test_what_is_in_order_has_no_finding(judge, changes):
    """Nothing is found where nothing is wrong."""
    report = judge(changes)
    assert report.findings == ()
    assert report.conformance is Conformance.CONFORMS


def test_every_structural_check_is_reached():
    """The table above fails every S check of structure at least once."""
    assert {row[2] for row in FAULTS} == {f"S{number:03}" for number in range(1, 14)}


def test_an_answer_is_shown_at_its_own_place(judge):
    """A wrong answer points at where it was read."""
    (finding,) = judge({"LDF_SLEEP": "4"}).findings
    assert [place.label for place in finding.sources] == ["the place of LDF_SLEEP"]


def test_a_missing_answer_is_shown_at_the_assessment(judge):
    """What is missing has no place of its own; the assessment has."""
    (finding,) = judge({"LDF_SLEEP": None}).findings
    assert [place.label for place in finding.sources] == ["the assessment"]


def test_a_stranger_is_shown_by_place_and_never_by_name(judge):
    """A key of the sender's file that nothing declares may be anything, a child's name too."""
    (finding,) = judge({"Jonathan Quill": "1"}).findings
    assert finding.items == ()
    assert "Jonathan" not in f"{finding.message}{finding.fix}"


def test_messages_speak_of_the_label(judge):
    """People know the item by its label."""
    (finding,) = judge({"MEMBER_ID": None}).findings
    assert finding.message == "The label of MEMBER_ID is required and has no answer."


def test_a_few_codes_are_listed_in_the_fix(judge):
    """Whoever mends the export sees at once what may be sent."""
    (finding,) = judge({"LDF_SLEEP": "4"}).findings
    assert "one of 0, 1, 2, 3" in finding.fix
    assert finding.kind is Kind.TERMINOLOGY


def test_items_that_are_out_of_place_only_warn(judge):
    """An answer for another instrument or age does not stop the assessment."""
    report = judge({"LDF_MOTOR": "1", "TRA_JOB": "1"})
    assert {finding.severity for finding in report.findings} == {Severity.WARNING}
    assert report.conformance is Conformance.CONFORMS


def test_what_could_not_be_read_is_not_missing_too(judge, unreadable):
    """The adapter has told of it; a second finding would send people to look for a second fault."""
    report = judge({"LDF_SLEEP": None}, unreadable("LDF_SLEEP"))
    assert [finding.rule for finding in report.findings] == ["A004"]


def test_a_mere_warning_of_the_adapter_does_not_excuse_a_missing_answer(judge, unreadable):
    """Otherwise an assessment without a required answer would conform."""
    report = judge({"LDF_SLEEP": None}, unreadable("LDF_SLEEP", severity=Severity.WARNING))
    assert [finding.rule for finding in report.findings] == ["A004", "S001"]


def test_an_unreadable_instrument_is_not_unknown_too(judge, unreadable):
    """The adapter's finding stands alone, and what only one instrument asks for is not asked for."""
    report = judge({"INSTRUMENT": None, "LDF_SCHOOL": None}, unreadable("INSTRUMENT"))
    assert [finding.rule for finding in report.findings] == ["A004"]


def test_without_an_instrument_values_are_still_judged(judge):
    """The sender sees every wrong value in one round."""
    found = judge({"INSTRUMENT": None, "LDF_MOTOR": "7", "LDF_SLEEP": None}).findings
    assert [(finding.rule, finding.items) for finding in found] == [
        ("S011", ("INSTRUMENT",)),
        ("S001", ("LDF_SLEEP",)),
        ("S004", ("LDF_MOTOR",)),
    ]


def test_at_an_unknown_age_gated_items_are_not_asked_for(judge):
    """Without a date of birth nobody can say whether the item applies; the date itself is reported."""
    found = judge({"MEMBER_DOB": None}).findings
    assert [(finding.rule, finding.items) for finding in found] == [("S001", ("MEMBER_DOB",))]


def test_findings_come_in_the_dictionary_s_order(judge):
    """The order of a report does not depend on the order of the export."""
    found = judge({"LDF_COMMENT": None, "MEMBER_ID": None, "LDF_SLEEP": "9", "CONSENT": "given"}).findings
    assert [finding.rule for finding in found] == ["S001", "S004", "S010"]


@pytest.mark.parametrize(
    ("on", "rules"),
    [("2026-03-31", ["S004"]), ("2026-04-01", []), ("2026-06-30", []), ("2026-07-01", ["S004"]), (None, ["S001"])],
)
def test_a_code_is_good_within_its_dates(judge, build_spec, on, rules):
    """The list that counts is the one of the assessment date; without that date any code of the list will do."""
    dated = Code(value="N", label="New", valid_from=date(2026, 4, 1), valid_to=date(2026, 6, 30))
    spec = build_spec(
        Item(code="MEMBER_GROUP", instruments=(), section="MEM", label="Group", type=Type.CODE, codes="group"),
        codes={"group": {"N": dated}},
    )
    found = judge({"MEMBER_GROUP": "N", "ASSESSMENT_DATE": on}, by=spec).findings
    assert [finding.rule for finding in found] == rules


def test_a_long_list_is_named_instead_of_listed(judge, build_spec):
    """Nobody reads forty codes in a sentence."""
    codes = {str(number): Code(value=str(number), label="") for number in range(40)}
    spec = build_spec(
        Item(code="MEMBER_GROUP", instruments=(), section="MEM", label="Group", type=Type.CODE, codes="group"),
        codes={"group": codes},
    )
    (finding,) = judge({"MEMBER_GROUP": "x"}, by=spec).findings
    assert "a code of the list group" in finding.fix


@pytest.mark.parametrize(
    ("least", "most", "words"), [(None, 5, "5 or less"), (2, None, "2 or more"), (2, 5, "from 2 to 5")]
)
def test_a_range_is_told_in_words(judge, build_spec, least, most, words):
    """A range may be open at either end."""
    spec = build_spec(
        Item(
            code="MEMBER_COUNT",
            instruments=(),
            section="MEM",
            label="Count",
            type=Type.INTEGER,
            minimum=least,
            maximum=most,
        )
    )
    (finding,) = judge({"MEMBER_COUNT": "1" if least else "9"}, by=spec).findings
    assert finding.message == f"Count must be {words}."


def test_an_answer_for_another_age_is_still_judged(judge, build_spec):
    """An answer for another age is judged all the same: it may leave."""
    spec = build_spec(
        Item(
            code="MEMBER_JOBS",
            instruments=(),
            section="MEM",
            label="Jobs",
            type=Type.INTEGER,
            age=AgeRange(youngest=16),
        )
    )
    found = judge({"MEMBER_JOBS": "many"}, by=spec).findings
    assert [finding.rule for finding in found] == ["S009", "S003"]
