"""Bulk resolution of stuck work: looked at first, then done one by one on a person's word."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from canonical.stuck import Resolution
from canonical.submission import State
from service.outbox.prospects import Prospect, resolved
from service.outbox.resolving import Word
from service.outbox.selecting import Selection
from service.outbox.sql_outbox import SqlOutbox
from service.replays import Preview

#: Of one request; whoever has more asks again.
AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolutions:
    """Every item is a short transaction of its own: a command that is broken off has done some, and can be said again."""

    outbox: SqlOutbox

    def preview(self, selection: Selection, resolution: Resolution, word: Word) -> Preview:
        """Look at what a decision would do, and do nothing."""
        preview = Preview()
        for candidate in self.outbox.candidates(replace(selection, states=(State.STUCK,))):
            found = resolved(
                candidate, resolution, not_arrived=word.not_arrived, even_if_overtaken=word.even_if_overtaken
            )
            preview.add(candidate, found)
        return preview

    def resolve(
        self, selection: Selection, resolution: Resolution, word: Word, *, limit: int = AT_ONCE
    ) -> tuple[Preview, Counter[str]]:
        """Do what a person decided about the oldest so many that would go; return what was chosen, and what became of them."""
        preview = self.preview(selection, resolution, word)
        became: Counter[str] = Counter()
        for agency, id_ in islice(preview.going, limit):
            became[self.outbox.resolve(agency, id_, resolution, word).value] += 1
        return preview, became

    def one(self, agency: str, submission: str, resolution: Resolution, word: Word) -> Prospect:
        """Do what a person decided about one."""
        return self.outbox.resolve(agency, submission, resolution, word)
