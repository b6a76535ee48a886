"""What this process counts and times by itself; the rest is looked up (``backlog``).

Labels are words of ours from short lists: no path, no key, no address, no id of a request ever is one.
"""

from __future__ import annotations

from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from canonical.version import __version__

#: Everything of this process; none of it is registered with the library's own, to which any import may add.
REGISTRY: Final = CollectorRegistry()
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

disable_created_metrics()  # type: ignore[no-untyped-call] # a time beside each counter, of no use to anyone
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)

BUILD: Final = Gauge("ecas_build_info", "The release that runs.", ["version"], registry=REGISTRY)
BUILD.labels(__version__).set(1)
REQUESTS: Final = Counter("ecas_http_requests", "Requests answered.", ["route", "method", "status"], registry=REGISTRY)
REQUEST_SECONDS: Final = Histogram(
    "ecas_http_request_seconds", "From a request's head to its answer.", ["route"], buckets=_SECONDS, registry=REGISTRY
)
CONNECTIONS: Final = Gauge("ecas_connections", "Connections open now.", registry=REGISTRY)
HUNG_UP: Final = Counter(
    "ecas_connections_ended",
    "Connections that we ended: a peer too slow, or one too many.",
    ["why"],
    registry=REGISTRY,
)
STEP_SECONDS: Final = Histogram(
    "ecas_step_seconds", "The steps of an intake, each payload once.", ["step"], buckets=_SECONDS, registry=REGISTRY
)
READY: Final = Gauge(
    "ecas_ready", "1 where a readiness check passed when it was looked at last.", ["check"], registry=REGISTRY
)
FREE_BYTES: Final = Gauge("ecas_free_bytes", "Free bytes where the service writes.", ["place"], registry=REGISTRY)
FREE_FLOOR: Final = Gauge(
    "ecas_free_floor_bytes", "Below this many free bytes nothing new is taken in.", registry=REGISTRY
)
UNREAD: Final = Counter("ecas_metrics_unread", "Scrapes for which the database did not answer.", registry=REGISTRY)
