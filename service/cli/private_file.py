"""Files that only their owner may read, written whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from canonical.errors import ConfigurationError


def write(path: Path, content: bytes | Iterable[bytes]) -> None:
    """Write the file with mode 0600, replacing what was there; a device or a pipe is simply written to.

    What comes in pieces is never held as a whole.

    Raises:
        ConfigurationError: it cannot be written.
    """
    pieces = (content,) if isinstance(content, bytes) else content
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                file.writelines(pieces)
        else:
            _replace(path, pieces)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}.") from None


def _replace(path: Path, pieces: Iterable[bytes]) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(pieces)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
