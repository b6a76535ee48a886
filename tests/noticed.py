"""A package whose document has a place for the notice of 42 CFR Part 2: the provisional one, with that place added."""

from __future__ import annotations

import shutil
from pathlib import Path

from draft import set_keys

from specs.catalog import PACKAGES
from specs.seal import seal

VERSION = "2026.2"
_LAST = '<xs:element name="ChildStrengths" type="ChildStrengths" minOccurs="0"/>'
_NOTICE = """
      <xs:element name="Notice" minOccurs="0">
        <xs:complexType>
          <xs:sequence>
            <xs:element name="Statement" type="xs:string"/>
            <xs:element name="ConsentScope" type="xs:string"/>
          </xs:sequence>
        </xs:complexType>
      </xs:element>"""
_PLACES = '\n[part_two]\nstatement = "Notice/Statement"\nscope     = "Notice/ConsentScope"\n'


def shelf(folder: Path) -> Path:
    """Put it onto a shelf, in force since the middle of 2026, and return the shelf."""
    package = folder / VERSION
    shutil.copytree(PACKAGES / "2026.1", package)
    set_keys(package / "package.toml", version=f'"{VERSION}"', in_force="2026-06-01", supersedes='"2026.1"')
    with (package / "package.toml").open("a", encoding="utf-8") as file:
        file.write(_PLACES)
    schema = (package / "wire.xsd").read_text("utf-8")
    assert schema.count(_LAST) == 1
    (package / "wire.xsd").write_text(schema.replace(_LAST, _LAST + _NOTICE), "utf-8")
    seal(package)
    return folder
