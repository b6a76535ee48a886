"""What watches over the running service, put where its routes find it."""

from __future__ import annotations

from fastapi import FastAPI
from sqlalchemy import Connection

from service.api import health, metrics, published
from service.api.readiness import Readiness
from service.clock import to_milliseconds
from service.free_space import free_space
from service.main import Service
from service.metrics.backlog import Backlog
from service.outbox.engine import database_moment


def install(app: FastAPI, service: Service) -> None:
    """Give the application its readiness, its figures and its floor on the disk."""

    def moment(connection: Connection) -> int:
        on_server = connection.dialect.name == "postgresql"
        return database_moment(connection) if on_server else to_milliseconds(service.clock())

    space = free_space(service.settings)
    space.keep_ballast()
    app.state.space = space
    app.state.backlog = Backlog(service.engine, moment)
    app.state.readiness = Readiness(service.engine, service.vault, space)
    app.include_router(health.router)
    app.include_router(metrics.router)
    app.include_router(published.router)
