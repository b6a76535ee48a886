"""Where the service of these tests keeps its things, below the folder that is its whole disk."""

from __future__ import annotations

from pathlib import Path

from service.settings import Settings, load

#: The data folder is there, and durable, before the service first starts: whoever installed it made it.
INSTALLED = {"data_dir": "."}


def settings(disk: Path, places: dict[str, str]) -> Settings:
    """Return the settings of a service whose paths are these, relative to its disk."""
    return load(disk, {f"ECAS_{name.upper()}": str(disk / place) for name, place in places.items()})
