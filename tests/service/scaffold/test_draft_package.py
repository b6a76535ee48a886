"""A draft that loads, from a spreadsheet of items."""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

import draft
import pytest

from canonical.assessment import Answer, Assessment, Source
from canonical.errors import ConfigurationError, SpecDefect, UnfitDocument
from gateway_client.envelope import build
from service.cli.verification import verified
from service.clock import utc_now
from service.scaffold.draft_package import draft_package
from service.scaffold.sheet_items import sheet_items
from service.sheets import read_sheets
from specs.catalog import PACKAGES, Catalog
from specs.items import RELIED_ON
from specs.spec import Spec, Status, Type

PLACE = Source(file="a.json", label="here")
SHEET = """\
Code,Label,Type,Section,Required,Codes,Values,Length,Remark
member_language,Language spoken at home,choice,,yes,,en=English; es=Spanish,,x
LDF_SLEEP,Sleep,code,,,rating,,,
LDF_COMMENT,Comment,string,,,,,200,
VIS_DATE,Date of the visit,date,,,,,,
VIS_HOURS,Hours of the visit,number,,,,,,
"""


@pytest.fixture(scope="module")
def base() -> Spec:
    return Catalog().named("2026.1")


@pytest.fixture
def make(tmp_path, base):
    def make(content: str, name: str = "items.csv"):
        (tmp_path / name).write_text(content, "utf-8")
        sheet = sheet_items(name, read_sheets(tmp_path / name))
        return draft_package(
            sheet, base, tmp_path / "made", version="2031.0", today=date(2026, 11, 16), source="items.csv"
        )

    return make


def test_the_draft_keeps_its_word(make):
    """It loads, its document can be built, and every check of ecas spec verify passes."""
    spec = make(SHEET).spec
    assert (spec.version, spec.status, spec.in_force) == ("2031.0", Status.DRAFT, date(2026, 11, 16))
    assert [check.defects for check in verified(spec, utc_now()) if check.defects] == []


def test_items_stand_as_the_spreadsheet_says(make):
    """Types in other people's words, codes of the row or of a known list, places beside those of their section."""
    spec = make(SHEET).spec
    language = spec.items["MEMBER_LANGUAGE"]
    assert (language.type, language.required, language.section, language.wire) == (
        Type.CODE,
        True,
        "MEM",
        "Member/Language",
    )
    assert list(spec.codes["member_language"]) == ["en", "es"]
    assert spec.codes["rating"]["0"].label == "Rating 0"
    assert spec.items["LDF_SLEEP"].wire == "LifeDomainFunctioning/Sleep"
    assert spec.items["LDF_COMMENT"].length == 200
    assert (spec.items["VIS_HOURS"].type, spec.items["VIS_HOURS"].section) == (Type.INTEGER, "VIS")


def test_what_is_not_owed_need_not_be_in_the_document(make):
    """The schema insists on what the items insist on, and on nothing else."""
    spec = make(SHEET).spec
    given = {item: text for item, text in draft.of_2026(CONSENT="refused").items() if item in RELIED_ON}
    answers = {item: Answer(text=text, source=PLACE) for item, text in given.items()}
    assert build(Assessment(agency=None, answers=answers, origin=PLACE), spec).spec == "2031.0"
    del answers["MEMBER_GENDER"]
    with pytest.raises(UnfitDocument) as refused:
        build(Assessment(agency=None, answers=answers, origin=PLACE), spec)
    assert refused.value.items == ("MEMBER_GENDER",)


def test_what_code_relies_on_is_taken_over(make):
    """And named, so that nobody takes it for the state's."""
    drafted = make(SHEET)
    assert set(drafted.taken_over) == set(RELIED_ON)
    notes = (drafted.spec.directory / "NOTES.md").read_text("utf-8")
    assert "- `ASSESSOR_KEY`" in notes


def test_a_whole_dictionary_comes_through(make, base):
    """The provisional package's own items.csv makes a draft with the same items."""
    spec = make((PACKAGES / "2026.1/items.csv").read_text("utf-8")).spec
    assert {code: item.type for code, item in spec.items.items()} == {c: item.type for c, item in base.items.items()}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("Code,Label\nA,B\n", "missing: type"),
        ("Code,Label,Type\nA B,C,text\n", "items.csv:2: A code is made of capital letters"),
        ("Code,Label,Type\nA,,text\n", "items.csv:2: The label is empty."),
        ("Code,Label,Type\nA,B,picture\n", "items.csv:2: 'picture' is no type"),
        ("Code,Label,Type\nA,B,code\n", "items.csv:2: A code item names its list"),
        ("Code,Label,Type\nA,B,text\nA,C,text\n", "items.csv:3: The code A stands there twice."),
        ("", "missing: code, label, type"),
        ('Code,Label,Type\n"A,B,text\n', "is no CSV"),
    ],
)
def test_a_row_that_cannot_be_taken_is_told_with_its_number(make, content, says):
    """All of them at once, and nothing is written."""
    with pytest.raises(ConfigurationError, match="(?s)" + says):
        make(content)


def test_what_contradicts_itself_is_told_by_the_loader(make):
    """File and line of the package that was written, which is left to be mended."""
    with pytest.raises(SpecDefect, match=r"items\.csv:\d+: 'NOT_THERE' is no item") as refused:
        make("Code,Label,Type,Required_When,Instrument\nA,B,text,NOT_THERE=1,\n")
    assert refused.value.defects


def test_a_folder_that_holds_something_is_left_alone(make, tmp_path):
    """Nobody's work is written over."""
    (tmp_path / "made").mkdir()
    (tmp_path / "made/mine.txt").write_text("mine")
    with pytest.raises(ConfigurationError, match="holds something already"):
        make(SHEET)


def test_a_workbook_is_read_with_its_sheet_of_codes(tmp_path, base):
    """The items on the first sheet, the code lists on one called codes; numbers as people read them."""
    book = tmp_path / "items.xlsx"
    workbook(
        book,
        {
            "Dictionary": [["Code", "Label", "Type", "Codes", "Length"], ["PET", "Pet at home", "code", "pet", ""], ["PET_NAME", "Its name", "text", "", 40]],
            "Codes": [["List", "Code", "Label"], ["pet", 1, "Dog"], ["pet", 2, "Cat"]],
        },
    )  # fmt: skip
    sheet = sheet_items(book.name, read_sheets(book))
    spec = draft_package(sheet, base, tmp_path / "made", version="1", today=date(2026, 1, 1), source="items.xlsx").spec
    assert {code.value: code.label for code in spec.codes["pet"].values()} == {"1": "Dog", "2": "Cat"}
    assert spec.items["PET_NAME"].length == 40


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04broken", b"no workbook"])
def test_what_is_no_workbook_is_wrong_usage(tmp_path, content):
    """One sentence, and no trace."""
    (tmp_path / "items.xlsx").write_bytes(content)
    with pytest.raises(ConfigurationError, match="no workbook"):
        read_sheets(tmp_path / "items.xlsx")


def workbook(path: Path, sheets: dict[str, list[list[object]]]) -> None:
    """Write a small workbook by hand: inline texts and numbers are all it takes."""

    def cell(value: object) -> str:
        if isinstance(value, int):
            return f"<c><v>{value}</v></c>"
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'

    names = list(sheets)
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    with zipfile.ZipFile(path, "w") as file:
        overrides = "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{kind}.worksheet+xml"/>'
            for n, _ in enumerate(names, 1)
        )
        file.writestr(
            "[Content_Types].xml",
            f'{head}<Types xmlns="{package}/content-types"><Default Extension="rels" '
            f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>{overrides}</Types>',
        )
        file.writestr(
            "_rels/.rels",
            f'{head}<Relationships xmlns="{package}/relationships">'
            f'<Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        listed = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(names, 1))
        file.writestr(
            "xl/workbook.xml", f'{head}<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{listed}</sheets></workbook>'
        )
        related = "".join(
            f'<Relationship Id="r{n}" Type="{office}/worksheet" Target="worksheets/sheet{n}.xml"/>'
            for n, _ in enumerate(names, 1)
        )
        file.writestr(
            "xl/_rels/workbook.xml.rels",
            f'{head}<Relationships xmlns="{package}/relationships">{related}</Relationships>',
        )
        for n, rows in enumerate(sheets.values(), 1):
            body = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
            file.writestr(
                f"xl/worksheets/sheet{n}.xml",
                f'{head}<worksheet xmlns="{main}"><sheetData>{body}</sheetData></worksheet>',
            )
