"""``ecas sandbox``: the state's face, to run, break and trust."""

from __future__ import annotations

from pathlib import Path

import click

from sandbox.main import serve
from service import settings
from service.clock import utc_now
from service.reports.run import Exit
from specs.catalog import Catalog


@click.command(epilog="Example:  ecas sandbox --port 8100 --ledger var/ledger.jsonl --weather weather.toml")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8100, show_default=True, help="The port; 0 takes a free one and prints it.")
@click.option(
    "--ledger", type=click.Path(path_type=Path), required=True, help="The file of what it received, added to only."
)
@click.option("--weather", type=click.Path(path_type=Path, exists=True), help="A script of what goes wrong.")
@click.option("--clients", type=click.Path(path_type=Path, exists=True), help="The registered clients' keys (JWKS).")
@click.option("--spec", metavar="VERSION|FOLDER", help="The package to judge by; else the one in force today.")
def command(*, host: str, port: int, ledger: Path, weather: Path | None, clients: Path | None, spec: str | None) -> int:
    """Run a state endpoint of our own: it judges by its own reading of the package and forgets nothing."""
    chosen = settings.load()
    catalog = Catalog(*chosen.spec_path)
    named = spec or chosen.spec
    package = catalog.named(named) if named else catalog.for_date(utc_now().date())
    serve(host, port, ledger, weather, package, clients=clients)
    return Exit.CLEAN
