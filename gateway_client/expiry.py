"""When the certificates of this side end: told 30 days ahead, more urgently 7 and 1 days ahead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509

from canonical.errors import ConfigurationError
from gateway_client.private_file import read_named
from gateway_client.tls import TlsFiles

#: The days before the end from which it is told, and from which more urgently.
STAGES: Final = (1, 7, 30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """The end of one file's certificates: that of the first of them to end."""

    #: The setting that names the file.
    setting: str
    #: What it is to a person.
    subject: str
    until: datetime

    def stage(self, now: datetime) -> int | None:
        """Return 30, 7 or 1 within so many days of the end, 0 after it, None before all that."""
        left = self.until - now
        if left <= timedelta(0):
            return 0
        return next((days for days in STAGES if left <= timedelta(days=days)), None)

    def told(self, now: datetime) -> str:
        """Return the sentence about it."""
        day = f"{self.until:%Y-%m-%d %H:%M} UTC"
        if self.until <= now:
            return f"{self.subject} ({self.setting}) expired on {day}."
        days = (self.until - now) // timedelta(days=1)
        left = f"in {days} days" if days > 1 else "in one day" if days == 1 else "in less than a day"
        return f"{self.subject} ({self.setting}) expires {left}, on {day}."


def expiries(files: TlsFiles) -> tuple[Expiry, ...]:
    """Return when the client's certificate and the private authority's end, read anew from their files.

    Raises:
        ConfigurationError: a file cannot be read, or holds no certificate.
    """
    named = (
        (files.certificate, "gateway_certificate", "our client certificate"),
        (files.ca, "gateway_ca", "the private authority's certificate"),
    )
    return tuple(
        Expiry(setting=setting, subject=subject, until=_first_end(file, setting))
        for file, setting, subject in named
        if file is not None
    )


def _first_end(file: Path, setting: str) -> datetime:
    content = read_named(file, setting)
    try:
        return min(certificate.not_valid_after_utc for certificate in x509.load_pem_x509_certificates(content))
    except ValueError:
        raise ConfigurationError(f"{setting}: {file} holds no certificate in PEM.") from None
