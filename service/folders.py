"""Folders whose names outlive a power cut: a file that was flushed is lost all the same if its folder was not."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def make_durably(folder: Path) -> None:
    """Make a folder that is its owner's alone, with those above it, and flush every name on the way to it."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for made in missing:
        flush(made.parent)


def flush(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_once(file: Path, content: bytes) -> bool:
    """Write a file of mode 0600 where there is none, whole or not at all; False where somebody else was first."""
    make_durably(file.parent)
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    try:
        os.link(draft, file)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
        flush(file.parent)
    return True
