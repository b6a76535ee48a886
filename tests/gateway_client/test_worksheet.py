from __future__ import annotations

import re

import pytest
from lxml import html

from canonical.finding import Finding, Kind, Severity
from gateway_client.projection import project
from gateway_client.worksheet import KEY_STAYS_HOME, TITLE, worksheet

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)></td></tr></table>&lt;b&gt;{{7*7}}\u202e\x00\ud800'
CLINICAL = ("DX_CODE", "LDF_FAMILY", "LDF_COMMENT")


def rows(page: bytes) -> dict[str, str]:
    """Return what stands in each item's answer, in the order of the page."""
    found = html.fromstring(page).xpath("//tr[@data-item]")
    assert len({row.get("data-item") for row in found}) == len(found)  # each item once
    return {row.get("data-item"): row.xpath("string(td[3])") for row in found}


def answered(page: bytes) -> list[str]:
    return [row.get("data-item") for row in html.fromstring(page).xpath("//tr[@class='answered']")]


def empty(page: bytes) -> list[str]:
    return [row.get("data-item") for row in html.fromstring(page).xpath("//tr[@class='missing'][.//span]")]


@pytest.fixture
def page(spec, assess):
    def made(*, with_key: bool = False, submission: str = "", findings: tuple[Finding, ...] = (), **changes):
        assessment = assess(**changes)
        return worksheet(assessment, spec, submission=submission, findings=findings, with_key=with_key)

    return made


def test_it_runs_nothing_and_fetches_nothing(page):
    """No script, no handler, no address of anything, one style that the policy allows by its digest and nothing else."""
    tree = html.fromstring(page(LDF_COMMENT=HOSTILE, MEMBER_LAST_NAME=HOSTILE, DOCUMENT_ID="d-1"))
    assert tree.xpath("//script|//img|//link|//iframe|//object|//form|//a|//svg|//base") == []
    attributes = {name for element in tree.iter() for name in element.attrib}
    assert attributes <= {"lang", "charset", "http-equiv", "content", "name", "class", "colspan", "scope", "data-item"}
    (policy,) = tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; base-uri 'none'; form-action 'none'", policy
    )
    (style,) = tree.xpath("//style/text()")
    assert "@page" in style
    assert "url(" not in style
    assert "@import" not in style


def test_a_hostile_text_stays_a_text(page):
    """Whatever an answer holds is shown as it is; what no page can carry, or what turns the writing round, is a mark."""
    shown = rows(page(LDF_COMMENT=HOSTILE))["LDF_COMMENT"]
    marked = re.sub("[\u202e\x00\ud800]", "\N{REPLACEMENT CHARACTER}", HOSTILE)
    assert shown == marked


def test_every_answer_that_may_leave_stands_there_once_in_the_order_of_entry(page, spec, assess):
    """Sections in the instrument's order, items in the dictionary's, exactly what the projection lets leave."""
    texts = project(assess(DX_CODE="F41.1"), spec)
    sections = [section.code for section in spec.instruments["five-through-twenty"].sections]
    order = sorted(texts, key=lambda code: (sections.index(spec.items[code].section), list(spec.items).index(code)))
    assert answered(page(DX_CODE="F41.1")) == order
    assert "MEMBER_LOCAL_ID" not in rows(page())  # it has no place at the state


def test_codes_stand_beside_their_meaning(page):
    """A code is told with its label, where the label says more; a date and a name stand alone."""
    shown = rows(page(CONSENT="given", SED_DETERMINATION="yes"))
    assert shown["LDF_FAMILY"] == "1Rating 1"
    assert shown["INSTRUMENT"] == "five-through-twentyCANS Five through Twenty"
    assert shown["CONSENT"] == "given"
    assert shown["MEMBER_DOB"] == "2014-01-01"


def test_what_is_missing_has_an_empty_box(page):
    """An item of the form without an answer has a box, a comment a wide one; what belongs to another form has none."""
    boxes = empty(page(MEMBER_GENDER=None, LDF_COMMENT=None))
    assert {"MEMBER_GENDER", "LDF_SLEEP", "LDF_COMMENT", "CGR_COMMENT"} <= set(boxes)
    assert "LDF_MOTOR" not in boxes  # of the other instrument
    tree = html.fromstring(page(LDF_COMMENT=None))
    assert tree.xpath("//tr[@data-item='LDF_COMMENT']//span/@class") == ["box wide"]
    assert tree.xpath("//tr[@data-item='LDF_SLEEP']//span/@class") == ["box"]


@pytest.mark.parametrize(("born", "shown"), [("2014-01-01", False), ("2012-09-16", False), ("2012-09-15", True)])
def test_boxes_follow_the_age_on_the_assessment_date(page, born, shown):
    """The section for members of 14 and over is there from the birthday on."""
    assert any(item.startswith("TRA_") for item in rows(page(MEMBER_DOB=born))) is shown


@pytest.mark.parametrize("consent", ["refused", "withdrawn", "not-asked", None])
def test_without_consent_no_clinical_item_is_on_it(page, consent):
    """Neither answer nor box: the sheet says that it is not to be entered, and no byte of it is there."""
    made = page(CONSENT=consent, DX_CODE="F41.1", LDF_COMMENT="canary-2b7e", LDF_FAMILY="3")
    assert not [item for item in rows(made) if item.startswith(("DX", "LDF", "EBN", "RSK", "CUL", "TRA", "CGR", "STR"))]
    assert b"canary-2b7e" not in made
    assert b"F41.1" not in made
    assert b"has not consented" in made
    assert len(html.fromstring(made).xpath("//tr[@class='withheld']")) == 7  # all clinical sections but the one for 14-


def test_a_consent_that_could_not_be_read_is_none(page, spec, assess):
    """Where the reading of the consent failed, nothing clinical is printed, whatever text was found."""
    broken = Finding(
        rule="A004", severity=Severity.ERROR, kind=Kind.READING, title="t", message="m", items=("CONSENT",)
    )
    made = worksheet(assess(findings=(broken,)), spec)
    assert "LDF_FAMILY" not in rows(made)


def test_the_certification_key_stays_at_home(page):
    """A credential does not lie about on paper: it is masked whole, unless somebody asks for it."""
    assert rows(page(ASSESSOR_KEY="12345678"))["ASSESSOR_KEY"] == KEY_STAYS_HOME
    assert b"12345678" not in page(ASSESSOR_KEY="12345678")
    assert rows(page(ASSESSOR_KEY="12345678", with_key=True))["ASSESSOR_KEY"] == "12345678"


def test_a_repeated_section_has_room_for_the_first_and_shows_the_others(page):
    """Of a second diagnosis there is a row where it is answered, and no empty boxes for ten more."""
    assert [item for item in rows(page(**{"DX_CODE": "F41.1", "DX_CODE.2": "F90.0"})) if item.startswith("DX")] == [
        "DX_CODE",
        "DX_CODE.2",
    ]
    assert [item for item in rows(page()) if item.startswith("DX")] == ["DX_CODE"]


def test_the_head_says_what_it_is(page):
    """Document, kind, agency, assessor, and that the specification is provisional; the document stands on every sheet."""
    tree = html.fromstring(page(SUBMISSION_TYPE="correct", submission="sub_1"))
    told = dict(zip(tree.xpath("//dt/text()"), (dd.text_content() for dd in tree.xpath("//dd")), strict=True))
    assert told == {
        "Form": "CANS Five through Twenty",
        "Document": "doc-0001",
        "Kind": "Correction of an earlier document",
        "Agency": "riverbend",
        "Assessor": "DOE, JO",
        "Specification": "2026.1 (provisional)",
        "Submission": "sub_1",
    }
    assert tree.xpath("string(//thead)").endswith("document doc-0001")
    assert "ecas handoffs close sub_1" in tree.xpath("string(//footer)")


def test_its_title_is_the_same_for_everybody(page):
    """Browsers make a file name of the title: it holds no value of a record."""
    assert html.fromstring(page()).xpath("//title/text()") == [TITLE]


def test_what_judging_found_is_told_before_anything_is_typed(page):
    """The findings stand at the top, with how to mend them."""
    finding = Finding(
        rule="C001", severity=Severity.ERROR, kind=Kind.CERTIFICATION, title="Unknown key", message="M.", fix="F."
    )
    tree = html.fromstring(page(findings=(finding,)))
    assert tree.xpath("//section/ul/li")[0].text_content() == "C001 Unknown key M. F."
    assert html.fromstring(page()).xpath("//section") == []


def test_it_is_the_same_every_time(page):
    """The same assessment gives the same bytes."""
    assert page() == page()
