"""Days of the calendar as exports write them."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Final

#: The day that a spreadsheet counts from, by the name of the count.
SERIAL_ZERO: Final = {"serial": date(1899, 12, 30), "serial-1904": date(1904, 1, 1)}
#: The forms that are no directives of ``strptime``.
SERIALS: Final = frozenset(SERIAL_ZERO)
#: 31 December 9999, the last day that a spreadsheet shows.
_LAST_SERIAL: Final = {"serial": 2_958_465, "serial-1904": 2_957_003}
#: Excel believes that 1900 was a leap year: its day 60 never was, and its days before are one off.
_NEVER_WAS: Final = 60
_SERIAL: Final = re.compile(r"([0-9]{1,7})(?:\.[0-9]{0,18})?")
#: The directives of ``strptime`` that mean the same in every locale and zone.
DIRECTIVES: Final = frozenset("YymdHMSbBIp%")
#: Nothing longer is a date, and nothing longer is looked at.
_LONGEST: Final = 64


def day_of(text: str, form: str) -> date | None:
    """Return the day that a text tells in this form, in no zone; None where it tells none."""
    if len(text) > _LONGEST:
        return None
    if form in SERIALS:
        return _from_serial(text, form)
    try:
        return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day of the calendar, in no zone
    except ValueError:
        return None


def _from_serial(text: str, form: str) -> date | None:
    """Return the day of a spreadsheet's count; the time of day, its fraction, is left out."""
    found = _SERIAL.fullmatch(text)
    days = int(found[1]) if found else -1
    if not 0 <= days <= _LAST_SERIAL[form]:
        return None
    if form == "serial" and days <= _NEVER_WAS:
        return None if days in (0, _NEVER_WAS) else SERIAL_ZERO[form] + timedelta(days=days + 1)
    return SERIAL_ZERO[form] + timedelta(days=days)
