"""The watch on our certificates: a worker tells once a day which of them end within 30, 7 or 1 days."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import structlog

from canonical.errors import ConfigurationError
from gateway_client.expiry import Expiry
from service.clock import Clock
from service.telemetry import Ours

#: From so many days before the end on it is an error, no mere warning.
_URGENT: Final = 1


def look_at_certificates(expiries: Callable[[], tuple[Expiry, ...]], clock: Clock) -> None:
    """Log what ends soon or has ended; files that cannot be read now are told too."""
    log = structlog.get_logger()
    try:
        found = expiries()
    except ConfigurationError as error:
        log.warning("certificates", why=Ours(error))
        return
    for expiry in found:
        stage = expiry.stage(now := clock())
        if stage is None:
            continue
        tell = log.error if stage <= _URGENT else log.warning
        tell("a certificate ends", why=Ours(expiry.told(now)), count=stage)
