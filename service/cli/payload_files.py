"""The payloads among the files and folders that somebody named."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from canonical.errors import ConfigurationError
from service import settings
from service.settings import Settings


def find(paths: Sequence[Path]) -> list[Path]:
    """Return the files in the order named; a folder stands for the payloads in it, sorted.

    Raises:
        ConfigurationError: there is no such file or folder, it cannot be read, or a folder holds no payload.
    """
    return [file for path in paths for file in (_in_folder(path) if path.is_dir() else [_existing(path)])]


def spare(outputs: Sequence[Path], payloads: Sequence[Path]) -> None:
    """Refuse to write over what was sent, or to write two things to one place.

    Raises:
        ConfigurationError: naming the file.
    """
    taken = {file.resolve() for file in payloads}
    for output in outputs:
        if output.resolve() in taken:
            raise ConfigurationError(f"{name_of(output)} would be written over: it is a payload, or named twice.")
        taken.add(output.resolve())


def read(path: Path) -> bytes:
    """Return the file's bytes.

    Raises:
        ConfigurationError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from None


def name_of(path: Path) -> str:
    """Return what sources call the file: the path as it was given, always text."""
    return os.fsencode(path).decode("utf-8", "replace")


def _existing(path: Path) -> Path:
    if not path.exists():
        raise ConfigurationError(f"There is no file or folder {name_of(path)}.")
    return path


def _in_folder(folder: Path) -> list[Path]:
    files = sorted(_walk(folder))
    if not files:
        raise ConfigurationError(f"There is no payload in the folder {name_of(folder)}.")
    return files


def _walk(folder: Path) -> Iterator[Path]:
    """Yield every file that may be a payload: not hidden, no Markdown, no pipe, and nothing that is the settings' or a fixture's own."""
    from service.fixtures.fixture import EXPECTED_FILE  # noqa: PLC0415 - whoever names a file need not pay for it

    no_payloads = {settings.FILE_NAME, EXPECTED_FILE}
    for parent, folders, files in os.walk(folder, onerror=_refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        own = _named_by(settings.load(Path(parent)))
        for file in (Path(parent, name) for name in files):
            if file.name.startswith(".") or file.name in no_payloads or file.suffix == ".md" or _would_wait(file):
                continue
            if not own.intersection([file.absolute(), *file.absolute().parents]):
                yield file


def _would_wait(file: Path) -> bool:
    """Return whether reading waits for somebody, or never ends: a pipe, a socket, a device. Who names one by itself means it."""
    return file.exists() and not file.is_file()


def _named_by(chosen: Settings) -> frozenset[Path]:
    """Return the files and folders that the settings say are mappings, roster, packages or the service's own."""
    named = (chosen.roster, chosen.mapping_path, *chosen.spec_path, chosen.data_dir)
    return frozenset(Path(os.path.normpath(path)) for path in named if path is not None)


def _refuse(error: OSError) -> None:
    raise ConfigurationError(f"{error.filename} cannot be read: {error.strerror}.") from None
