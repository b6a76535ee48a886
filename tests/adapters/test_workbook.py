from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from workbook_file import DATE, DURATION, MAIN, MOMENT, TIME, column, number, packed, parts, sheet, text, workbook

from adapters import workbook_worker, zip_limits
from adapters.declared import Everything
from adapters.remark import Oddity
from adapters.workbook import Sheet, Workbook, letters, read_workbook
from adapters.workbook_rows import sheet_rows
from canonical.assessment import Source

ROOT = Path(__file__).parents[2]


def read(content: bytes, **more: object) -> Workbook:
    found = read_workbook(content, "a.xlsx", **more)
    assert isinstance(found, Workbook)
    return found


def first(content: bytes, **more: object) -> Sheet:
    return read(content, **more).sheets[0]


CELLS = [
    (text("Zoë"), "Zoë", "text"),
    (text(" a\nb "), " a\nb ", "text"),
    (text("=1+1"), "=1+1", "text"),
    (number("1.0"), "1", "number"),
    (number("2E3"), "2000", "number"),
    (number("-0"), "0", "number"),
    (number("1.1000000000000001"), "1.1", "number"),
    (number("0.30000000000000004"), "0.3", "number"),
    (number("100000000472"), "100000000472", "number"),
    (number("1e22"), "1e+22", "number"),
    ('t="b"><v>1</v></c>', "TRUE", "boolean"),
    ('t="b"><v>0</v></c>', "FALSE", "boolean"),
    (number("46085", DATE), "2026-03-04", "day"),
    (number("46085.604166666664", MOMENT), "2026-03-04T14:30:00", "moment"),
    (number("0.60416666666", TIME), "14:30:00", "time"),
    (number("1.5", DURATION), "36:00:00", "time"),
    ('t="d"><v>2026-03-04</v></c>', "2026-03-04", "day"),
    ('t="str"><f>A1</f><v>kept</v></c>', "kept", "text"),
    ("><f>1+1</f><v>2</v></c>", "2", "number"),
]


@pytest.mark.parametrize(("cell", "shown", "kind"), CELLS)
def test_a_cell_is_read_as_excel_keeps_it(cell, shown, kind):
    """Whole numbers without a fraction, days as ISO days, formulas by what was computed last; nothing is computed."""
    (row,) = first(workbook([[cell]])).rows
    assert (row.number, list(row.texts), row.kind(1)) == (1, [shown], kind)


@pytest.mark.parametrize(
    ("date1904", "day", "moment"),
    [
        ("", "2026-03-04", "2026-03-04T12:00:00"),
        ("0", "2026-03-04", "2026-03-04T12:00:00"),
        ("false", "2026-03-04", "2026-03-04T12:00:00"),
        ("1", "2030-03-05", "2030-03-05T12:00:00"),
        ("true", "2030-03-05", "2030-03-05T12:00:00"),
    ],
)
def test_days_are_counted_from_where_the_workbook_says(date1904, day, moment):
    """Excel for the Mac counted from 1904: the same serial is another day, and the reading says which was meant."""
    found = read(workbook([[number("46085", DATE), number("46085.5", MOMENT)]], date1904=date1904))
    assert list(found.sheets[0].rows[0].texts) == [day, moment]
    assert found.date1904 is (date1904 in ("1", "true"))


def test_a_cell_without_a_value_is_told_at_its_address():
    """A formula that was never computed and an error are no blanks: the row tells them."""
    sheet_ = first(workbook([["a", "b", "c"], ["x", "><f>1+1</f></c>", 't="e"><v>#N/A</v></c>'], ["y"]]))
    _, row, other = sheet_rows(sheet_)
    assert list(row.cells) == ["x", "", ""]
    assert [(remark.what, remark.source.label) for remark in row.remarks()] == [
        (Oddity.NO_CACHED_VALUE, "Sheet1!B2"),
        (Oddity.ERROR_CELL, "Sheet1!C2"),
    ]
    assert list(other.remarks()) == []


def test_what_excel_does_not_show_is_told():
    """Hidden sheets and rows are read, and said to be hidden; so are formulas."""
    content = packed(
        parts(
            {"Sheet1": sheet([["a"], ["1"], ["><f>1</f><v>2</v></c>"]], hidden=(3, 9)), "Old": sheet([["a"]])},
            states={"Old": "veryHidden"},
        )
    )
    shown, hidden = read(content).sheets
    assert [remark.what for remark in shown.remarks()] == [Oddity.HIDDEN, Oddity.FORMULA]
    assert [row.hidden for row in sheet_rows(shown)] == [False, False, True]
    assert [(remark.what, remark.source.label) for remark in hidden.remarks()] == [(Oddity.HIDDEN, "sheet 2")]


def test_a_name_of_a_sheet_is_shown_where_it_is_declared():
    """A sheet may be called after a child: it is told by its position unless the mapping names it or Excel did."""
    content = packed(parts({"Wren Invented": sheet([["a"]]), "Sheet2": sheet([["a"]]), "CANS": sheet([["a"]])}))
    told = [one.place(14, 3) for one in read(content, declared={"CANS"}).sheets]
    assert told == [Source(file="a.xlsx", label=label) for label in ("sheet 1!C14", "Sheet2!C14", "CANS!C14")]
    assert read(content, declared=Everything()).sheets[0].shown == "Wren Invented"


def test_a_header_of_several_rows_names_each_column():
    """A merged cell stands above every column that it covers, and the names are joined from top to bottom."""
    rows = [
        [""],
        ["Agency 7"],
        ["Who", "When", "Risk", "", "Note"],
        ["", "", "Suicide", "Flight"],
        ["Wren", number("46085", DATE), number("1"), "", "a", "beyond"],
        ["", " "],
        ["Zoë"],
    ]
    merged = "".join(f'<mergeCell ref="{area}"/>' for area in ("A3:A4", "B3:B4", "C3:D3", "A2:E2", "C5:D5"))
    sheet_ = first(workbook(rows, after=f"<mergeCells>{merged}</mergeCells>"))
    head, row, last = sheet_rows(sheet_, first=3, header=2)
    assert list(head.cells) == ["Who", "When", "Risk / Suicide", "Risk / Flight", "Note", ""]
    assert (head.number, row.number, last.number) == (4, 5, 7)
    assert list(row.cells) == ["Wren", "2026-03-04", "1", "", "a", "beyond"]
    assert list(last.cells) == ["Zoë", "", "", "", "", ""]
    assert (row.source().label, row.source(2, "column Risk / Suicide").label) == ("Sheet1, row 5", "Sheet1!C5")
    assert [one.number for one in sheet_rows(sheet_, header=0)] == [2, 3, 4, 5, 7]


def test_cells_that_say_no_address_follow_one_another():
    """An address may be left out; the facts of our own walk over the part stay with the right cell."""
    bare = f'<worksheet xmlns="{MAIN}"><sheetData><row><c><v>1</v></c></row><row><c><v>1</v></c><c><f>1</f></c></row></sheetData></worksheet>'
    sheet_ = first(packed(parts({"Sheet1": bare})))
    assert sheet_.valueless == {2: {2: Oddity.NO_CACHED_VALUE}}


@pytest.mark.parametrize(
    ("place", "name"), [(1, "A"), (26, "Z"), (27, "AA"), (702, "ZZ"), (703, "AAA"), (16384, "XFD")]
)
def test_columns_are_called_as_excel_calls_them(place, name):
    """Letters count on from Z with AA."""
    assert letters(place) == name == column(place - 1)


def bomb(members: dict[str, bytes]) -> bytes:
    return packed({**parts({"Sheet1": sheet([["a"]])}), **members})


def renamed(content: bytes, old: str, new: str) -> bytes:
    return content.replace(old.encode(), new.encode())


GOOD = workbook([["a"], ["1"]])
REFUSED = {
    "no archive": (b"PK\x03\x04" + b"x" * 100, "broken"),
    "another archive": (packed({"a.txt": "x"}), "no .xlsx workbook"),
    "an old file of nothing": (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "no workbook of Excel"),
    "a ratio": (bomb({"xl/media/a": b"\0" * 5_000_000}), "200 times"),
    "a sum": (bomb({f"xl/media/{n}": bytes(range(256)) * 40_000 for n in range(11)}), "100 MB"),
    "many members": (bomb({f"xl/{n}": b"" for n in range(1_001)}), "1,000 members"),
    "an archive in the archive": (bomb({"xl/embeddings/a.bin": GOOD}), "another archive"),
    "a gzip in the archive": (bomb({"xl/a": b"\x1f\x8b\x08"}), "another archive"),
    "a way out": (bomb({"../../a": b""}), "leads out"),
    "a root": (bomb({"/etc/a": b""}), "leads out"),
    "a name twice": (renamed(bomb({"xl/aa.xml": b"", "xl/ab.xml": b""}), "xl/ab.xml", "xl/aa.xml"), "same name"),
    "cut off": (GOOD[:-30], "broken"),
    "a document type": (
        packed({**parts({"Sheet1": sheet([["a"]])}), "xl/workbook.xml": f'<!DOCTYPE a><workbook xmlns="{MAIN}"/>'}),
        "DOCTYPE",
    ),
    "a document type in a sheet": (packed(parts({"Sheet1": "<!DOCTYPE a>" + sheet([["a"]])})), "DOCTYPE"),
    "a document type in the strings": (
        bomb({"xl/sharedStrings.xml": b"<!DOCTYPE a [<!ENTITY b 'c'>]><sst/>"}),
        "DOCTYPE",
    ),
    "a cell at the end of the world": (
        workbook([["a"], ['t="n"><v>1</v></c><c r="XFD1048576"><v>1</v></c>']]),
        "2,000,000 cells",
    ),
    "a sheet that is no XML": (packed(parts({"Sheet1": "<worksheet><sheetData>"})), "ends before"),
}


@pytest.mark.parametrize(("content", "word"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_says_why(content, word):
    """Each workbook that is not read has a reason in our words."""
    refused = read_workbook(content, "a.xlsx")
    assert isinstance(refused, tuple)
    assert word in refused[0].reason


def test_what_no_library_may_write_is_refused_too():
    """Locked members, links, strange packing and members that overlap are seen in the directory of the archive."""

    def flaw(change: object) -> str:
        archive = zipfile.ZipFile(io.BytesIO(GOOD))
        change(archive.infolist())
        return zip_limits.flaw(archive)

    assert flaw(lambda _: None) == ""
    assert "locked" in flaw(lambda members: setattr(members[1], "flag_bits", 1))
    assert "a link" in flaw(lambda members: setattr(members[1], "external_attr", 0o120777 << 16))
    assert "not read" in flaw(lambda members: setattr(members[1], "compress_type", zipfile.ZIP_LZMA))
    assert "over one another" in flaw(
        lambda members: setattr(members[2], "header_offset", members[1].header_offset + 5)
    )


def test_a_worker_that_takes_too_long_is_ended():
    """The deadline is of the process: whatever it does, it is killed and the workbook refused."""
    refused = read_workbook(GOOD, "a.xlsx", patience=0.01)
    assert isinstance(refused, tuple)
    assert "memory and time" in refused[0].reason


def test_a_worker_that_tells_too_much_is_not_listened_to(monkeypatch):
    """No more is taken from the pipe than a workbook may hold."""
    monkeypatch.setattr("adapters.workbook._MOST_TOLD", 100)
    assert isinstance(read_workbook(GOOD, "a.xlsx"), tuple)


def test_a_worker_that_dies_refuses_the_workbook(monkeypatch):
    """A crash of the library is the end of its own process only."""
    monkeypatch.setattr("adapters.workbook._WORKER", "adapters.no_such_worker")
    assert isinstance(read_workbook(GOOD, "a.xlsx"), tuple)


def test_no_module_of_the_folder_that_we_run_in_is_the_workers(tmp_path, monkeypatch):
    """Exports of strangers may lie there: what is called like one of our modules, or Python's, is never run."""
    for name in ("zipfile", "json", "python_calamine"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    monkeypatch.chdir(tmp_path)
    assert isinstance(read_workbook(GOOD, "a.xlsx"), Workbook)
    assert not (tmp_path / "ran").exists()


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_no_bytes_make_the_worker_raise(data):
    """A workbook with a few bytes changed anywhere is told, or refused in a sentence."""
    content = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(4, len(content) - 1))] = data.draw(st.integers(0, 255))
    told = workbook_worker.told(bytes(content))
    assert told.keys() in ({"refusal"}, {"date1904", "complete", "sheets"})


def test_nobody_who_reads_something_else_pays_for_workbooks():
    """Neither the library nor the worker is imported by whoever opens the door to workbooks."""
    look = (
        "import sys, adapters.registry, adapters.workbook, adapters.workbook_rows;"
        "print({'python_calamine', 'lxml', 'adapters.workbook_worker', 'multiprocessing'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", look],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "set()\n"
