"""What each place of a result is called, and what to do about it."""

from __future__ import annotations

from typing import Final

from service.reconciling.match import Category
from service.reconciling.remark import Fault

#: What it is, and what somebody should do; nothing where nobody need do anything.
CATEGORIES: Final[dict[Category, tuple[str, str]]] = {
    Category.MISSING: (
        "closed as typed, and in no export",
        "Look for it in the Virtual Gateway; if it is not there, it was never reported: enter it, or submit it again.",
    ),
    Category.TWICE: (
        "with the state more than once",
        "Decide which one counts; “ecas void” withdraws one that eCAS has, a person corrects the Virtual Gateway.",
    ),
    Category.WILL_BE_TWICE: (
        "with the state, and on its way there again",
        "Stop it before it leaves: “ecas cancel” where the Virtual Gateway's is the one that counts.",
    ),
    Category.DIFFERS: (
        "the same child and day, with another instrument or status",
        "Compare both with the record, and correct the one that is wrong.",
    ),
    Category.NOWHERE: (
        "neither in an export nor on its way",
        "“ecas status ID” says what it waits for, or why it was refused.",
    ),
    Category.NOT_TYPED: ("handed off, and not typed", "“ecas worksheet ID” prints the sheet to enter it from."),
    Category.TO_CLOSE: (
        "typed, and the hand-off is still open",
        "“ecas handoffs close ID” once you have looked at it.",
    ),
    Category.ONLY_THERE: (
        "in the Virtual Gateway, and not known here",
        "Nothing, where it was typed before you began here; else find out why the EHR never exported it.",
    ),
    Category.ON_ITS_WAY: ("on its way to eCAS", "Reconcile again when it has a verdict; “ecas status ID” follows it."),
    Category.BOTH: ("in the Virtual Gateway and known here, once", ""),
    Category.WITH_ECAS: ("with eCAS alone", ""),
    Category.GIVEN_UP: ("given up here, and not in the Virtual Gateway", ""),
}
#: Of an export, or of one record; ``{}`` is what it is about.
FAULTS: Final[dict[Fault, str]] = {
    Fault.NOT_READ: "could not be read, or not all of it ({}); “ecas validate” says why",
    Fault.NO_ID: "could not be compared: no MassHealth ID of twelve digits",
    Fault.NO_DATE: "could not be compared: no assessment date",
    Fault.GAP: "no export covers {}",
    Fault.OVERLAP: "covers days that {} covers too",
    Fault.TOO_LONG: "covers {} days, more than the Virtual Gateway exports at once",
    Fault.SAME_FILE: "is the same, byte for byte, as {}; it was read once",
    Fault.OUT_OF_PERIOD: "is of a day that its file does not cover",
}
#: Of a submission that could not be compared.
LEFT: Final[dict[Fault | None, str]] = {
    Fault.NO_ID: "no MassHealth ID of twelve digits",
    Fault.NO_DATE: "no assessment date",
    None: "erased; a record that is in an export alone may be this one",
}
