"""The worksheet: one page from which a person enters an assessment in the Virtual Gateway, in the order of entry.

It stands by itself: no script, no style or picture from elsewhere, nothing that a browser would fetch. What may not leave
is not on it, and its title, which browsers make the name of a printed file, is the same for every child.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Sequence
from datetime import date
from importlib import resources
from typing import Final

from lxml import html
from lxml.html import HtmlElement
from lxml.html.builder import E

from canonical.assessment import Assessment
from canonical.finding import Finding
from canonical.occurrence import parted
from gateway_client.projection import consents, project
from specs.spec import ConsentClass, Item, Section, Spec, Type

TITLE: Final = "CANS worksheet for the Virtual Gateway"
#: Instead of a certification key: it is a credential, and paper lies about.
KEY_STAYS_HOME: Final = "•••••• (from the assessor's own record)"
_KEY: Final = "ASSESSOR_KEY"
_DETERMINED: Final = {"yes": "Yes", "no": "No", "unanswered": "Unanswered"}
#: What no page can carry, or would show as something else: control characters but for tab and line feed, halves of
#: characters, and what turns the direction of writing round.
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def worksheet(
    assessment: Assessment,
    spec: Spec,
    *,
    submission: str = "",
    findings: Sequence[Finding] = (),
    with_key: bool = False,
) -> bytes:
    """Return the page as HTML in UTF-8; the same bytes every time.

    It holds what the projection lets leave (``gateway_client/projection.py``), and an empty box for each item of the form
    that may be entered and has no answer. The certification key is masked unless it is asked for. ``findings`` are what
    judging wants to be looked at first.
    """
    texts = project(assessment, spec)
    if not with_key and _KEY in texts:
        texts[_KEY] = KEY_STAYS_HOME
    consented = consents(assessment, spec)
    form = _Form(assessment, spec, texts, consented=consented)
    page = E.html(
        {"lang": "en"},
        _head(),
        E.body(
            _top(assessment, spec, texts, submission),
            *_notices(consented=consented),
            *_first(findings),
            E.table(_every_page(texts), *form.sections()),
            _signature(submission),
        ),
    )
    return bytes(html.tostring(page, encoding="utf-8", doctype="<!DOCTYPE html>")) + b"\n"


class _Form:
    """The instrument's sections with their answers."""

    def __init__(self, assessment: Assessment, spec: Spec, texts: dict[str, str], *, consented: bool) -> None:
        self._spec = spec
        self._texts = texts
        self._consented = consented
        self._instrument = assessment.text("INSTRUMENT") or ""
        self._age = _age(assessment)

    def sections(self) -> Iterator[HtmlElement]:
        """Yield the sections in the order of the form, and in each the items in the dictionary's order."""
        instrument = self._spec.instruments.get(self._instrument)
        for section in instrument.sections if instrument else ():
            items = [item for item in self._spec.occurrences.values() if item.section == section.code]
            rows = [self._row(item, section) for item in items if self._shown(item)]
            if rows or self._withheld(items):
                title = E.tr({"class": "section"}, E.th({"colspan": "3", "scope": "rowgroup"}, _said(section.title)))
                yield E.tbody(title, *(rows or [_stays_home()]))

    def _shown(self, item: Item) -> bool:
        """An answer is shown where it may leave; an empty box where one could be entered."""
        if item.code in self._texts:
            return True
        if not item.wire or not item.belongs_to(self._instrument) or not self._may_be_entered(item):
            return False
        if item.occurrence > 1:
            return any(other in self._texts for other in self._of_occurrence(item))
        return item.age is None or self._age is None or item.age.holds(self._age)

    def _may_be_entered(self, item: Item) -> bool:
        return self._consented or item.consent is ConsentClass.ALWAYS

    def _of_occurrence(self, item: Item) -> Iterator[str]:
        same = (item.section, item.occurrence)
        return (other.code for other in self._spec.occurrences.values() if (other.section, other.occurrence) == same)

    def _withheld(self, items: Sequence[Item]) -> bool:
        """Return whether the section is on the form, and all of it stays home for want of consent."""
        mine = [item for item in items if item.wire and item.belongs_to(self._instrument)]
        gated = all(item.age is not None and self._age is not None and not item.age.holds(self._age) for item in mine)
        return bool(mine) and not self._consented and not gated

    def _row(self, item: Item, section: Section) -> HtmlElement:
        cells = [E.td({"class": "label"}, _said(item.label)), E.td({"class": "code"}, _said(item.code))]
        text = self._texts.get(item.code)
        comment = section.comment is not None and parted(item.code)[0] == section.comment
        if text is None:
            box = E.td({"class": "answer"}, E.span({"class": "box wide" if comment else "box"}))
            return E.tr({"class": "missing", "data-item": item.code}, *cells, box)
        kind = "answer comment" if comment else "answer"
        return E.tr(
            {"class": "answered", "data-item": item.code}, *cells, E.td({"class": kind}, *self._answer(item, text))
        )

    def _answer(self, item: Item, text: str) -> list[HtmlElement]:
        """Return the answer as the record has it, and what its code stands for."""
        shown = [E.bdi(_said(text))]
        label = _DETERMINED.get(text) if item.type is Type.TRISTATE else self._label(item, text)
        if label and label.casefold() != text.casefold():
            shown.append(E.span({"class": "meaning"}, _said(label)))
        return shown

    def _label(self, item: Item, text: str) -> str | None:
        code = self._spec.codes.get(item.codes or "", {}).get(text)
        return None if code is None else code.label


def _head() -> HtmlElement:
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return E.head(
        E.meta({"charset": "utf-8"}),
        E.meta({"http-equiv": "Content-Security-Policy", "content": policy}),
        E.meta({"name": "referrer", "content": "no-referrer"}),
        E.meta({"name": "viewport", "content": "width=device-width"}),
        E.title(TITLE),
        E.style(style),
    )


def _style() -> str:
    return resources.files("gateway_client").joinpath("worksheet.css").read_text("utf-8")


def _top(assessment: Assessment, spec: Spec, texts: dict[str, str], submission: str) -> HtmlElement:
    """Return who and what this is about, and by which specification it was judged."""
    instrument = spec.instruments.get(assessment.text("INSTRUMENT") or "")
    kind = spec.codes.get("submission_type", {}).get(texts.get("SUBMISSION_TYPE", ""))
    facts = (
        ("Form", instrument.title if instrument else ""),
        ("Document", texts.get("DOCUMENT_ID", "")),
        ("Kind", kind.label if kind else ""),
        ("Agency", assessment.agency or texts.get("AGENCY_ID", "")),
        ("Assessor", texts.get("ASSESSOR_NAME", "")),
        ("Specification", f"{spec.version} ({spec.status.value})"),
        ("Submission", submission),
    )
    told = [E.div(E.dt(name), E.dd(E.bdi(_said(text)))) for name, text in facts if text]
    return E.header(E.h1(TITLE), E.dl(*told))


def _every_page(texts: dict[str, str]) -> HtmlElement:
    """Return the head of the table, which browsers repeat on every sheet: sheets of two children must not be mixed."""
    document = E.bdi(_said(texts.get("DOCUMENT_ID", "")))
    return E.thead(E.tr(E.th("Item"), E.th("Code"), E.th("Answer · document ", document)))


def _notices(*, consented: bool) -> Iterator[HtmlElement]:
    if not consented:
        yield E.p(
            {"class": "notice"},
            "The member has not consented to the full CANS: enter what stands here and nothing else. "
            "The clinical answers stay with the agency, so they are not on this sheet.",
        )


def _first(findings: Sequence[Finding]) -> Iterator[HtmlElement]:
    """Yield what to look at before anything is entered."""
    if findings:
        told = (
            E.li(E.strong(_said(f"{finding.rule} {finding.title}")), _said(f" {finding.message} {finding.fix}"))
            for finding in findings
        )
        yield E.section({"class": "first"}, E.h2("Look at this first"), E.ul(*told))


def _stays_home() -> HtmlElement:
    return E.tr({"class": "withheld"}, E.td({"colspan": "3"}, "Not to be entered: no consent to the full CANS."))


def _signature(submission: str) -> HtmlElement:
    lines = ("Entered by", "Date and time", "Confirmation of the Virtual Gateway")
    then = f"Then close it: ecas handoffs close {submission} --note “who, when, confirmation”" if submission else ""
    return E.footer(
        *(E.div({"class": "line"}, E.span(line), E.span({"class": "rule"})) for line in lines),
        E.p(_said(then)),
        E.p("A record of a child: keep it locked, and shred it when the entry is confirmed."),
    )


def _age(assessment: Assessment) -> int | None:
    """Return the completed years of age on the assessment date; None where a date is missing or broken."""
    try:
        born = date.fromisoformat(assessment.text("MEMBER_DOB") or "")
        on = date.fromisoformat(assessment.text("ASSESSMENT_DATE") or "")
    except ValueError:
        return None
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _said(text: str) -> str:
    """Return a text that a page can carry; the builder escapes it, whatever it holds."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)
