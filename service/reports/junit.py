"""JUnit XML, as Jenkins, GitLab and others read it: a suite for each payload, a case for each assessment."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring  # writes only; parses nothing

from canonical.finding import Finding, Kind
from canonical.version import __version__
from service.reports.conformance import label, verdict
from service.reports.printable import printable
from service.reports.run import by_weight
from service.reports.text import place

if TYPE_CHECKING:
    from service.reports.run import Checked, Run


def write(run: Run) -> str:
    """Return the report; a finding that fails the run fails its case, a check that could not run is an error."""
    root = Element("testsuites", name="ecas-bridge")
    for payload in run.payloads:
        _suite(root, payload, run)
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _suite(root: Element, payload: Checked, run: Run) -> None:
    suite = SubElement(root, "testsuite", name=printable(payload.name))
    properties = SubElement(suite, "properties")
    SubElement(properties, "property", name="ecas-bridge", value=__version__)
    SubElement(properties, "property", name="conformance", value=run.conformance.value)
    SubElement(properties, "property", name="verdict", value=verdict(run))
    if payload.findings or not payload.assessments:
        _case(suite, payload, "reading", payload.findings, run)
    for origin, report in payload.assessments:
        _case(suite, payload, origin.label, report.findings, run)
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    suite.set("failures", str(sum(case.find("failure") is not None for case in cases)))
    suite.set("errors", str(sum(case.find("error") is not None for case in cases)))


def _case(suite: Element, payload: Checked, name: str, findings: tuple[Finding, ...], run: Run) -> None:
    """Write one case with at most one fault element, since readers count cases by it and show only the first."""
    case = SubElement(suite, "testcase", name=printable(name), classname=printable(payload.name))
    failing = [finding for finding in by_weight(findings) if run.fails(finding)]
    unchecked = [finding for finding in by_weight(findings) if finding.kind is Kind.COULD_NOT_CHECK]
    others = [finding for finding in by_weight(findings) if finding not in (*failing, *unchecked)]
    if failing:
        _fault(case, "failure", failing + unchecked)
    elif unchecked:
        _fault(case, "error", unchecked)
    elif name == "reading" and not findings:
        SubElement(case, "error", message="There is no assessment in it.", type="could-not-check")
    if others:
        SubElement(case, "system-out").text = _told(others)


def _fault(case: Element, tag: str, findings: list[Finding]) -> None:
    first = findings[0]
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    SubElement(case, tag, message=f"{first.title}{more}", type=first.rule).text = _told(findings)


def _told(findings: list[Finding]) -> str:
    """Tell findings in lines: place, rule, what is wrong and how to mend it."""
    lines = []
    for finding in findings:
        where = " ".join(f"{place(source)} {printable(source.label)}" for source in finding.sources[:1])
        lines.append(": ".join(filter(None, (where, f"{label(finding)} {finding.rule}", finding.message))))
        if finding.fix:
            lines.append(f"    fix: {finding.fix}")
    return "\n".join(lines)
