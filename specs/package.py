"""package.toml: what a package is, how far it may be trusted, and since when it is in force."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from canonical.notice import NoticePlaces
from specs.defects import Defects
from specs.folder import Folder, read_folder
from specs.spec import Status, Wire
from specs.toml_table import Table, read_toml

#: The file that makes a directory a package.
PACKAGE_FILE: Final = "package.toml"

#: Versions stand in reports, addresses and names of files.
_VERSION: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageSummary:
    """What a package says about itself."""

    version: str
    title: str
    publisher: str
    status: Status
    in_force: date
    #: The version whose place it takes; empty where there is none.
    supersedes: str
    source: str
    directory: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageFile:
    """The whole of package.toml."""

    summary: PackageSummary
    wire: Wire
    #: Where the notice of a Part 2 record stands; None where the document has no place for it.
    notice: NoticePlaces | None
    #: The item that holds consent, and the codes that allow the full CANS to leave.
    consent_item: str
    consent_full: frozenset[str]
    #: For the checks that need the dictionary.
    consent: Table


def read_package_file(folder: Folder, defects: Defects) -> PackageFile:
    """Read package.toml."""
    with read_toml(folder, PACKAGE_FILE, defects) as file, file.table("wire") as wire, file.table("consent") as consent:
        return PackageFile(
            summary=_read_summary(file, folder.directory),
            wire=Wire(root=wire.text("root"), namespace=wire.text("namespace")),
            notice=_read_notice(file),
            consent_item=consent.text("item"),
            consent_full=frozenset(consent.texts("full")),
            consent=consent,
        )


def _read_notice(file: Table) -> NoticePlaces | None:
    """Read where the document holds what 42 CFR 2.32 wants beside a record; a package may lack the place."""
    if "part_two" not in file:
        return None
    with file.table("part_two") as places:
        return NoticePlaces(statement=places.text("statement"), scope=places.text("scope"))


def read_summary(directory: Path) -> PackageSummary:
    """Read what a package says about itself, and no other file of it.

    Raises:
        SpecDefect: its package.toml is broken.
        ConfigurationError: it cannot be read.
    """
    defects = Defects()
    summary = read_package_file(read_folder(directory, only=PACKAGE_FILE), defects).summary
    defects.refuse_any(str(directory))
    return summary


def _read_summary(file: Table, directory: Path) -> PackageSummary:
    version = file.text("version")
    if version and not _VERSION.fullmatch(version):
        file.refuse("version", "A version is made of letters, digits, dots, dashes and underscores, 64 at most.")
    return PackageSummary(
        version=version,
        title=file.text("title"),
        publisher=file.text("publisher"),
        status=file.choice("status", Status.DRAFT),
        in_force=file.day("in_force"),
        supersedes=file.text("supersedes", default=""),
        source=file.text("source"),
        directory=directory,
    )
