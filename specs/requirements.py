"""requirements.csv: the sentences of the specification, and what may be cited."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from specs.csv_table import read_csv
from specs.defects import Defects
from specs.folder import Folder
from specs.spec import Requirement

#: What is cited where no public sentence backs us.
OUR_ASSUMPTION: Final = "our assumption"

_COLUMNS: Final = ("id", "text", "strength", "cites", "not_checked_because")
_STRENGTHS: Final = ("SHALL", "SHOULD")


def read_requirements(folder: Folder, defects: Defects) -> Mapping[str, Requirement]:
    """Read the requirements, by id, in the file's order."""
    requirements: dict[str, Requirement] = {}
    for row in read_csv(folder, "requirements.csv", _COLUMNS, defects):
        requirement = Requirement(
            id=row.text("id"),
            text=row.text("text"),
            strength=row.text("strength"),
            cites=row.text("cites"),
            not_checked_because=row.cells["not_checked_because"],
        )
        if requirement.strength not in _STRENGTHS:
            row.refuse(f"The strength must be one of {', '.join(_STRENGTHS)}.")
        if requirement.id in requirements:
            row.refuse(f"The requirement {requirement.id} stands there twice.")
        requirements[requirement.id] = requirement
    return MappingProxyType(requirements)


def citation_faults(cites: Collection[str], requirements: Mapping[str, Requirement]) -> Iterator[str]:
    """Yield a sentence for each citation that leads nowhere; nothing may be asked of anybody without one."""
    if not cites:
        yield f"Nothing is cited: name a requirement, or the words {OUR_ASSUMPTION!r}."
    for cite in cites:
        if requirements and cite != OUR_ASSUMPTION and cite not in requirements:
            yield f"{cite!r} is no requirement of requirements.csv, nor the words {OUR_ASSUMPTION!r}."
