"""A reading that is still going on: one assessment after the other, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from canonical.assessment import Assessment, Reading, Source, identified
from canonical.finding import Finding

if TYPE_CHECKING:
    from adapters.loss import Witness
    from adapters.mapped import MappedReader
    from adapters.parsed import Parsed
    from adapters.record import Record

#: Findings of one rule that are listed; nobody mends more of a kind one by one.
_LISTED: Final = 1_000


class Stream:
    """The assessments of a payload, each as soon as it is read; what concerns the whole is known at the end."""

    def __init__(
        self,
        begun: Reading,
        parsed: Iterable[Parsed] = (),
        reader: MappedReader | None = None,
        held: object = None,
    ) -> None:
        """Take what is known before the first record, the records, and what makes assessments of them.

        ``held`` is what the records are cut from, where whoever holds the stream may ask for more of it.
        """
        self.held = held
        self._begun = begun
        self._parsed = iter(parsed)
        self._reader = reader
        self._findings: list[Finding] = []
        #: By rule: how often it was found.
        self._found: dict[str, int] = {}

    def __iter__(self) -> Iterator[Assessment]:
        """Yield the assessments, each with its identity; once."""
        yield from map(identified, self._begun.assessments)
        if self._reader is None:
            return
        from adapters.parsed import Omitted, Whole  # noqa: PLC0415 - what is read without a mapping need not pay

        for one in self._parsed:
            if isinstance(one, Finding):
                self._note(one)
            elif isinstance(one, Omitted):
                self._note(one.finding)
                self._reader.book.leave_out(one.fields)
            elif isinstance(one, Whole):
                self._reader.book.settle_rest(one.fields)
            else:
                yield identified(self._reader.assessment(one))

    def records(self) -> Iterator[Record]:
        """Yield what each assessment would be made of, instead of it; once."""
        from adapters.parsed import Omitted, Whole  # noqa: PLC0415 - as above

        return (one for one in self._parsed if not isinstance(one, Finding | Omitted | Whole))

    def watch(self, witness: Witness) -> None:
        """Let somebody look on while the fields are counted."""
        if self._reader is not None:
            self._reader.book.witness = witness

    def reading(self, assessments: Iterable[Assessment] = ()) -> Reading:
        """Return what is known once the stream has ended; the assessments are in it only where they are given."""
        ledger = self._begun.ledger if self._reader is None else self._reader.book.ledger()
        findings = (*self._findings, *self._unlisted(), *self._begun.findings)
        return replace(self._begun, assessments=tuple(assessments), findings=findings, ledger=ledger)

    def gathered(self) -> Reading:
        """Return the whole reading, with all assessments."""
        assessments = tuple(self)
        return self.reading(assessments)

    def _note(self, finding: Finding) -> None:
        """Keep a finding; of one rule so many at most, for every row may have its own."""
        found = self._found[finding.rule] = self._found.get(finding.rule, 0) + 1
        if found <= _LISTED:
            self._findings.append(finding)

    def _unlisted(self) -> Iterator[Finding]:
        """Yield how many findings of a rule are not listed."""
        for rule, found in self._found.items():
            if found > _LISTED:
                like = next(one for one in self._findings if one.rule == rule)
                message = f"{found - _LISTED:,} more places of the file have the same fault; they are not listed."
                files = dict.fromkeys(source.file for source in like.sources)
                sources = tuple(Source(file=file, label="the whole file") for file in files)
                yield replace(like, message=message, sources=sources, items=())
