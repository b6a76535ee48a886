"""The state's word about a document."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """The state's word alone."""

    ACCEPTED = "accepted"
    ACCEPTED_WITH_WARNINGS = "accepted-with-warnings"
    PENDING = "pending"
    DEPENDENCY = "dependency"
    SUSPENDED = "suspended"
    REJECTED = "rejected"
