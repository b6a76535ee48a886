"""The one table of the checks that are ours and not a package's: S (structure, consent) and X (what we could not do).

The certification checks (C) take their words from ``certification.toml``, the business rules (B) from ``rules/``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from canonical.assessment import Source
from canonical.desk import Desk
from canonical.finding import Finding, HoldCause, Kind, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class StructuralCheck:
    """One check: what it is called, what it says, and who can help."""

    code: str
    title: str
    #: With ``{label}`` for the item's own name and other words of the dictionary; never a value.
    message: str
    why: str
    #: How to mend the export; may hold words of the dictionary too.
    fix: str
    #: The desk's id in ``desks.toml``.
    desk: str = "own"
    severity: Severity = Severity.ERROR
    kind: Kind = Kind.STRUCTURE
    hold: HoldCause | None = None

    def finding(
        self,
        desks: Mapping[str, Desk],
        *,
        items: tuple[str, ...] = (),
        sources: Iterable[Source] = (),
        cites: tuple[str, ...] = (),
        words: Mapping[str, str] | None = None,
    ) -> Finding:
        """Return the check's finding at these places; ``words`` are the dictionary's own, never the record's."""
        words = words or {}
        return Finding(
            rule=self.code,
            severity=self.severity,
            kind=self.kind,
            title=self.title,
            message=self.message.format_map(words),
            items=items,
            sources=tuple(sources),
            fix=self.fix.format_map(words),
            why=self.why,
            desk=desks.get(self.desk),
            cites=cites,
            hold=self.hold,
        )


_CHECKS: Final = (
    StructuralCheck(
        code="S001",
        title="Required item without an answer",
        message="{label} is required and has no answer.",
        why="An assessment counts as done only when every item that applies to the child is answered.",
        fix="Export an answer for {item}. If the form is unfinished, do not mark it complete.",
    ),
    StructuralCheck(
        code="S002",
        title="Item that the dictionary does not know",
        message="An answer is given for an item that the data dictionary does not know.",
        why="What the dictionary does not know cannot be sent, so this answer would be lost.",
        fix="Rename the item to its code in the dictionary (`ecas spec show`), or leave it out of the export.",
    ),
    StructuralCheck(
        code="S003",
        title="Answer that is not of the item's type",
        message="{label} is not {type}.",
        why="The document's schema would refuse it.",
        fix="Export {item} as {type}, or correct how the mapping translates it.",
    ),
    StructuralCheck(
        code="S004",
        kind=Kind.TERMINOLOGY,
        title="Code that is not in the item's list",
        message="{label} holds a code that its list does not offer on the assessment date.",
        why="A rating or choice outside its list has no meaning that others could read.",
        fix="Send {choices} for {item}; translate the words of your own system in the mapping.",
    ),
    StructuralCheck(
        code="S005",
        title="Number out of range",
        message="{label} must be {range}.",
        why="A number outside its range is nearly always a slip of the keyboard or a shifted column.",
        fix="Correct the number in the record, or the column that {item} is read from.",
    ),
    StructuralCheck(
        code="S006",
        title="Answer that is too long",
        message="{label} has more than {length} characters.",
        why="The document's schema would refuse it, and a text cut off by a machine can turn its meaning round.",
        fix="Shorten {item} to {length} characters in the record; ecas-bridge never cuts a text.",
    ),
    StructuralCheck(
        code="S007",
        title="Answer that does not have the item's form",
        message="{label} does not have the form that the dictionary asks for.",
        why="An identifier of another form points to nobody, or to somebody else.",
        fix="Export {item} in the form {pattern} (a regular expression that the whole text must match).",
    ),
    StructuralCheck(
        code="S008",
        severity=Severity.WARNING,
        title="Item of the other instrument",
        message="{label} does not belong to this instrument and will not be sent.",
        why="The two instruments ask different things; an answer to the other one has no place in this document.",
        fix="Leave {item} out for this instrument, or correct INSTRUMENT.",
    ),
    StructuralCheck(
        code="S009",
        severity=Severity.WARNING,
        title="Item that the child's age excludes",
        message="{label} is answered although the member's age on the assessment date excludes it.",
        why="The item is meant for another age; its answer may be read as a finding about the child.",
        fix="Leave {item} out for this age, or correct MEMBER_DOB or ASSESSMENT_DATE.",
    ),
    StructuralCheck(
        code="S010",
        title="Empty section comment",
        message="{label} is empty.",
        why="The form asks for a comment after every section; where there is nothing to add it takes a word such as n/a.",
        fix='Export {item}, with "n/a" where the assessor has nothing to add.',
    ),
    StructuralCheck(
        code="S011",
        title="Instrument missing or unknown",
        message="The assessment does not name an instrument that the specification knows.",
        why="Without the instrument nobody can say which items the form should hold.",
        fix="Export INSTRUMENT as {choices}.",
    ),
    StructuralCheck(
        code="S012",
        title="Instrument for another age",
        message="The member's age on the assessment date does not fit the instrument ({ages}).",
        why="Each instrument is made for its ages; ratings from the wrong one cannot be compared.",
        fix="Use the instrument for the member's age, or correct MEMBER_DOB or ASSESSMENT_DATE.",
    ),
    StructuralCheck(
        code="S013",
        title="Criterion neither ruled in nor ruled out",
        message="{label} is left unanswered in a complete assessment.",
        why="Every criterion of the SED determination must be considered and ruled in or out.",
        fix="Answer {item} with yes or no, or send the assessment with the completion state that it really has.",
    ),
    StructuralCheck(
        code="S014",
        title="Gap before a further occurrence",
        message="{label} is answered, and the occurrence before it has no answer at all.",
        why="A gap looks as if a caregiver or a diagnosis had been lost on the way; the document closes gaps, and nobody could tell.",
        fix="Number the occurrences without gaps: the item's code for the first, then .2, .3 and so on.",
    ),
    StructuralCheck(
        code="S015",
        title="More answers than the form takes",
        message="{label} is answered more often than the form takes it ({repeats}).",
        why="What the form has no place for cannot be sent, so this answer would be lost.",
        fix="Export {item} no more often than that. Where it comes from a group that FHIR repeats, check that the right group is repeated.",
    ),
    StructuralCheck(
        code="S020",
        kind=Kind.CONSENT,
        hold=HoldCause.CONSENT,
        title="Clinical answers without a readable consent",
        message="Clinical answers are present, but whether the member consented cannot be read; the assessment waits.",
        why="Without consent only demographics and the SED determination may leave the agency; nobody should have to guess.",
        fix="Export the member's decision as {item} ({choices}); the assessment is then judged again.",
    ),
    StructuralCheck(
        code="S021",
        severity=Severity.ADVICE,
        kind=Kind.CONSENT,
        title="Clinical answers stay home",
        message="The member's consent does not cover the full CANS: {count} home, and only demographics and SED leave.",
        why="Demographics and the SED determination are sent in any case, the full CANS only with consent.",
        fix="Nothing to mend. If the member did consent, correct {item}.",
        desk="cbhi",
    ),
    StructuralCheck(
        code="X001",
        kind=Kind.COULD_NOT_CHECK,
        hold=HoldCause.COULD_NOT_CHECK,
        title="Check that could not run",
        message="{check} could not be evaluated; that is not a pass.",
        why="A check that did not run says nothing about the assessment.",
        fix="Correct the items named here; if they are right, report the check to whoever keeps the specification package.",
    ),
    StructuralCheck(
        code="X002",
        kind=Kind.COULD_NOT_CHECK,
        hold=HoldCause.COULD_NOT_CHECK,
        title="No specification in force",
        message="No specification package is in force on the assessment date.",
        why="An assessment is judged by the rules of its own day; without them nothing can be said about it.",
        fix="Correct ASSESSMENT_DATE, add the package of that time (ECAS_SPEC_PATH), or name one with --spec.",
    ),
    StructuralCheck(
        code="X003",
        title="Document that the schema refuses",
        message="The specification's schema refuses the document that was built from this assessment.",
        why="The state would refuse it too.",
        fix="Correct the items named here; where none is named, report it: the package and its schema disagree.",
        desk="ecas-it",
    ),
)

#: Every check of ours, by code.
CHECKS: Final[Mapping[str, StructuralCheck]] = {check.code: check for check in _CHECKS}
