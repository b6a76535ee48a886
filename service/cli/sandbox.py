"""``ecas sandbox``: the state's face, to run, break and trust."""

from __future__ import annotations

from pathlib import Path

import click

from sandbox.main import serve
from sandbox.tls import Tls
from service import settings
from service.clock import utc_now
from service.reports.run import Exit
from specs.catalog import Catalog

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command(epilog="Example:  ecas sandbox --port 8100 --ledger var/ledger.jsonl --weather weather.toml")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8100, show_default=True, help="The port; 0 takes a free one and prints it.")
@click.option(
    "--ledger", type=click.Path(path_type=Path), required=True, help="The file of what it received, added to only."
)
@click.option("--weather", type=_FILE, help="A script of what goes wrong.")
@click.option("--clients", type=_FILE, help="The registered clients' keys (JWKS).")
@click.option("--spec", metavar="VERSION|FOLDER", help="The package to judge by; else the one in force today.")
@click.option("--tls-certificate", type=_FILE, help="Serve TLS with this certificate (PEM), whatever is wrong with it.")
@click.option("--tls-key", type=_FILE, help="The certificate's key (PEM, unsealed).")
@click.option("--client-ca", type=_FILE, help="Let in only clients with a certificate of this authority (PEM).")
def command(
    *,
    host: str,
    port: int,
    ledger: Path,
    weather: Path | None,
    clients: Path | None,
    spec: str | None,
    tls_certificate: Path | None,
    tls_key: Path | None,
    client_ca: Path | None,
) -> int:
    """Run a state endpoint of our own: it judges by its own reading of the package and forgets nothing."""
    tls = _tls(tls_certificate, tls_key, client_ca)
    chosen = settings.load()
    catalog = Catalog(*chosen.spec_path)
    named = spec or chosen.spec
    package = catalog.named(named) if named else catalog.for_date(utc_now().date())
    serve(host, port, ledger, weather, package, clients=clients, tls=tls, shelf=catalog.named)
    return Exit.CLEAN


def _tls(certificate: Path | None, key: Path | None, client_ca: Path | None) -> Tls | None:
    """Return the TLS that is asked for; half of one is a mistake, and never plain HTTP."""
    if certificate is not None and key is not None:
        return Tls(certificate=certificate, key=key, client_ca=client_ca)
    if certificate is None and key is None and client_ca is None:
        return None
    raise click.UsageError("TLS needs both --tls-certificate and --tls-key.")
