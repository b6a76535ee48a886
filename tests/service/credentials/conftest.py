"""The credentials of a service, on each back end in turn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from forgery import Vendor

from service.credentials.credentials import Credentials
from service.credentials.principal import Role
from service.main import Service, build_service
from service.settings import Settings

if TYPE_CHECKING:
    from conftest import StandingClock

AGENCIES = ("riverbend", "harborlight")


@pytest.fixture
def service(database_url: str, tmp_path: Path, clock: StandingClock) -> Iterator[Service]:
    built = build_service(
        Settings.model_validate({"data_dir": tmp_path / "var", "database_url": database_url}), clock=clock
    )
    for agency in AGENCIES:
        built.agencies.add(agency)
    yield built
    built.engine.dispose()


@pytest.fixture
def credentials(service: Service) -> Credentials:
    return service.credentials


@pytest.fixture
def vendor(service: Service, clock: StandingClock) -> Vendor:
    """A registered client that acts for riverbend as a submitter."""
    made = Vendor(service.settings.audience, clock)
    service.credentials.clients.add(made.id, owner="Lakeshore EHR", jwks=made.jwks)
    service.credentials.clients.grant(made.id, "riverbend", role=Role.SUBMITTER)
    return made
