"""HTML from nested calls: whatever is not markup already is escaped, so no text of a package can become an element."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final, TypeAlias

#: Elements that have no end tag.
_VOID: Final = frozenset({"br", "col", "hr", "input", "link", "meta"})


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


#: What may stand in an element: texts, markup, and any nesting of them.
Content: TypeAlias = "str | Iterable[Content]"


def element(tag: str, *content: Content, **attributes: str) -> Markup:
    """Return an element; an attribute that Python or CSS would quarrel with ends in an underscore, ``class_``."""
    told = "".join(f' {name.rstrip("_").replace("_", "-")}="{escape(text)}"' for name, text in attributes.items())
    if tag in _VOID:
        return Markup(f"<{tag}{told}>")
    return Markup(f"<{tag}{told}>{joined(*content)}</{tag}>")


def joined(*content: Content) -> Markup:
    """Return content in a row, escaped where it is no markup yet."""
    return Markup("".join(_escaped(part) for part in content))


def listed(content: Iterable[Content], between: str = ", ") -> Markup:
    """Return content in a row with a text or markup between."""
    return Markup(_escaped(between).join(joined(part) for part in content))


def _escaped(part: Content) -> str:
    if isinstance(part, Markup):
        return part
    return escape(part, quote=False) if isinstance(part, str) else joined(*part)
