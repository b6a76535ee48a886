"""transport.toml: how the state is spoken to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from canonical.verdict import Verdict
from specs.blackouts import read_blackouts
from specs.defects import Defects
from specs.folder import Folder
from specs.patience import USUAL, Patience
from specs.spec import Transport
from specs.toml_table import Table, read_toml

#: How we can prove who we are.
AUTH: Final = ("private_key_jwt", "none")


def read_transport(folder: Folder, defects: Defects) -> Transport:
    """Read the transport."""
    with (
        read_toml(folder, "transport.toml", defects) as file,
        file.table("paths") as paths,
        file.table("receipt") as receipt,
        file.table("second_try") as second_try,
        file.table("retry") as retry,
        file.table("short_clock") as short_clock,
        file.table("limits") as limits,
        file.table("lane") as lane,
    ):
        auth = file.text("auth", among=AUTH, noun=f"auth ({', '.join(AUTH)})")
        if auth == "private_key_jwt" and "token" not in paths:
            paths.refuse("", "The auth private_key_jwt needs the path 'token'.")
        return Transport(
            submit=_read_path(paths, "submit"),
            status=_read_path(paths, "status", "{tracking_id}"),
            query=_read_path(paths, "query", "{idempotency_key}") if "query" in paths else None,
            token=_read_path(paths, "token") if "token" in paths else None,
            auth=auth,
            idempotency=file.flag("idempotency"),
            receipt_namespace=receipt.text("namespace"),
            verdicts=_read_verdicts(receipt),
            key_reasons=frozenset(receipt.texts("key_reasons", default=())),
            second_try=second_try.flag("enabled"),
            schedule=tuple(timedelta(seconds=seconds) for seconds in retry.integers("schedule_seconds")),
            give_up_after=timedelta(days=retry.integer("give_up_days", least=1)),
            retry_after_cap=_read_seconds(retry, "retry_after_cap_seconds"),
            poll_every=_read_seconds(retry, "poll_seconds"),
            short_tries=short_clock.integer("tries", least=1),
            short_wait=_read_seconds(short_clock, "wait_seconds", least=0),
            connect_timeout=_read_seconds(limits, "connect_timeout_seconds"),
            total_timeout=_read_seconds(limits, "total_timeout_seconds"),
            max_document_bytes=limits.integer("max_document_bytes", least=1),
            max_receipt_bytes=receipt.integer("max_bytes", least=1),
            max_in_flight=limits.integer("max_in_flight", least=1),
            waits_for_pending=lane.flag("waits_for_pending"),
            blackouts=read_blackouts(file),
            per_second=limits.integer("per_second", least=1) if "per_second" in limits else None,
            patience=_read_patience(file),
        )


def _read_patience(file: Table) -> Patience:
    """Return when the breaker opens and how it closes; where the package says nothing, the usual."""
    if "breaker" not in file:
        return USUAL
    with file.table("breaker") as breaker:
        return Patience(
            failures=breaker.integer("failures", least=1),
            first_probe=_read_seconds(breaker, "first_probe_seconds"),
            slowest_probe=_read_seconds(breaker, "slowest_probe_seconds"),
            ramp=_read_seconds(breaker, "ramp_seconds", least=0),
            refusals=breaker.integer("refusals", least=1),
        )


def _read_path(paths: Table, key: str, field: str = "") -> str:
    """Return a path below the base address; where it needs a field, no request could be addressed without it."""
    path = paths.text(key)
    if path and not path.startswith("/"):
        paths.refuse(key, f"The path {key!r} must begin with a slash.")
    if path and field not in path:
        paths.refuse(key, f"The path {key!r} must hold {field}.")
    return path


def _read_verdicts(receipt: Table) -> Mapping[str, Verdict]:
    with receipt.table("verdicts") as table:
        words = {word: table.choice(word, Verdict.PENDING, noun="verdict") for word in table.keys()}  # noqa: SIM118  it is no mapping
    for verdict in (Verdict.ACCEPTED, Verdict.REJECTED):
        if words and verdict not in words.values():
            receipt.refuse("verdicts", f"No word of the state means {verdict}.")
    return MappingProxyType(words)


def _read_seconds(table: Table, key: str, *, least: int = 1) -> timedelta:
    return timedelta(seconds=table.integer(key, least=least))
