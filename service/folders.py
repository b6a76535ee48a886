"""Folders whose names outlive a power cut: a file that was flushed is lost all the same if its folder was not."""

from __future__ import annotations

import os
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
