"""The page: well-formed, whole, self-contained; and in a real browser where there is one."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from service.exports.browsable_html import browsable_html
from service.exports.markup import Markup, element
from specs.spec import Status

VOID = {"br", "hr", "input", "link", "meta", "col", "wbr"}
#: The browsers of this machine, by the names that Chromium is installed under.
BROWSERS = {name: path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))}


class Strict(HTMLParser):
    """Refuses what a browser would silently mend, and remembers what it saw."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.ids: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"line {self.getpos()[0]}: an attribute twice in <{tag}>"
        self.elements.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"line {self.getpos()[0]}: </{tag}> ends nothing"
        assert self.open[-1] == tag, f"line {self.getpos()[0]}: </{tag}> stands where </{self.open[-1]}> should"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        for tag in self.open:
            self.texts[tag] = self.texts.get(tag, "") + data


def parsed(page: str) -> Strict:
    parser = Strict()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    return parser


@pytest.fixture(scope="module")
def page(spec) -> str:
    return browsable_html(spec).decode()


@pytest.fixture(scope="module")
def strict(page) -> Strict:
    return parsed(page)


def test_it_is_well_formed(strict):
    """Every element ends where it should, no attribute stands twice, no id stands twice."""
    assert len(strict.ids) == len(set(strict.ids))
    assert [tag for tag, _ in strict.elements].count("main") == 1


def test_everything_of_the_package_has_an_address(strict, spec):
    """Items, rules, requirements, code lists and standings."""
    anchors = {
        *spec.items,
        *(rule.code for rule in spec.rules),
        *spec.requirements,
        *(f"codes-{name}" for name in spec.codes),
        *(standing.rule for standing in spec.certification.standings.values() if standing.rule),
    }
    assert anchors <= set(strict.ids)


def test_every_link_leads_somewhere_in_the_page(strict):
    """And nowhere else."""
    links = [attributes["href"] or "" for tag, attributes in strict.elements if tag == "a"]
    assert links
    assert {link.removeprefix("#") for link in links} <= set(strict.ids)
    assert all(link.startswith("#") for link in links)


def test_nothing_is_asked_of_the_network(strict):
    """No element that would load anything, and no style that would."""
    loading = {"link", "img", "iframe", "object", "embed", "audio", "video", "source", "base"}
    assert not loading & {tag for tag, _ in strict.elements}
    assert not [tag for tag, attributes in strict.elements if "src" in attributes or "style" in attributes]
    assert not re.search(r"url\(|@import", strict.texts["style"])


def test_the_policy_allows_its_own_style_and_script_by_digest_and_nothing_else(strict):
    """Text of a package that became a script would not run."""
    policy = next(
        attributes["content"] or ""
        for tag, attributes in strict.elements
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules.pop("default-src") == "'none'"
    for kind, tag in (("style-src", "style"), ("script-src", "script")):
        digest = base64.b64encode(hashlib.sha256(strict.texts[tag].encode()).digest()).decode()
        assert rules.pop(kind) == f"'sha256-{digest}'"
    assert set(rules.values()) == {"'none'"}
    assert not [name for _, attributes in strict.elements for name in attributes if name.startswith("on")]


def test_what_is_provisional_says_so_on_every_screen_and_on_paper(page, strict):
    """In a banner above everything, in the title, and at the head of every screen for the printer."""
    assert '<p class="banner provisional" role="note"><strong>Provisional</strong>' in page
    assert "(provisional)" in strict.texts["title"]
    heads = [attributes.get("data-status") for tag, attributes in strict.elements if tag == "header"]
    assert set(heads) == {"provisional 2026.1"}


def test_an_official_package_has_no_banner(spec):
    """There is nothing to warn of."""
    assert 'class="banner' not in browsable_html(replace(spec, status=Status.OFFICIAL)).decode()


def test_tables_name_their_columns_and_rows(strict):
    """For whoever hears the page."""
    heads = [attributes.get("scope") for tag, attributes in strict.elements if tag == "th"]
    assert heads
    assert set(heads) <= {"col", "row", "rowgroup"}


def test_rules_bring_their_cases_and_requirements_their_coverage(page, spec):
    """Each case with its reason; each requirement with what checks it, or why nothing does."""
    text = page.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")
    for rule in spec.rules:
        for case in (*rule.passes, *rule.fails):
            assert case.why in text
    for requirement in spec.requirements.values():
        assert requirement.text in text
        assert requirement.not_checked_because in text


def test_text_of_a_package_never_becomes_an_element(spec):
    """Whatever somebody writes into a label."""
    hostile = replace(spec.items["LDF_SLEEP"], label="</style><script>alert(1)</script>", wire='"><img src=x>')
    page = browsable_html(
        replace(spec, items={**spec.items, "LDF_SLEEP": hostile}, title="$style ${script} <b>")
    ).decode()
    found = parsed(page)
    assert [tag for tag, _ in found.elements].count("script") == 1
    assert not {"img", "b"} & {tag for tag, _ in found.elements}


def test_markup_escapes_what_is_no_markup():
    """In content and in attributes."""
    assert element("a", "<&>", Markup("<i>x</i>"), title='"<"', class_="y") == (
        '<a title="&quot;&lt;&quot;" class="y">&lt;&amp;&gt;<i>x</i></a>'
    )


def test_two_pages_are_the_same_to_the_byte(spec, page):
    """Nothing of the day or the machine is in it."""
    assert browsable_html(spec).decode() == page


# What a person would do, driven inside the page by a second script whose digest is added to the policy.
_WALK = """
addEventListener("load", () => {
  const shown = () => [...document.querySelectorAll(".screen")].filter((s) => s.offsetParent !== null || s.offsetHeight > 0).map((s) => s.id);
  const told = {first: shown(), violations: []};
  document.addEventListener("securitypolicyviolation", (event) => told.violations.push(event.violatedDirective));
  const words = document.getElementById("words");
  const type = (text) => { words.value = text; words.dispatchEvent(new Event("input")); };
  type("lifedomain SLEEP");
  told.searched = [...document.querySelectorAll("[data-find]")].filter((part) => part.offsetHeight > 0).map((part) => part.id);
  told.said = document.getElementById("found").textContent;
  type("no such thing at all"); told.nothing = shown().length;
  type("");
  location.hash = "#B012";
  addEventListener("hashchange", () => {
    told.after = shown(); told.open = document.getElementById("B012").open;
    told.scripts = document.scripts.length;
    const result = document.createElement("pre"); result.id = "told"; result.textContent = JSON.stringify(told);
    document.body.append(result);
  }, {once: true});
});
"""


def _opened_in(browser: str, page: str, folder: Path) -> dict[str, object]:
    digest = base64.b64encode(hashlib.sha256(_WALK.encode()).digest()).decode()
    walked = page.replace("script-src ", f"script-src 'sha256-{digest}' ", 1)
    file = folder / "page.html"
    file.write_text(walked.replace("</body>", f"<script>{_WALK}</script>\n</body>"), "utf-8")
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--virtual-time-budget=5000",
        f"--user-data-dir={folder}/profile",
    ]
    command = [browser, *flags, "--dump-dom", file.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    told = re.search(r'<pre id="told">(.*?)</pre>', done.stdout)
    assert told, "the page did not come to the end of the walk"
    return json.loads(told[1])


@pytest.mark.parametrize("opener", ["parser", *BROWSERS])
def test_it_opens(page, tmp_path, opener):
    """By the parser on any machine; in a real browser too where one is installed: the names of the tests say what ran.

    In the browser: the first screen alone, a search over all, an address that opens a rule; no policy is broken.
    """
    if opener == "parser":
        assert parsed(page).elements
        return
    assert _opened_in(BROWSERS[opener], page, tmp_path) == {
        "first": ["overview"],
        "searched": ["LDF_SLEEP"],
        "said": "1 found.",
        "nothing": 0,
        "after": ["rules"],
        "open": True,
        "scripts": 2,
        "violations": [],
    }
