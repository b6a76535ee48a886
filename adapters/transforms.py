"""What a mapping may do to a text of the sender, each step with its name: text in, canonical text or a fault out.

Data only: no step runs code or a regular expression of the mapping. They are taken in one fixed order, whatever the order
of their keys: ``split``, ``join``, ``strip``, ``number``, ``pad``, and then one of ``date``, ``truth`` and ``codes``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from adapters.dates import day_of
from adapters.faults import UNKNOWN_CODE, UNREADABLE_VALUE, Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A text that a step cannot take."""

    fault: Fault
    #: One sentence, without the text.
    message: str


class Transform(Protocol):
    """One step from the sender's text to the canonical one."""

    @property
    def name(self) -> str:
        """How provenance calls the step; it holds words of the mapping, never of the record."""
        ...

    def apply(self, text: str) -> str | Refused:
        """Return what the text becomes; an empty one is no answer."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Takes one part of a text that holds several."""

    at: str
    #: From 1; from the end where it is negative.
    part: int

    @property
    def name(self) -> str:
        """``split ', ' part 2``."""
        return f"split {self.at!r} part {self.part}"

    def apply(self, text: str) -> str:
        """Return the part; nothing where the text has too few."""
        parts = text.split(self.at)
        place = self.part - 1 if self.part > 0 else len(parts) + self.part
        return parts[place].strip() if 0 <= place < len(parts) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """Takes characters off both ends."""

    characters: str

    @property
    def name(self) -> str:
        """``strip "'"``."""
        return f"strip {self.characters!r}"

    def apply(self, text: str) -> str:
        """Return the text without them, and without blanks behind them."""
        return text.strip(self.characters).strip()


_NUMBERS: Final = {
    mark: re.compile(rf"([+-]?)([0-9]{{1,3}}(?:{re.escape(group)}[0-9]{{3}})+|[0-9]+)(?:{re.escape(mark)}([0-9]*))?")
    for mark, group in ((".", ","), (",", "."))
}
_LONGEST_NUMBER: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """Writes a number plainly: ``2.0`` and ``02`` are 2, ``1,250`` is 1250, ``0.50`` is 0.5."""

    #: What stands before the fraction: a point or a comma; the other one may group thousands.
    mark: str

    @property
    def name(self) -> str:
        """``number .``."""
        return f"number {self.mark}"

    def apply(self, text: str) -> str | Refused:
        """Return the number, or a fault where it is none."""
        found = _NUMBERS[self.mark].fullmatch(text.strip()) if len(text) <= _LONGEST_NUMBER else None
        if found is None:
            return Refused(
                fault=UNREADABLE_VALUE, message=f"The value is no number with the decimal mark “{self.mark}”."
            )
        sign, whole, fraction = found.groups()
        digits = re.sub("[.,]", "", whole).lstrip("0") or "0"
        rest = (fraction or "").rstrip("0")
        plain = f"{digits}.{rest}" if rest else digits
        return f"-{plain}" if sign == "-" and plain != "0" else plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Pad:
    """Puts back the leading zeros that spreadsheets drop."""

    width: int

    @property
    def name(self) -> str:
        """``pad 12``."""
        return f"pad {self.width}"

    def apply(self, text: str) -> str | Refused:
        """Return the digits filled up; a fault where there is anything else."""
        if text.isascii() and text.isdigit():
            return text.zfill(self.width)
        return Refused(fault=UNREADABLE_VALUE, message="The mapping expects digits here, and nothing else.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """Reads a day of the calendar, in the first of several forms that fits."""

    #: In the directives of ``strptime``, or ``serial`` and ``serial-1904``.
    forms: tuple[str, ...]

    @property
    def name(self) -> str:
        """``date %m/%d/%Y or serial``."""
        return f"date {' or '.join(self.forms)}"

    def apply(self, text: str) -> str | Refused:
        """Return the ISO date."""
        for form in self.forms:
            day = day_of(text, form)
            if day is not None:
                return day.isoformat()
        message = f"The value is no date written as the mapping says: {' or '.join(self.forms)}."
        return Refused(fault=UNREADABLE_VALUE, message=message)


#: Each word that stands for yes or no, in lower case, whatever language the form's programmers thought in.
_YES: Final = frozenset({"yes", "y", "true", "t", "1", "on", "x", "checked"})
_NO: Final = frozenset({"no", "n", "false", "f", "0", "off", "unchecked"})
#: What a mapping calls the pair that is wanted, and the two canonical words.
TRUTHS: Final = {"yes-no": ("yes", "no"), "true-false": ("true", "false")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Reads the usual words for yes and no."""

    #: A name of ``TRUTHS``.
    pair: str

    @property
    def name(self) -> str:
        """``truth yes-no``."""
        return f"truth {self.pair}"

    def apply(self, text: str) -> str | Refused:
        """Return the canonical word."""
        yes, no = TRUTHS[self.pair]
        word = text.strip().casefold()
        if word in _YES:
            return yes
        if word in _NO:
            return no
        return Refused(fault=UNREADABLE_VALUE, message="The value is none of the usual words for yes and no.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Translate:
    """Looks a word up in a code table; case and blanks around it make no difference."""

    table: str
    #: The sender's words, in lower case, and the codes that they stand for.
    codes: Mapping[str, str] = field(repr=False)

    @property
    def name(self) -> str:
        """``codes rating``."""
        return f"codes {self.table}"

    def apply(self, text: str) -> str | Refused:
        """Return the code; a word in no line of the table is never guessed."""
        code = self.codes.get(text.strip().casefold())
        if code is not None:
            return code
        message = f"The value is in no line of the mapping's code table “{self.table}”."
        return Refused(fault=UNKNOWN_CODE, message=message)
