from __future__ import annotations

import hashlib
from datetime import date

import pytest

from canonical.errors import ConfigurationError
from validators.roster import COLUMNS, AccountStatus, Assessor, Roster, RosterDefect

HEADER = ",".join(COLUMNS)
LINE = "AB-1234,Maren,Tove,Dahl;Berg,riverbend; hillside,NH,2025-01-10,2025-01-12,2027-01-10,Archived,2024-12-01"


def read(*lines: str, header: str = HEADER) -> Roster:
    """Read a roster of these lines."""
    return Roster.from_csv("\n".join([header, *lines]).encode(), "roster.csv")


def test_a_line_is_read_whole():
    """Every column arrives where it belongs."""
    (assessor,) = read(LINE).lines_of("AB-1234")
    assert (assessor.last_name, assessor.first_name, assessor.former_names) == ("Maren", "Tove", ("Dahl", "Berg"))
    assert assessor.agencies == {"riverbend", "hillside"}
    assert assessor.out_of_state
    assert assessor.status is AccountStatus.ARCHIVED
    assert (assessor.certified_on, assessor.issued_on) == (date(2025, 1, 10), date(2025, 1, 12))
    assert (assessor.expires_on, assessor.approved_on) == (date(2027, 1, 10), date(2024, 12, 1))


def test_empty_cells_are_unknown():
    """Only key and last name must be there."""
    (assessor,) = read("AB-1234,Maren,,,,,,,,,").assessors
    assert assessor == Assessor(key="AB-1234", last_name="Maren")
    assert assessor.status is AccountStatus.ACTIVE


def test_columns_may_come_in_any_order_with_a_mark_and_windows_line_ends():
    """Spreadsheets write it that way."""
    content = "\ufeff" + ",".join(reversed(COLUMNS)).upper() + "\r\n" + ",".join(reversed(LINE.split(","))) + "\r\n\r\n"
    assert Roster.from_csv(content.encode(), "roster.csv").assessors == read(LINE).assessors


def test_the_digest_is_of_the_bytes():
    """A report names exactly the roster that judged."""
    content = f"{HEADER}\n{LINE}\n".encode()
    assert Roster.from_csv(content, "r").digest == f"sha-256:{hashlib.sha256(content).hexdigest()}"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "row 1: The header lacks key, last_name"),
        (b"key,last_name\n", "row 1: The header lacks first_name"),
        (f"{HEADER},canary\n".encode(), "row 1, column 12: A roster has no column of this name"),
        (f"{HEADER},key\n".encode(), "row 1, column key: The column stands there twice"),
        (f"{HEADER}\n{LINE},canary\n".encode(), "row 2: The row has 12 cells, the header 11"),
        (f"{HEADER}\nAB-1234,canary\n".encode(), "row 2: The row has 2 cells"),
        (f"{HEADER}\n,canary,,,,,,,,,\n".encode(), "row 2, column key: The cell must not be empty"),
        (f"{HEADER}\ncanary,,,,,,,,,,\n".encode(), "row 2, column last_name: The cell must not be empty"),
        (
            f"{HEADER}\ncanary,canary,,,,,01/10/2025,,,,\n".encode(),
            "row 2, column certified_on: The cell is not a date",
        ),
        (f"{HEADER}\ncanary,canary,,,,,,canary,,,\n".encode(), "row 2, column issued_on"),
        (f"{HEADER}\ncanary,canary,,,,,,,2025-02-30,,\n".encode(), "row 2, column expires_on"),
        (f"{HEADER}\ncanary,canary,,,,,,,,canary,\n".encode(), "row 2, column status: The status is none of active"),
        (f"{HEADER}\n{LINE}\ncanary,canary,,,,,,,,,canary\n".encode(), "row 3, column approved_on"),
        (f'{HEADER}\n"canary"x,canary,,,,,,,,,\n'.encode(), "line 2: The quotation marks do not match"),
        (f"{HEADER}\n{LINE}\n".encode() + b"canary\xe9\n", "line 3: The file is not UTF-8"),
        (f"{HEADER}\n{LINE}\n".encode("utf-16"), "line 1: The file is not UTF-8"),
    ],
)
def test_a_bad_file_is_refused_with_its_place_and_without_its_content(content, says):
    """Whoever mends the roster is led to row and column; keys and names stay where they are."""
    with pytest.raises(RosterDefect) as refused:
        Roster.from_csv(content, "roster.csv")
    assert f"roster.csv, {says}" in str(refused.value)
    assert "canary" not in str(refused.value)
    assert isinstance(refused.value, ConfigurationError)


def test_all_defects_are_told_at_once():
    """One round of mending is enough."""
    with pytest.raises(RosterDefect) as refused:
        read(",Maren,,,,,x,,,,", "AB-1234,,,,,,,,,x,")
    assert [defect.split(":")[0] for defect in refused.value.defects] == [
        "roster.csv, row 2, column key",
        "roster.csv, row 2, column certified_on",
        "roster.csv, row 3, column last_name",
        "roster.csv, row 3, column status",
    ]


def test_neither_key_nor_name_shows_in_a_repr():
    """Keys are credentials."""
    roster = read(LINE)
    shown = repr(roster) + repr(roster.assessors[0])
    assert not any(secret in shown for secret in ("AB-1234", "Maren", "Tove", "Dahl", "maren"))


@pytest.mark.parametrize(
    ("key", "shown"), [("AB-1234", "••••••34"), ("AB-1234-LONGER", "••••••ER"), ("AB-12", "••••••")]
)
def test_a_key_is_shown_masked(key, shown):
    """Two characters tell two keys apart; neither the key nor its length is told, nor anything of a short one."""
    assert Assessor(key=key, last_name="Maren").masked == shown


def test_a_key_is_found_only_exactly():
    """A key is a credential, not a search word."""
    roster = read(LINE)
    assert roster.lines_of("ab-1234") == ()
    assert len(roster.lines_of("AB-1234")) == len(roster) == 1
