"""Files that hold a private key: read only where nobody else may read them."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Final

from canonical.errors import ConfigurationError

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def read_private(file: Path, setting: str) -> bytes:
    """Return the content of a file that the setting names.

    Raises:
        ConfigurationError: it cannot be read, or others may read it.
    """
    content = read_named(file, setting)
    if file.stat().st_mode & _OTHERS:
        raise ConfigurationError(f"{setting}: others may read {file}. It holds a private key: chmod 600 {file}")
    return content


def read_named(file: Path, setting: str) -> bytes:
    """Return the content of a file that the setting names.

    Raises:
        ConfigurationError: it cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{setting}: {file} cannot be read: {error.strerror}.") from None
