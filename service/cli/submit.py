"""``ecas submit``: hand payloads to the service, which delivers them."""

from __future__ import annotations

import hashlib
import json
import secrets
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from canonical.finding import Severity
from canonical.submission import State
from service import settings
from service.cli import payload_files
from service.cli.client import Answer, Client
from service.cli.columns import columns
from service.cli.format_option import FORMAT
from service.reports.printable import printable
from service.reports.run import Exit

#: Where a submission stands that does not leave by itself.
_STOPPED: Final = (State.BLOCKED.value, State.HELD.value)


@click.command(epilog="Example:  ecas submit exports/monday.json")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path))
@FORMAT
@click.option(
    "--dated",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="The day of the payloads: they are read with the mapping of that day, now and later. [default: today]",
)
@click.option(
    "--again", is_flag=True, help="Submit anew what was submitted before, after a cure on the service's side."
)
@click.option(
    "--report", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to tell it."
)
def command(*, paths: Sequence[Path], format_: str, dated: datetime | None, again: bool, report: str) -> int:
    """Hand payloads to the service. The same content twice is taken once, so that a repeated command does no harm."""
    client = Client(settings.load())
    said = {"format": format_} | ({"dated": dated.date().isoformat()} if dated else {})
    answers = []
    for file in payload_files.find(paths):
        content = payload_files.read(file)
        key = idempotency_key(content, *said.values(), again=again)
        answer = client.post("/v1/submissions", content, idempotency_key=key, **said)
        answers.append((payload_files.name_of(file), answer))
    sys.stdout.write(_as_json(answers) if report == "json" else _as_text(answers))
    stopped = any(submission["state"] in _STOPPED for _, answer in answers for submission in _submissions(answer))
    unread = any(finding["severity"] == Severity.ERROR for _, answer in answers for finding in _findings(answer))
    return Exit.FINDINGS if stopped or unread or not all(answer.ok for _, answer in answers) else Exit.CLEAN


def idempotency_key(content: bytes, *said: str, again: bool = False) -> str:
    """Return the name of a request, the same for the same content of which the same is said; each agency's are kept apart."""
    digest = hashlib.sha256(" ".join(said).encode() + b"\0" + content).hexdigest()
    return f"submit-{digest}-{secrets.token_hex(8)}" if again else f"submit-{digest}"


def _submissions(answer: Answer) -> list[dict[str, Any]]:
    return list(answer.data.get("submissions", []))


def _findings(answer: Answer) -> list[dict[str, Any]]:
    return list(answer.data.get("findings", []))


def _as_json(answers: Sequence[tuple[str, Answer]]) -> str:
    data = {
        "submissions": [{"file": file, **one} for file, answer in answers for one in _submissions(answer)],
        "findings": [{"file": file, **one} for file, answer in answers for one in _findings(answer)],
        "refused": [
            {
                "file": file,
                "status": answer.status,
                "title": answer.data.get("title"),
                "detail": answer.data.get("detail"),
            }
            for file, answer in answers
            if not answer.ok
        ],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _as_text(answers: Sequence[tuple[str, Answer]]) -> str:
    rows = [
        (file, one["id"], one["state"], one["document_id"], ", ".join(one["holds"]))
        for file, answer in answers
        for one in _submissions(answer)
    ]
    table = columns([("file", "submission", "state", "document", "waits for"), *rows]) if rows else ""
    return table + "".join(line for file, answer in answers for line in _remarks(file, answer)) + _advice(rows)


def _remarks(file: str, answer: Answer) -> list[str]:
    """Tell what else there is to say about one file."""
    said = []
    if not answer.ok:
        said.append(f"not taken ({answer.status}): {answer.data.get('title')}. {answer.data.get('detail')}")
    if answer.replayed:
        said.append("was submitted before; this is the answer of then, and --again submits it anew.")
    for finding in _findings(answer):
        place = ", ".join(source["label"] for source in finding["sources"])
        said.append(f"{finding['rule']} {finding['message']} {f'({place})' if place else ''} {finding['fix']}".rstrip())
    return [f"{printable(file)}: {printable(line)}\n" for line in said]


def _advice(rows: Sequence[tuple[str, ...]]) -> str:
    stopped = [id_ for _, id_, state, *_ in rows if state in _STOPPED]
    return f"{len(stopped)} blocked or held; “ecas status {stopped[0]}” says why.\n" if stopped else ""
