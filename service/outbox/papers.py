"""A draft as it will lie in its row: read out and sealed before anybody waits for the writer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from canonical.assessment import Assessment
from canonical.finding import Report
from service.identifiers import NewId
from service.outbox import records
from service.outbox.outbox import Draft
from service.vault import KeyColumns, Vault

#: What a document is known by.
_IDENTITY: Final = ("DOCUMENT_ID", "DOCUMENT_VERSION", "SUBMISSION_TYPE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """What is written of one submission, whatever the rows around it turn out to say."""

    id: str
    agency: str
    idempotency_key: str
    #: The columns of its data key.
    keys: KeyColumns = field(repr=False)
    #: Keyed: which document it is.
    document_digest: str
    #: Keyed: every answer.
    content_digest: str
    sealed_document_id: bytes = field(repr=False)
    sealed_assessment: bytes = field(repr=False)
    #: The report of the draft as it came; one that intake adds to is sealed anew.
    report: Report
    sealed_report: bytes = field(repr=False)

    def report_of(self, draft: Draft, vault: Vault) -> bytes:
        """Return the sealed report of what became of the draft."""
        if draft.report is self.report:
            return self.sealed_report
        key = self.keys["data_key"]
        return vault.seal(records.write_report(draft.report), "report", self.agency, self.id, key=key)


def papers(agency: str, draft: Draft, vault: Vault, new_id: NewId) -> Papers:
    """Return the papers of a draft, under an id of its own."""
    id_, assessment = new_id("sub"), draft.assessment
    keys = vault.new_key(agency, id_)
    key = keys["data_key"]
    answers = (f"{item}={answer.text}" for item, answer in sorted(assessment.answers.items()))
    document_id = (assessment.text("DOCUMENT_ID") or "").encode()
    return Papers(
        id=id_,
        agency=agency,
        idempotency_key=new_id("idem"),
        keys=keys,
        document_digest=document_digest(agency, assessment, vault),
        content_digest=vault.digest("content", *answers),
        sealed_document_id=vault.seal(document_id, "document", agency, id_, key=key),
        sealed_assessment=vault.seal(records.write_assessment(assessment), "assessment", agency, id_, key=key),
        report=draft.report,
        sealed_report=vault.seal(records.write_report(draft.report), "report", agency, id_, key=key),
    )


def document_digest(agency: str, assessment: Assessment, vault: Vault) -> str:
    """Return what a document is found by: keyed, and worth nothing to whoever lacks the key."""
    return vault.digest("document", agency, *(assessment.text(item) or "" for item in _IDENTITY))
