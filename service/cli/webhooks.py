"""``ecas webhooks``: agencies' endpoints that are told when their submissions change."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from canonical.errors import ConfigurationError
from canonical.submission import State
from service import settings
from service.cli.columns import columns
from service.cli.role_options import REPORT, minute
from service.cli.roster_owner import operator
from service.cli.span import Span
from service.main import build_service
from service.reports.run import Exit

if TYPE_CHECKING:
    from service.webhooks.endpoint import Endpoint, Message
    from service.webhooks.endpoints import Endpoints, Secret

_ID = click.argument("webhook", metavar="ID")
_UNKNOWN = "There is no webhook of that id; “ecas webhooks list” shows them."


@click.group(epilog="Example:  ecas webhooks add https://ehr.example.org/hooks --agency riverbend")
def command() -> None:
    """Tell agencies' endpoints when their submissions change."""


@command.command(epilog="Example:  ecas webhooks add https://ehr.example.org/hooks --agency riverbend --state rejected")
@click.argument("url", metavar="URL")
@click.option("--agency", required=True, metavar="ID", help="Whose submissions it is told about.")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([state.value for state in State]),
    help="Only of this state; again for more.",
)
def add(url: str, agency: str, states: Sequence[str]) -> int:
    """Register an endpoint, and print the secret that signs its messages, once."""
    made = _webhooks().add(agency, url, [State(state) for state in states], actor=operator())
    sys.stderr.write(f"{made.id} is told of what changes from now on.\n")
    return _show_once(made)


@command.command(name="list", epilog="Example:  ecas webhooks list")
@click.option("--agency", metavar="ID", help="Only of this agency.")
@REPORT
def list_(agency: str | None, report: str) -> int:
    """List the endpoints, and how they do."""
    held = _webhooks().all(agency)
    if report == "json":
        sys.stdout.write(json.dumps({"webhooks": [_as_data(one) for one in held]}, indent=2) + "\n")
        return Exit.CLEAN
    head = ("id", "agency", "works", "waiting", "dead", "last took one", "told of", "address")
    rows = [
        (
            one.id,
            one.agency,
            _standing(one),
            str(one.waiting),
            str(one.dead),
            minute(one.delivered_at),
            " ".join(one.states) or "all",
            one.url,
        )
        for one in held
    ]
    sys.stdout.write(columns([head, *rows]))
    return Exit.CLEAN


@command.command(epilog="Example:  ecas webhooks messages whk_… --outcome dead")
@_ID
@click.option("--outcome", type=click.Choice(["waiting", "delivered", "dead"]), help="Only those.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="The newest so many.")
@REPORT
def messages(webhook: str, outcome: str | None, limit: int, report: str) -> int:
    """List what an endpoint was told, newest first, and what it answered."""
    webhooks = _webhooks()
    if webhooks.of(webhook) is None:
        raise ConfigurationError(_UNKNOWN)
    found = webhooks.messages(None, webhook, limit=limit, outcome=outcome) or []
    if report == "json":
        sys.stdout.write(json.dumps({"messages": [_message_data(one) for one in found]}, indent=2) + "\n")
        return Exit.CLEAN
    head = ("at", "type", "submission", "number", "outcome", "tries", "answer", "id")
    rows = [
        (
            minute(one.at),
            one.type,
            one.submission or "",
            str(one.number),
            one.outcome,
            str(one.tries),
            one.answer or "",
            one.id,
        )
        for one in found
    ]
    sys.stdout.write(columns([head, *rows]))
    return Exit.CLEAN


@command.command(epilog="Example:  ecas webhooks rotate whk_… --overlap 24h")
@_ID
@click.option(
    "--overlap", type=Span(), metavar="SPAN", help="The secret before signs too for this long; else it ends now."
)
def rotate(webhook: str, overlap: timedelta | None) -> int:
    """Print a new secret of an endpoint, once; while the overlap lasts each message has two signatures."""
    made = _webhooks().rotate(None, webhook, overlap or timedelta(0), actor=operator())
    if made is None:
        raise ConfigurationError(_UNKNOWN)
    return _show_once(made)


@command.command(epilog="Example:  ecas webhooks test whk_…")
@_ID
def test(webhook: str) -> int:
    """Let a worker send a message that says that it is a test."""
    message = _webhooks().test(None, webhook, actor=operator())
    if message is None:
        raise ConfigurationError(_UNKNOWN)
    sys.stdout.write(f"{message} waits for a worker; “ecas webhooks messages {webhook}” tells what came of it.\n")
    return Exit.CLEAN


@command.command(epilog="Example:  ecas webhooks on whk_… --resend")
@_ID
@click.option("--resend", is_flag=True, help="Send what was given up in the last 30 days, too.")
def on(webhook: str, *, resend: bool) -> int:
    """Switch an endpoint on again that was switched off, once its cause is mended."""
    if not _webhooks().switch_on(None, webhook, resend=resend, actor=operator()):
        raise ConfigurationError(_UNKNOWN)
    sys.stdout.write(f"{webhook} is told again.\n")
    return Exit.CLEAN


@command.command(epilog="Example:  ecas webhooks remove whk_…")
@_ID
def remove(webhook: str) -> int:
    """Remove an endpoint with its secrets; what waits for it is not sent."""
    if not _webhooks().remove(None, webhook, actor=operator()):
        raise ConfigurationError(_UNKNOWN)
    sys.stdout.write(f"{webhook} is told nothing more.\n")
    return Exit.CLEAN


def _webhooks() -> Endpoints:
    return build_service(settings.load()).webhooks


def _show_once(made: Secret) -> int:
    """Print the secret last, and alone on standard output, so that a script can take it."""
    sys.stderr.write(f"The secret of {made.id}; it is shown this once and kept sealed:\n")
    sys.stderr.flush()
    sys.stdout.write(f"{made.secret}\n")
    return Exit.CLEAN


def _standing(one: Endpoint) -> str:
    if one.off_cause is not None:
        return f"off since {minute(one.off_at)}: {one.off_cause.words}"
    return "yes" if one.failing_since is None else f"failing since {minute(one.failing_since)}"


def _as_data(one: Endpoint) -> dict[str, Any]:
    from service.api.webhook_shapes import endpoint_data  # noqa: PLC0415 - pydantic's shapes, for this report only

    return {"agency": one.agency, **endpoint_data(one)}


def _message_data(one: Message) -> dict[str, Any]:
    from service.api.webhook_shapes import message_data  # noqa: PLC0415 - see above

    return message_data(one)
