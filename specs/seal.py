"""SHA256SUMS: the seal of a package, in the format of ``sha256sum``."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Final

from canonical.errors import ConfigurationError
from specs.defects import Defects
from specs.folder import Folder, read_folder

#: The file that lists all others.
SEAL: Final = "SHA256SUMS"
#: One line of it: the digest, two spaces (or a space and ``*``), the path.
_LINE: Final = re.compile(r"([0-9a-f]{64}) [ *](.+)")


def digest_of(seal: bytes) -> str:
    """Return a package's digest, which is that of its seal: ``sha-256:<hex>``."""
    return f"sha-256:{hashlib.sha256(seal).hexdigest()}"


def sealed_as(directory: Path) -> str:
    """Return the digest that a package goes by, without reading anything else of it.

    Raises:
        ConfigurationError: it is not sealed, or cannot be read.
    """
    return digest_of(read_folder(directory, only=SEAL).files[SEAL])


def seal(directory: Path) -> str:
    """Write the package's SHA256SUMS over all its other files, and return the package's digest.

    Raises:
        ConfigurationError: it is no package directory, or holds links.
    """
    folder = read_folder(directory)
    if "package.toml" not in folder.files:
        raise ConfigurationError(f"{directory} is no specification package: it holds no package.toml.")
    if folder.strange:
        raise ConfigurationError(f"{directory} holds {folder.strange[0]}, which is no plain file; a seal covers files.")
    lines = (f"{_sum(content)}  {name}\n" for name, content in folder.files.items() if name != SEAL)
    content = "".join(lines).encode()
    (directory / SEAL).write_bytes(content)
    return digest_of(content)


def check_seal(folder: Folder, defects: Defects) -> None:
    """Note every file whose bytes are not the sealed ones, is not listed, or is listed and not there."""
    for name in folder.strange:
        defects.add(name, 1, "This is no plain file; a package holds nothing else.")
    listed = folder.text(SEAL, defects)
    if listed is None:
        return
    sealed: set[str] = set()
    for number, line in enumerate(listed.removesuffix("\n").split("\n"), start=1):
        match = _LINE.fullmatch(line)
        if match is None:
            defects.add(SEAL, number, "This line is not a SHA-256 digest, two spaces and a path.")
            continue
        digest, name = match.groups()
        if name in sealed:
            defects.add(SEAL, number, f"The file {name} is listed twice.")
        elif name not in folder.files:
            defects.add(SEAL, number, f"The file {name} is listed but not in the package.")
        elif _sum(folder.files[name]) != digest:
            defects.add(SEAL, number, f"The file {name} was changed after the package was sealed.")
        sealed.add(name)
    for name in folder.files:
        if name not in sealed and name != SEAL:
            defects.add(name, 1, f"The file is not listed in {SEAL}.")


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
