"""A trail in a real database on each back end, and the tamperings that somebody with all rights on it could do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from service.audit import trail
from service.audit.audit import Audit
from service.audit.checkpoint import Checkpoint
from service.audit.checkpoints import Checkpoints
from service.audit.deed import Deed
from service.audit.entry import Entry
from service.audit.signing import PublicKey
from service.audit.verification import Chain, verify
from service.clock import to_milliseconds
from service.outbox import migrate
from service.outbox import schema as t
from service.outbox.engine import open_engine, reading, writing
from service.tenants.tenant import EVERY
from service.vault import Vault

AGENCIES = ("riverbend", "harborlight", "northstar")


@dataclass
class Trail:
    """The trail of a deployment, as its own code and as its administrator see it."""

    engine: Engine
    audit: Audit
    checkpoints: Checkpoints
    clock: Any

    def tell(self, agency: str, count: int = 1, **more: Any) -> None:
        with writing(self.engine, EVERY) as connection:
            for number in range(count):
                deed = Deed(agency=agency, action="submission.read", actor=f"key_{number}", kind="submission", **more)
                self.audit.note(connection, deed)
        self.clock.forward(timedelta(milliseconds=7))

    def entries(self, agency: str | None = None) -> list[Entry]:
        with reading(self.engine, EVERY) as connection:
            return [*trail.entries(connection, agency)]

    def signed(self) -> list[Checkpoint]:
        with reading(self.engine, EVERY) as connection:
            return [one for _, one in trail.checkpoints(connection)]

    @property
    def public(self) -> PublicKey:
        return self.checkpoints.key().public

    def verified(self, shipped: list[Checkpoint] | None = None) -> list[Chain]:
        """Verify the database, with what was shipped beside its own checkpoints."""
        with reading(self.engine, EVERY) as connection:
            rows = [
                (entry, seal == self.audit.entry_seal(entry.digest)) for entry, seal in trail.sealed_entries(connection)
            ]
        return verify(rows, [*self.signed(), *(shipped or [])], [self.public])

    def as_admin(self, work: Callable[[Connection], None]) -> None:
        """Do something to the tables that the triggers forbid, as somebody who owns them can."""
        postgresql = self.engine.dialect.name == "postgresql"
        with writing(self.engine, EVERY) as connection:
            for table in ("audit", "audit_checkpoint"):
                if postgresql:
                    connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
                else:
                    for deed in ("update", "delete"):
                        connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_{deed}"))
            work(connection)


@pytest.fixture
def told(database_url: str, clock: Any, tmp_path: Path) -> Iterator[Trail]:
    """Return an empty trail of three agencies and of the deployment."""
    engine = open_engine(database_url)
    migrate.upgrade(engine)
    with writing(engine, EVERY) as connection:
        for name in AGENCIES:
            connection.execute(t.agency.insert().values(id=name, created_at=0))
    audit = Audit(Vault(bytes(range(32))), lambda _: to_milliseconds(clock()))
    checkpoints = Checkpoints(
        engine=engine, audit=audit, clock=clock, key_file=tmp_path / "audit.key", folder=tmp_path / "audit"
    )
    yield Trail(engine, audit, checkpoints, clock)
    engine.dispose()
