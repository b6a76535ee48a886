"""The JSON report: the keys that design.md section 8 fixes, which mappings read, and the loss ledger of each payload."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from canonical.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canonical.assessment import Source
    from canonical.desk import Desk
    from canonical.finding import Edit, Finding
    from canonical.ledger import Ledger
    from service.reports.run import Checked, Run

#: How an object ends that is not finished.
_END: Final = "\n}"


def write(run: Run) -> str:
    """Return the report as indented JSON."""
    return "".join(pieces(run))


def pieces(run: Run) -> Iterator[str]:
    """Yield the report finding by finding: of a hundred thousand the text is a multiple of what is known of them."""
    yield f'{_indented(_head(run), "").removesuffix(_END)},\n  "findings": ['
    margin = "\n    "
    for finding in run.findings:
        yield f"{margin}{_indented(finding_data(finding), '    ')}"
        margin = ",\n    "
    closing = "\n  ]" if run.findings else "]"
    yield f"{closing},{_indented(_tail(run), '').removeprefix('{')}\n"


def as_data(run: Run) -> dict[str, Any]:
    """Return the report as plain data, for the API too."""
    return {**_head(run), "findings": [finding_data(finding) for finding in run.findings], **_tail(run)}


def _indented(data: object, margin: str) -> str:
    """Return data as JSON; every line but the first begins with the margin. No text in JSON has a line feed in it."""
    return json.dumps(data, indent=2, ensure_ascii=False).replace("\n", f"\n{margin}")


def _head(run: Run) -> dict[str, Any]:
    return {
        "ecas_bridge": __version__,
        "spec": _spec(run),
        "checked": run.checked,
        "conformance": run.conformance.value,
        "not_checked": list(run.not_checked),
    }


def _tail(run: Run) -> dict[str, Any]:
    return {
        "mappings": [_mapping(identity) for identity in run.mappings],
        "ledger": [_ledger(payload, payload.ledger) for payload in run.payloads if payload.ledger is not None],
    }


def _mapping(identity: str) -> dict[str, str | None]:
    """Return which mapping read; of what was judged by an earlier release the first day is not known."""
    name, *day, digest = identity.rsplit(" ", 2)
    return {"name": name, "effective": day[0] if day else None, "digest": digest}


def _ledger(payload: Checked, ledger: Ledger) -> dict[str, Any]:
    """Return the loss ledger of one payload, and how its text was cut; what was read without a mapping has none."""
    assert ledger.balances, "every field has exactly one fate"
    return {
        "file": payload.name,
        "dialect": payload.dialect,
        "fields": ledger.fields,
        "counts": {fate.value: count for fate, count in ledger.counts.items()},
        "unmapped": [{"name": place.name, "fields": place.fields} for place in ledger.unmapped],
        "unlisted": ledger.unlisted,
        "defaults": ledger.defaults,
    }


def finding_data(finding: Finding) -> dict[str, Any]:
    """Return one finding as plain data."""
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "kind": finding.kind.value,
        "title": finding.title,
        "message": finding.message,
        "items": list(finding.items),
        "sources": [source_data(source) for source in finding.sources],
        "fix": finding.fix,
        "edit": _edit(finding.edit),
        "why": finding.why,
        "desk": desk_data(finding.desk),
        "cites": list(finding.cites),
        "docs": finding.docs,
        "fingerprint": finding.fingerprint,
    }


def _edit(edit: Edit | None) -> dict[str, str | int | bool] | None:
    """Return an edit as plain data; it is made for the sender alone (docs/adr/0033)."""
    if edit is None:
        return None
    return {
        "start": edit.start,
        "end": edit.end,
        "replacement": edit.replacement,
        "encoding": edit.encoding,
        "certain": edit.certain,
    }


def desk_data(desk: Desk | None) -> dict[str, str | None] | None:
    """Return whom to ask, or None where nobody else can help."""
    return None if desk is None else {"name": desk.name, "email": desk.email}


def source_data(source: Source) -> dict[str, str | int | None]:
    """Return a place as plain data."""
    return {
        "file": source.file,
        "line": source.line,
        "column": source.column,
        "pointer": source.pointer,
        "label": source.label,
    }


def _spec(run: Run) -> dict[str, str | None]:
    """Return what judged; nulls where nothing could be judged, and a list in words where several packages did."""
    judges = run.judged_by
    return {
        "version": ", ".join(judge.spec for judge in judges) or None,
        "status": ", ".join(judge.spec_status for judge in judges) or None,
        "digest": ", ".join(judge.spec_digest for judge in judges) or None,
    }
