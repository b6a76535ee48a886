"""The specification that the state speaks now, and those that it speaks at other times of its script."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from canonical.outcome import Reason
from sandbox.document import DocumentReader, Unreadable, WireDocument
from sandbox.receipt import ReceiptWriter
from sandbox.ruling import Ruling
from sandbox.script import Switch
from specs.spec import Spec

#: Finds the package of that version, or in that folder.
Shelf = Callable[[str | Path], Spec]


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One specification: how its documents are read and judged, and how its receipts are written."""

    spec: Spec
    reader: DocumentReader
    ruling: Ruling
    receipts: ReceiptWriter

    @classmethod
    def of(cls, spec: Spec, new_tracking_id: Callable[[], str]) -> Self:
        """Prepare to speak a specification.

        Raises:
            SpecDefect: where the package cannot be judged by, or answered with.
        """
        transport = spec.transport
        return cls(
            spec=spec,
            reader=DocumentReader(spec),
            ruling=Ruling(spec, new_tracking_id),
            receipts=ReceiptWriter(transport.receipt_namespace, transport.verdicts),
        )

    def refusal_of(self, other: Face) -> Reason:
        """Say that a document was built for that specification, and not for this one, which is in force."""
        text = f"The document is built for {other.spec.version}; in force is {self.spec.version}."
        return Reason(code="SPEC-NOT-IN-FORCE", text=text)


class Faces:
    """The specification of the start, and one for each switch of the script."""

    def __init__(self, first: Face, switched: Sequence[Face] = ()) -> None:
        self._first = first
        self._switched = tuple(switched)
        #: Each specification once, the first one first.
        self.all = tuple({id(face): face for face in (first, *switched)}.values())

    @classmethod
    def of(cls, first: Face, switches: Sequence[Switch], shelf: Shelf, new_tracking_id: Callable[[], str]) -> Self:
        """Load the packages that a script switches to.

        Raises:
            UnknownSpec: where there is none of that name.
            SpecDefect: where one cannot be judged by, or answered with.
        """
        known: dict[Path, Face] = {first.spec.directory: first}
        switched = []
        for switch in switches:
            spec = shelf(switch.package)
            if spec.directory not in known:
                known[spec.directory] = Face.of(spec, new_tracking_id)
            switched.append(known[spec.directory])
        return cls(first, switched)

    def after(self, switch: int | None) -> Face:
        """Return the specification in force after that switch, or before the first."""
        return self._first if switch is None else self._switched[switch]

    def spoken(self, asked: Face, in_force: Face) -> Face:
        """Return in whose words a question is answered that came at the path of one: those in force, if it is theirs too."""
        here, there = asked.spec.transport, in_force.spec.transport
        return in_force if (here.status, here.query) == (there.status, there.query) else asked

    def read(self, content: bytes, in_force: Face) -> tuple[Face, WireDocument | Unreadable]:
        """Read a document as one of the specification in force, else as one of those of other times."""
        document = in_force.reader.read(content)
        if not isinstance(document, Unreadable) or not document.foreign:
            return in_force, document
        for face in self.all:
            other = face.reader.read(content)
            if not isinstance(other, Unreadable):
                return face, other
        return in_force, document
