from __future__ import annotations

import io
import zipfile

import pytest

from service.roster import file as roster_file
from validators.roster import COLUMNS, RosterDefect

HEADER = ",".join(COLUMNS)
LINE = "EX-0001,Quetzalcoatl,Delphine,,,MA,2025-03-11,,,,"
SHEET = [list(COLUMNS), LINE.split(",")]


def csv(*lines: str) -> bytes:
    return "\n".join([HEADER, *lines]).encode()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\n\n  \n", "empty"),
        (csv(), "nobody"),
        (csv(LINE.replace("Delphine", "Zoë")).decode().encode("latin-1"), "line 2: The file is not UTF-8"),
        (csv(LINE).decode().encode("utf-16"), "not UTF-8"),
        (csv(LINE.replace("Delphine", "=cmd|' /C calc'!A0")), "row 2, column 3: The cell begins like a formula"),
        (csv(LINE.replace("Delphine", "\uff1d1+1")), "row 2, column 3: The cell begins like a formula"),
        (csv(LINE.replace("EX-0001", "••••••01")), "row 2, column 1: The key is masked"),
        (csv(LINE.replace("Delphine", "Del\x00phine")), "row 2, column 3: The cell holds a control character"),
        (HEADER.replace("state", "key").encode() + b"\n", "row 1, column key: The column stands there twice"),
        (csv(LINE.replace("2025-03-11", "03/11/2025")), "row 2, column certified_on"),
        (csv(LINE + ","), "row 2: The row has 12 cells"),
        (csv('EX-0001,"Quetzalcoatl'), "quotation marks"),
        (b"\xd0\xcf\x11\xe0 an old workbook", "save it as .xlsx"),
        (b"PK\x03\x04 no workbook at all", "no workbook"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_file_is_told_by_its_cell(content, said):
    """One clear message; it names the place, and nothing that stands there."""
    with pytest.raises(RosterDefect) as told:
        roster_file.read_content(content, "roster.csv")
    assert said in str(told.value)
    assert "Quetzalcoatl" not in str(told.value)
    assert "EX-0001" not in str(told.value)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({"formula": "C2"}, "Cell C2 holds a formula"),
        ({"error": "B2"}, "Cell B2 holds an error"),
        ({"merged": "A2:B3"}, "Cell A2 is merged"),
        ({"sheets": 2}, "2 sheets"),
    ],
)
def test_a_bad_workbook_is_told_by_its_cell(workbook, made, said):
    """Formulas, errors, merged cells and a second sheet are refused, with the cell where there is one."""
    with pytest.raises(RosterDefect) as told:
        roster_file.read_content(workbook(*SHEET, **made), "roster.xlsx")
    assert said in str(told.value)


def test_a_workbook_is_read_like_the_same_csv(workbook):
    """The rows of the sheet are the rows of the file, a blank one between included."""
    from_csv = roster_file.read_content(csv("", LINE), "roster.csv")
    from_sheet = roster_file.read_content(workbook(SHEET[0], [""] * 11, SHEET[1]), "roster.xlsx")
    assert from_sheet.assessors == from_csv.assessors
    with pytest.raises(RosterDefect, match="row 3, column certified_on"):
        roster_file.read_content(
            workbook(SHEET[0], [""] * 11, [cell.replace("2025-03-11", "soon") for cell in SHEET[1]]), "roster.xlsx"
        )


def test_no_module_of_the_folder_that_we_run_in_is_the_workers(workbook, tmp_path, monkeypatch):
    """A stranger's file there, called like a module of Python, is never run."""
    (tmp_path / "zipfile.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    monkeypatch.chdir(tmp_path)
    assert len(roster_file.read_content(workbook(*SHEET), "roster.xlsx").assessors) == 1
    assert not (tmp_path / "ran").exists()


def test_a_file_that_unfolds_to_gigabytes_is_refused():
    """What a workbook would unfold to is looked at before anything is unfolded."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 120_000_000)
    assert len(packed.getvalue()) < roster_file.MOST_BYTES
    with pytest.raises(RosterDefect, match="unfolds"):
        roster_file.read_content(packed.getvalue(), "roster.xlsx")


def test_a_hundred_megabytes_are_refused_unread(tmp_path):
    """No more of it is read than what shows that it is too much."""
    large = tmp_path / "large.csv"
    with large.open("wb") as file:
        file.truncate(100_000_000)
    with pytest.raises(RosterDefect, match="larger than 10 MB"):
        roster_file.read(large, "large.csv")


@pytest.mark.parametrize("arguments", [(), ("--preview",)])
def test_a_bad_file_changes_nothing(ecas, service, tmp_path, arguments):
    """Exit code 2, one message, and the roster that was there is still in use."""
    (tmp_path / "good.csv").write_bytes(csv(LINE))
    (tmp_path / "bad.csv").write_bytes(csv(LINE, LINE.replace("Delphine", "=1")))
    assert ecas("keys", "import", "good.csv", "--agency", "riverbend").returncode == 0
    before = service.rosters.of("riverbend").digest
    done = ecas("keys", "import", "bad.csv", "--agency", "riverbend", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "row 3, column 3" in done.stderr
    assert service.rosters.of("riverbend").digest == before
