"""``ecas serve``: the service's HTTP face."""

from __future__ import annotations

import sys

import click

from canonical.errors import ConfigurationError
from gateway_client.loopback import is_loopback
from service import settings, telemetry, tracing
from service.api.app import create_app
from service.api.callers import Patience
from service.api.server import Server
from service.audit.started import started
from service.main import adopt_packages, build_service
from service.reports.run import Exit


@click.command(epilog="Example:  ecas serve --port 8000")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, help="The port; 0 takes a free one and prints it.")
@click.option("--behind-tls-proxy", is_flag=True, help="Allow an address that is not loopback: a proxy adds the TLS.")
def command(*, host: str, port: int, behind_tls_proxy: bool) -> int:
    """Take submissions and answer questions about them, until told to stop (SIGTERM)."""
    if not (behind_tls_proxy or is_loopback(host)):
        raise ConfigurationError(
            f"The service speaks plain HTTP, and {host} is not loopback: records and API keys would travel in the clear. "
            "Put a proxy with TLS in front of it and say so with --behind-tls-proxy."
        )
    chosen = settings.load()
    telemetry.configure(chosen.log_level)
    flush_traces = tracing.start(chosen.traces_url)
    service = build_service(chosen)
    adopt_packages(service)
    service.at_once.note_now(started("serve", chosen, service.vault))
    Server(
        create_app(service),
        host=host,
        port=port,
        announce=_announce,
        patience=Patience(connections=chosen.max_connections),
        grace=chosen.grace_seconds,
    ).serve_until_ended()
    flush_traces()
    return Exit.CLEAN


def _announce(address: str) -> None:
    sys.stdout.write(f"ecas-bridge listens on {address}\n")
    sys.stdout.flush()
