"""procrastinate on the same PostgreSQL, with the same send: ``python -m bench.rival DATABASE ADDRESS SPECS``.

It is given less to do than we are: the assessment lies unsealed in the job, no receipt, attempt or event is kept, and
nobody asks what became of a doubtful one. Order per child it keeps too, by its lock.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import procrastinate

from bench.workload import IN_FLIGHT, deliver, spec_of
from gateway_client.http_gateway import HttpGateway
from service.clock import utc_now
from service.outbox import records
from tests.backlog import Work

_TASK: Final = "deliver"


def app_on(database: str) -> procrastinate.App:
    """Return procrastinate on this database."""
    return procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=database, max_size=8))


async def fill(database: str, work: Iterable[Work]) -> None:
    """Lay procrastinate's tables and defer a job for each."""
    async with app_on(database).open_async() as app:
        await app.schema_manager.apply_schema_async()
        waiting: dict[str, list[dict[str, str]]] = {}
        for one in work:
            content = records.write_assessment(one.assessment).decode()
            waiting.setdefault(f"{one.agency}/{one.child}", []).append({"assessment": content})
        for lock, jobs in waiting.items():
            await app.configure_task(_TASK, lock=lock).batch_defer_async(*jobs)


async def _work(database: str, address: str, specs: str) -> None:
    app, spec = app_on(database), spec_of(Path(specs))
    gateway = HttpGateway(address, spec.transport, items=spec.items, credentials=None, clock=utc_now)

    @app.task(name=_TASK, pass_context=True)
    async def task(context: procrastinate.JobContext, assessment: str) -> None:
        read = records.read_assessment(assessment.encode())
        await deliver(gateway, spec, read, f"rival-{context.job.id}")

    async with app.open_async():
        await app.run_worker_async(concurrency=IN_FLIGHT, delete_jobs="never")


if __name__ == "__main__":
    asyncio.run(_work(*sys.argv[1:]))
