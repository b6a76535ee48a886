"""The package as one page that needs nothing else: no request leaves it, and no script but its own runs in it.

Without JavaScript, and on paper, it is one long document; with it, one screen at a time and a search over everything.
"""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from string import Template
from typing import Final

from service.exports import page_items, page_matters, wording
from service.exports.markup import Markup, element
from service.exports.page_parts import Screen
from specs.spec import Spec

_TEMPLATES: Final = files("service.exports") / "templates"


def browsable_html(spec: Spec) -> bytes:
    """Return the page, the same bytes every time."""
    style, script = _text("browsable.css"), _text("browsable.js")
    screens = [page_matters.overview(spec), *page_items.sections(spec), *page_matters.matters(spec)]
    page = Template(_text("browsable.html")).substitute(
        policy=_policy(style, script),
        style=style,
        script=script,
        title=f"{spec.version} ({spec.status.value}): data dictionary",
        package=element("p", spec.title, class_="package"),
        banner=_banner(spec),
        navigation=_navigation(screens),
        screens="\n".join(_screen(screen, spec) for screen in screens),
        foot=element("p", f"{spec.version} ({spec.status.value}) · {spec.digest}"),
    )
    return page.encode()


def _text(name: str) -> str:
    return (_TEMPLATES / name).read_text("utf-8")


def _policy(style: str, script: str) -> str:
    """Return the content security policy: our style and our script by their digests, and nothing from anywhere."""
    allowed = {"style-src": style, "script-src": script}
    sources = "; ".join(f"{kind} '{_digest(text)}'" for kind, text in allowed.items())
    return f"default-src 'none'; {sources}; base-uri 'none'; form-action 'none'"


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _banner(spec: Spec) -> Markup:
    """Return how far the package may be trusted, where it stands on every screen; nothing for an official one."""
    notice = wording.notice(spec)
    if not notice:
        return Markup()
    word, _, rest = notice.partition(": ")
    return element("p", element("strong", word), " ", rest, class_=f"banner {spec.status.value}", role="note")


def _navigation(screens: list[Screen]) -> Markup:
    """Return the links to the screens, under the headings that they bring."""
    groups: dict[str, list[Markup]] = {}
    for screen in screens:
        link = element(
            "a",
            element("span", screen.called or screen.title),
            element("span", screen.count, class_="count"),
            href=f"#{screen.anchor}",
        )
        groups.setdefault(screen.group, []).append(element("li", link))
    return Markup("".join(element("h2", group) + element("ul", links) for group, links in groups.items()))


def _screen(screen: Screen, spec: Spec) -> Markup:
    """Return a screen; on paper each says again that the package is not official."""
    status = f"{spec.status.value} {spec.version}" if wording.notice(spec) else ""
    header = element("header", element("h1", screen.title), screen.lead, data_status=status)
    return element("section", header, screen.body, id=screen.anchor, class_="screen")
