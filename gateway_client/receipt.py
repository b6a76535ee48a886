"""The state's receipts, read strictly: what is not exactly the documented shape is no receipt."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lxml import etree

from canonical.outcome import Reason, Receipt
from canonical.verdict import Verdict
from markup import door
from markup.text import Limits
from specs.spec import Transport

#: It becomes part of a URL, so it can hold no dot-dot, slash or blank.
_TRACKING_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:~-]{0,254}")
_DIGEST: Final = re.compile(r"sha-256:[0-9a-f]{64}")
#: A code goes into findings and logs, so it can be no sentence.
_REASON_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_REQUIRED: Final = frozenset({"TrackingId", "DocumentId", "DocumentDigest", "Status", "ReceivedAt"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptReader:
    """Reads the receipts of one transport."""

    transport: Transport
    #: The items of the dictionary: a reason that names another one names none.
    items: Collection[str]

    def receipt(self, content: bytes) -> Receipt | None:
        """Return the receipt that the bytes are, or None."""
        root = self._root(content)
        return None if root is None else self._receipt(root, content)

    def receipts(self, content: bytes) -> tuple[Receipt, ...] | None:
        """Return the receipts of a list (perhaps none), or None where the bytes are no list of receipts."""
        root = self._root(content)
        if root is None or root.tag != self._name("Receipts") or not _only_elements(root):
            return None
        found = [self._receipt(element, content) for element in root]
        receipts = tuple(receipt for receipt in found if receipt is not None)
        return receipts if len(receipts) == len(found) else None

    def _root(self, content: bytes) -> etree._Element | None:
        """Return the root of what the state sent; why it is none is not said, for nothing of it is believed."""
        root = door.tree(content, Limits(bytes=self.transport.max_receipt_bytes))
        return None if isinstance(root, tuple) else root

    def _receipt(self, element: etree._Element, content: bytes) -> Receipt | None:
        if element.tag != self._name("Receipt"):
            return None
        reasons = _popped(element, self._name("Reasons"))
        fields = self._fields(element, omitting=reasons)
        if fields is None or fields.keys() != _REQUIRED or not _well_formed(fields):
            return None
        verdict = self.transport.verdicts.get(fields["Status"])
        coded = () if reasons is None else self._reasons(reasons)
        if verdict is None or coded is None or not _agree(verdict, coded):
            return None
        return Receipt(
            tracking_id=fields["TrackingId"],
            verdict=verdict,
            document_id=fields["DocumentId"],
            digest=fields["DocumentDigest"],
            reasons=coded,
            content=content,
        )

    def _reasons(self, element: etree._Element) -> tuple[Reason, ...] | None:
        if not _only_elements(element):
            return None
        reasons = []
        for child in element:
            fields = self._fields(child) if child.tag == self._name("Reason") else None
            if fields is None or not fields.keys() <= {"Code", "Item", "Text"}:
                return None
            if not _REASON_CODE.fullmatch(fields.get("Code", "")):
                return None
            item = fields.get("Item")
            known = item if item in self.items else None
            reasons.append(Reason(code=fields["Code"], item=known, text=fields.get("Text", "")))
        return tuple(reasons)

    def _fields(self, element: etree._Element, *, omitting: etree._Element | None = None) -> dict[str, str] | None:
        """Return the text of each child by name; None where one is foreign, comes twice or is more than text."""
        if not _only_elements(element):
            return None
        prefix = self._name("")
        fields: dict[str, str] = {}
        for child in element:
            if child is omitting:
                continue
            name = str(child.tag).removeprefix(prefix)
            if child.tag != self._name(name) or name in fields or len(child) or child.attrib:
                return None
            fields[name] = (child.text or "").strip()
        return fields

    def _name(self, local: str) -> str:
        return f"{{{self.transport.receipt_namespace}}}{local}"


def _popped(element: etree._Element, name: str) -> etree._Element | None:
    """Return the one child of that name; where there are two, the second is left to be found as a foreign one."""
    return next(iter(element.iterchildren(name)), None)


def _only_elements(element: etree._Element) -> bool:
    """Return whether nothing but elements is inside: a comment could cut a text in two, stray text could be anything."""
    strays = [element.text, *(child.tail for child in element)]
    return all(isinstance(child.tag, str) for child in element) and not any(text and text.strip() for text in strays)


def _well_formed(fields: Mapping[str, str]) -> bool:
    return bool(
        _TRACKING_ID.fullmatch(fields["TrackingId"])
        and fields["DocumentId"]
        and _DIGEST.fullmatch(fields["DocumentDigest"])
        and _is_moment(fields["ReceivedAt"])
    )


def _is_moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _agree(verdict: Verdict, reasons: tuple[Reason, ...]) -> bool:
    """Return whether the reasons fit the verdict: acceptance has none, a refusal says why; the rest may."""
    if verdict is Verdict.ACCEPTED:
        return not reasons
    return bool(reasons) or verdict is not Verdict.REJECTED
