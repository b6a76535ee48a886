"""``ecas map``: the state's document for each assessment of a payload."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from canonical.errors import ConfigurationError, UnfitDocument
from canonical.finding import Finding
from canonical.outcome import Document
from gateway_client.envelope import build
from service.cli import payload_files, private_file
from service.cli.checker import Checker, Examined
from service.cli.judging_options import Choices, judging_options
from service.clock import utc_now
from service.refusals import unfit
from service.reports import text
from service.reports.run import Exit, Run

_STDOUT = Path("-")


@click.command(epilog="\b\nExample:\n  ecas map export.json --roster roster.csv --out document.xml")
@click.argument("path", metavar="PATH", type=click.Path(path_type=Path))
@judging_options
@click.option(
    "--out",
    type=click.Path(path_type=Path, allow_dash=True),
    default=_STDOUT,
    metavar="FILE|FOLDER|-",
    help="Where to write, readable by you alone; several documents need a folder. [default: -]",
)
@click.option(
    "--force", is_flag=True, help="Write it although judging blocks or holds it. Nothing is ever sent from here."
)
def command(*, path: Path, choices: Choices, out: Path, force: bool) -> int:
    """Write the state's document for each assessment."""
    payload_files.spare([out] if out != _STDOUT else [], [path])
    checker = Checker(choices, utc_now())
    examined = checker.examine(path)
    run = Run(payloads=(examined.checked(),))
    if not run.checked or (run.exit_code and not force):
        return _refuse(run)
    documents, refused = _documents(checker, examined)
    if refused:
        return _refuse(_with(run, refused))
    _write(documents, out)
    return Exit.CLEAN


def _documents(checker: Checker, examined: Examined) -> tuple[list[Document], list[Finding]]:
    """Build every document before any is written, and gather what the schema says against them."""
    documents, refused = [], []
    for assessment, report in examined.judged:
        try:
            documents.append(build(assessment, checker.spec_for(examined, assessment), checker.sending(examined)))
        except UnfitDocument as fault:
            if not any(finding.rule in ("X003", "X006") for finding in report.findings):
                refused.append(unfit(assessment, fault))
    return documents, refused


def _with(run: Run, refused: Sequence[Finding]) -> Run:
    (payload,) = run.payloads
    return replace(run, payloads=(replace(payload, findings=(*payload.findings, *refused)),))


def _refuse(run: Run) -> int:
    """Tell why nothing was written, where it does not mix with a document."""
    sys.stderr.write(text.write(run))
    sys.stderr.write("No document was written.\n")
    return run.exit_code


def _write(documents: Sequence[Document], out: Path) -> None:
    """Write one document as it is, several into a folder by their number: a name that we make holds nothing of a record.

    Raises:
        ConfigurationError: there are several and no folder for them, or it cannot be written.
    """
    if out == _STDOUT and len(documents) > 1:
        raise ConfigurationError(f"There are {len(documents)} documents: name a folder for them with --out.")
    if out == _STDOUT:
        sys.stdout.buffer.write(documents[0].content)
    elif len(documents) == 1 and not out.is_dir():
        private_file.write(out, documents[0].content)
    else:
        _write_folder(documents, out)


def _write_folder(documents: Sequence[Document], folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"{folder} cannot be a folder: {os.strerror(error.errno or 0)}.") from None
    digits = max(4, len(str(len(documents))))
    for number, document in enumerate(documents, start=1):
        private_file.write(folder / f"{number:0{digits}}.xml", document.content)
