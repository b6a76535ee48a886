"""Where a master key comes from: a file, the environment, or a program that asks a key management service."""

from __future__ import annotations

import base64
import os
import secrets
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from canonical.errors import ConfigurationError
from service.folders import write_once
from service.keyring.master import LocalMaster, Masters
from service.keyring.wrapping import KEY_BYTES
from service.settings import Settings

#: The environment variable that may hold the master key itself, base64 (32 bytes).
ENVIRONMENT: Final = "ECAS_MASTER_KEY"
#: The same, of the master key before, while it is being replaced.
PREVIOUS: Final = "ECAS_PREVIOUS_MASTER_KEY"
#: How long the program may take that gets the key.
_PATIENCE: Final = 30
_WRONG: Final = "The master key must be 32 bytes, base64-encoded."


def open_masters(
    settings: Settings, *, may_make: bool, environment: Mapping[str, str] = os.environ
) -> tuple[Masters, bool]:
    """Return the masters of this deployment, and whether a key file was made just now.

    The environment's key comes first, then the program's, then the file's. A file is made only where the database holds
    nothing yet (``may_make``): a new key beside an old database would open nothing of it.

    Raises:
        ConfigurationError: there is no key, or it cannot be had, is not one, or others may read it.
    """
    previous = None
    if given := environment.get(PREVIOUS):
        previous = LocalMaster(_decode(given))
    elif settings.previous_key_file is not None:
        previous = LocalMaster(_read(settings.previous_key_file))
    if given := environment.get(ENVIRONMENT):
        return Masters(current=LocalMaster(_decode(given)), previous=previous), False
    if settings.master_command is not None:
        return Masters(current=LocalMaster(_asked(settings.master_command)), previous=previous), False
    file = settings.master_key_file
    made = may_make and make_key_file(file)
    return Masters(current=LocalMaster(_read(file)), previous=previous), made


def make_key_file(file: Path) -> bool:
    """Write a fresh key where there is none; whoever comes first wins, whole or not at all."""
    if file.exists():
        return False
    return write_once(file, base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")


def _read(file: Path) -> bytes:
    try:
        if file.stat().st_mode & 0o077:
            raise ConfigurationError(f"Others may read the master key file {file.name}; set its mode to 0600.")
        return _decode(file.read_text("ascii"))
    except FileNotFoundError:
        raise ConfigurationError(
            f"The master key file {file} is not there, and the database cannot be read without it. "
            "Put your copy of it back; a new key would open nothing."
        ) from None
    except UnicodeDecodeError:
        raise ConfigurationError(_WRONG) from None


def _asked(program: Path) -> bytes:
    """Run the program that gets the key; what it prints is shown to nobody."""
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own setting, a path and no shell
            [program], capture_output=True, timeout=_PATIENCE, check=False, text=True, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        raise ConfigurationError(f"The program of ECAS_MASTER_COMMAND gave no key within {_PATIENCE} s.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"The program of ECAS_MASTER_COMMAND cannot be used ({type(error).__name__}); is it executable?"
        ) from None
    if done.returncode:
        raise ConfigurationError(f"The program of ECAS_MASTER_COMMAND ended with {done.returncode} and gave no key.")
    return _decode(done.stdout)


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except ValueError:
        raise ConfigurationError(_WRONG) from None
