"""Where the work of one process stands at this moment, by the database and the ledger, both read from outside."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from contextlib import closing
from enum import StrEnum

from actor import Actor
from scene import Scene
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from sandbox.spell import Do, On, Spell, Subject
from sandbox.weather import Weather

_IN_FLIGHT = text(
    "SELECT s.idempotency_key, s.state, max(a.started_at) AS began FROM lane l"
    " JOIN submission s ON s.lane = l.id AND s.state IN ('sending', 'in_doubt')"
    " JOIN attempt a ON a.submission = s.id AND a.kind = 'send'"
    " WHERE l.owner = :owner GROUP BY s.idempotency_key, s.state"
)
_WRITTEN = text("SELECT count(*) FROM request WHERE agency = :agency AND key_digest = :digest")


class Step(StrEnum):
    """The durable steps of one submission, each named by what is on disk and what is not."""

    RECEIVED = "service: body received, not written down"
    WRITTEN = "service: written down, not answered"
    CLAIMED = "worker: claimed, not yet sent"
    SENT = "worker: sent, not yet answered"
    ANSWERED = "worker: answered, not yet recorded"
    RECORDED = "worker: one just recorded, others on their way"
    ASKING = "worker: in doubt, asking the state"


#: Steps at which the service can be caught, and at which a worker can.
OF_SERVICE = (Step.RECEIVED, Step.WRITTEN)
OF_WORKER = (Step.CLAIMED, Step.SENT, Step.ANSWERED, Step.RECORDED, Step.ASKING)


class Watch:
    """Looks at a scene whose weather it knows."""

    def __init__(self, scene: Scene, weather: str) -> None:
        self._scene = scene
        self._spells = Weather.from_toml(weather.encode(), "weather").script.spells
        self._engine = create_engine(_for_reading(scene.settings["ECAS_DATABASE_URL"]), isolation_level="AUTOCOMMIT")
        self._before: dict[str, frozenset[str]] = {}

    def close(self) -> None:
        self._engine.dispose()

    def file_is_locked(self) -> bool:
        """Return whether somebody writes to an SQLite file now: whoever freezes then holds up all others for good.

        On PostgreSQL never: its server ends a silent writer's transaction, and a test may well meet one.
        """
        url = make_url(self._scene.settings["ECAS_DATABASE_URL"])
        if url.get_backend_name() != "sqlite":
            return False
        with closing(sqlite3.connect(str(url.database), timeout=0, isolation_level=None)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return True
            connection.execute("ROLLBACK")
        return False

    def steps(self, actor: Actor) -> Counter[Step]:
        """Return how much of the actor's work stands at which step; nothing, where it has none in flight."""
        return self._of_service() if actor is self._scene.service else self._of_worker(actor)

    def _of_service(self) -> Counter[Step]:
        asked = list(self._scene.ehr.under_way.items())
        found = []
        with self._engine.connect() as connection:
            for thread, question in asked:
                digest = self._scene.inside.vault.digest("request", question.key)
                given = {"agency": question.agency, "digest": digest}
                written = connection.execute(_WRITTEN, given).scalar_one()
                found.append((thread, question, Step.WRITTEN if written else Step.RECEIVED))
        # Whoever got the answer meanwhile does not wait any more.
        waits = self._scene.ehr.under_way
        return Counter(step for thread, question, step in found if waits.get(thread) is question)

    def _of_worker(self, actor: Actor) -> Counter[Step]:
        owner = actor.owner()
        if owner is None:
            return Counter()
        with self._engine.connect() as connection:
            rows = connection.execute(_IN_FLIGHT, {"owner": owner}).all()
        self._scene.book.look()
        steps = Counter(self._step(*row) for row in rows)
        now = frozenset(key for key, *_ in rows)
        if now and self._before.get(owner, now) - now:
            steps[Step.RECORDED] += 1
        self._before[owner] = now
        return steps

    def _step(self, key: str, state: str, began: int) -> Step:
        if state == "in_doubt":
            return Step.ASKING
        came = [came for came in self._scene.book.by_key.get(key, ()) if came.at * 1000 >= began]
        if not came:
            return Step.CLAIMED
        spell = self._met(came[-1].document)
        late = spell.seconds if spell and spell.do is Do.SLOW else 0
        return Step.SENT if time.time() < came[-1].at + late else Step.ANSWERED

    def _met(self, document: str) -> Spell | None:
        subject = Subject(name=document, document_id=document)
        return next((spell for spell in self._spells if spell.means(On.SUBMIT, subject) and spell.times is None), None)


def _for_reading(url: str) -> str:
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return parsed.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    return f"sqlite:///file:{parsed.database}?mode=ro&uri=true"
