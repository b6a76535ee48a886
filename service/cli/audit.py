"""``ecas audit``: who did what, whether the trail is whole, and copies of it for others."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import UTC
from pathlib import Path
from typing import BinaryIO, Final

import click
import orjson

from service import settings
from service.audit import checkpoint as checkpoints
from service.audit import entry as entries
from service.audit import trail
from service.audit.checkpoint import Checkpoint
from service.audit.checkpoints import FILE
from service.audit.entry import Entry
from service.audit.fhir_audit_event import as_audit_event
from service.audit.signing import PublicKey
from service.audit.verification import Chain, Fault, Kind, verify
from service.cli import payload_files
from service.cli.columns import columns
from service.clock import from_milliseconds
from service.main import Service, build_service
from service.outbox.engine import reading
from service.reports.run import Exit
from service.tenants.tenant import EVERY

_HEAD: Final = ("number", "at", "who", "role", "action", "outcome", "about", "detail")
_DEPLOYMENT: Final = "the deployment"
_AGENCY: Final = click.option(
    "--agency", metavar="ID", help="One agency's chain; “-” for the deployment's own. [default: all]"
)
_FILE: Final = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group(epilog="Example:  ecas audit verify")
def command() -> None:
    """Show the audit trail, check that nobody altered it, sign it and hand out copies."""


@command.command(
    name="list", epilog="Example:  ecas audit list --agency riverbend --about sub_4x7mmvq2r3w5ybkd6t2hpzcnae"
)
@_AGENCY
@click.option("--about", default="", metavar="ID", help="Only what concerns this id, such as a submission.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="The newest so many.")
def list_(agency: str | None, about: str, limit: int) -> int:
    """List the newest entries of each chain, the oldest of them first."""
    service = build_service(settings.load())
    with reading(service.engine, EVERY) as connection:
        for one in _chains(service, agency):
            found = trail.page(connection, one, limit=limit, about=about, newest=True)
            sys.stdout.write(f"{one or _DEPLOYMENT}\n{columns([_HEAD, *map(_row, found)])}")
    return Exit.CLEAN


@command.command(
    name="verify",
    epilog="Example:  ecas audit verify trail.jsonl --checkpoints checkpoints.jsonl --public-key audit.pem",
)
@click.argument("export", metavar="[FILE]", type=_FILE, required=False)
@click.option(
    "--checkpoints",
    "shipped",
    type=_FILE,
    multiple=True,
    help="Checkpoints that were shipped off the host; repeatable.",
)
@click.option("--public-key", "keys", type=_FILE, multiple=True, help="The public key that signed them; repeatable.")
@_AGENCY
def verify_(export: Path | None, shipped: tuple[Path, ...], keys: tuple[Path, ...], agency: str | None) -> int:
    """Check that no entry was edited, removed, moved or added, and that no chain was cut or written anew.

    FILE is what “ecas audit export --jsonl” wrote: it is checked without the service or its database. Without FILE the
    database is checked. Exit code 1 names the first number of each chain that is broken; 3 says what could not be checked.
    """
    only = None if agency is None else _id(agency)
    told, broken = _shipped(shipped)
    public = [PublicKey.read(payload_files.read(file)) for file in keys]
    if export is not None:
        with export.open("rb") as lines:
            chains = verify(((one, True) for one in _lines(lines)), told, public, only=only)
    else:
        chains = _verified_database(told, public, only)
    for one in chains:
        sys.stdout.write(_said(one))
    unchecked = [*broken, *_unchecked(chains, exported=export is not None)]
    for why in unchecked:
        sys.stdout.write(f"could not check: {why}\n")
    if any(one.faults for one in chains):
        return Exit.FINDINGS
    return Exit.COULD_NOT_CHECK if unchecked else Exit.CLEAN


@command.command(name="checkpoint", epilog="Example:  ecas audit checkpoint --public-key > audit.pem")
@click.option("--public-key", is_flag=True, help="Print the public key, for whoever verifies, and sign nothing.")
def checkpoint_(*, public_key: bool) -> int:
    """Sign every chain as it stands now; a worker does so every minute by itself."""
    service = build_service(settings.load())
    if public_key:
        sys.stdout.write(service.checkpoints.key().public.pem().decode())
        return Exit.CLEAN
    signed = service.checkpoints.sign_all()
    sys.stdout.write(f"{signed} chains signed; the checkpoints are in {service.settings.audit_folder / FILE}\n")
    return Exit.CLEAN


@command.command(name="export", epilog="Example:  ecas audit export --agency riverbend --fhir > events.ndjson")
@_AGENCY
@click.option(
    "--jsonl", "form", flag_value="jsonl", default="jsonl", help="As it is, for “ecas audit verify”. [default]"
)
@click.option("--fhir", "form", flag_value="fhir", help="As FHIR R4 AuditEvents, one a line.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The file. [default: standard output]")
def export_(agency: str | None, form: str, out: Path | None) -> int:
    """Copy chains, the notes of people left out; the chains are signed first, so that a checkpoint vouches for all of it."""
    service = build_service(settings.load())
    if form == "jsonl":
        service.checkpoints.sign_all()
    only = None if agency is None else _id(agency)
    with reading(service.engine, EVERY) as connection:
        lines = (_line(one, form) for one in trail.entries(connection, only))
        if out is None:
            sys.stdout.buffer.writelines(lines)
            sys.stdout.buffer.flush()
        else:
            out.touch(mode=0o600)
            with out.open("wb") as file:
                file.writelines(lines)
    return Exit.CLEAN


def _verified_database(told: list[Checkpoint], public: list[PublicKey], only: str | None) -> list[Chain]:
    """Check the database against its own checkpoints, those in the file beside it, and those given."""
    service = build_service(settings.load())
    own = service.settings.audit_folder / FILE
    beside, _ = _shipped([own] if own.exists() else [])
    with reading(service.engine, EVERY) as connection:
        signed = [one for _, one in trail.checkpoints(connection)]
        seal = service.audit.entry_seal
        return verify(
            ((one, seal(one.digest) == beside_it) for one, beside_it in trail.sealed_entries(connection, only)),
            [*told, *beside, *signed],
            public or ([service.checkpoints.key().public] if signed or beside or told else []),
            only=only,
        )


def _shipped(files: Iterable[Path]) -> tuple[list[Checkpoint], list[str]]:
    """Return the checkpoints of files, and what is no checkpoint in them."""
    found, broken = [], []
    for file in files:
        for number, line in enumerate(payload_files.read(file).splitlines(keepends=True), start=1):
            if (one := checkpoints.from_line(line)) is None:
                broken.append(f"line {number} of {file.name} is no checkpoint.")
            else:
                found.append(one[1])
    return found, broken


def _lines(file: BinaryIO) -> Iterator[Entry]:
    """Return the entries of an export; a line that is none stands for one that was edited beyond recognition."""
    agency, number = "", 0
    for line in file:
        one = entries.from_line(line)
        if one is None:
            one = Entry(agency, number + 1, 0, *[""] * (len(Entry._fields) - 3))
        agency, number = one.agency, one.number
        yield one


def _said(chain: Chain) -> str:
    name = chain.agency or _DEPLOYMENT
    if chain.faults:
        return "".join(f"BROKEN  {name}: {_fault(fault)}\n" for fault in chain.faults)
    return f"ok      {name}: {chain.entries} entries, {chain.vouched} of them signed for\n"


def _fault(fault: Fault) -> str:
    if fault.kind is Kind.CHECKPOINT:
        return fault.why
    return f"entry {fault.number}, {fault.kind.value}: {fault.why}"


def _unchecked(chains: Iterable[Chain], *, exported: bool) -> Iterator[str]:
    """Say what no checkpoint vouches for: in the database the newest minute is sealed by the master key, in a copy not."""
    for one in chains:
        if one.faults or one.vouched == one.entries or (one.vouched and not exported):
            continue
        yield (
            f"{one.entries - one.vouched} entries of {one.agency or _DEPLOYMENT} are newer than every checkpoint given: nobody "
            "can tell whether these were written anew, or others cut off behind them."
        )


def _chains(service: Service, agency: str | None) -> list[str]:
    return ["", *(one.id for one in service.agencies.list())] if agency is None else [_id(agency)]


def _id(agency: str) -> str:
    return "" if agency == "-" else agency


def _row(one: Entry) -> tuple[str, ...]:
    at = from_milliseconds(one.at).astimezone(UTC).isoformat(timespec="seconds")
    return str(one.number), at, one.principal, one.role, one.action, one.outcome, one.about, one.detail


def _line(one: Entry, form: str) -> bytes:
    return entries.as_line(one) if form == "jsonl" else orjson.dumps(as_audit_event(one)) + b"\n"
