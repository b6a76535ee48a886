from __future__ import annotations

import pytest

from canonical.outcome import Reason
from canonical.verdict import Verdict

NAMESPACE = b'xmlns="urn:ecas-bridge:receipt:2026.1"'
REASON = b"<Reason><Code>B012</Code><Item>ASSESSMENT_DATE</Item><Text>Her birthday is later.</Text></Reason>"


def test_the_documented_receipt_is_read_whole(reader, document, receipt_xml):
    """Every field of docs/transport.md arrives, and the bytes are kept as they came."""
    content = receipt_xml("rejected", reasons=("X",)).replace(b"<Reason><Code>X</Code></Reason>", REASON)
    receipt = reader.receipt(content)
    assert receipt is not None
    assert (receipt.tracking_id, receipt.verdict) == ("trk_01J", Verdict.REJECTED)
    assert (receipt.document_id, receipt.digest) == (document.document_id, document.digest)
    assert receipt.reasons == (Reason(code="B012", item="ASSESSMENT_DATE", text="Her birthday is later."),)
    assert receipt.content == content
    assert "birthday" not in repr(receipt)


@pytest.mark.parametrize("status", list(Verdict))
def test_each_word_of_the_vocabulary_is_a_verdict(reader, receipt_xml, status):
    """The state's six words are the six verdicts."""
    receipt = reader.receipt(receipt_xml(status, reasons=() if status == "accepted" else ("W1",)))
    assert receipt is not None
    assert receipt.verdict is status


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"receipt:2026.1", b"receipt:2027.1"),
        (NAMESPACE, b""),
        (b"Receipt", b"receipt"),
        (b"<Status>accepted</Status>", b""),
        (b"<Status>accepted</Status>", b"<Status/>"),
        (b"<Status>accepted</Status>", b"<Status>Accepted</Status>"),
        (b"<Status>accepted</Status>", b"<Status>accepted maybe</Status>"),
        (b"<Status>accepted</Status>", b"<Status>rejected</Status><Status>accepted</Status>"),
        (b"<Status>accepted</Status>", b"<Status>accepted<!-- not --></Status>"),
        (b"<Status>accepted</Status>", b"<Status>accepted</Status><!-- not -->"),
        (b"<Status>accepted</Status>", b"<Status>accepted<b/></Status>"),
        (b"<Status>accepted</Status>", b"<Status><?not?>accepted</Status>"),
        (b"<Status>accepted</Status>", b'<Status test="yes">accepted</Status>'),
        (b"<Status>accepted</Status>", b"<Status>rejected</Status>"),
        (b"<Status>accepted</Status>", b"<Status>accepted</Status>in a dream"),
        (b"<Status>accepted</Status>", b"<Status>accepted</Status><Test>yes</Test>"),
        (b"</Receipt>", b"<Reasons><Reason><Code>B012</Code></Reason></Reasons></Receipt>"),
        (b"</Receipt>", b"<Reasons/><Reasons/></Receipt>"),
        (b"trk_01J", b"../../oauth2/token"),
        (b"trk_01J", b"."),
        (b"trk_01J", b"a?b=c"),
        (b"trk_01J", b""),
        (b"trk_01J", b"x" * 256),
        (b"<DocumentDigest>sha-256:", b"<DocumentDigest>sha-512:"),
        (b"<DocumentDigest>sha-256:", b"<DocumentDigest>sha-256:0"),
        (b"2026-09-15T14:03:11Z", b"yesterday"),
        (b"2026-09-15T14:03:11Z", b"2026-09-15T14:03:11"),
        (b"doc-0001", b""),
    ],
)
def test_anything_else_is_no_receipt(reader, receipt_xml, old, new):
    """A wrong namespace, a missing, double, foreign or half-hidden field, a contradiction: not a receipt."""
    content = receipt_xml()
    assert old in content
    assert reader.receipt(content) is not None
    assert reader.receipt(content.replace(old, new, 1) if old != b"Receipt" else content.replace(old, new)) is None


@pytest.mark.parametrize(
    "reason",
    [
        b"",
        b"<Reason/>",
        b"<Reason><Item>LDF_SLEEP</Item></Reason>",
        b"<Reason><Code/></Reason>",
        b"<Reason><Code>the child was not born</Code></Reason>",
        b"<Reason><Code>B1</Code><Code>B2</Code></Reason>",
        b"<Reason><Code>B1</Code><Severity>low</Severity></Reason>",
        b"<Because><Code>B1</Code></Because>",
        b"<Reason><Code>B1</Code></Reason>and more",
    ],
)
def test_a_refusal_without_a_readable_code_is_no_receipt(reader, receipt_xml, reason):
    """A rejection says why, in codes that can go into a finding; a sentence is no code."""
    content = receipt_xml("rejected", reasons=("X",)).replace(b"<Reason><Code>X</Code></Reason>", reason)
    assert reader.receipt(content) is None


def test_an_item_that_the_dictionary_does_not_know_is_none(reader, receipt_xml):
    """The state's name of an item is believed only where our dictionary has it: it could be anything."""
    named = b"<Reason><Code>B1</Code><Item>Jane Doe</Item></Reason>"
    receipt = reader.receipt(receipt_xml("pending", reasons=("X",)).replace(b"<Reason><Code>X</Code></Reason>", named))
    assert receipt is not None
    assert receipt.reasons == (Reason(code="B1"),)


def test_a_list_holds_its_receipts_or_is_none(reader, receipt_xml):
    """Only a list in the right namespace whose every entry is a receipt is one; an empty list is a list."""
    one = receipt_xml()
    empty = b"<Receipts " + NAMESPACE + b"/>"
    listed = b"<Receipts " + NAMESPACE + b">%s</Receipts>"
    assert reader.receipts(empty) == ()
    found = reader.receipts(listed % one)
    assert found is not None
    assert [receipt.tracking_id for receipt in found] == ["trk_01J"]
    for content in (
        b"",
        b"<Receipts/>",
        one,
        listed % b"<Receipt/>",
        listed % b"none",
        listed % b"<!-- -->",
        listed % (one + b"x"),
    ):
        assert reader.receipts(content) is None


def test_a_receipt_longer_than_the_limit_is_none(reader, transport, receipt_xml):
    """No more is read than the transport allows."""
    padding = b"<!--" + b"x" * transport.max_receipt_bytes + b"-->"
    assert reader.receipt(receipt_xml() + padding) is None
