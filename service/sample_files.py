"""Where the samples are: beside the packages in a checkout, inside this one in an installed wheel."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_INSTALLED: Final = Path(__file__).parent / "samples"
_CHECKOUT: Final = Path(__file__).parent.parent / "samples"

#: The folder of invented payloads, with their mappings and roster.
SAMPLES: Final = _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT
