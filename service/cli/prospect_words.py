"""How it is said on a terminal what would become of submissions, and why some are left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

#: How one goes, by the word of the API.
GOES: Final[Mapping[str, str]] = {
    "asked": "the state is asked by key first; sent with the same key where it lacks it",
    "sent": "sent again with the same key",
    "sent_afresh": "sent again with a fresh key: the refusal spent the old one",
    "judged": "judged again, in its place",
    "anew": "judged again; a new submission takes its place",
    "ended": "ended, and not sent",
}
#: Why one is left, by the word of the API.
LEFT: Final[Mapping[str | None, str]] = {
    "moved": "It is not stuck, or moved meanwhile.",
    "needs_a_word": "The state may have it and cannot be asked: find out, then say “arrived”, or --not-arrived.",
    "overtaken": "Later ones of the same child have left already: --even-if-overtaken sends it all the same.",
    "waits_for_a_person": "A person's word or another record cures it: ecas release, or a repaired export.",
    "nothing_to_ask": "Only what is stuck can be asked about.",
    "still_stopped": "It was judged again, and is stopped as before.",
    "came_again": "The same document has come again meanwhile.",
    "unreadable": "The stored payload cannot be read any more, or holds other assessments now.",
    "could_not_judge": "The agency's packages, mapping or roster are broken: ecas doctor.",
    "consent_withdrawn": "The member's consent was withdrawn.",
    "without_a_scope": "42 CFR Part 2 protects it, and no consent covers sending it: ecas consent scope.",
}


def preview_text(preview: Mapping[str, Any]) -> str:
    """Tell what a filter chooses and what would become of it."""
    return "".join(_lines(preview))


def _lines(preview: Mapping[str, Any]) -> Iterator[str]:
    if not preview["count"]:
        yield "Nothing is chosen.\n"
        return
    yield f"{preview['count']} chosen ({_counts(preview['by_state'])}), the oldest received {preview['oldest']}\n"
    if preview["by_cause"]:
        yield f"causes  {_counts(preview['by_cause'])}\n"
    yield from (f"{count} go     {GOES.get(course, course)}\n" for course, count in preview["goes"].items())
    for reason, left in preview["stays"].items():
        yield f"{left['count']} stay   {LEFT.get(reason, reason)}\n"
        yield from (f"         {id_}\n" for id_ in left["ids"])


def _counts(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counted.items())


def became_text(became: Mapping[str, int]) -> str:
    """Tell what became of those that are done."""
    return _counts(became) or "none yet"
