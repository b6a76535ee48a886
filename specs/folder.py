"""A package directory read into memory once, so that the bytes that are parsed are the bytes whose digests were checked."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from canonical.errors import ConfigurationError
from specs.defects import Defects


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """The files of one package."""

    directory: Path
    #: Content by path below the directory, with ``/``, sorted.
    files: Mapping[str, bytes] = field(repr=False)
    #: Paths of what is neither a file nor a folder: links, sockets.
    strange: tuple[str, ...] = ()

    def text(self, name: str, defects: Defects) -> str | None:
        """Return a file's text; None, and a defect, where it is missing or not UTF-8."""
        content = self.files.get(name)
        if content is None:
            defects.add(name, 1, "The package needs this file, and it is not there.")
            return None
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError as fault:
            line = content.count(b"\n", 0, fault.start) + 1
            defects.add(name, line, "This line is not UTF-8.")
            return None

    def below(self, folder: str) -> tuple[str, ...]:
        """Return the paths of all files below a sub-folder."""
        return tuple(name for name in self.files if name.startswith(f"{folder}/"))


def read_folder(directory: Path, *, only: str | None = None) -> Folder:
    """Read every file below the directory, or only the one that is named.

    Raises:
        ConfigurationError: there is no such directory, or it cannot be read.
    """
    try:
        found = {only: True} if only else dict(_walk(directory, ""))
        files = {name: (directory / name).read_bytes() for name in sorted(found) if found[name]}
    except OSError as fault:
        raise ConfigurationError(f"The package directory {directory} cannot be read: {fault.strerror}.") from fault
    return Folder(
        directory=directory, files=files, strange=tuple(sorted(name for name, plain in found.items() if not plain))
    )


def _walk(directory: Path, prefix: str) -> Iterator[tuple[str, bool]]:
    """Yield each path below the directory, and whether it is a plain file; links are never followed."""
    with os.scandir(directory) as entries:
        for entry in entries:
            name = f"{prefix}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(Path(entry.path), f"{name}/")
            else:
                yield name, entry.is_file(follow_symlinks=False)
