"""``docs/rules``: a page for every code that a finding can bear, written from the tables that the code itself judges by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from adapters.faults import FAULTS, Fault
from canonical.assessment import Answer, Assessment, Source
from canonical.errors import ConfigurationError, UnfitDocument
from canonical.finding import Finding, Kind, Severity
from canonical.outcome import Reason
from gateway_client.envelope import NO_NOTICE, NO_PLACE
from service.judging import Judge
from service.refusals import another_child, foreign, refused, taken, unfit, withdrawn_before, without_a_scope
from service.rule_cases import Case, Cases, Changed, Snippet
from service.rule_examples import BASE, CASES, ROSTER_LINE
from service.rule_page import NOTE, Page
from specs.catalog import Catalog
from specs.spec import Rule, Spec, StandingPolicy
from validators.structural_checks import CHECKS, StructuralCheck

#: What every page of ours says of itself.
_MARK: Final = NOTE.partition("{")[0]
#: The page that lists all others.
INDEX: Final = "README.md"
_PLACE: Final = Source(file="", label="")
#: What stands in a sentence for the words of one item.
_ANY_ITEM: Final = {
    "label": "The item",
    "item": "the item",
    "type": "a value of its type",
    "choices": "a code of its list",
    "range": "within its range",
    "length": "the allowed number of",
    "pattern": "of its pattern",
    "repeats": "as often as its section repeats",
    "ages": "the ages that it is made for",
    "count": "clinical answers stay",
    "check": "A check",
}
_FAMILIES: Final = {
    "A": "Reading",
    "S": "Structure and consent",
    "B": "Business rules of the package",
    "C": "Certification keys",
    "X": "What we could not do",
    "R": "The state's own word",
}


def pages(spec: Spec) -> dict[str, str]:
    """Return the text of every page by the name of its file; the index among them."""
    told = sorted(_told(spec), key=lambda page: page.code)
    written = {f"{page.code}.md": page.text(spec) for page in told}
    return {INDEX: _index(told, spec), **written}


def stale(folder: Path, written: Mapping[str, str]) -> list[str]:
    """Return a sentence for each page that is missing, differs from what would be written, or belongs to no rule."""
    found = {file.name: file.read_text("utf-8") for file in folder.glob("*.md")}
    missing = [f"{folder / name}: the page is missing." for name in written if name not in found]
    differing = [
        f"{folder / name}: the page is not what the rule says now."
        for name in written
        if name in found and found[name] != written[name]
    ]
    orphans = [f"{folder / name}: no rule has this page." for name in sorted(found) if name not in written]
    return missing + differing + orphans


def write(folder: Path, written: Mapping[str, str]) -> None:
    """Make the folder hold these pages and no others.

    Raises:
        ConfigurationError: it holds pages of somebody else, or cannot be written.
    """
    try:
        found = list(folder.glob("*.md"))
        if strangers := [file.name for file in found if _MARK not in file.read_text("utf-8")]:
            raise ConfigurationError(f"{folder} holds {strangers[0]}, which is no page of ours: name another folder.")
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in written.items():
            (folder / name).write_text(text, "utf-8")
        for file in found:
            if file.name not in written:
                file.unlink()
    except OSError as error:
        raise ConfigurationError(f"{folder} cannot be written: {error.strerror}.") from None


def _told(spec: Spec) -> Iterator[Page]:
    """Yield a page for every code: the package's rules and standings, our checks, the adapters' faults, the service's own."""
    yield from (_of_rule(rule, spec) for rule in spec.rules)
    yield from (_of_standing(policy, spec) for policy in spec.certification.standings.values() if policy.rule)
    yield _of_standing(spec.certification.refused_twice, spec)
    yield from (_of_fault(fault, spec) for fault in FAULTS.values())
    service = {finding.rule: _of_finding(finding, source, spec) for finding, source in _made_by_the_service()}
    yield from service.values()
    yield from (_of_check(check, spec) for code, check in CHECKS.items() if code not in service)


def _of_rule(rule: Rule, spec: Spec) -> Page:
    cases = {
        "Passes": [(case.why, _answers(case.answers)) for case in rule.passes],
        "Fails": [(case.why, _answers(case.answers)) for case in rule.fails],
    }
    return Page(
        code=rule.code,
        title=rule.title,
        severity=rule.severity,
        kind=Kind.BUSINESS,
        hold=None,
        message=rule.message,
        why=rule.why,
        fix=rule.fix,
        desk=spec.desk(rule.desk),
        cites=rule.cites,
        source=f"specs/packages/{spec.version}/rules/{rule.code}.toml",
        fhirpath=rule.fhirpath,
        example=_listed(cases),
    )


def _of_standing(policy: StandingPolicy, spec: Spec) -> Page:
    unchecked = policy is spec.certification.standings["could_not_check"]
    return Page(
        code=policy.rule,
        title=policy.title,
        severity={"pass": Severity.ADVICE, "warn": Severity.WARNING}.get(policy.action, Severity.ERROR),
        kind=Kind.COULD_NOT_CHECK if unchecked else Kind.CERTIFICATION,
        hold=policy.hold,
        message=policy.message,
        why=policy.why,
        fix=policy.fix,
        desk=next(iter(spec.desks_for(policy)), None),
        cites=policy.cites,
        source=f"specs/packages/{spec.version}/certification.toml",
        example=_example(policy.rule),
    )


def _of_check(check: StructuralCheck, spec: Spec) -> Page:
    words = dict(_ANY_ITEM)
    if check.kind is Kind.CONSENT:
        codes = spec.codes.get(spec.items[spec.consent_item].codes or "", {})
        words |= {"item": spec.consent_item, "choices": ", ".join(codes)}
    return Page(
        code=check.code,
        title=check.title,
        severity=check.severity,
        kind=check.kind,
        hold=check.hold,
        message=check.message.format_map(words),
        why=check.why,
        fix=check.fix.format_map(words),
        desk=spec.desks.get(check.desk),
        cites=(),
        source="validators/structural_checks.py",
        example=_example(check.code),
    )


def _of_fault(fault: Fault, spec: Spec) -> Page:
    return Page(
        code=fault.rule,
        title=fault.title,
        severity=fault.severity,
        kind=fault.kind,
        hold=None,
        message=f"{fault.title}. Each finding says in one sentence what stands there and where, and never a value.",
        why=fault.why,
        fix=fault.fix,
        desk=spec.desks.get("own"),
        cites=(),
        source="adapters/faults.py",
        example=_example(fault.rule),
    )


def _of_finding(finding: Finding, source: str, spec: Spec) -> Page:
    return Page(
        code=finding.rule,
        title=finding.title,
        severity=finding.severity,
        kind=finding.kind,
        hold=finding.hold,
        message=finding.message,
        why=finding.why,
        fix=finding.fix,
        desk=finding.desk or spec.desks.get("own"),
        cites=finding.cites,
        source=source,
        example=_example(finding.rule),
    )


def _made_by_the_service() -> Iterator[tuple[Finding, str]]:
    """Yield each finding that only the service makes, made by the service itself, and the file that makes it."""
    long_ago = Answer(text="1900-01-01", source=_PLACE)
    assessment = Assessment(agency=None, answers={"ASSESSMENT_DATE": long_ago}, origin=_PLACE)
    report = Judge(catalog=Catalog()).judge(assessment, datetime(1900, 1, 1, tzinfo=UTC))
    yield report.findings[-1], "service/judging.py"
    for finding in (
        unfit(assessment, UnfitDocument()),
        unfit(assessment, UnfitDocument(reasons=(NO_PLACE,))),
        taken(assessment),
        foreign(assessment),
        another_child(assessment),
        withdrawn_before(assessment),
        without_a_scope(assessment),
        unfit(assessment, UnfitDocument(reasons=(NO_NOTICE,))),
        refused(assessment, Reason(code="…")),
    ):
        yield finding, "service/refusals.py"


def _example(code: str) -> str:
    cases = CASES[code]
    told = _listed({"Passes": map(_case, cases.passes), "Fails": map(_case, cases.fails)})
    return "\n\n".join(filter(None, (_setting(cases), told)))


def _setting(cases: Cases) -> str:
    """Say what the cases are put into."""
    every = (*cases.passes, *cases.fails)
    changed = [case for case in every if isinstance(case, Changed)]
    if any(case.roster is not None for case in changed):
        return f"The package's `{BASE}`, and a roster whose line for its assessor says {_answers(ROSTER_LINE)}; changed so:"
    if changed:
        return f"The package's `{BASE}`, changed so:"
    mappings = [case.mapping for case in every if isinstance(case, Snippet) and case.mapping]
    return f"Rows are read with this mapping:\n\n```toml\n{mappings[0]}```" if mappings else ""


def _case(case: Case) -> tuple[str, str]:
    match case:
        case Changed():
            return case.why, _answers({**(case.roster or {}), **case.answers})
        case Snippet():
            text = case.content.decode("utf-8", "backslashreplace")
            indented = "".join(f"  {line}\n" for line in text.splitlines())
            return case.why, f"\n\n  ```text\n{indented}  ```\n"
        case _:
            return case.why, ""


def _answers(answers: Mapping[str, str | None]) -> str:
    """Write answers down; none is worth saying too."""
    return ", ".join(_answer(item, text) for item, text in answers.items()) or "no answers at all"


def _answer(item: str, text: str | None) -> str:
    if text is None:
        return f"no `{item}`"
    return f"`{item} = {text}`" if text.strip() else f"`{item}` blank"


def _listed(cases: Mapping[str, Iterable[tuple[str, str]]]) -> str:
    return "\n\n".join(
        f"{name}:\n\n"
        + "\n".join(f"- {why}: {shown}".replace(": \n", ":\n").rstrip(": ") for why, shown in listed).rstrip()
        for name, listed in cases.items()
    )


def _index(told: Iterable[Page], spec: Spec) -> str:
    head = (
        f"# The rules\n\n{NOTE.format(source='everything that judges')}\n\n"
        f"Every code that a finding can bear, as of the *{spec.status.value}* package {spec.version}. "
        "`ecas spec show` tells the same about the package's own rules."
    )
    families: dict[str, list[Page]] = {name: [] for name in _FAMILIES}
    for page in told:
        families[page.code[0]].append(page)
    tables = (f"## {_FAMILIES[name]}\n\n{_table(family)}" for name, family in families.items())
    return "\n\n".join([head, *tables]) + "\n"


def _table(family: Iterable[Page]) -> str:
    rows = "\n".join(f"| [{page.code}]({page.code}.md) | {page.title} | {page.weight} |" for page in family)
    return f"| code | fault | weight |\n|---|---|---|\n{rows}"
