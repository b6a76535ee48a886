"""What is to be said about one line of a mapping."""

from __future__ import annotations

from dataclasses import dataclass

from canonical.finding import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing that is wrong with a mapping, or odd about it."""

    #: The file, as it was named.
    file: str
    #: From 1.
    line: int
    severity: Severity
    #: Its name, which stays: ``unknown-item``.
    name: str
    #: One sentence, and how to mend it.
    text: str
    #: The items that it is about.
    items: tuple[str, ...] = ()
