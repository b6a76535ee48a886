"""What a parser hands to a mapping: records of fields, each with the place where it stands.

The seam between the parsers (delimited text, workbook, JSON, XML, HL7 v2) and everything behind them, which is
`adapters/mapped.py`. A parser returns plain objects that fit; no object of a library passes here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from canonical.assessment import Source


@dataclass(eq=False, slots=True, kw_only=True)  # not frozen: there is one for each cell, and freezing doubles its price
class Field:
    """One place of the sender's file that holds a value: a cell, a JSON leaf, an attribute or text of XML, an OBX-5."""

    #: As the sender wrote it, decoded; blanks around it included. A blank one counts as not there.
    text: str = field(repr=False)
    #: The place. No two fields of a record share their pointer or, where they have none, their label.
    source: Source
    #: What the place is called in every record, for the ledger's list of what nothing names: ``column the 9th``. Declared
    #: names and positions only; the label where it is empty.
    name: str = ""
    #: True where it made the record what it is: the key of a group, a question's name, the mark of a record's end.
    decides: bool = False
    #: Why there is no answer although something stands there, in a sentence: its sender withdrew the text, or a cell shows no
    #: value, and then the text is blank. Empty where it may be one.
    void: str = ""

    @property
    def key(self) -> str:
        """What tells the field from all others of its record."""
        return self.source.label if self.source.pointer is None else self.source.pointer


class Record(Protocol):
    """What becomes one assessment: a row, a group of rows, an element, a message."""

    @property
    def origin(self) -> Source:
        """The place of the record as a whole."""
        ...

    def fields(self, path: str) -> Sequence[Field]:
        """Return the fields that a ``from`` of the mapping names, in the record's order; none where it names nothing here."""
        ...

    def all(self) -> Iterator[Field]:
        """Yield every field once, in the record's order, for the loss ledger."""
        ...
