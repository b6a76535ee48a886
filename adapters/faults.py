"""What an adapter can find wrong with a payload: the ``A`` codes, each with its words.

A fault is the part of a finding that never changes; the place and the sentence come with each payload.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from canonical.finding import Finding, Kind, Severity

if TYPE_CHECKING:
    from canonical.assessment import Source

#: What a code of the dictionary looks like; anything else is never repeated in a finding.
_ITEM: Final = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*(?:\.[1-9][0-9]{0,2})?")
_LONGEST_ITEM: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One ``A`` code and what every finding of it says."""

    #: The code, never reused.
    rule: str
    #: Names the fault; reads well after "allow …".
    title: str
    #: Why it matters, for whoever sees the finding first.
    why: str
    #: How to mend the export.
    fix: str
    severity: Severity = Severity.ERROR
    kind: Kind = Kind.READING

    def found(self, message: str, *sources: Source, items: tuple[str, ...] = ()) -> Finding:
        """Return the finding for these places; the message holds no value and no key that nothing declares."""
        return Finding(
            rule=self.rule,
            severity=self.severity,
            kind=self.kind,
            title=self.title,
            message=message,
            items=items,
            sources=sources,
            fix=self.fix,
            why=self.why,
        )


NOT_A_PAYLOAD: Final = Fault(
    rule="A001",
    title="Not a payload that we can read",
    why="Nothing in the file could be looked at, so nothing of it was checked.",
    fix="Send FHIR (a Bundle or a QuestionnaireResponse), or another format with a mapping.",
)
NOT_FHIR: Final = Fault(
    rule="A002",
    title="Not FHIR",
    why="Other FHIR software will refuse the resource too, and what stands here may not mean what it seems to.",
    fix="Mend the element in the export; the page of the resource in FHIR R4 or R5 shows its name, type and place.",
)
NO_ASSESSMENT: Final = Fault(
    rule="A003",
    title="No assessment in the payload",
    why="Without a finished assessment there is nothing to check and nothing to submit.",
    fix="Export the assessment once it is completed, as a FHIR QuestionnaireResponse or as rows under a header.",
)
UNREADABLE_VALUE: Final = Fault(
    rule="A004",
    title="Value that cannot be read",
    why="The item counts as broken, not as missing: somebody answered it, but the answer cannot be understood.",
    fix="Write the value in the form that the mapping names, or change the mapping to the form that the export uses.",
)
UNKNOWN_CODE: Final = Fault(
    rule="A005",
    title="Value in no code table of the mapping",
    why="A word that nobody translated would have to be guessed, and a guessed rating is worse than none.",
    fix="Add the word to the mapping's code table with the code that it stands for, or correct it in the export.",
    kind=Kind.TERMINOLOGY,
)
MISSING_COLUMN: Final = Fault(
    rule="A006",
    title="Column of the mapping missing from the file",
    why="No row was read: the file is not the one that the mapping describes.",
    fix="Export the column again under the name that the mapping uses, or correct the name in the mapping.",
)
RAGGED_ROW: Final = Fault(
    rule="A007",
    title="Row with more or fewer fields than the header",
    why="From the missing or extra field on, values would stand under the wrong column; the row was not read.",
    fix="Quote fields that hold the delimiter or a line break, and write one field for each column.",
)
DUPLICATE_NAME: Final = Fault(
    rule="A008",
    title="Same name twice",
    why="Programs differ in which of the two they believe, so neither was believed.",
    fix="Write each key of a JSON object, and each column of a header, once.",
)
DANGLING_REFERENCE: Final = Fault(
    rule="A009",
    title="Reference that points to nothing in the Bundle",
    why="References are looked up inside the Bundle only and never fetched, so what it should have told is unknown.",
    fix="Put the resource into the Bundle, under the fullUrl or the type and id that the reference names.",
)
ANSWERED_TWICE: Final = Fault(
    rule="A010",
    title="Item answered twice",
    why="Which of the two answers holds is for the clinician to say, not for a program.",
    fix="Export one answer for each item.",
)
UNFIT_KIND: Final = Fault(
    rule="A011",
    title="Answer of a kind that cannot be taken",
    why="The item's place was found, but what stands there has no canonical form.",
    fix="Answer with valueCoding (with its code), valueInteger, valueString, valueDate, valueDateTime or valueBoolean.",
)
READ_AS_WINDOWS: Final = Fault(
    rule="A012",
    title="Text that is not UTF-8",
    why="Names with accents are at stake: another encoding would show other letters.",
    fix='Export as UTF-8, or say encoding = "windows-1252" in the mapping.',
    severity=Severity.ADVICE,
)
RELEASE_IN_DOUBT: Final = Fault(
    rule="A013",
    title="Release of FHIR in doubt",
    why="Some elements mean one thing in R4 and another in R5, or exist in one of them only.",
    fix='Export all of a document in one release, or decide with release = "R4" or "R5" in a mapping of format "fhir".',
    severity=Severity.WARNING,
)
AMBIGUOUS: Final = Fault(
    rule="A014",
    title="Several to choose from, and nothing that tells which",
    why="The rules for choosing (docs/guides/send-fhir.md) leave more than one, and these differ: neither was taken.",
    fix="Mark the one that holds (use, period, rank), or export no other.",
)
ODD_PLACE: Final = Fault(
    rule="A015",
    title="Odd place in the file",
    why="It was read all the same, but a person who looks at the file may see something else there.",
    fix="Look at the place, and mend the export where it says something else than what is meant.",
    severity=Severity.WARNING,
)
WITHDRAWN: Final = Fault(
    rule="A016",
    title="Answer that its sender withdrew",
    why="The sender itself says that what stands there does not hold; taken all the same, it would go to the state.",
    fix="Send the result that holds under a status of its own (OBX-11 is F or C), or leave it out where there is none.",
)

#: Every fault, by its code.
FAULTS: Final = {
    fault.rule: fault
    for fault in (
        NOT_A_PAYLOAD,
        NOT_FHIR,
        NO_ASSESSMENT,
        UNREADABLE_VALUE,
        UNKNOWN_CODE,
        MISSING_COLUMN,
        RAGGED_ROW,
        DUPLICATE_NAME,
        DANGLING_REFERENCE,
        ANSWERED_TWICE,
        UNFIT_KIND,
        READ_AS_WINDOWS,
        RELEASE_IN_DOUBT,
        AMBIGUOUS,
        ODD_PLACE,
        WITHDRAWN,
    )
}


def nth(number: int) -> str:
    """Return 1st, 2nd, 3rd, 4th …: how a finding names a key or column that nothing declares."""
    teen = 10 < number % 100 < 14  # noqa: PLR2004 - 11th, 12th, 13th
    return f"{number}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def shown(item: str) -> tuple[str, ...]:
    """Return the item as a finding may name it: not at all where it does not look like a code of the dictionary."""
    return (item,) if len(item) <= _LONGEST_ITEM and _ITEM.fullmatch(item) else ()
