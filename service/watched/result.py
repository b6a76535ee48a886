"""What is put beside a file: ids, states and findings, as the service answered; never a value of a record."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from canonical.submission import State

if TYPE_CHECKING:
    from service.cli.client import Answer

#: Where a submission stands that does not leave by itself.
STOPPED: Final = frozenset({State.BLOCKED.value, State.HELD.value})
#: What is kept of a submission; the rest changes while it is on its way, and “ecas status” tells it.
_KEPT: Final = ("id", "document_id", "state", "holds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one file."""

    #: The name of the request; the same content has the same.
    idempotency_key: str | None
    #: True where the same content was handed in before: this is the answer of then.
    replayed: bool = False
    submissions: tuple[dict[str, Any], ...] = ()
    #: What was found of each assessment, in the order of the file.
    outcomes: tuple[dict[str, Any], ...] = ()
    #: What concerns the file as a whole.
    findings: tuple[dict[str, Any], ...] = ()
    #: Why nothing was taken; None where it was.
    problem: str | None = None

    @classmethod
    def answered(cls, answer: Answer, key: str) -> Result:
        """Return the result of a request that the service answered for good."""
        data = answer.data
        problem = None if answer.ok else f"{data.get('title')} ({answer.status}). {data.get('detail')}"
        return cls(
            idempotency_key=key,
            replayed=answer.replayed,
            submissions=tuple({name: one.get(name) for name in _KEPT} for one in data.get("submissions", [])),
            outcomes=tuple(data.get("outcomes", [])),
            findings=tuple(data.get("findings", [])),
            problem=problem,
        )

    @property
    def stopped(self) -> bool:
        """True where somebody must do something: nothing was taken, not all could be read, or something does not leave."""
        errors = any(one.get("severity") == "error" for one in self.findings)
        return self.problem is not None or errors or any(one["state"] in STOPPED for one in self.submissions)

    def content(self) -> bytes:
        """Return what is written."""
        data = {
            "result": 1,
            "idempotency_key": self.idempotency_key,
            "replayed": self.replayed,
            "submissions": self.submissions,
            "outcomes": self.outcomes,
            "findings": self.findings,
            "problem": self.problem,
        }
        return json.dumps(data, indent=2, ensure_ascii=False).encode("utf-8", "replace") + b"\n"

    def said(self) -> str:
        """Return it in one line for a log, which names no file: senders put children's names in those."""
        if self.problem is not None:
            return f"failed: {self.problem}"
        told = ", ".join(f"{one['id']} {one['state']}" for one in self.submissions)
        return f"done: {told}{' (was submitted before)' if self.replayed else ''}"
