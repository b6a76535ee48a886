"""One line that nobody else may see: from a file or standard input, never from the command line."""

from __future__ import annotations

import sys
from pathlib import Path

from canonical.errors import ConfigurationError
from service.cli import payload_files


def read_line(file: Path) -> str:
    """Return the first line of a file, or of standard input for ``-``.

    Raises:
        ConfigurationError: it cannot be read, or is empty.
    """
    content = sys.stdin.buffer.readline() if str(file) == "-" else payload_files.read(file)
    try:
        line = (content.decode("utf-8-sig").splitlines() or [""])[0].strip()
    except UnicodeDecodeError:
        raise ConfigurationError("The identifier is not text in UTF-8.") from None
    if not line:
        raise ConfigurationError("There is no identifier: its file is empty.")
    return line
