"""What a path finds in a tree, each part of the way gone once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Generic, Protocol, TypeVar

from adapters.path import Name, Path, Step, Where

Node = TypeVar("Node")


class Tree(Protocol[Node]):
    """What a format must tell of its nodes; it has no other part in a walk."""

    def children(self, node: Node, name: Name | None) -> Sequence[Node]:
        """Return the children of a name (None: all of them); what repeats counts as what is in it."""
        ...

    def width(self, node: Node) -> int:
        """Return how many children a look for one of them passes over, at most."""
        ...

    def text(self, node: Node) -> str | None:
        """Return the text of a node; None where it has none of its own."""
        ...


#: What one step found, parent by parent.
_Found = list[list[Node]]


class Walk(Generic[Node]):
    """The walks through one record; it remembers how far each beginning of a path led."""

    def __init__(self, tree: Tree[Node], record: Node, document: Node) -> None:
        """Begin at a record of a document."""
        self._tree = tree
        self._record = record
        self._document = document
        self._reached: dict[tuple[bool, str], _Found[Node]] = {}
        self._indexes: dict[tuple[bool, str, str], dict[str, _Found[Node]]] = {}
        #: How many nodes were looked at: the work done, which tests hold to the size of the document.
        self.looked = 0

    def find(self, path: Path) -> list[Node]:
        """Return the nodes that a path names, in the document's order."""
        start = self._document if path.from_document else self._record
        reached: _Found[Node] = [[start]]
        for step in path.steps:
            known = self._reached.get((path.from_document, step.up_to_here))
            if known is None:
                known = self._stepped(path, reached, step)
                self._reached[path.from_document, step.up_to_here] = known
            reached = known
        return [node for group in reached for node in group]

    def _stepped(self, path: Path, reached: _Found[Node], step: Step) -> _Found[Node]:
        selectors = step.selectors
        if selectors and isinstance(selectors[0], Where):
            found = self._indexed(path, reached, step, selectors[0])
            selectors = selectors[1:]
        else:
            found = self._named(path, reached, step)
        for selector in selectors:
            found = [chosen for group in found if (chosen := self._chosen(group, selector))]
        return found

    def _named(self, path: Path, reached: _Found[Node], step: Step) -> _Found[Node]:
        """Return the children that a step names, before any selector."""
        key = (path.from_document, step.up_to_name)
        if key not in self._reached:
            nodes = [node for group in reached for node in group]
            self.looked += sum(map(self._tree.width, nodes))
            groups = (self._tree.children(node, step.name) for node in nodes)
            self._reached[key] = [list(group) for group in groups if group]
        return self._reached[key]

    def _indexed(self, path: Path, reached: _Found[Node], step: Step, where: Where) -> _Found[Node]:
        """Return the children for which a condition holds, from an index of all texts under its key."""
        key = (path.from_document, step.up_to_name, where.written)
        index = self._indexes.get(key)
        if index is None:
            index = self._indexes[key] = {}
            for group in self._named(path, reached, step):
                here: dict[str, list[Node]] = {}
                for node in group:
                    for text in self._texts(node, where.key):
                        here.setdefault(text, []).append(node)
                for text, nodes in here.items():
                    index.setdefault(text, []).append(nodes)
        return index.get(where.text, [])

    def _chosen(self, group: list[Node], selector: int | Where) -> list[Node]:
        if isinstance(selector, int):
            return group[selector - 1 : selector]
        return [node for node in group if selector.text in self._texts(node, selector.key)]

    def _texts(self, node: Node, key: Iterable[Name]) -> set[str]:
        """Return the texts that stand under a key of a node."""
        nodes = [node]
        for name in key:
            self.looked += sum(map(self._tree.width, nodes))
            nodes = [child for one in nodes for child in self._tree.children(one, name)]
        return {text for one in nodes if (text := self._tree.text(one)) is not None}
