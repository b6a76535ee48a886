"""``ecas fix``: mends mechanical faults in the sender's own file. Shows values, because somebody asked to see them."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from canonical.errors import ConfigurationError
from service.cli import payload_files
from service.cli.checker import Checker
from service.cli.judging_options import Choices, judging_options
from service.clock import utc_now
from service.edits.applying import diff
from service.edits.mending import Mending, mend
from service.reports.printable import printable
from service.reports.run import Exit
from service.reports.text import place

_WORKBOOK: Final = "workbook"


@click.command(epilog="\b\nExample:\n  ecas fix export.csv --apply")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--apply", "write", is_flag=True, help="Write the files; without it only show what would be written.")
@click.option("--list", "as_list", is_flag=True, help="List the edits, place by place, instead of showing a diff.")
@judging_options
def command(*, paths: Sequence[Path], write: bool, as_list: bool, choices: Choices) -> int:
    """Mend mechanical faults in the file itself, where the answer is certain."""
    checker = Checker(choices, utc_now())
    files = payload_files.find(paths)
    mendings = [(file, mend(checker, file)) for file in files]
    for file, mending in mendings:
        sys.stdout.write("".join(f"{line}\n" for line in (_listed(mending) if as_list else _diff(mending))))
        sys.stderr.write("".join(f"{line}\n" for line in _remarks(mending)))
        if write and mending.mended:
            if payload_files.read(file) != mending.payload.content:
                raise ConfigurationError(
                    f"{payload_files.name_of(file)} was changed while it was looked at: run again."
                )
            _replace(file, mending.content)
    count = sum(len(mending.mended) for _, mending in mendings)
    changed = sum(bool(mending.mended) for _, mending in mendings)
    sys.stderr.write(f"{_told(count, changed, write=write)}\n")
    astray = any(mending.astray for _, mending in mendings)
    return Exit.FINDINGS if astray or (count and not write) else Exit.CLEAN


def _told(count: int, files: int, *, write: bool) -> str:
    if not count:
        return "Nothing to mend: no fault whose mending is certain."
    what = f"{count} {'fault' if count == 1 else 'faults'} in {files} {'file' if files == 1 else 'files'}"
    return f"Mended {what}." if write else f"{what} can be mended for certain; --apply writes it."


def _diff(mending: Mending) -> list[str]:
    if not mending.mended:
        return []
    lines = diff(printable(mending.payload.name), mending.payload.content, mending.content, mending.encoding)
    return ["\t".join(map(printable, line.split("\t"))) for line in lines]


def _listed(mending: Mending) -> list[str]:
    """Return each edit in a line: place, item, the bytes and what is written there."""
    return [
        f"{place(finding.sources[0])} {finding.items[0]}: bytes {finding.edit.start} to {finding.edit.end} "
        f"become {printable(finding.edit.replacement)}"
        for finding in mending.mended
        if finding.edit is not None
    ]


def _remarks(mending: Mending) -> list[str]:
    """Return what a person has to look at."""
    name = printable(mending.payload.name)
    if mending.format == _WORKBOOK:
        return [f"{name}: A workbook is never written by us. Mend its cells in the program that it comes from."]
    told = [
        f"{place(finding.sources[0])}: {finding.items[0]} is left to you: one answer is likely, and none is certain "
        "(--report json of “ecas validate” shows it)."
        for finding in mending.likely
    ]
    if mending.astray:
        told.append(f"{name}: An edit changed more than its own place, so it was not made. Please tell us.")
    return told


def _replace(path: Path, content: bytes) -> None:
    """Write a file anew, whole or not at all, with the mode that it has; a link keeps pointing to it.

    Raises:
        ConfigurationError: it cannot be written.
    """
    target = path.resolve()
    draft = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        mode = target.stat().st_mode & 0o7777
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(mode)
        draft.replace(target)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ConfigurationError(f"{payload_files.name_of(path)} cannot be written: {error.strerror}.") from None
