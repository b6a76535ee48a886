"""The work that every sender of a bench gets: the same documents, built the same way, sent by the same gateway."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from adapters import registry
from canonical.assessment import Assessment
from canonical.outcome import Accepted, Document
from canonical.payload import Payload
from gateway_client.envelope import build
from gateway_client.http_gateway import HttpGateway
from service.clock import to_milliseconds, utc_now
from service.main import DESTINATION, Service, adopt_packages, build_service
from service.rehearsal import VERSION, hurried_package
from service.sample_files import SAMPLES
from service.settings import load
from specs.catalog import Catalog
from specs.seal import seal
from specs.spec import Spec
from tests.backlog import Work, queue, works

IN_FLIGHT: Final = 64
AGENCIES: Final = tuple(f"agency-{number:02}" for number in range(20))


def package(folder: Path) -> Path:
    """Write the package under which a bench sends, 64 at once, and return the folder for ``ECAS_SPEC_PATH``."""
    hurried_package(folder)
    transport = folder / VERSION / "transport.toml"
    text = transport.read_text("utf-8")
    transport.write_text(
        text.replace("max_in_flight           = 16", f"max_in_flight           = {IN_FLIGHT}"), "utf-8"
    )
    seal(folder / VERSION)
    assert spec_of(folder).transport.max_in_flight == IN_FLIGHT
    return folder


def spec_of(folder: Path) -> Spec:
    """Return that package."""
    return Catalog(folder).named(VERSION)


def sample() -> Assessment:
    """Return the assessment that all are like: 101 answers, read from a Bundle of 19 KB."""
    content = (SAMPLES / "good" / "five-through-twenty.json").read_bytes()
    (assessment,) = registry.read(Payload(content=content, name="payload:sample", agency=AGENCIES[0])).assessments
    return assessment


def work(count: int) -> Iterator[Work]:
    """Return so many submissions, two of each child, of all agencies in turn."""
    children = -(-count // (len(AGENCIES) * 2))
    return islice(works(sample(), AGENCIES, children=children, each=2), count)


def documents(spec: Spec, count: int) -> Iterator[Document]:
    """Return the documents of that work, built as a worker builds them."""
    return (build(one.assessment, spec) for one in work(count))


def settings(folder: Path, database_url: str, gateway_url: str) -> dict[str, str]:
    """Return the environment of a worker in this folder, which holds the package."""
    return {
        "ECAS_DATA_DIR": str(folder / "var"),
        "ECAS_DATABASE_URL": database_url,
        "ECAS_SPEC_PATH": str(folder / "specs"),
        "ECAS_GATEWAY_URL": gateway_url,
    }


def filled(environment: dict[str, str], folder: Path, work: Iterator[Work]) -> Service:
    """Lay the database, adopt the package, write the work down, and return our own look into it."""
    service = build_service(load(folder, environment))
    adopt_packages(service)
    queue(service.engine, service.vault, work, destination=DESTINATION, at=to_milliseconds(utc_now()))
    return service


async def deliver(gateway: HttpGateway, spec: Spec, assessment: Assessment, key: str) -> None:
    """Build and send one document: what every sender of a bench does for each."""
    outcome = await gateway.send(build(assessment, spec), idempotency_key=key)
    assert isinstance(outcome, Accepted), outcome
