"""How the sandbox proves who it is, and whom it lets in by their certificates."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from canonical.errors import ConfigurationError


class TlsDefect(ConfigurationError):
    """The sandbox cannot serve TLS with these files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """The sandbox's own certificate; it is served as it is, also where it has expired or is meant for another host."""

    certificate: Path
    key: Path
    #: Where given, only clients with a certificate of this authority get in.
    client_ca: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Return the TLS of a server, 1.2 at least.

        Raises:
            TlsDefect: where a file cannot be read, or the key is not the certificate's.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            # The empty password refuses a sealed key at once; without one the library would ask the terminal.
            context.load_cert_chain(self.certificate, self.key, password="")
        except OSError as error:  # ssl.SSLError is one
            raise TlsDefect(f"{self.certificate}, {self.key}: {_why(error)}.") from None
        if self.client_ca is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            try:
                context.load_verify_locations(self.client_ca)
            except OSError as error:
                raise TlsDefect(f"{self.client_ca}: {_why(error)}.") from None
        return context


def _why(error: OSError) -> str:
    if not isinstance(error, ssl.SSLError):
        return error.strerror or "cannot be read"
    if error.reason == "KEY_VALUES_MISMATCH":
        return "the key is not that of the certificate"
    return "not a certificate in PEM with its unsealed key"
