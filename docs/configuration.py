"""Writes docs/configuration.md from service/settings.py and the table of the guide (make docs); “--check” compares."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from service.settings import PREFIX, Settings

HERE = Path(__file__).parent
PAGE = HERE / "configuration.md"
GUIDE = HERE / "guides/run-the-service.md"
_ROW = re.compile(r"^\| `(\w+)` \| `ECAS_\w+` \| (.*) \| (.*) \|$", re.MULTILINE)
#: What each group of commands is called on the page.
_SERVE, _WORK, _OPERATOR, _CLIENT, _OFFLINE, _OWNER = (
    "`serve`", "`work`", "the operator's commands", "clients (`submit`, `status` …)", "offline commands (`validate` …)",
    "`database prepare`",
)  # fmt: skip
_STORE = (_SERVE, _WORK, _OPERATOR)
_ROAD = (_WORK, "`doctor`", "`restore`")
#: Who reads each setting.
READ_BY: dict[str, tuple[str, ...]] = {
    "agency": (_OFFLINE, _CLIENT, _OPERATOR),
    "roster": (_OFFLINE, *_STORE),
    "mapping_path": (_OFFLINE, *_STORE),
    "spec_path": (_OFFLINE, *_STORE),
    "spec": (_OFFLINE, *_STORE),
    "data_dir": _STORE,
    "database_url": (*_STORE, _OWNER),
    "database_owner_url": (_OWNER, *_STORE),
    "key_file": _STORE,
    "master_command": _STORE,
    "previous_key_file": _STORE,
    "keep_payload_days": (_WORK, "`retention`"),
    "keep_document_days": (_WORK, "`retention`"),
    "audit_dir": (_SERVE, _WORK, "`audit`"),
    "audit_key_file": (_SERVE, _WORK, "`audit`"),
    "gateway_url": _ROAD,
    "gateway_client_id": _ROAD,
    "gateway_key_id": _ROAD,
    "gateway_key_file": _ROAD,
    "gateway_audience": _ROAD,
    "gateway_certificate": _ROAD,
    "gateway_certificate_key": _ROAD,
    "gateway_ca": _ROAD,
    "gateway_proxy": _ROAD,
    "blackout_calendars": _STORE,
    "url": (_CLIENT, "`ready`", _SERVE),
    "api_key": (_CLIENT,),
    "max_body_bytes": (_SERVE,),
    "max_assessments": (_SERVE,),
    "max_waiting": (_SERVE,),
    "max_waiting_per_agency": (_SERVE,),
    "look_again_minutes": (_WORK,),
    "go_live_per_minute": (_WORK, _OPERATOR),
    "token_audience": (_SERVE,),
    "free_space_floor_mb": (_SERVE, _WORK),
    "grace_seconds": (_SERVE, _WORK),
    "max_connections": (_SERVE,),
    "metrics_token": (_SERVE,),
    "traces_url": (_SERVE, _WORK),
    "webhook_networks": (_SERVE, _WORK),
    "webhook_patience_days": (_WORK,),
    "snapshot_key": (_OFFLINE,),
    "log_level": (_SERVE, _WORK),
}
#: Files that hold a secret: the path is none, what lies there is.
SECRET_FILES = {"key_file", "previous_key_file", "audit_key_file", "gateway_key_file", "gateway_certificate_key"}
_HEAD = """\
# Configuration

<!-- Written from service/settings.py by docs/configuration.py (make docs); edit that, and the table of run-the-service.md. -->

Every setting is a key of `ecas.toml` and an environment variable, which wins; an empty variable is none. Relative paths
of the file are relative to it. A key that is no setting stops the start; a variable that is none is left alone.

`ECAS_MASTER_KEY` and `ECAS_PREVIOUS_MASTER_KEY` hold master keys themselves (32 bytes, base64), and are read from the
environment only. [Run the service](guides/run-the-service.md) shows a file, [Deploy](guides/deploy.md) what each process
may know.
"""


def page() -> str:
    """Return the whole page."""
    told = {name: (means, default) for name, means, default in _ROW.findall(GUIDE.read_text("utf-8"))}
    rows = (_row(name, field, *told.get(name, _bare(field))) for name, field in Settings.model_fields.items())
    return "\n".join([_HEAD, *_table(rows), *_secrets()]) + "\n"


def _bare(field: FieldInfo) -> tuple[str, str]:
    """Return what the code alone says of a setting that the guide does not tell of yet."""
    return field.description or "", f"{field.default}" if field.default not in (None, ()) else "none"


def _table(rows: Iterator[str]) -> Iterator[str]:
    yield "| setting | variable | kind | default | what it does | read by |\n|---|---|---|---|---|---|"
    yield from rows
    yield ""


def _row(name: str, field: FieldInfo, means: str, default: str) -> str:
    moved = re.sub(r"\]\((?!\.\./|https?:)", "](guides/", f"{means} | {', '.join(READ_BY[name])}").replace(
        "](../", "]("
    )
    said = re.sub(r"\]\((?!\.\./|https?:)", "](guides/", default).replace("](../", "](")
    return f"| `{name}` | `{PREFIX}{name.upper()}` | {kind(name, field)} | {said} | {moved} |"


def kind(name: str, field: FieldInfo) -> str:
    """Return the kind of a setting, its bounds, and whether it is a secret."""
    words = _words(field.annotation)
    least = next((bound for each in field.metadata for bound in [getattr(each, "ge", None)] if bound is not None), None)
    words += "" if least is None else f", {least} or more"
    if name in SECRET_FILES:
        return f"{words} of a **secret**"
    return words


def _words(annotation: Any) -> str:  # noqa: ANN401 - a type, whatever it is
    if get_origin(annotation) is UnionType:
        return _words(next(part for part in get_args(annotation) if part is not type(None)))
    if get_origin(annotation) is tuple:
        return f"list of {_words(get_args(annotation)[0])}s"
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{word}`" for word in get_args(annotation))
    kinds = {Path: "path", int: "whole number", float: "number", str: "text", SecretStr: "text, **secret**"}
    return kinds[annotation]


def _secrets() -> Iterator[str]:
    secret = [
        name for name, field in Settings.model_fields.items() if name in SECRET_FILES or "secret" in kind(name, field)
    ]
    yield "Secret, themselves or what they lead to: " + ", ".join(f"`{name}`" for name in secret) + "."


def main() -> int:
    """Write the page, or compare it."""
    if "--check" in sys.argv:
        return int(not PAGE.is_file() or PAGE.read_text("utf-8") != page())
    PAGE.write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
