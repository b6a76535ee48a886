"""Where a certification key comes from: standard input or a file, never an argument, which every process could read."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import click

from canonical.errors import ConfigurationError
from service.cli import payload_files

#: The option of every command that is given a key.
KEY_FILE: Final = click.option(
    "--key-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The key; else the first line of standard input.",
)


def read_key(key_file: Path | None) -> str:
    """Read the key; a terminal is asked without echo."""
    if key_file is None and sys.stdin.isatty():
        return str(click.prompt("Certification key", hide_input=True, err=True)).strip()
    content = payload_files.read(key_file) if key_file else sys.stdin.buffer.readline()
    try:
        key = (content.decode("utf-8-sig").splitlines() or [""])[0].strip()
    except UnicodeDecodeError:
        raise ConfigurationError("The key is not text in UTF-8.") from None
    if not key:
        raise ConfigurationError("There is no key: give it on standard input, or name a file with --key-file.")
    return key
