"""``ecas keys show``, ``add``, ``set``, ``archive`` and ``evidence``: one person, or one key, at a time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from canonical.errors import ConfigurationError
from service.cli.columns import columns
from service.cli.key_source import KEY_FILE, read_key
from service.cli.keys_import import tell_released
from service.cli.payload_files import read
from service.cli.roster_owner import AGENCY, kept, operator
from service.reports.printable import printable
from service.reports.run import Exit
from service.roster.evidence import Evidence, digest_of
from service.roster.person import Certificate, Person
from validators.roster import AccountStatus

if TYPE_CHECKING:
    from service.main import Service

_DAY: Final = click.DateTime(["%Y-%m-%d"])
_DATES: Final = ("certified_on", "issued_on", "expires_on", "approved_on")
_LISTS: Final = ("former_names", "agencies")


def _described(command: Callable[..., int]) -> Callable[..., int]:
    """Add the options that say something of a person or of a key."""
    for name in reversed(_DATES):
        command = click.option(f"--{name.replace('_', '-')}", type=_DAY, metavar="YYYY-MM-DD")(command)
    command = click.option("--status", type=click.Choice([status.value for status in AccountStatus]))(command)
    command = click.option("--state", help="The state of practice.")(command)
    for name in _LISTS:
        command = click.option(f"--{name.replace('_', '-')}", metavar="'ONE;TWO'")(command)
    return command


@click.command(epilog="\b\nExample:\n  ecas keys show asr_4x7mmvq2r3w5ybkd6t2hpzcnae")
@click.argument("assessor", metavar="ID")
@AGENCY
def show(assessor: str, agency: str | None) -> int:
    """Show a person of the roster: keys (masked), what they rest on, and every change that was made."""
    service, owner = kept(agency)
    person = _person(service, owner, assessor)
    evidence = service.rosters.standing(owner).evidence
    facts = {
        "id": person.id,
        "name": person.name,
        "formerly": "; ".join(person.former_names),
        "agencies": ", ".join(sorted(person.agencies)),
        "state": person.state,
    }
    sys.stdout.write("".join(f"{name:<9} {printable(text)}\n" for name, text in facts.items() if text))
    head = ("key", "id", "certified", "issued", "expires", "approved", "status")
    rows = [(one.masked, one.id, *map(_day, _days(one)), one.status.value) for one in person.certificates]
    sys.stdout.write("\n" + columns([head, *rows]))
    for certificate in person.certificates:
        for one in evidence.get(certificate.id, ()):
            seen = " ".join(filter(None, (one.seen_by, _day(one.seen_on) if one.seen_on else "", one.note)))
            sys.stdout.write(f"evidence  {certificate.masked}  {printable(one.document or f'seen: {seen}')}\n")
    changes = [
        (one.at.isoformat(timespec="seconds"), one.what, one.actor) for one in service.rosters.history(owner, person.id)
    ]
    sys.stdout.write("\n" + columns([("at", "change", "by"), *changes]))
    return Exit.CLEAN


@click.command(epilog="\b\nExample:\n  ecas keys add --name 'Rivera, Ana' --certified-on 2026-03-02 --key-file key.txt")
@click.option("--name", required=True, metavar="'LAST, FIRST'", help="The name as certified.")
@_described
@KEY_FILE
@AGENCY
def add(*, name: str, key_file: Path | None, agency: str | None, **said: Any) -> int:  # noqa: ANN401 - as click gives them
    """Put a person with a key on the roster; the key comes from standard input or a file."""
    service, owner = kept(agency)
    last, _, first = (part.strip() for part in name.partition(","))
    certificate = _with_dates(Certificate(id="", key=read_key(key_file)), said)
    person = _with_places(Person(id="", last_name=last, first_name=first, certificates=(certificate,)), said)
    added = service.rosters.add(owner, person, actor=operator())
    sys.stdout.write(f"{added.id} is on the roster of {owner}.\n")
    tell_released(service.intake.recheck(owner))
    return Exit.CLEAN


@click.command(
    name="set", epilog="\b\nExample:\n  ecas keys set asr_4x7mmvq2r3w5ybkd6t2hpzcnae --name 'Rivera-Bell, Ana'"
)
@click.argument("id_", metavar="ID")
@click.option("--name", metavar="'LAST, FIRST'", help="The new name; the old one stays as a former name.")
@_described
@AGENCY
def set_(*, id_: str, name: str | None, agency: str | None, **said: Any) -> int:  # noqa: ANN401 - as click gives them
    """Change what the roster says of a person (asr_…) or of a key (crt_…)."""
    service, owner = kept(agency)
    about_person = name is not None or any(said[what] is not None for what in ("state", *_LISTS))
    about_key = any(said[what] is not None for what in ("status", *_DATES))
    is_key = id_.startswith("crt_")
    if about_person is about_key or is_key is not about_key:
        raise click.UsageError(
            "Dates and status are a key's (crt_…); name, former names, agencies and state a person's (asr_…)."
        )
    if is_key:
        return _say(service, owner, *_keyed(service, owner, id_, lambda one: _with_dates(one, said)))
    person = _with_places(_person(service, owner, id_), said)
    if name is not None:
        last, _, first = (part.strip() for part in name.partition(","))
        person = replace(person, last_name=last, first_name=first)
    return _say(service, owner, person, "changed")


@click.command(epilog="\b\nExample:\n  ecas keys archive crt_4x7mmvq2r3w5ybkd6t2hpzcnae")
@click.argument("key", metavar="ID")
@AGENCY
def archive(key: str, agency: str | None) -> int:
    """Mark a key as archived: the help desk has put that account away."""
    service, owner = kept(agency)
    person, _ = _keyed(service, owner, key, lambda one: replace(one, status=AccountStatus.ARCHIVED))
    return _say(service, owner, person, "archived")


@click.group(epilog="\b\nExample:\n  ecas keys evidence add crt_4x7mmvq2r3w5ybkd6t2hpzcnae --pdf certificate.pdf")
def evidence() -> None:
    """Write down what a key rests on."""


@evidence.command(
    name="add", epilog="\b\nExample:\n  ecas keys evidence add crt_4x7m… --seen-by 'R. Okafor' --on 2026-03-02"
)
@click.argument("key", metavar="ID")
@click.option(
    "--pdf", type=click.Path(path_type=Path), metavar="FILE", help="The certificate; only its digest is kept."
)
@click.option("--seen-by", metavar="WHO", help="Who saw the certificate.")
@click.option("--on", type=_DAY, metavar="YYYY-MM-DD", help="When.")
@click.option("--note", default="", help="Anything else.")
@AGENCY
def evidence_add(
    *, key: str, pdf: Path | None, seen_by: str | None, on: datetime | None, note: str, agency: str | None
) -> int:
    """Add the digest of a certificate's PDF, or a note of who saw it when."""
    if (pdf is None) is (seen_by is None):
        raise click.UsageError("Give either --pdf or --seen-by.")
    document = None if pdf is None else digest_of(read(pdf))
    proof = Evidence(document=document, note=note, seen_by=seen_by or "", seen_on=on.date() if on else None)
    service, owner = kept(agency)
    service.rosters.attest(owner, key, proof, actor=operator())
    sys.stdout.write("Written down.\n")
    return Exit.CLEAN


def _say(service: Service, owner: str, person: Person, what: str) -> int:
    service.rosters.change(owner, person, actor=operator(), what=what)
    sys.stdout.write(f"{person.id} is changed; what was said before stays in the history.\n")
    tell_released(service.intake.recheck(owner))
    return Exit.CLEAN


def _keyed(service: Service, owner: str, key: str, changed: Callable[[Certificate], Certificate]) -> tuple[Person, str]:
    """Return the person with this one certificate changed."""
    person = service.rosters.holder(owner, key)
    certificates = tuple(changed(one) if one.id == key else one for one in person.certificates)
    return replace(person, certificates=certificates), "changed"


def _person(service: Service, owner: str, assessor: str) -> Person:
    person = service.rosters.person(owner, assessor)
    if person is None:
        raise ConfigurationError("There is nobody of that id on this roster; “ecas keys list --agency ID” shows them.")
    return person


def _with_dates(certificate: Certificate, said: dict[str, Any]) -> Certificate:
    days = {name: said[name].date() for name in _DATES if said[name] is not None}
    status = certificate.status if said["status"] is None else AccountStatus(said["status"])
    return replace(certificate, status=status, **days)


def _with_places(person: Person, said: dict[str, Any]) -> Person:
    parts = {
        name: [part.strip() for part in said[name].split(";") if part.strip()]
        for name in _LISTS
        if said[name] is not None
    }
    return replace(
        person,
        state=person.state if said["state"] is None else said["state"],
        former_names=tuple(parts.get("former_names", person.former_names)),
        agencies=frozenset(parts.get("agencies", person.agencies)),
    )


def _days(certificate: Certificate) -> tuple[date | None, ...]:
    return certificate.certified_on, certificate.issued_on, certificate.expires_on, certificate.approved_on


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()
