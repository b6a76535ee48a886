"""``python -m service`` is ``ecas``: how the service starts itself as further processes."""

from __future__ import annotations

from service.cli.main import run

run()
