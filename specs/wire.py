"""Whether wire.xsd and the data dictionary agree. It needs lxml, so plain loading leaves it to ``ecas spec verify``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from specs.defects import Defects
from specs.folder import read_folder
from specs.items import ITEMS, read_items
from specs.schema import SCHEMA, Child, Schema, read_schema
from specs.spec import Item, Spec, Type

if TYPE_CHECKING:
    from lxml.etree import _Element

#: What the items put into one element: text for an item, more of the same for a group.
Tree = dict[str, "Item | Tree"]


def check_wire(spec: Spec) -> tuple[str, ...]:
    """Return every defect of the wire schema as ``file:line: sentence``; none where documents can be built.

    The schema compiles, stands alone, declares the package's root, and for each wire path an element that holds text,
    in the dictionary's order; it asks for no element that no item fills, and allows every code of a code item.
    """
    defects = Defects()
    schema = read_schema(spec.schema, defects)
    if schema is not None:
        _check_document(schema, spec, defects)
    return defects.lines()


def _check_document(schema: Schema, spec: Spec, defects: Defects) -> None:
    if schema.root.get("targetNamespace") != spec.wire.namespace:
        defects.add(SCHEMA, schema.root.sourceline or 1, "The target namespace is not that of package.toml.")
    if schema.root.get("elementFormDefault") != "qualified":
        defects.add(SCHEMA, schema.root.sourceline or 1, "The elements must be qualified (elementFormDefault).")
    root = schema.named("element", spec.wire.root)
    group = None if root is None else schema.group_type(root)
    if group is None:
        defects.add(SCHEMA, 1, f"The schema declares no element {spec.wire.root} that holds elements.")
        return
    _Agreement(schema=schema, spec=spec, lines=_lines_of_items(spec), defects=defects).check(group, _tree(spec))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Agreement:
    """The walk down the groups that items fill."""

    schema: Schema
    spec: Spec
    #: The line of each item in items.csv.
    lines: Mapping[str, int]
    defects: Defects

    def check(self, group: _Element, tree: Tree, path: str = "") -> None:
        """Compare what a group of elements declares with what the items put there."""
        children = dict(self.schema.children(group))
        for name, branch in tree.items():
            if name in children:
                self._check_repetition(children[name], branch, f"{path}{name}")
                self._check_child(children[name].declaration, branch, f"{path}{name}/")
            else:
                self._refuse(branch, "The wire path leads to no element that wire.xsd declares.")
        for name, child in children.items():
            if child.required and name not in tree:
                line = child.declaration.sourceline or 1
                self.defects.add(SCHEMA, line, f"The element {name} must be there, and no item fills it.")
        self._check_order(list(children), tree)

    def _check_repetition(self, child: Child, branch: Item | Tree, path: str) -> None:
        """The element that repeats with its section may stand there as often as the section may be filled in."""
        item = _first(branch)
        if item.group == path and child.most is not None and child.most < item.repeats:
            line = child.declaration.sourceline or 1
            sentence = f"The section {item.section} repeats {item.repeats} times, and its element may stand here {child.most} times."
            self.defects.add(SCHEMA, line, sentence)

    def _check_child(self, element: _Element, branch: Item | Tree, path: str) -> None:
        group = self.schema.group_type(element)
        if isinstance(branch, Item):
            if group is not None:
                self._refuse(branch, "The wire path leads to an element that holds elements, not text.")
            self._check_codes(element, branch)
        elif group is None:
            self._refuse(branch, "The wire path leads below an element that holds text.")
        else:
            self.check(group, branch, path)

    def _check_codes(self, element: _Element, item: Item) -> None:
        allowed = self.schema.values(element)
        if item.type is Type.CODE and item.codes and allowed:
            for code in self.spec.codes[item.codes]:
                if code not in allowed:
                    line = element.sourceline or 1
                    self.defects.add(SCHEMA, line, f"The element allows no {code!r}, a code of {item.code}.")

    def _check_order(self, declared: list[str], tree: Tree) -> None:
        """A document is written in the dictionary's order, and a sequence takes no other."""
        last = -1
        for name, branch in tree.items():
            if name in declared:
                if declared.index(name) < last:
                    self._refuse(branch, "The wire path stands in another order in wire.xsd.")
                last = max(last, declared.index(name))

    def _refuse(self, branch: Item | Tree, sentence: str) -> None:
        """Note a defect at an item, or at the first item of a group."""
        self.defects.add(ITEMS, self.lines[_first(branch).code], sentence)


def _first(branch: Item | Tree) -> Item:
    """Return an item, or the first item of a group."""
    while not isinstance(branch, Item):
        branch = next(iter(branch.values()))
    return branch


def _tree(spec: Spec) -> Tree:
    """Return the elements of a document with every item answered."""
    tree: Tree = {}
    for item in spec.items.values():
        *groups, leaf = item.wire.split("/")
        branch = tree
        for group in groups:
            inner = branch.setdefault(group, {})
            assert isinstance(inner, dict), "the reader refuses a path that is both an item and a group"
            branch = inner
        if item.wire:
            branch[leaf] = item
    return tree


def _lines_of_items(spec: Spec) -> Mapping[str, int]:
    folder = read_folder(spec.directory, only=ITEMS)
    return {item.code: row.line for row, item in read_items(folder, Defects())}
