"""What a case of a check can be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """An accepted assessment, changed: some answers (None takes one away), and some cells of its assessor's roster line."""

    why: str
    answers: Mapping[str, str | None] = field(default_factory=dict)
    #: None: certification is left out, because the check has nothing to do with it.
    roster: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """A small payload."""

    why: str
    content: bytes
    #: The mapping that it is read with; empty for none.
    mapping: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A case that takes more than one assessment, in words."""

    why: str


#: One case of a check.
Case = Changed | Snippet | Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """The cases of one check."""

    passes: tuple[Case, ...]
    fails: tuple[Case, ...]
