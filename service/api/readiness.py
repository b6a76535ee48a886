"""Whether a submission could be taken now: looked at by doing it, and seldom, however many ask."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

import structlog
from sqlalchemy import Engine, false, select, update
from sqlalchemy.exc import SQLAlchemyError

from canonical.errors import ConfigurationError
from service.free_space import FreeSpace
from service.keyring.ring import DIGEST, StoredRing
from service.metrics.instruments import READY
from service.outbox import migrate
from service.outbox import schema as t
from service.outbox.engine import reading, writing
from service.tenants.tenant import EVERY
from service.vault import Vault

#: Seconds for which an answer is good: anyone may ask, and each look takes the database's one write lock.
_FRESH: Final = 2.0
_log = structlog.get_logger()


class Readiness:
    """Asked by load balancers and by anyone else; says which check failed, and nothing about why."""

    def __init__(
        self, engine: Engine, vault: Vault, space: FreeSpace, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Look at these."""
        self._engine, self._vault, self._space, self._clock = engine, vault, space, clock
        self._guard = threading.Lock()
        self._until = 0.0
        self._checks: Mapping[str, bool] = {}

    def checks(self) -> Mapping[str, bool]:
        """Return each check, true where it passed; all who ask at once share one look."""
        with self._guard:
            if not self._checks or self._clock() >= self._until:
                self._checks = {name: self._passes(look) for name, look in self._looks().items()}
                self._until = self._clock() + _FRESH
                for name, passed in self._checks.items():
                    READY.labels(name).set(passed)
            return self._checks

    def _looks(self) -> Mapping[str, Callable[[], bool]]:
        return {
            "database_writable": self._writable,
            "schema_at_head": lambda: migrate.revision(self._engine) == migrate.head(),
            "key_fits": self._key_fits,
            "space_left": self._space.enough,
        }

    def _writable(self) -> bool:
        with writing(self._engine) as connection:
            connection.execute(update(t.agency).where(false()).values(created_at=t.agency.c.created_at))
        return True

    def _key_fits(self) -> bool:
        """See that the database's keys are those that we work with: it may have been put in the place of ours."""
        ring = self._vault.ring
        if not isinstance(ring, StoredRing):
            return True
        with reading(self._engine, EVERY) as connection:
            row = connection.execute(select(t.vault_key).where(t.vault_key.c.name == DIGEST)).mappings().one()
        key = ring.masters.unwrap(row["master"], row["wrapped"], "vault key", DIGEST)
        return key == ring.deployment(DIGEST)

    @staticmethod
    def _passes(look: Callable[[], bool]) -> bool:
        try:
            return look()
        except (SQLAlchemyError, ConfigurationError, OSError) as error:
            _log.error("a readiness check failed", kind=type(error).__name__)
            return False
