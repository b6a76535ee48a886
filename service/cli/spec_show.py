"""``ecas spec show``: a whole package on a page or two, or one code of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from service import settings
from service.changes.phrases import ages, plain
from service.cli.spec_explain import aligned, explain
from service.clock import utc_now
from service.reports.run import Exit
from specs.catalog import Catalog
from specs.spec import Spec


@click.command(name="show", epilog="\b\nExample:\n  ecas spec show 2026.1 B012")
@click.argument("package", metavar="[VERSION|FOLDER]", required=False)
@click.argument("code", required=False)
def command(*, package: str | None, code: str | None) -> int:
    """Show a package, or one item or rule of it."""
    chosen = settings.load()
    catalog, named = Catalog(*chosen.spec_path), package or chosen.spec
    spec = catalog.named(named) if named else catalog.for_date(utc_now().date())
    if code is not None:
        explain(code, spec)
        return Exit.CLEAN
    for part in (_head, _instruments, _codes, _rules, _requirements, _certification, _sending, _desks):
        for line in part(spec):
            sys.stdout.write(f"{line}\n")
    return Exit.CLEAN


def _head(spec: Spec) -> Iterator[str]:
    yield from aligned(
        (
            ("version", f"{spec.version} ({spec.status.value}), in force {spec.in_force.isoformat()}"),
            ("title", spec.title),
            ("publisher", spec.publisher),
            ("source", spec.source),
            ("digest", spec.digest),
            ("folder", str(spec.directory)),
        )
    )


def _instruments(spec: Spec) -> Iterator[str]:
    for instrument in spec.instruments.values():
        items = [item for item in spec.items.values() if item.belongs_to(instrument.code)]
        yield f"\n{instrument.title} ({instrument.code}), {ages(instrument.age)}: {len(items)} items"
        for section in instrument.sections:
            count = sum(item.section == section.code for item in items)
            often = f", up to {section.repeats} times" if section.repeats > 1 else ""
            yield f"  {section.code:<4} {section.title}: {count} items{often}"


def _codes(spec: Spec) -> Iterator[str]:
    yield f"\n{len(spec.codes)} code lists"
    for name, codes in spec.codes.items():
        yield f"  {name}: {', '.join(codes)}"


def _rules(spec: Spec) -> Iterator[str]:
    yield f"\n{len(spec.rules)} rules"
    for rule in spec.rules:
        yield f"  {rule.code}  {rule.severity.value:<8} {rule.title}"


def _requirements(spec: Spec) -> Iterator[str]:
    unchecked = [requirement for requirement in spec.requirements.values() if requirement.not_checked_because]
    yield f"\n{len(spec.requirements)} requirements, {len(unchecked)} of them not checked, each with its reason"
    for requirement in unchecked:
        yield f"  {requirement.id}  {requirement.not_checked_because}"


def _certification(spec: Spec) -> Iterator[str]:
    policy = spec.certification
    years = f"{policy.validity_years} years" if policy.validity_years else "without end"
    yield f"\ncertification: a key is valid {years}; {len(policy.waivers)} suspensions of testing"
    for name, standing in policy.standings.items():
        yield f"  {standing.action:<6} {name.replace('_', ' ')}{f' ({standing.rule})' if standing.rule else ''}"


def _sending(spec: Spec) -> Iterator[str]:
    transport = spec.transport
    yield f"\ndocument: {spec.wire.root} in {spec.wire.namespace}"
    yield f"  the full CANS leaves where {spec.consent_item} is {plain(spec.consent_full)}"
    yield f"\ntransport: auth {transport.auth}, idempotency key {'honoured' if transport.idempotency else 'ignored'}"
    for name in ("submit", "status", "query", "token"):
        yield f"  {name:<7} {plain(getattr(transport, name))}"
    yield f"  receipts in {transport.receipt_namespace}"
    for word, verdict in transport.verdicts.items():
        yield f"    {word} means {verdict.value}"
    yield f"  tried again after {plain(transport.schedule)}; given up after {transport.give_up_after.days} days"
    yield f"  at most {transport.max_document_bytes} bytes a document, {transport.max_in_flight} at once"


def _desks(spec: Spec) -> Iterator[str]:
    yield "\ndesks"
    for name, desk in spec.desks.items():
        yield f"  {name:<21} {' · '.join(filter(None, (desk.name, desk.phone, desk.email)))}"
