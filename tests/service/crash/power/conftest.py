"""The modules beside these tests are imported as ``power.…``, here and in the process that is recorded."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
