"""``ecas ready``: whether the service answers, and would take a submission now; for supervisors and containers."""

from __future__ import annotations

import http.client
import json
import sys
from typing import Final
from urllib.parse import urlsplit

import click

from canonical.errors import ConfigurationError
from service import settings
from service.cli.client import Unreachable
from service.reports.printable import printable
from service.reports.run import Exit

#: Seconds: a supervisor's own limit is longer.
_TIMEOUT: Final = 8
_READY: Final = 200


@click.command(epilog="Example:  ecas ready")
def command() -> int:
    """Ask the service of ECAS_URL for /readyz; it needs no key.

    Exit codes: 0 a submission would be taken now, 1 it would not, 3 nobody answers.
    """
    address = urlsplit(settings.load().url)
    secure = address.scheme == "https"
    connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    if address.hostname is None:
        raise ConfigurationError("ECAS_URL names no host.")
    connection = connect(address.hostname, address.port, timeout=_TIMEOUT)
    try:
        connection.request("GET", f"{address.path.rstrip('/')}/readyz")
        answer = connection.getresponse()
        told = json.loads(answer.read(65_536))
    except (OSError, ValueError, http.client.HTTPException):
        raise Unreachable("Nobody answers at ECAS_URL as the service would.") from None
    finally:
        connection.close()
    reason = told.get("reason") if isinstance(told, dict) else None
    word = "ready" if answer.status == _READY else "not ready"
    sys.stdout.write(printable(f"{word}: {reason}" if reason else word) + "\n")
    return Exit.CLEAN if answer.status == _READY else Exit.FINDINGS
