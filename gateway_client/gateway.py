"""The seam to the state: send a document, ask what became of it, and nothing else."""

from __future__ import annotations

from typing import Protocol

from canonical.outcome import Document, Outcome, Reply


class Gateway(Protocol):
    """One destination. Data and network never raise here; a wrong deployment does (``ConfigurationError``)."""

    async def send(self, document: Document, *, idempotency_key: str) -> Outcome:
        """Send the document under its key and say what came of it.

        Raises:
            InterlockClosed: before any byte leaves, where a provisional document would reach a peer that is no sandbox.
        """

    async def ask(self, document: Document, *, idempotency_key: str) -> Reply:
        """Ask what the state holds under the key.

        Only ``NotThere`` says that the document never arrived. ``TryLater`` says that the question got no answer yet:
        the submission stays in doubt and the question is put again.
        """

    async def poll(self, document_id: str, digest: str, tracking_id: str) -> Reply:
        """Ask how the state's receipt stands now, for a document that it has taken."""

    async def close(self) -> None:
        """Give the connections back; closing twice is harmless."""
