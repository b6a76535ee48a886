"""The other screens of the page: what the package is, its rules, code lists, standings of keys, and requirements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from service.exports import wording
from service.exports.markup import Content, Markup, element, joined, listed
from service.exports.page_items import list_anchor, short
from service.exports.page_parts import Screen, chip, citations, code, link, plural, table
from specs.spec import Case, Code, Requirement, Rule, Spec, StandingPolicy

_GROUP = "The package"
#: So many items are named where a requirement is asked of more.
_FEW = 4


def overview(spec: Spec) -> Screen:
    """Return the first screen: what this is, and how far to trust it."""
    facts = {
        "Version": f"{spec.version} ({spec.status.value})",
        "In force": f"from {spec.in_force.isoformat()}",
        "Publisher": spec.publisher,
        "Written from": spec.source,
        "Copyright": wording.COPYRIGHT,
    }
    forms = [
        element("li", element("strong", form.title), f" \N{EM DASH} {wording.ages(form.age)}: ", _size(form.code, spec))
        for form in spec.instruments.values()
    ]
    told = [element("dt", name) + element("dd", text) for name, text in facts.items()]
    return Screen(
        anchor="overview",
        group=_GROUP,
        title=spec.title,
        called="Overview",
        lead=element("p", "The data dictionary, the rules, and what they rest on.", class_="lead"),
        body=joined(
            element("ul", forms, class_="forms"),
            element("dl", *map(Markup, told)),
            element("p", _how_to_read(spec), class_="quiet"),
        ),
    )


def matters(spec: Spec) -> Iterator[Screen]:
    """Yield the screens that follow the form."""
    yield Screen(
        anchor="rules",
        group="What is asked of it",
        title="Rules",
        count=str(len(spec.rules)),
        lead=element("p", _severities(spec), class_="lead"),
        body=joined([_rule(rule, spec) for rule in spec.rules]),
    )
    yield Screen(
        anchor="codes",
        group="What is asked of it",
        title="Code lists",
        count=str(len(spec.codes)),
        lead=element("p", "A code counts if it is valid on the assessment date.", class_="lead"),
        body=element("div", [_list(name, codes.values()) for name, codes in spec.codes.items()], class_="lists"),
    )
    yield Screen(
        anchor="keys",
        group="What is asked of it",
        title="Certification keys",
        count=str(len(spec.certification.standings)),
        lead=element(
            "p", "What follows from the standing of the assessor's key on the assessment date.", class_="lead"
        ),
        body=table(
            ("Standing", "What follows", "What is said", "Cites"),
            element("tbody", [_standing(*named, spec) for named in spec.certification.standings.items()]),
        ),
    )
    coverage = {requirement.id: _checks(requirement, spec) for requirement in spec.requirements.values()}
    yield Screen(
        anchor="requirements",
        group="What is asked of it",
        title="Requirements",
        count=str(len(coverage)),
        lead=element("p", _covered(coverage, spec), class_="lead"),
        body=table(
            ("Requirement", "What it asks", "Where it is checked"),
            element("tbody", [_requirement(spec.requirements[id_], found) for id_, found in coverage.items()]),
        ),
    )


def _size(form: str, spec: Spec) -> str:
    items = sum(item.belongs_to(form) for item in spec.items.values())
    return f"{plural(items, 'item')} in {plural(len(spec.instruments[form].sections), 'section')}"


def _how_to_read(spec: Spec) -> str:
    marks = " and ".join(short(form) for form in spec.instruments.values())
    return (
        f"An item of one form only bears its ages ({marks}). A citation is a sentence of the requirements, or our own "
        "assumption. Every item, rule and requirement has an address: its code after the # of this page's."
    )


def _severities(spec: Spec) -> str:
    counts: dict[str, int] = {}
    for rule in spec.rules:
        counts[rule.severity.value] = counts.get(rule.severity.value, 0) + 1
    told = ", ".join(f"{number} {severity}" for severity, number in counts.items())
    return f"By severity: {told}. An error stops an assessment; a warning or advice does not." if told else "None."


def _rule(rule: Rule, spec: Spec) -> Markup:
    """Return a rule: its fault in a line, and all about it underneath."""
    desk = spec.desk(rule.desk)
    facts: dict[str, Content] = {
        "Why": rule.why,
        "How to mend it": rule.fix,
        "Items": listed((link(item, code(item)) for item in wording.rule_items(rule, spec)), " "),
        "Who can help": desk.name if desk else "",
        "Cites": citations(rule.cites, spec),
        "In FHIRPath": code(rule.fhirpath) if rule.fhirpath else "",
    }
    told = [element("dt", name) + element("dd", content) for name, content in facts.items() if content]
    cases = table(("Case", "Answers"), element("tbody", _cases("passes", rule.passes), _cases("fails", rule.fails)))
    summary = element(
        "summary", code(rule.code), element("span", rule.title), chip(rule.severity.value, rule.severity.value)
    )
    return element(
        "details",
        summary,
        element("p", rule.message),
        element("dl", *map(Markup, told)),
        cases,
        id=rule.code,
        class_="rule",
        data_find=f"{rule.code} {rule.title} {rule.message} {' '.join(wording.rule_items(rule, spec))}",
    )


def _cases(verdict: str, cases: Iterable[Case]) -> Iterator[Markup]:
    for case in cases:
        answers = listed((code(f"{item} = {text}") for item, text in case.answers.items()), "  ")
        yield element(
            "tr",
            element("th", chip(verdict, verdict), " ", case.why, scope="row"),
            element("td", answers if case.answers else "no answers at all", class_="answers"),
        )


def _list(name: str, codes: Iterable[Code]) -> Markup:
    codes = tuple(codes)
    dated = any(map(wording.validity, codes))
    rows = [
        element(
            "tr",
            element("th", code(each.value), scope="row"),
            element("td", each.label),
            *([element("td", wording.validity(each))] if dated else []),
        )
        for each in codes
    ]
    heads = ("Code", "Meaning", *(["Valid"] if dated else []))
    return element(
        "article",
        element("h2", name.replace("_", " ")),
        table(heads, element("tbody", rows)),
        id=list_anchor(name),
        data_find=f"{name} {' '.join(f'{each.value} {each.label}' for each in codes)}",
    )


def _standing(name: str, standing: StandingPolicy, spec: Spec) -> Markup:
    called = name.replace("_", " ")
    said = [element("strong", standing.title), element("br"), standing.message] if standing.title else [""]
    where = {"id": standing.rule} if standing.rule else {}
    mark = [element("br"), code(standing.rule)] if standing.rule else []
    return element(
        "tr",
        element("th", called, *mark, scope="row"),
        element("td", chip(standing.action, standing.action)),
        element("td", *said),
        element("td", citations(standing.cites, spec)),
        data_find=f"{standing.rule} {called} {standing.title}",
        **where,
    )


def _checks(requirement: Requirement, spec: Spec) -> list[Markup]:
    """Return everything of the package that cites a requirement: rules, standings, items, waivers."""
    cited = requirement.id
    rules = [link(rule.code, rule.code) for rule in spec.rules if cited in rule.cites]
    standings = [
        link(standing.rule, standing.rule) if standing.rule else link("keys", "certification keys")
        for standing in spec.certification.standings.values()
        if cited in standing.cites
    ]
    items = [link(item.code, code(item.code)) for item in spec.items.values() if cited in item.cites]
    more = [Markup(f"and {plural(len(items) - _FEW, 'more item')}")] if len(items) > _FEW else []
    waivers = [Markup("a waiver of the policy") for waiver in spec.certification.waivers if cited in waiver.cites]
    return [*rules, *dict.fromkeys(standings), *items[:_FEW], *more, *waivers[:1]]


def _covered(coverage: dict[str, list[Markup]], spec: Spec) -> str:
    checked = sum(bool(found) for found in coverage.values())
    excused = sum(not found and bool(spec.requirements[id_].not_checked_because) for id_, found in coverage.items())
    told = f"{checked} checked, {excused} not checked, each with its reason"
    rest = len(coverage) - checked - excused
    return f"{told}; {rest} recommended only, and not checked." if rest else f"{told}."


def _requirement(requirement: Requirement, found: list[Markup]) -> Markup:
    reason = requirement.not_checked_because
    parts: list[Content] = [listed(found, " ")] if found else []
    if reason:
        parts.append(
            element("p", element("strong", "Not checked."), " ", reason) if not found else element("p", reason)
        )
    return element(
        "tr",
        element("th", code(requirement.id), element("br"), chip(requirement.strength), scope="row"),
        element("td", requirement.text, element("p", requirement.cites, class_="quiet")),
        element("td", *(parts or [element("span", "Nothing checks it.", class_="quiet")])),
        id=requirement.id,
        data_find=f"{requirement.id} {requirement.text}",
    )
