"""The sentences in which every report says what was checked and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canonical.finding import Conformance, Finding, Kind, Severity

if TYPE_CHECKING:
    from canonical.finding import JudgedBy
    from service.reports.run import Run


def label(finding: Finding) -> str:
    """Return one word for a finding: its severity, ``hold`` where it waits for a cure, ``unchecked`` where no check ran."""
    if finding.kind is Kind.COULD_NOT_CHECK:
        return "unchecked"
    if finding.hold is not None:
        return "hold"
    return finding.severity.value


def tally(run: Run) -> str:
    """Return what was checked and how much was found, as in ``2 files, 26 assessments: 3 errors, 1 hold``."""
    labels = [label(finding) for finding in run.findings]
    words = {"error": "error", "hold": "hold", "unchecked": "check that could not run", "warning": "warning"}
    found = [_count(labels.count(name), word) for name, word in words.items() if name in labels]
    if advice := labels.count(Severity.ADVICE.value):
        found.append(f"{advice} advice")
    checked = f"{_count(len(run.payloads), 'file')}, {_count(run.checked, 'assessment')}"
    return f"{checked}: {', '.join(found) or 'no findings'}."


def verdict(run: Run) -> str:
    """Return the conformance in a sentence; what is not the state's own carries its status: ``the *provisional* 2026.1``."""
    if not run.judged_by:
        says = "does not conform" if run.conformance is Conformance.DOES_NOT_CONFORM else "could not be checked"
        return f"The export {says}: no specification could be applied to it."
    spec = " and ".join(_named(judge) for judge in run.judged_by)
    left_out = f", with {' and '.join(run.not_checked)} not checked" if run.not_checked else ""
    says = {
        Conformance.CONFORMS: "The export conforms to",
        Conformance.DOES_NOT_CONFORM: "The export does not conform to",
        Conformance.COULD_NOT_CHECK: "It could not be checked whether the export conforms to",
    }[run.conformance]
    return f"{says} {spec}{left_out}."


def losses(run: Run) -> str:
    """Return what became of all fields that were read by a mapping, in a sentence; empty where none were."""
    ledgers = [payload.ledger for payload in run.payloads if payload.ledger is not None]
    fields = sum(ledger.fields for ledger in ledgers)
    if not fields:
        return ""
    assert all(ledger.balances for ledger in ledgers), "every field has exactly one fate"
    fates = {fate: sum(ledger.counts[fate] for ledger in ledgers) for fate in ledgers[0].counts}
    told = ", ".join(f"{count:,} {fate.value.replace('-', ' ')}" for fate, count in fates.items() if count)
    places = sum(ledger.places for ledger in ledgers)
    listed = f" ({_count(places, 'place')})" if places else ""
    return f"{_count(fields, 'field')}: {told}{listed}."


def caveat(run: Run) -> str:
    """Return what the reader must know about the specification itself; empty where it is the state's own and in force."""
    if any(judge.spec_status == "provisional" for judge in run.judged_by):
        return "Provisional: our reading of public facts. The eCAS Technical Specifications are not published."
    if any(judge.spec_status == "draft" for judge in run.judged_by):
        return "Draft: not in force; it may still change."
    return ""


def _named(judge: JudgedBy) -> str:
    """Name a specification; whatever is not simply the state's own carries its status, with emphasis."""
    return judge.spec if judge.spec_status == "official" else f"the *{judge.spec_status}* {judge.spec}"


def _count(number: int, word: str) -> str:
    plural = word.replace("check", "checks", 1) if word.startswith("check") else f"{word}s"
    return f"{number:,} {word if number == 1 else plural}"
