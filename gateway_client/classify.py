"""The outcome table: an answer of the state, or its silence, becomes an ``Outcome`` or a ``Reply``.

Pure functions. Only the documented success shape counts (docs/transport.md); everything that could be half of one is
``Unsure``, because a send that is asked about costs a question and a send that is believed costs a record.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

from canonical.outcome import (
    Accepted,
    Misconfigured,
    NotThere,
    Outcome,
    Pending,
    Receipt,
    Rejected,
    Reply,
    Suspended,
    TryLater,
    Unsure,
)
from canonical.verdict import Verdict
from gateway_client.receipt import ReceiptReader
from gateway_client.response import Response
from specs.spec import Transport

#: What the state may say about a document that it has.
Word = Accepted | Pending | Suspended | Rejected

_LATER: Final = "The state asks us to come back later."
_UNRECOGNISED: Final = "The state's answer is not one that the interface describes."
_UNDECIDED: Final = "The state's answer does not say whether it has the document."
_STRANGER: Final = "The state's receipt is for another document."
_OTHER_DOCUMENT: Final = "The state says that this key belongs to another document."
_NO_SUCH_RECEIPT: Final = "The state does not know this receipt."
_REDIRECT: Final = "The state's address redirects elsewhere; a redirect is never followed."
_REFUSED: Final[Mapping[int, str]] = {
    HTTPStatus.UNAUTHORIZED: "The state refuses our credentials.",
    HTTPStatus.FORBIDDEN: "The state forbids us this address.",
    HTTPStatus.NOT_FOUND: "The state knows no such address.",
}
_REFUSED_OTHERWISE: Final = "The state refuses the request without a coded reason."

_COME_BACK: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
#: 4xx that say nothing about whether the document was taken.
_AMBIGUOUS: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_EARLY})
#: What each status that comes with a receipt may say.
_TAKEN: Final[Mapping[int, frozenset[Verdict]]] = {
    HTTPStatus.CREATED: frozenset({Verdict.ACCEPTED, Verdict.ACCEPTED_WITH_WARNINGS}),
    HTTPStatus.ACCEPTED: frozenset({Verdict.PENDING, Verdict.DEPENDENCY, Verdict.SUSPENDED}),
    HTTPStatus.OK: frozenset(Verdict),
}
_REFUSAL: Final = frozenset({Verdict.REJECTED})
_SECONDS: Final = re.compile(r"[0-9]+")
#: More digits than any cap has seconds; ``int`` of a million of them would take long.
_SANE_DIGITS: Final = 10


def sent(response: Response, *, document_id: str, digest: str, reader: ReceiptReader, now: datetime) -> Outcome:
    """Return what came of a send that got this answer."""
    status = response.status
    if status in _TAKEN:
        return _stated(response, _TAKEN[status], document_id=document_id, digest=digest, reader=reader)
    general = _general(response, reader.transport, now)
    if not isinstance(general, Misconfigured) or status in _REFUSED or not _client_error(status):
        return general
    stated = _stated(response, _REFUSAL, document_id=document_id, digest=digest, reader=reader)
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        # A receipt that came in pieces is no proof of a reused key: the state holds a refusal under its key, so ask.
        meant_as_receipt = response.claims_xml or response.body is None
        return stated if meant_as_receipt else Misconfigured(why=_OTHER_DOCUMENT, perhaps_document=True)
    return stated if isinstance(stated, Rejected) else general


def asked(response: Response, *, document_id: str, digest: str, reader: ReceiptReader, now: datetime) -> Reply:
    """Return what the answer to a question by idempotency key says; only an empty list says ``NotThere``."""
    if response.status != HTTPStatus.OK:
        return _general(response, reader.transport, now)
    receipts = reader.receipts(response.body) if response.claims_xml and response.body is not None else None
    if receipts is None or len(receipts) > 1:
        return Unsure(why=_UNRECOGNISED)
    if not receipts:
        return NotThere()
    return _word(receipts[0], reader.transport, document_id=document_id, digest=digest)


def polled(response: Response, *, document_id: str, digest: str, reader: ReceiptReader, now: datetime) -> Reply:
    """Return what the answer to a question by tracking id says.

    404 is ``Unsure`` here: the state has lost one receipt, which says nothing about the destination.
    """
    if response.status == HTTPStatus.OK:
        return _stated(response, _TAKEN[HTTPStatus.OK], document_id=document_id, digest=digest, reader=reader)
    if response.status == HTTPStatus.NOT_FOUND:
        return Unsure(why=_NO_SUCH_RECEIPT)
    return _general(response, reader.transport, now)


def retry_after(response: Response, *, now: datetime, cap: timedelta) -> timedelta | None:
    """Return how long the peer asks us to wait (RFC 9110 10.2.3), at most ``cap``; None where it says nothing readable."""
    text = response.headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(text):
        return min(timedelta(seconds=int(text)), cap) if len(text) <= _SANE_DIGITS else cap
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    # RFC 5322 reads "-0000" as "no zone known"; HTTP dates are always GMT.
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(moment - now, timedelta(0)), cap)


def _general(response: Response, transport: Transport, now: datetime) -> TryLater | Unsure | Misconfigured:
    """Return what the status alone says, where no receipt is to be expected."""
    status = response.status
    if status in _COME_BACK:
        return TryLater(why=_LATER, after=retry_after(response, now=now, cap=transport.retry_after_cap))
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return Misconfigured(why=_REDIRECT)
    if _client_error(status) and status not in _AMBIGUOUS:
        # An address or a credential that is wrong is wrong for every document; anything else may lie in this one.
        return Misconfigured(why=_REFUSED.get(status, _REFUSED_OTHERWISE), perhaps_document=status not in _REFUSED)
    return Unsure(why=_UNDECIDED)


def _client_error(status: int) -> bool:
    return HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR


def _stated(
    response: Response, verdicts: frozenset[Verdict], *, document_id: str, digest: str, reader: ReceiptReader
) -> Word | Unsure:
    """Return what the receipt in the answer says, if it is one that may come with this status."""
    receipt = reader.receipt(response.body) if response.claims_xml and response.body is not None else None
    if receipt is None or receipt.verdict not in verdicts:
        return Unsure(why=_UNRECOGNISED)
    return _word(receipt, reader.transport, document_id=document_id, digest=digest)


def _word(receipt: Receipt, transport: Transport, *, document_id: str, digest: str) -> Word | Unsure:
    """Return the state's word, if the receipt echoes the document that it is about."""
    if receipt.document_id != document_id or receipt.digest != digest:
        return Unsure(why=_STRANGER)
    match receipt.verdict:
        case Verdict.ACCEPTED | Verdict.ACCEPTED_WITH_WARNINGS:
            return Accepted(receipt=receipt)
        case Verdict.PENDING | Verdict.DEPENDENCY:
            return Pending(receipt=receipt)
        case Verdict.SUSPENDED:
            return Suspended(receipt=receipt)
        case Verdict.REJECTED:
            concerns_key = any(reason.code in transport.key_reasons for reason in receipt.reasons)
            return Rejected(receipt=receipt, concerns_key=concerns_key)
