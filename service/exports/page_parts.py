"""The parts that the screens of the page share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from service.exports.markup import Content, Markup, element, listed
from specs.requirements import OUR_ASSUMPTION
from specs.spec import Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """What is shown at a time."""

    anchor: str
    #: The heading above its link.
    group: str
    title: str
    #: What its link says, where that is not the title.
    called: str = ""
    #: How much there is in it, beside its link.
    count: str = ""
    #: What stands under the title.
    lead: Markup
    body: Markup


def code(text: str) -> Markup:
    """Return a code as it is written."""
    return element("code", text)


def link(anchor: str, *content: Content) -> Markup:
    """Return a link within the page."""
    return element("a", *content, href=f"#{anchor}")


def chip(text: str, kind: str = "") -> Markup:
    """Return a word in a frame."""
    return element("span", text, class_=f"chip {kind}".strip())


def table(heads: Iterable[str], *bodies: Content) -> Markup:
    """Return a table that can be scrolled sideways by itself, its columns named."""
    columns = element("thead", element("tr", [element("th", head, scope="col") for head in heads]))
    return element("div", element("table", columns, *bodies), class_="scroll", tabindex="0", role="group")


def citations(cites: Iterable[str], spec: Spec) -> Markup:
    """Return citations as links to the requirements; the sentence shows where the pointer rests."""
    return listed((_citation(cite, spec) for cite in cites), " ")


def _citation(cite: str, spec: Spec) -> Markup:
    if cite == OUR_ASSUMPTION:
        return element("span", "our assumption", class_="assumed")
    return element("a", cite, href=f"#{cite}", title=spec.requirements[cite].text)


def plural(number: int, noun: str) -> str:
    """Return a number of things in words."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
