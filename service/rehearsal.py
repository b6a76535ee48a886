"""A hurried copy of the specification package: the same rules, and a schedule that a person can watch."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Final

from specs.catalog import PACKAGES
from specs.seal import seal

#: The package that is hurried.
ORIGINAL: Final = PACKAGES / "2026.1"
#: A day later than the original, so that it is the one in force.
_IN_FORCE: Final = "2026-01-02"
VERSION: Final = "2026.1-rehearsal"


def hurried_package(folder: Path, *, first_delay: int = 1, total_timeout: int = 5) -> Path:
    """Write the copy into ``folder`` (for ``ECAS_SPEC_PATH``) and return the folder; delays and timeouts are seconds."""
    target = folder / VERSION
    shutil.copytree(ORIGINAL, target)
    _set(target / "package.toml", version=f'"{VERSION}"', in_force=_IN_FORCE, supersedes='"2026.1"')
    _set(
        target / "transport.toml",
        schedule_seconds=f"[{first_delay}, {2 * first_delay}, {4 * first_delay}]",
        poll_seconds=str(first_delay),
        total_timeout_seconds=str(total_timeout),
        wait_seconds="1",
    )
    seal(target)
    return folder


def _set(file: Path, **values: str) -> None:
    """Give keys of a TOML file new values, each on its own line, and leave every other line as it is."""
    text = file.read_text("utf-8")
    for key, value in values.items():
        text, count = re.subn(rf"^{key}(\s*)=.*$", rf"{key}\1= {value}", text, count=1, flags=re.MULTILINE)
        if count != 1:
            raise LookupError(key)
    file.write_text(text, "utf-8")
