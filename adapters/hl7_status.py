"""What OBX-11 says of a result (HL7 table 0085, up to version 2.9): whether what stands in the segment may be an answer."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from adapters.hl7_text import Segment

_STATUS: Final = 11


class Standing(StrEnum):
    """How far a result may be believed; what is no answer says why."""

    HOLDS = ""
    #: It may change, and is read all the same.
    UNCONFIRMED = "unconfirmed"
    #: The whole segment counts for nothing.
    WITHDRAWN = "By OBX-11 its sender deletes this result, or calls it wrong."
    #: There is no value, whatever OBX-5 holds.
    NO_RESULT = "By OBX-11 there is no result yet, or none at all, and a value stands there."
    #: What is not known is not believed.
    UNKNOWN = "OBX-11 holds no status that HL7 knows, so nobody can tell whether the result holds."


#: By code; without one a result holds.
_STANDINGS: Final = {
    **dict.fromkeys(("", "F", "C", "U", "A", "B", "V"), Standing.HOLDS),
    **dict.fromkeys(("P", "R", "S"), Standing.UNCONFIRMED),
    **dict.fromkeys(("D", "W"), Standing.WITHDRAWN),
    **dict.fromkeys(("I", "N", "O", "X"), Standing.NO_RESULT),
}


def standing(segment: Segment) -> Standing:
    """Return the standing of the result in a segment; in one that is no OBX everything holds."""
    if segment.name != "OBX":
        return Standing.HOLDS
    return _STANDINGS.get(segment.field(_STATUS).strip().upper(), Standing.UNKNOWN)
