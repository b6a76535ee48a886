"""That a program of ours began, and with which settings: told by a keyed digest, so that no value is in the trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canonical.version import __version__
from service.audit.deed import DEPLOYMENT, Deed

if TYPE_CHECKING:
    from service.settings import Settings
    from service.vault import Vault


def started(program: str, settings: Settings, vault: Vault) -> Deed:
    """Return the deed of a start: its version, the settings that were chosen by name, and whether they are those of before.

    Two starts with the same digest had the same settings; the digest tells nobody what they were.
    """
    chosen = sorted(settings.model_fields_set)
    whole = vault.digest("settings", *(f"{name}={_plain(getattr(settings, name))}" for name in chosen))
    detail = f"program={program} version={__version__} settings={whole[:16]} chosen={','.join(chosen)}"
    return Deed(
        agency=DEPLOYMENT, action="service.started", actor=program, kind="program", about=program, detail=detail
    )


def _plain(value: object) -> str:
    reveal = getattr(value, "get_secret_value", None)
    return str(reveal() if callable(reveal) else value)
