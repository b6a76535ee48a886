"""``ecas spec``: the specification packages at hand, what they ask, and whether they keep their own word."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import click

from service import settings
from service.cli.suggestion import close_to
from service.clock import utc_now
from service.reports.run import Exit
from specs.catalog import Catalog
from specs.spec import AgeRange, Condition, Item, Rule, Spec

_PACKAGE = click.argument("package", metavar="[VERSION|FOLDER]", required=False)


@click.group(epilog="\b\nExample:\n  ecas spec show 2026.1 LDF_SLEEP")
def command() -> None:
    """List, show, verify and seal specification packages."""


@command.command(name="list", epilog="\b\nExample:\n  ecas spec list")
def list_() -> int:
    """List the packages at hand."""
    rows = [("version", "status", "in force", "title")]
    rows += [(s.version, s.status.value, s.in_force.isoformat(), s.title) for s in _catalog().versions()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        _say("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
    return Exit.CLEAN


@command.command(epilog="\b\nExample:\n  ecas spec show 2026.1 B012")
@_PACKAGE
@click.argument("code", required=False)
def show(package: str | None, code: str | None) -> int:
    """Show a package, or one item or rule of it."""
    spec = _chosen(package)
    if code is None:
        _show_package(spec)
        return Exit.CLEAN
    item, rule = spec.items.get(code), next((rule for rule in spec.rules if rule.code == code), None)
    if item:
        _tell(_item_told(item, spec))
    elif rule:
        _tell(_rule_told(rule, spec))
    else:
        known = [*spec.items, *(rule.code for rule in spec.rules)]
        raise click.UsageError(f"{spec.version} has no item or rule {code!r}.{close_to(code, known)}")
    return Exit.CLEAN


@command.command(epilog="\b\nExample:\n  ecas spec verify specs/packages/2026.1")
@_PACKAGE
def verify(package: str | None) -> int:
    """Check a package against itself: seal, schema, requirements, every rule's cases, examples through both judges."""
    from service.cli.verification import verified  # noqa: PLC0415 - brings the sandbox's judge and lxml

    spec = _chosen(package)
    faults = 0
    for check in verified(spec, utc_now()):
        _say(f"{'ok   ' if not check.defects else 'FAULT'}  {check.name}: {check.told}")
        for defect in check.defects:
            _say(f"       {defect}")
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


def _catalog() -> Catalog:
    return Catalog(*settings.load().spec_path)


def _chosen(package: str | None) -> Spec:
    """Return the package that was named, or the one in force today."""
    catalog = _catalog()
    return catalog.named(package) if package else catalog.for_date(utc_now().date())


def _show_package(spec: Spec) -> None:
    _tell(
        {
            "version": f"{spec.version} ({spec.status.value}), in force {spec.in_force.isoformat()}",
            "title": spec.title,
            "publisher": spec.publisher,
            "source": spec.source,
            "digest": spec.digest,
        }
    )
    for instrument in spec.instruments.values():
        items = [item for item in spec.items.values() if item.belongs_to(instrument.code)]
        _say(f"\n{instrument.title} ({instrument.code}), ages {_ages(instrument.age)}: {len(items)} items")
        for section in instrument.sections:
            _say(f"  {section.code:<4} {section.title}: {sum(item.section == section.code for item in items)} items")
    _say(f"\n{len(spec.rules)} rules")
    for rule in spec.rules:
        _say(f"  {rule.code}  {rule.severity.value:<8} {rule.title}")
    open_ = [requirement for requirement in spec.requirements.values() if requirement.not_checked_because]
    _say(f"\n{len(spec.requirements)} requirements, {len(open_)} of them not checked, each with its reason")


def _item_told(item: Item, spec: Spec) -> dict[str, str]:
    codes = spec.codes[item.codes].values() if item.codes else ()
    return {
        "item": f"{item.code}  {item.label}",
        "section": item.section,
        "instrument": ", ".join(item.instruments) or "all",
        "type": item.type.value,
        "codes": ", ".join(f"{code.value} ({code.label})" for code in codes),
        "range": f"{_end(item.minimum)} to {_end(item.maximum)}"
        if (item.minimum, item.maximum) != (None, None)
        else "",
        "length": str(item.length or ""),
        "pattern": item.pattern or "",
        "ages": _ages(item.age) if item.age else "",
        "required": _required(item),
        "leaves": "always" if item.consent.value == "always" else "with the member's consent to the full CANS",
        "wire": item.wire or "stays home",
        "cites": ", ".join(item.cites),
    }


def _rule_told(rule: Rule, spec: Spec) -> dict[str, str]:
    desk = spec.desk(rule.desk)
    return {
        "rule": f"{rule.code}  {rule.title} ({rule.severity.value}, {rule.kind})",
        "what": rule.message,
        "why": rule.why,
        "fix": rule.fix,
        "ask": desk.name if desk else "",
        "fhirpath": rule.fhirpath,
        "cites": ", ".join(rule.cites),
    }


def _required(item: Item) -> str:
    if item.required:
        return "yes"
    return f"when {_conditions(item.required_when)}" if item.required_when else "no"


def _conditions(conditions: Iterable[Condition]) -> str:
    return " and ".join(_condition(condition) for condition in conditions)


def _condition(condition: Condition) -> str:
    if not condition.values:
        return f"{condition.item} is {'not ' if condition.negated else ''}answered"
    return f"{condition.item} is {'not ' if condition.negated else ''}{' or '.join(condition.values)}"


def _ages(age: AgeRange) -> str:
    return f"{_end(age.youngest)} to {_end(age.oldest)}"


def _end(number: int | None) -> str:
    return "…" if number is None else str(number)


def _tell(lines: dict[str, str]) -> None:
    for name, text in lines.items():
        if text:
            _say(f"{name:<11} {text}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
