"""Canaries: invented names, numbers, dates and words, each of them unique, and each known again wherever it turns up."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta
from itertools import count

#: What every invented word begins with. No word of any language, of ours or of a library holds it.
MARK = "Qvxjzkwqh"
#: The same for what a sender calls its own record by (a document id): answers to the sender may repeat it, nothing else.
HANDLE = "Hjxqvzkwf"
#: What every invented number begins with; it has twelve digits, as a MassHealth ID has.
DIGITS = "90817263"
#: Days on which invented children are born. Nothing else in these tests is of those years.
FIRST_DAY, DAYS = date(2013, 1, 1), 6 * 365
_LETTERS = "bcdfghklmnprstvw"
_WIDTH = 7


class Mint:
    """Strikes tokens, each of them once, and counts them by kind."""

    def __init__(self, seed: int) -> None:
        """Strike the same ones for the same seed."""
        self._numbers = count(random.Random(seed).randrange(len(_LETTERS) ** 5))
        self._members = count(0)
        self._days = count(0)
        self.struck: Counter[str] = Counter()

    def word(self, kind: str = "word") -> str:
        """Return a name, a key, a note: sixteen letters."""
        self.struck[kind] += 1
        return f"{MARK}{self._suffix()}"

    def words(self, number: int) -> str:
        """Return a comment of so many tokens."""
        return " ".join(self.word("comment") for _ in range(number))

    def handle(self) -> str:
        """Return a document id."""
        self.struck["document id"] += 1
        return f"{HANDLE}{self._suffix()}"

    def member(self) -> str:
        """Return a member number; there are ten thousand, after that the first ones come again and count no more."""
        number = next(self._members)
        self.struck["member number"] += number < 10_000
        return f"{DIGITS}{number % 10_000:04}"

    def born(self) -> date:
        """Return a birth date; as many as there are days, after that the first ones come again and count no more."""
        number = next(self._days)
        self.struck["date"] += number < DAYS
        return FIRST_DAY + timedelta(days=number % DAYS)

    def certification_key(self) -> str:
        """Return a certification key."""
        return f"MA-{self.word('certification key').upper()}"

    def _suffix(self) -> str:
        number, letters = next(self._numbers), []
        for _ in range(_WIDTH):
            number, place = divmod(number, len(_LETTERS))
            letters.append(_LETTERS[place])
        return "".join(letters)
