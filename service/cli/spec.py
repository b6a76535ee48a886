"""``ecas spec``: the specification packages at hand, what they ask, and whether they keep their own word."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

import click

from service import settings
from service.clock import utc_now
from service.reports.run import Exit
from specs.catalog import Catalog
from specs.spec import Spec

_PACKAGE = click.argument("package", metavar="[VERSION|FOLDER]", required=False)


#: Subcommands in files of their own, imported when they are asked for; the module of that name holds it as ``command``.
_ELSEWHERE: Final = {
    "show": "spec_show",
    "explain": "spec_explain",
    "diff": "spec_diff",
    "adopt": "spec_adopt",
    "new": "spec_new",
    "export": "spec_export",
    "fixtures": "spec_fixtures",
}


class SpecCommands(click.Group):
    """The subcommands of this file, and those elsewhere."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all names, in the order of the alphabet."""
        return sorted([*super().list_commands(ctx), *_ELSEWHERE])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one subcommand."""
        if cmd_name not in _ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        found = import_module(f"service.cli.{_ELSEWHERE[cmd_name]}").command
        assert isinstance(found, click.Command)
        return found


@click.group(cls=SpecCommands, epilog="\b\nExample:\n  ecas spec show 2026.1 LDF_SLEEP")
def command() -> None:
    """List, show, compare, verify and seal specification packages."""


@command.command(name="list", epilog="\b\nExample:\n  ecas spec list\n  ecas spec list /srv/specs")
@click.argument("folders", metavar="[FOLDER]...", nargs=-1, type=click.Path(path_type=Path))
def list_(folders: Sequence[Path]) -> int:
    """List the packages at hand, and those in further folders."""
    rows = [("version", "status", "in force", "title")]
    rows += [(s.version, s.status.value, s.in_force.isoformat(), s.title) for s in _catalog(folders).versions()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        _say("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
    return Exit.CLEAN


@command.command(epilog="\b\nExample:\n  ecas spec verify specs/packages/2026.1")
@_PACKAGE
@click.option(
    "--mutants", is_flag=True, help="Also change every rule by machine, and count what its cases do not notice."
)
def verify(package: str | None, *, mutants: bool) -> int:
    """Check a package against itself: seal, schema, requirements, every rule's cases, examples through both judges."""
    from service.cli.verification import proved, verified  # noqa: PLC0415 - brings the sandbox's judge and lxml

    spec = _chosen(package)
    faults = 0
    for check in (*verified(spec, utc_now()), *((proved(spec),) if mutants else ())):
        _say(f"{'ok   ' if not check.defects else 'FAULT'}  {check.name}: {check.told}")
        for line in (*check.defects, *check.notes):
            _say(f"       {line}")
        faults += len(check.defects)
    _say(
        f"The {spec.status.value} {spec.version} {'keeps its word.' if not faults else f'does not keep its word: defects, {faults}.'}"
    )
    return Exit.FINDINGS if faults else Exit.CLEAN


@command.command(epilog="\b\nExample:\n  ecas spec seal specs/packages/2026.2")
@click.argument("folder", type=click.Path(path_type=Path))
def seal(folder: Path) -> int:
    """Write a package's SHA256SUMS. A published package is never sealed again: make a new version instead."""
    from specs.seal import seal as seal_package  # noqa: PLC0415 - the command has the better name

    _say(seal_package(folder))
    return Exit.CLEAN


@command.command(epilog="\b\nExample:\n  ecas spec docs --out docs/rules --check")
@_PACKAGE
@click.option("--out", type=click.Path(path_type=Path), metavar="FOLDER", required=True, help="Where the pages stand.")
@click.option("--check", is_flag=True, help="Write nothing; say which pages are missing, stale or left over.")
def docs(package: str | None, out: Path, *, check: bool) -> int:
    """Write a page for every code that a finding can bear."""
    from service import rule_pages  # noqa: PLC0415 - brings the judge

    pages = rule_pages.pages(_chosen(package))
    faults = rule_pages.stale(out, pages)
    if not check:
        rule_pages.write(out, pages)
        _say(f"{len(pages)} pages in {out}.")
        return Exit.CLEAN
    for fault in faults:
        _say(fault)
    _say(
        f"{len(pages)} pages in {out}: {'fresh.' if not faults else f'stale, {len(faults)}; “make docs” writes them anew.'}"
    )
    return Exit.FINDINGS if faults else Exit.CLEAN


def _catalog(further: Sequence[Path] = ()) -> Catalog:
    return Catalog(*settings.load().spec_path, *further)


def _chosen(package: str | None) -> Spec:
    """Return the package that was named, here or in the settings, or the one in force today."""
    catalog, named = _catalog(), package or settings.load().spec
    return catalog.named(named) if named else catalog.for_date(utc_now().date())


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
