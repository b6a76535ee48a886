"""How a text of the sender's file became an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from canonical.assessment import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """The way from a place of the sender's file to an answer; it never holds a value."""

    #: The name of the mapping file; None where no mapping had a part in it.
    mapping: str | None = None
    #: The line of the mapping that says so, from 1.
    line: int | None = None
    #: What was done to the text, in its order, each by its name: ``strip "'"``, ``date %m/%d/%Y``, ``codes need``.
    transforms: tuple[str, ...] = ()
    #: True where the sender's file says nothing of it: a constant or default of the mapping, or one of ours.
    default: bool = False
    #: The further places whose texts are part of the answer, in their order; the first is the answer's own source.
    also: tuple[Source, ...] = ()


#: Of an answer that stands in the sender's file as it is, where the format itself says which item it answers.
AS_IT_STANDS: Final = Provenance()
#: Of an answer that we gave ourselves, because the file does not.
OURS: Final = Provenance(transforms=("derived by ecas-bridge",), default=True)
