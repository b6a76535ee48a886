"""No queue at all: ``python -m bench.bare client|gateway ADDRESS SPECS COUNT``.

``client`` is aiohttp alone, which posts bytes built before and looks at the status; ``gateway`` builds each document and
sends it by our gateway, as every other sender of the bench does.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp

from bench.workload import IN_FLIGHT, deliver, documents, spec_of, work
from canonical.assessment import Assessment
from gateway_client.http_gateway import HttpGateway
from service.clock import utc_now
from specs.spec import Spec


async def _client(address: str, bodies: list[bytes]) -> None:
    numbered = iter(list(enumerate(bodies)))

    async def one() -> None:
        for number, body in numbered:
            headers = {"Content-Type": "application/xml", "Idempotency-Key": f"bare-{number}"}
            async with session.post(f"{address}/v1/assessments", data=body, headers=headers) as answer:
                await answer.read()
                assert answer.status == 201  # noqa: PLR2004 - created

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(one() for _ in range(IN_FLIGHT)))


async def _gateway(address: str, spec: Spec, assessments: list[Assessment]) -> None:
    gateway = HttpGateway(address, spec.transport, items=spec.items, credentials=None, clock=utc_now)
    numbered: Iterator[tuple[int, Assessment]] = iter(list(enumerate(assessments)))

    async def one() -> None:
        for number, assessment in numbered:
            await deliver(gateway, spec, assessment, f"bare-{number}")

    await asyncio.gather(*(one() for _ in range(IN_FLIGHT)))
    await gateway.close()


if __name__ == "__main__":
    which, address, specs, count = sys.argv[1:]
    spec = spec_of(Path(specs))
    if which == "client":
        asyncio.run(_client(address, [document.content for document in documents(spec, int(count))]))
    else:
        asyncio.run(_gateway(address, spec, [one.assessment for one in work(int(count))]))
