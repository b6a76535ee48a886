"""desks.toml: who can help, and the words to say."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from canonical.desk import Desk
from specs.defects import Defects
from specs.folder import Folder
from specs.toml_table import Table, read_toml


def read_desks(folder: Folder, defects: Defects) -> Mapping[str, Desk]:
    """Read the desks, by id."""
    with read_toml(folder, "desks.toml", defects) as file, file.table("desks") as desks:
        return MappingProxyType({name: _read_desk(name, desks.table(name)) for name in desks.keys()})  # noqa: SIM118


def _read_desk(name: str, table: Table) -> Desk:
    with table:
        return Desk(
            id=name,
            name=table.text("name"),
            email=table.text("email", default="") or None,
            phone=table.text("phone", default="") or None,
            handles=table.text("handles"),
            say=table.text("say"),
        )
