"""What a parser read and a person should know of all the same."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from canonical.assessment import Source


class Oddity(StrEnum):
    """What is odd about a place; whoever reads decides how much it weighs."""

    #: An HL7 escape that we do not know stays in the text as it was written.
    UNKNOWN_ESCAPE = "unknown-escape"
    #: A delimiter stands unescaped in a value that has no parts.
    BARE_DELIMITER = "bare-delimiter"
    #: A batch says that it holds another number of messages, or a file of batches.
    WRONG_COUNT = "wrong-count"
    #: A message of a type that carries no assessment; it was passed over.
    OTHER_MESSAGE = "other-message"
    #: Results that their sender may still change.
    UNCONFIRMED_RESULT = "unconfirmed-result"
    #: The text says nothing of its encoding and is no UTF-8; it was read as Windows-1252.
    READ_AS_WINDOWS = "read-as-windows-1252"
    #: A sheet, or rows of one, that Excel does not show.
    HIDDEN = "hidden"
    #: Sheets that hold something and were not read, where nobody says which one is to be.
    OTHER_SHEETS = "other-sheets"
    #: A cell that holds a formula; what was computed last was read.
    FORMULA = "formula"
    #: A formula of which nobody ever computed the value.
    NO_CACHED_VALUE = "no-cached-value"
    #: A cell that shows an error instead of a value.
    ERROR_CELL = "error-cell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One oddity and its place."""

    what: Oddity
    #: Our own sentence; never a value, nor a name that nothing declares.
    sentence: str
    source: Source
