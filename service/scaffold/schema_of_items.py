"""A wire.xsd for items that nobody has given one yet: as strict as the items themselves, and no stricter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape, quoteattr

#: A row of items.csv.
Row = Mapping[str, str]
#: Elements by name: a leaf, or more of the same for a group.
Tree = dict[str, "Leaf | Tree"]

_BUILT_IN: Final = {"date": "xs:date", "datetime": "xs:dateTime", "integer": "xs:integer", "boolean": "xs:boolean"}


@dataclass(frozen=True, slots=True)
class Leaf:
    """An element that holds an item's answer."""

    row: Row


def schema_of(rows: Iterable[Row], codes: Mapping[str, Iterable[str]], *, root: str, namespace: str) -> str:
    """Return the schema of a document that holds these items in their order."""
    tree: Tree = {}
    for row in rows:
        branch = tree
        *groups, leaf = row["wire"].split("/")
        for group in groups:
            inner = branch.setdefault(group, {})
            assert isinstance(inner, dict), "the reader refuses a path that is both an item and a group"
            branch = inner
        if row["wire"]:
            branch[leaf] = Leaf(row)
    body = "\n".join(_group(tree, codes, "    "))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        "<!-- Made from a spreadsheet of items; the state's own schema takes its place. -->\n"
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns={quoteattr(namespace)}\n'
        f'           targetNamespace={quoteattr(namespace)} elementFormDefault="qualified">\n'
        f"  <xs:element name={quoteattr(root)}>\n{body}\n  </xs:element>\n"
        "</xs:schema>\n"
    )


def _group(tree: Tree, codes: Mapping[str, Iterable[str]], margin: str) -> Iterator[str]:
    yield f"{margin}<xs:complexType>"
    yield f"{margin}  <xs:sequence>"
    for name, branch in tree.items():
        optional = "" if _owed(branch) else ' minOccurs="0"'
        yield f"{margin}    <xs:element name={quoteattr(name)}{optional}>"
        if isinstance(branch, Leaf):
            yield from (f"{margin}      {line}" for line in _leaf(branch.row, codes))
        else:
            yield from _group(branch, codes, f"{margin}      ")
        yield f"{margin}    </xs:element>"
    yield f"{margin}  </xs:sequence>"
    yield f"{margin}</xs:complexType>"


def _leaf(row: Row, codes: Mapping[str, Iterable[str]]) -> Iterator[str]:
    yield "<xs:simpleType>"
    yield f'  <xs:restriction base="{_BUILT_IN.get(row["type"], "xs:string")}">'
    if row["type"] == "code":
        values: Iterable[str] = codes.get(row["codes"], ())
    else:
        values = ("yes", "no", "unanswered") if row["type"] == "tristate" else ()
    yield from (f'    <xs:enumeration value="{escape(value)}"/>' for value in values)
    for facet, column in (("minInclusive", "min"), ("maxInclusive", "max"), ("maxLength", "length")):
        if row[column]:
            yield f'    <xs:{facet} value="{escape(row[column])}"/>'
    yield "  </xs:restriction>"
    yield "</xs:simpleType>"


def _owed(branch: Leaf | Tree) -> bool:
    """Return whether every document has it: required in all instruments, at all ages, without consent too."""
    if not isinstance(branch, Leaf):
        return any(_owed(inner) for inner in branch.values())
    row = branch.row
    return row["required"] == "yes" and not row["instrument"] and not row["age"] and row["consent"] == "always"
