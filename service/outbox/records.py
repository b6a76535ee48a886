"""Assessments and reports as the bytes that are sealed, and back."""

from __future__ import annotations

import base64
from typing import Any

import orjson

from canonical.assessment import Answer, Assessment, Source
from canonical.desk import Desk
from canonical.finding import Finding, HoldCause, JudgedBy, Kind, Report, Severity
from canonical.outcome import Reason, Receipt
from canonical.verdict import Verdict


def write_assessment(assessment: Assessment) -> bytes:
    """Return the assessment as JSON; its findings are in the report."""
    return orjson.dumps(
        {
            "agency": assessment.agency,
            "origin": assessment.origin,
            "answers": {i: {"text": a.text, "source": a.source} for i, a in assessment.answers.items()},
        }
    )


def read_assessment(content: bytes) -> Assessment:
    """Return what ``write_assessment`` wrote."""
    record = orjson.loads(content)
    return Assessment(
        agency=record["agency"],
        origin=Source(**record["origin"]),
        answers={
            item: Answer(text=answer["text"], source=Source(**answer["source"]))
            for item, answer in record["answers"].items()
        },
    )


def read_texts(content: bytes) -> dict[str, str]:
    """Return the text of each answer of what ``write_assessment`` wrote, for whoever reads many and needs no places."""
    return {item: answer["text"] for item, answer in orjson.loads(content)["answers"].items()}


def write_report(report: Report) -> bytes:
    """Return the report as JSON."""
    return orjson.dumps(report)


def read_report(content: bytes) -> Report:
    """Return what ``write_report`` wrote."""
    record = orjson.loads(content)
    return Report(
        findings=tuple(_finding(finding) for finding in record["findings"]),
        judged_by=JudgedBy(**record["judged_by"]) if record["judged_by"] else None,
        not_checked=tuple(record["not_checked"]),
    )


def _finding(record: dict[str, Any]) -> Finding:
    return Finding(
        **{
            **record,
            "severity": Severity(record["severity"]),
            "kind": Kind(record["kind"]),
            "items": tuple(record["items"]),
            "cites": tuple(record["cites"]),
            "sources": tuple(Source(**source) for source in record["sources"]),
            "desk": Desk(**record["desk"]) if record["desk"] else None,
            "hold": HoldCause(record["hold"]) if record["hold"] else None,
        }
    )


def write_receipt(receipt: Receipt) -> bytes:
    """Return the receipt, whole, as JSON."""
    fields = {name: getattr(receipt, name) for name in ("tracking_id", "verdict", "document_id", "digest", "reasons")}
    return orjson.dumps({**fields, "content": base64.b64encode(receipt.content).decode()})


def read_receipt(content: bytes) -> Receipt:
    """Return what ``write_receipt`` wrote."""
    record = orjson.loads(content)
    return Receipt(
        **{
            **record,
            "verdict": Verdict(record["verdict"]),
            "reasons": tuple(Reason(**reason) for reason in record["reasons"]),
            "content": base64.b64decode(record["content"]),
        }
    )
