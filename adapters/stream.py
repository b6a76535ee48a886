"""A reading that is still going on: one assessment after the other, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from adapters.loss import Witness
from adapters.mapped import MappedReader
from adapters.parsed import Omitted, Parsed, Whole
from adapters.record import Record
from canonical.assessment import Assessment, Reading, identified
from canonical.finding import Finding


class Stream:
    """The assessments of a payload, each as soon as it is read; what concerns the whole is known at the end."""

    def __init__(self, begun: Reading, parsed: Iterable[Parsed] = (), reader: MappedReader | None = None) -> None:
        """Take what is known before the first record, the records, and what makes assessments of them."""
        self._begun = begun
        self._parsed = iter(parsed)
        self._reader = reader
        self._findings: list[Finding] = []

    def __iter__(self) -> Iterator[Assessment]:
        """Yield the assessments, each with its identity; once."""
        yield from map(identified, self._begun.assessments)
        if self._reader is None:
            return
        for one in self._parsed:
            if isinstance(one, Finding):
                self._findings.append(one)
            elif isinstance(one, Omitted):
                self._findings.append(one.finding)
                self._reader.book.leave_out(one.fields)
            elif isinstance(one, Whole):
                self._reader.book.settle_rest(one.fields)
            else:
                yield identified(self._reader.assessment(one))

    def records(self) -> Iterator[Record]:
        """Yield what each assessment would be made of, instead of it; once."""
        return (one for one in self._parsed if not isinstance(one, Finding | Omitted | Whole))

    def watch(self, witness: Witness) -> None:
        """Let somebody look on while the fields are counted."""
        if self._reader is not None:
            self._reader.book.witness = witness

    def reading(self, assessments: Iterable[Assessment] = ()) -> Reading:
        """Return what is known once the stream has ended; the assessments are in it only where they are given."""
        ledger = self._begun.ledger if self._reader is None else self._reader.book.ledger()
        findings = (*self._findings, *self._begun.findings)
        return replace(self._begun, assessments=tuple(assessments), findings=findings, ledger=ledger)

    def gathered(self) -> Reading:
        """Return the whole reading, with all assessments."""
        assessments = tuple(self)
        return self.reading(assessments)
