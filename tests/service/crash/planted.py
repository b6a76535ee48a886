"""Bugs to plant in a copy of the sources: each a line that somebody could write."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from standing import Step

_PACKAGES = (
    "canonical",
    "markup",
    "specs",
    "adapters",
    "validators",
    "gateway_client",
    "sandbox",
    "service",
    "samples",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    """One change of one file, and the fault by which the checker is to know it."""

    file: str
    right: str
    wrong: str
    fault: str
    #: Whom to kill, and where; chance where no step is named.
    kills: tuple[tuple[str, Step | None], ...] = ()
    #: Whether the fault is known only when everything else has come to its end.
    only_at_the_end: bool = False


ACKNOWLEDGED_TOO_EARLY = Bug(
    file="service/api/submissions.py",
    right="        return await asyncio.to_thread(_receive, service, payload, said.format, once, writer)\n",
    wrong="        asyncio.get_running_loop().run_in_executor(None, _receive, service, payload, said.format, once, writer)\n"
    "        return Reply(status=_TAKEN, content=b'{}')\n",
    fault="lost",
    kills=(("service", None),) * 3,
    only_at_the_end=True,
)
NO_FENCE = Bug(
    file="service/outbox/settling.py",
    right='return lane["fence"] == claim.fence and lane["owner"] is not None',
    wrong="return lane is not None and claim is not None",
    fault="overlaps",
)
REJECTED_IS_RETRIED = Bug(
    file="service/settlement.py",
    right='state=State.REJECTED,\n                outcome="Rejected",\n                why="The state rejected it.",\n',
    wrong='state=State.READY,\n                outcome="Rejected",\n                why="The state rejected it.",\n',
    fault="sent after a rejection",
    kills=(("worker", Step.ANSWERED), ("worker", None)),
)
KEY_NOT_STABLE = Bug(
    file="service/outbox/leasing.py",
    right='idempotency_key=row["idempotency_key"],',
    wrong='idempotency_key=self._new_id("idem"),',
    fault="doubled",
    kills=(("worker", Step.ANSWERED), ("worker", Step.SENT), ("worker", None)),
)
KEY_KEPT_AFTER_A_REJECTION = Bug(
    file="service/outbox/settling.py",
    right='"key_": next_key(self._vault, row["idempotency_key"]) if settlement.fresh_key else',
    wrong='"key_": row["idempotency_key"] if settlement.fresh_key else',
    fault="lost",
    kills=(("worker", Step.ANSWERED), ("worker", None)),
    only_at_the_end=True,
)


def planted(bug: Bug, source: Path, folder: Path) -> Path:
    """Return a copy of the source tree with the bug in it; the line that it replaces is there exactly once."""
    package = Path(bug.file).parts[0]
    for name in _PACKAGES:
        if name != package:
            (folder / name).symlink_to(source / name)
    shutil.copytree(source / package, folder / package)
    file = folder / bug.file
    text = file.read_text("utf-8")
    assert text.count(bug.right) == 1, f"{bug.file} has changed: say anew where the bug is to be planted"
    file.write_text(text.replace(bug.right, bug.wrong), "utf-8")
    return folder
