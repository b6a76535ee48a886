"""Why a file, or one part of it, was not read."""

from __future__ import annotations

from dataclasses import dataclass

from canonical.assessment import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One reason, and where it lies; never what stands there."""

    #: Our own sentence.
    reason: str
    #: From 1; None where the format has no lines, or the reason concerns all of it.
    line: int | None = None
    #: From 1, in characters.
    column: int | None = None
    #: How a person of that format calls the place, where it is no line: ``sheet 1!C14``.
    label: str = ""

    def source(self, file: str) -> Source:
        """Return the place in the file of that name."""
        label = self.label or ("the whole file" if self.line is None else f"line {self.line}")
        return Source(file=file, line=self.line, column=self.column, label=label)


#: What a parser returns instead of a document; never empty.
Refused = tuple[Refusal, ...]
