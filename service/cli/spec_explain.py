"""``ecas spec explain``: everything that a package says about one code, whether a rule's, a check's or an item's."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

import click

from service import settings
from service.changes.phrases import ages, end, plain, required
from service.cli.suggestion import close_to
from service.clock import utc_now
from service.exports.wording import rule_items
from service.reports.run import Exit
from specs.catalog import Catalog
from specs.requirements import OUR_ASSUMPTION
from specs.spec import Case, Code, Item, Rule, Spec

#: A name and what there is to say about it; several lines where there is more than one thing.
Told = Iterator[tuple[str, str]]


@click.command(
    name="explain", epilog="\b\nExample:\n  ecas spec explain B012\n  ecas spec explain LDF_SLEEP --spec 2026.1"
)
@click.argument("code", metavar="CODE|ITEM")
@click.option("--spec", metavar="VERSION|FOLDER", help="The package that is asked; else the one in force today.")
def command(*, code: str, spec: str | None) -> int:
    """Explain a rule, a check or an item: what it asks, why, how to mend it, whom to ask, and where it comes from."""
    chosen = settings.load()
    catalog, named = Catalog(*chosen.spec_path), spec or chosen.spec
    explain(code, catalog.named(named) if named else catalog.for_date(utc_now().date()))
    return Exit.CLEAN


def explain(code: str, spec: Spec) -> None:
    """Print what the package says about a code.

    Raises:
        UsageError: nothing has that code.
    """
    rule = next((rule for rule in spec.rules if rule.code == code), None)
    if code in spec.items:
        lines = "\n".join(aligned(_item(spec.items[code], spec)))
    elif rule is not None:
        lines = "\n".join(aligned(_rule(rule, spec)))
    else:
        lines = _page(code, spec)
    sys.stdout.write(f"{lines}\n\nby the {spec.status.value} {spec.version}\n")


def aligned(told: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield names and what there is to say about them, one below the other; what is empty is left out."""
    before = ""
    for name, text in told:
        if text:
            yield f"{'' if name == before else name:<11} {text}"
            before = name


def _page(code: str, spec: Spec) -> str:
    """Return the page of a check that no package brings, or whose words stand in another file of it."""
    from service import rule_pages  # noqa: PLC0415 - brings the judge

    page = rule_pages.pages(spec).get(f"{code}.md")
    if page is None:
        known = [*spec.items, *(rule.code for rule in spec.rules)]
        raise click.UsageError(f"{spec.version} has no item, rule or check {code!r}.{close_to(code, known)}")
    return page.rstrip()


def _item(item: Item, spec: Spec) -> Told:
    yield "item", f"{item.code}  {item.label}"
    yield "section", item.section
    yield "instrument", ", ".join(item.instruments) or "all"
    yield "type", item.type.value
    for code in spec.codes[item.codes].values() if item.codes else ():
        yield "codes", _code(code)
    bounded = (item.minimum, item.maximum) != (None, None)
    yield "range", f"{end(item.minimum)} to {end(item.maximum)}" if bounded else ""
    yield "length", f"at most {item.length} characters" if item.length else ""
    yield "pattern", item.pattern or ""
    yield "repeats", f"up to {item.repeats} times" if item.repeats > 1 else ""
    yield "ages", ages(item.age) if item.age else ""
    yield "required", {"required": "yes", "optional": "no"}.get(owed := required(item), owed.removeprefix("required "))
    yield "leaves", "always" if item.consent.value == "always" else "with the member's consent to the full CANS"
    yield "sensitive", "yes: masked wherever a document is shown" if item.sensitive else ""
    yield "wire", item.wire or "stays home"
    for rule in spec.rules:
        if item.code in rule_items(rule, spec):
            yield "rules", f"{rule.code}  {rule.title} ({rule.severity.value})"
    yield from _cites(item.cites, spec)


def _code(code: Code) -> str:
    since = f" from {code.valid_from.isoformat()}" if code.valid_from else ""
    until = f" until {code.valid_to.isoformat()}" if code.valid_to else ""
    return f"{code.value} ({code.label}){since}{until}"


def _rule(rule: Rule, spec: Spec) -> Told:
    yield "rule", f"{rule.code}  {rule.title} ({rule.severity.value}, {rule.kind})"
    for name, value in rule.terms.items():
        yield "asks", f"{name}: {plain(value)}"
    yield "what", rule.message
    yield "why", rule.why
    yield "fix", rule.fix
    desk = spec.desk(rule.desk)
    if desk is not None:
        yield "ask", " · ".join(filter(None, (desk.name, desk.phone, desk.email)))
        yield "say", f"“{desk.say}”"
    for code in rule_items(rule, spec):
        yield "items", f"{code}  {spec.items[code].label}"
    yield from _cites(rule.cites, spec)
    yield "fhirpath", rule.fhirpath
    for case in rule.passes:
        yield "passes", _case(case)
    for case in rule.fails:
        yield "fails", _case(case)


def _case(case: Case) -> str:
    answers = ", ".join(f"{item}={text}" for item, text in case.answers.items())
    return f"{case.why}: {answers or 'nothing answered'}"


def _cites(cites: Iterable[str], spec: Spec) -> Told:
    for cite in cites:
        if cite == OUR_ASSUMPTION:
            yield "cites", "our assumption: no public source says so"
        else:
            requirement = spec.requirements[cite]
            yield "cites", f"{cite} ({requirement.strength}): {requirement.text} [{requirement.cites}]"
