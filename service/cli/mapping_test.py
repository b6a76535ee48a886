"""``ecas mapping test``: the cases of a mapping, run, and frozen."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from adapters.mapping import load_mapping
from service import settings
from service.cli import private_file
from service.clock import utc_now
from service.proving import case as cases_of
from service.proving.case import Case
from service.proving.trial import Difference, differences, masked, read
from service.reports.printable import printable
from service.reports.run import Exit
from specs.catalog import Catalog
from specs.spec import Spec

_MASK = "•••••• (masked)"


@click.command(name="test", epilog="\b\nExample:\n  ecas mapping test mappings/riverbend.toml")
@click.argument("mapping", type=click.Path(path_type=Path), metavar="MAPPING")
@click.option("--cases", "folder", type=click.Path(path_type=Path), metavar="FOLDER", help="Else NAME.cases beside it.")
@click.option("--spec", "package", metavar="VERSION|FOLDER", help="Whose items are masked. [default: in force today]")
@click.option("--show-values", is_flag=True, help="Also show what is expected and what is read.")
@click.option("--write", is_flag=True, help="Freeze what is read now, as what must be read from now on.")
def command(*, mapping: Path, folder: Path | None, package: str | None, show_values: bool, write: bool) -> int:
    """Read the payloads of a mapping's cases, and tell where that differs from what they say.

    Without --show-values only the items are named. Credentials and free text stay masked even then.
    """
    loaded = load_mapping(mapping)
    catalog = Catalog(*settings.load().spec_path)
    named = package or settings.load().spec
    spec = catalog.named(named) if named else catalog.for_date(utc_now().date())
    found = cases_of.cases(folder or mapping.with_suffix(cases_of.FOLDER))
    told = [(one, now, tuple(differences(one, now))) for one in found for now in [read(one, loaded)]]
    if write:
        return _frozen(told)
    for one, _, differing in told:
        _say(f"{'ok   ' if not differing else 'OTHER'}  {_name(one)}{f': {printable(one.why)}' if one.why else ''}")
        for difference in differing:
            _say(f"       {_told(difference, spec, show_values=show_values)}")
    failed = sum(bool(differing) for _, _, differing in told)
    _say(f"{loaded.name}: cases {len(told)}, as they were {len(told) - failed}, otherwise {failed}.")
    if not told:
        return Exit.COULD_NOT_CHECK
    return Exit.FINDINGS if failed else Exit.CLEAN


def _frozen(told: Sequence[tuple[Case, Case, tuple[Difference, ...]]]) -> int:
    """Write what is read now into the cases that differ."""
    for one, now, differing in told:
        if differing:
            private_file.write(one.file, cases_of.write(replace(now, why=one.why)).encode())
            _say(f"frozen  {_name(one)}")
    _say(f"Cases {len(told)}, frozen anew {sum(bool(differing) for _, _, differing in told)}.")
    return Exit.CLEAN


def _name(one: Case) -> str:
    return printable(one.file.name)


def _told(difference: Difference, spec: Spec, *, show_values: bool) -> str:
    where = f"assessment {difference.assessment}, " if difference.assessment else ""
    if not difference.item:
        return f"{where}{difference.text}"
    sentence = f"{where}{difference.item}: {difference.text}"
    if not show_values:
        return sentence
    return f"{sentence}; expected {_value(difference.wanted, difference, spec)}, read {_value(difference.read, difference, spec)}"


def _value(text: str | None, difference: Difference, spec: Spec) -> str:
    if text is None:
        return "nothing"
    return _MASK if masked(difference, spec) else printable(text)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
