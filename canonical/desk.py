"""Who can help, and the words to say."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A place that a person can call or write to."""

    #: Its short name in the package: ``masscans``, ``vg``, ``ecas-it``, ``cbhi``, ``access-administrator``, ``own``.
    id: str
    #: What it calls itself.
    name: str
    #: Its address, or None where only the agency itself knows it.
    email: str | None = None
    #: Its telephone number.
    phone: str | None = None
    #: What it handles, in one sentence.
    handles: str = ""
    #: The words to say.
    say: str = ""
