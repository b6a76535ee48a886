"""What shows each check that no package brings: small cases that pass it and fail it, each of which a test really judges."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from service.rule_cases import Cases, Changed, Told
from service.rule_examples_of_reading import READING

#: The accepted example of the package that the changed answers below are put into.
BASE: Final = "examples/accepted/five-through-twenty-with-consent.json"
#: The line of the roster that the changed cells below are put into; its key and name are those of the example.
ROSTER_LINE: Final[Mapping[str, str]] = MappingProxyType(
    {"key": "EX-0001-0001", "last_name": "Example", "first_name": "Robin", "certified_on": "2025-03-10"}
)


def _answers(why: str, **answers: str | None) -> Changed:
    return Changed(why=why, answers=answers)


def _line(why: str, answers: Mapping[str, str | None] | None = None, **cells: str) -> Changed:
    return Changed(why=why, answers=answers or {}, roster=cells)


_STRUCTURE: Final = {
    "S001": Cases(
        passes=(
            _answers("zero is an answer", LDF_SLEEP="0"),
            _answers(
                "what was broken off need not be answered",
                COMPLETION_STATUS="incomplete-final",
                INCOMPLETE_REASON="member-left",
                LDF_SLEEP=None,
            ),
        ),
        fails=(
            _answers("complete, and one rating missing", LDF_SLEEP=None),
            _answers("no date of birth", MEMBER_DOB=None),
        ),
    ),
    "S002": Cases(
        passes=(_answers("the item by its code", LDF_SLEEP="1"),),
        fails=(_answers("a code that the dictionary does not have", LDF_SLEPT="1"),),
    ),
    "S003": Cases(
        passes=(
            _answers("a date as ISO 8601 writes it", ASSESSMENT_DATE="2026-03-02"),
            _answers("a criterion ruled in", SED_DETERMINATION="yes"),
        ),
        fails=(
            _answers("a date as a form shows it", ASSESSMENT_DATE="03/02/2026"),
            _answers("a day that no calendar has", ASSESSMENT_DATE="2026-02-30"),
            _answers("another word than yes, no, unanswered", SED_DETERMINATION="maybe"),
        ),
    ),
    "S004": Cases(
        passes=(_answers("a rating from 0 to 3", LDF_SLEEP="3"),),
        fails=(
            _answers("a rating that the scale does not have", LDF_SLEEP="4"),
            _answers("the word of another system", MEMBER_GENDER="F"),
        ),
    ),
    "S005": Cases(
        passes=(_answers("the first version", DOCUMENT_VERSION="1"),),
        fails=(_answers("versions count from 1", DOCUMENT_VERSION="0"),),
    ),
    "S006": Cases(
        passes=(_answers("ten characters", MEMBER_ZIP="02139-0456"),),
        fails=(_answers("eleven characters", MEMBER_ZIP="02139-04567"),),
    ),
    "S007": Cases(
        passes=(_answers("twelve digits", MEMBER_ID="100000000017"),),
        fails=(_answers("eleven digits: a spreadsheet dropped the zero in front", MEMBER_ID="10000000017"),),
    ),
    "S008": Cases(
        passes=(_answers("an item of this instrument", LDF_SLEEP="1"),),
        fails=(_answers("a risk factor of Birth through Four in Five through Twenty", RFK_BIRTH_WEIGHT="1"),),
    ),
    "S009": Cases(
        passes=(_answers("a nine-year-old is not asked about work", TRA_JOB=None),),
        fails=(_answers("a nine-year-old, asked about work", TRA_JOB="0"),),
    ),
    "S010": Cases(
        passes=(_answers("nothing to add, and said so", LDF_COMMENT="n/a"),),
        fails=(
            _answers("no comment", LDF_COMMENT=None),
            _answers("nothing but a blank", LDF_COMMENT=" "),
        ),
    ),
    "S011": Cases(
        passes=(_answers("the instrument by its code", INSTRUMENT="five-through-twenty"),),
        fails=(
            _answers("the words of another system", INSTRUMENT="CANS 5-20"),
            _answers("no instrument", INSTRUMENT=None),
        ),
    ),
    "S012": Cases(
        passes=(_answers("five years old that day", MEMBER_DOB="2021-03-02"),),
        fails=(
            _answers("five years old the day after", MEMBER_DOB="2021-03-03"),
            _answers("twenty-one years old that day", MEMBER_DOB="2005-03-02"),
        ),
    ),
    "S013": Cases(
        passes=(_answers("considered, and ruled out", SED_PART2_FEARS="no"),),
        fails=(_answers("complete, and one criterion left open", SED_PART2_FEARS="unanswered"),),
    ),
    "S014": Cases(
        passes=(_answers("a first diagnosis, and a second", **{"DX_CODE": "F43.10", "DX_CODE.2": "F90.2"}),),
        fails=(_answers("a first diagnosis, and a third", **{"DX_CODE": "F43.10", "DX_CODE.3": "F90.2"}),),
    ),
    "S015": Cases(
        passes=(_answers("twelve places for diagnoses, two of them used", **{"DX_CODE.2": "F90.2"}),),
        fails=(_answers("a fifth caregiver", **{"CGR_SAFETY.5": "1"}),),
    ),
    "S020": Cases(
        passes=(_answers("consent given", CONSENT="given"), _answers("refused: readable too", CONSENT="refused")),
        fails=(
            _answers("clinical answers, and not a word of consent", CONSENT=None),
            _answers("a word that is no decision", CONSENT="see chart"),
        ),
    ),
    "S021": Cases(
        passes=(_answers("with consent everything leaves", CONSENT="given"),),
        fails=(
            _answers("consent refused", CONSENT="refused"),
            _answers("consent withdrawn", CONSENT="withdrawn"),
        ),
    ),
}

_CERTIFICATION: Final = {
    "C001": Cases(
        passes=(_line("the key is on the roster", key="EX-0001-0001"),),
        fails=(_line("the roster holds another key", key="EX-0001-0002"),),
    ),
    "C002": Cases(
        passes=(_line("certified on the day of the assessment", certified_on="2026-03-02"),),
        fails=(_line("certified the day after", certified_on="2026-03-03"),),
    ),
    "C003": Cases(
        passes=(_line("two years not yet over", certified_on="2024-03-02"),),
        fails=(_line("over before recertification testing was suspended", certified_on="2017-06-05"),),
    ),
    "C004": Cases(
        passes=(_line("the name of the roster", last_name="Example", first_name="Robin"),),
        fails=(_line("the key is another person's", last_name="Achterberg", first_name="Tomas"),),
    ),
    "C005": Cases(
        passes=(_line("a key", {"ASSESSOR_KEY": "EX-0001-0001"}),),
        fails=(_line("a mark in the place of a key", {"ASSESSOR_KEY": "n/a"}),),
    ),
    "C006": Cases(
        passes=(_line("the name is settled", status="active"),),
        fails=(
            _line("the roster says that a change is under way", status="awaiting_name_change"),
            _line("one part of the name is another", last_name="Newname"),
        ),
    ),
    "C007": Cases(
        passes=(_line("practises in New Hampshire, approved", state="NH", approved_on="2025-02-03"),),
        fails=(_line("practises in New Hampshire, no approval recorded", state="NH"),),
    ),
    "C008": Cases(
        passes=(_line("an account in use", status="active"),),
        fails=(_line("a duplicate that was put away", status="archived"),),
    ),
    "C009": Cases(
        passes=(_line("two years not yet over", certified_on="2025-03-10"),),
        fails=(_line("two years over, while testing is suspended", certified_on="2023-03-10"),),
    ),
    "C010": Cases(
        passes=(Told(why="`ecas validate export.json --roster roster.csv`"),),
        fails=(
            Told(
                why="`ecas validate export.json`, with no roster named on the command line, in `ecas.toml` or imported"
            ),
        ),
    ),
    "C011": Cases(
        passes=(
            _line("the roster holds one key of the person", key="EX-0001-0001"),
            Told(why="the person's other key stands in the roster as archived"),
            Told(why="two persons of one name, told apart by a middle initial or a suffix"),
        ),
        fails=(
            Told(why="two lines of the roster, one name, two keys, both certified by the day of the assessment"),
            Told(why="the second key stands under a former name of the same person"),
        ),
    ),
    "C012": Cases(
        passes=(Told(why="the state takes the key at the first or at the second try"),),
        fails=(Told(why="the state refuses a key that is good by the roster, and refuses it again at the second try"),),
    ),
}

_OURS: Final = {
    "X001": Cases(
        passes=(_line("the roster dates the certificate", certified_on="2025-03-10"),),
        fails=(_line("the roster holds no date to judge by", certified_on=""),),
    ),
    "X002": Cases(
        passes=(_answers("a package was in force that day", ASSESSMENT_DATE="2026-03-02"),),
        fails=(_answers("no package is as old as that", ASSESSMENT_DATE="2019-03-01"),),
    ),
    "X003": Cases(
        passes=(Told(why="the document, built once at intake and unsent, is valid by `wire.xsd`"),),
        fails=(Told(why="dictionary and rules find nothing wrong, and `wire.xsd` still refuses the document"),),
    ),
    "X004": Cases(
        passes=(
            Told(why="the same export again: it is answered with the submission that is on its way already"),
            Told(why="a correction: `DOCUMENT_VERSION = 2`, `SUBMISSION_TYPE = correct`"),
        ),
        fails=(Told(why="the same `DOCUMENT_ID`, `DOCUMENT_VERSION` and `SUBMISSION_TYPE`, another rating"),),
    ),
    "X005": Cases(
        passes=(Told(why="`AGENCY_ID` is the agency whose API key brought the payload, or is not given"),),
        fails=(Told(why="the export of one agency, sent with the API key of another"),),
    ),
    "X006": Cases(
        passes=(Told(why="the package of the assessment date is also in force on the day of sending"),),
        fails=(Told(why="an assessment from before a change, with an answer whose item the document of today lacks"),),
    ),
    "X007": Cases(
        passes=(Told(why="a MassHealth ID that is new, or that came before with the same local number"),),
        fails=(Told(why="the MassHealth ID of one local number, sent with another number and another birth date"),),
    ),
    "X008": Cases(
        passes=(Told(why="the record's consent is of a later day than the withdrawal, or only demographics leave"),),
        fails=(Told(why="a consent given in March, withdrawn in May with `ecas consent withdraw`, unsent until then"),),
    ),
    "X009": Cases(passes=(Told(why="a consent with its scope is in force"),), fails=(Told(why="none was recorded"),)),
    "X010": Cases(passes=(Told(why="the package has `[part_two]`"),), fails=(Told(why="the package has none"),)),
    "R001": Cases(
        passes=(Told(why="a receipt that says `accepted`, or `accepted-with-warnings`"),),
        fails=(Told(why="a receipt that says `rejected`: one finding for each of its coded reasons"),),
    ),
}

#: The cases of every check that is not a package's own rule, by code.
CASES: Final[Mapping[str, Cases]] = MappingProxyType({**_STRUCTURE, **_CERTIFICATION, **READING, **_OURS})
