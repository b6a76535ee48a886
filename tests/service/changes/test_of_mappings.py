"""Which lines of a mapping another package breaks, and which fall short of it."""

from __future__ import annotations

from pathlib import Path

import draft
import pytest

from service.changes.comparison import differences
from service.changes.of_mappings import MappingLine, mapping_lines
from specs.catalog import Catalog

MAPPING = """\
agency    = "riverbend"
format    = "delimited"
effective = 2026-01-01
[items]
MEMBER_LAST_NAME = { from = "Last" }
MEMBER_ZIP = { from = "Zip" }
PROVIDER_ID = { value = "110000001A" }
FINALIZED_ON = { from = "Signed", date = "%m/%d/%Y" }
MEMBER_LIVING_SITUATION = { from = "Lives", codes = "home" }
LDF_LEGAL = { from = "Legal", codes = "need" }
LDF_RECREATIONAL = { from = "Fun", codes = "need" }
LDF_SLEEP = { from = "Sleep", codes = "need" }
TRA_JOB = { from = "Job", codes = "need" }
SERVICE = { value = "OPT" }
NOT_AN_ITEM = { value = "1" }
[codes.home]
"Own home"   = "home"
"Group Home" = "group-home"
[codes.need]
None = "0"
"""


@pytest.fixture(scope="module")
def old():
    return Catalog().named("2026.1")


@pytest.fixture(scope="module")
def new():
    return Catalog().named(draft.DRAFT)


@pytest.fixture
def lines(tmp_path, old, new):
    def told(text: str = MAPPING, before=old, after=new) -> tuple[MappingLine, ...]:
        file = tmp_path / "ours.toml"
        file.write_text(text)
        return mapping_lines(file, before, after, differences(before, after))

    return told


def test_nothing_breaks_between_a_package_and_itself(lines, old):
    """A line that was wrong already is told, and breaks nothing."""
    (line,) = lines(before=old, after=old)
    assert (line.line, line.sentence, line.breaks) == (15, "NOT_AN_ITEM is an item of neither package.", False)


@pytest.mark.parametrize(
    ("line", "item", "says", "breaks"),
    [
        (4, "MEMBER_LANGUAGE", "is required now, and nothing maps it.", True),
        (4, "RSK_ONLINE", "is required where COMPLETION_STATUS is complete or paper now, and nothing maps it.", True),
        (4, "LDF_RECREATION", "perhaps the line of LDF_RECREATIONAL does", True),
        (5, "MEMBER_LAST_NAME", "has at most 60 characters now, was 100", False),
        (6, "MEMBER_ZIP", "perhaps it is MEMBER_POSTAL_CODE now", True),
        (7, "PROVIDER_ID", "must match another pattern now", False),
        (8, "FINALIZED_ON", "is of type datetime now, was date. It needs a time of day and an offset.", True),
        (9, "MEMBER_LIVING_SITUATION", "leaves only with the member's consent now", False),
        (10, "LDF_LEGAL", "is no item of 2027.0-draft any more.", True),
        (13, "TRA_JOB", "is asked at ages 16 to … now", False),
        (16, "MEMBER_LIVING_SITUATION", "No word stands for 'shared-home', a new code", False),
        (18, "MEMBER_LIVING_SITUATION", "can no longer be 'group-home': the code is gone", True),
    ],
)
def test_each_line_is_told_where_it_stands(lines, line, item, says, breaks):
    """File, line, what is wrong with it now, and whether it breaks."""
    (found,) = [one for one in lines() if one.item == item and one.line == line and says in one.sentence]
    assert found.breaks is breaks
    assert Path(found.file).name == "ours.toml"


def test_lines_that_nothing_happened_to_are_not_told(lines):
    """Sleep and service are as they were."""
    assert not {one.item for one in lines()} & {"LDF_SLEEP", "SERVICE"}


def test_a_constant_that_is_gone_breaks(lines, old, new):
    """As a word's code does."""
    (found,) = [
        one
        for one in lines(MAPPING.replace('{ from = "Lives", codes = "home" }', '{ value = "group-home" }'))
        if "can no longer be" in one.sentence
    ]
    assert (found.line, found.breaks) == (9, True)


def test_the_order_is_that_of_the_file(lines):
    """Whoever mends it goes through it once."""
    told = [line.line for line in lines()]
    assert told == sorted(told)
