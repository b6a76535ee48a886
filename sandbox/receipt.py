"""What the state answers about one document, and how it is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring  # to write; markup/door.py is the one reader

from canonical.errors import SpecDefect
from canonical.outcome import Reason
from canonical.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class StateReceipt:
    """One receipt, as the state keeps it."""

    #: The state's own name for the document that it took.
    tracking_id: str
    #: As the document says it.
    document_id: str
    #: ``sha-256:<hex>`` of the document's canonical form.
    digest: str
    verdict: Verdict
    #: When the document came, UTC, to the second.
    received_at: str
    reasons: tuple[Reason, ...] = field(default=(), repr=False)

    def become(self, verdict: Verdict, reasons: Iterable[Reason] = ()) -> StateReceipt:
        """Return the receipt with another verdict."""
        return replace(self, verdict=verdict, reasons=tuple(reasons))


def moment(at: datetime) -> str:
    """Write a moment as receipts and the ledger do: UTC, to the second, with a Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def as_entry(receipt: StateReceipt) -> dict[str, Any]:
    """Return what the ledger keeps of a receipt."""
    return {
        "tracking_id": receipt.tracking_id,
        "document_id": receipt.document_id,
        "digest": receipt.digest,
        "verdict": receipt.verdict.value,
        "received_at": receipt.received_at,
        "reasons": [[reason.code, reason.item, reason.text] for reason in receipt.reasons],
    }


def from_entry(entry: Mapping[str, Any]) -> StateReceipt:
    """Return the receipt that the ledger kept."""
    return StateReceipt(
        tracking_id=entry["tracking_id"],
        document_id=entry["document_id"],
        digest=entry["digest"],
        verdict=Verdict(entry["verdict"]),
        received_at=entry["received_at"],
        reasons=tuple(Reason(code=code, item=item, text=text) for code, item, text in entry["reasons"]),
    )


class ReceiptWriter:
    """Writes receipts in the namespace and the words of one specification.

    Raises:
        SpecDefect: where the specification has no word for one of the verdicts.
    """

    def __init__(self, namespace: str, verdicts: Mapping[str, Verdict]) -> None:
        self._namespace = namespace
        self._words = {verdict: word for word, verdict in verdicts.items()}
        speechless = [f"transport.toml: no word for the verdict {v}." for v in Verdict if v not in self._words]
        if speechless:
            raise SpecDefect("The sandbox cannot write receipts.", defects=tuple(speechless))

    def one(self, receipt: StateReceipt) -> bytes:
        """Write one receipt."""
        root = Element("Receipt", xmlns=self._namespace)
        self._fill(root, receipt)
        return _bytes(root)

    def several(self, receipts: Iterable[StateReceipt]) -> bytes:
        """Write the list of them; an empty list says that the state has received nothing."""
        root = Element("Receipts", xmlns=self._namespace)
        for receipt in receipts:
            self._fill(SubElement(root, "Receipt"), receipt)
        return _bytes(root)

    def _fill(self, element: Element, receipt: StateReceipt) -> None:
        leaves = {
            "TrackingId": receipt.tracking_id,
            "DocumentId": receipt.document_id,
            "DocumentDigest": receipt.digest,
            "Status": self._words[receipt.verdict],
            "ReceivedAt": receipt.received_at,
        }
        for name, text in leaves.items():
            SubElement(element, name).text = text
        if receipt.reasons:
            reasons = SubElement(element, "Reasons")
            for reason in receipt.reasons:
                _reason(SubElement(reasons, "Reason"), reason)


def _reason(element: Element, reason: Reason) -> None:
    SubElement(element, "Code").text = reason.code
    if reason.item is not None:
        SubElement(element, "Item").text = reason.item
    if reason.text:
        SubElement(element, "Text").text = reason.text


def _bytes(root: Element) -> bytes:
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written
