"""How a table lays its assessments out, and how its text is cut."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TextOptions:
    """How the text is cut into cells."""

    #: None: found out from the header.
    delimiter: str | None = None
    #: None: by the byte order mark, or else UTF-8, or else Windows-1252.
    encoding: str | None = None
    #: ``double``, ``single``, ``backslash`` (double quotes, escaped by a backslash) or ``none``.
    quoting: str = "double"


@dataclass(frozen=True, slots=True, kw_only=True)
class Long:
    """One row an item: rows of the same key are one assessment."""

    #: The columns that tell which assessment a row belongs to.
    key: tuple[str, ...]
    #: The column with the sender's code of the question.
    item: str
    #: The column with its answer.
    value: str

    @property
    def columns(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.key, self.item, self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What stands in the rows of a table."""

    #: None: one row an assessment.
    long: Long | None = None
    #: False: no names; places are the numbers of fields, from 1, as ``"32"``.
    header: bool = True
    #: The row of the header, from 1; what stands above it is no data.
    header_row: int = 1
    #: How many rows the header takes, in a workbook; their names are joined from top to bottom.
    header_rows: int = 1
    #: How many fields a whole row has; None: as many as the first row.
    width: int | None = None
    #: What the last field of every row must be.
    trailer: str | None = None
    #: True where a row may end early: what is missing at its end is blank.
    pads: bool = False
