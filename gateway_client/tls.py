"""TLS towards the state: whom we believe, and which certificate we show; looked at again whenever the files change."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from canonical.errors import ConfigurationError
from gateway_client.private_file import read_named, read_private

#: What tells one state of a file from the next: inode, size, time of change.
_Stamp = tuple[tuple[int, int, int] | None, ...]

_PAIR: Final = (
    "gateway_certificate and gateway_certificate_key are not a certificate and its private key in PEM, "
    "without a pass phrase. Put the two files there that belong together."
)
_CA: Final = "gateway_ca is not a certificate in PEM. Put the certificate there that signs the state's."


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """The files that a deployment chose; none of them is needed."""

    #: Our certificate, with what leads to its root, as PEM.
    certificate: Path | None = None
    #: Its private key, as PEM.
    key: Path | None = None
    #: Who signs the state's certificate, as PEM; it replaces the system's list.
    ca: Path | None = None

    @property
    def given(self) -> tuple[Path, ...]:
        """The files that were chosen."""
        return tuple(file for file in (self.certificate, self.key, self.ca) if file is not None)


class Tls:
    """The context of each new connection. A change of the files counts at once; a broken one is told and not taken."""

    def __init__(self, files: TlsFiles | None = None, *, told: Callable[[str], None] = lambda _: None) -> None:
        """Read the files; without any, the system's authorities are believed, and read when they are first needed.

        Args:
            files: what the deployment chose.
            told: hears a sentence about each change of the files.

        Raises:
            ConfigurationError: where a file cannot be used.
        """
        self.files: Final = files or TlsFiles()
        self._told = told
        self._stamp = self._look()
        self._context = _context(self.files) if self.files.given else None

    def context(self) -> ssl.SSLContext:
        """Return the context for a connection that begins now; the same one as long as no file changes."""
        stamp = self._look()
        if self._context is None:
            self._context = _context(self.files)
        elif stamp != self._stamp:
            # Before the files are read: what changes while they are is seen at the next look.
            self._stamp = stamp
            try:
                self._context = _context(self.files)
            except ConfigurationError as error:
                self._told(f"{error} Until then the files read before remain in use.")
            else:
                self._told("The certificate files have changed; new connections use the new ones.")
        return self._context

    def _look(self) -> _Stamp:
        return tuple(_stamp(file) for file in self.files.given)


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        seen = file.stat()
    except OSError:
        return None
    return seen.st_ino, seen.st_size, seen.st_mtime_ns


def _context(files: TlsFiles) -> ssl.SSLContext:
    """Make a context by hand: ``ssl.create_default_context`` would let the environment have the session keys written."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # So a certificate is asked for in the first handshake or never: an alert about ours means that nothing was read.
    context.options |= ssl.OP_NO_RENEGOTIATION
    if files.ca is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    else:
        authority = read_named(files.ca, "gateway_ca")
        try:
            context.load_verify_locations(cadata=authority.decode("ascii"))
        except (ssl.SSLError, ValueError):
            raise ConfigurationError(_CA) from None
    if files.certificate is not None and files.key is not None:
        read_named(files.certificate, "gateway_certificate")
        read_private(files.key, "gateway_certificate_key")
        try:
            # The empty pass phrase: without one, OpenSSL would ask for it on the terminal.
            context.load_cert_chain(files.certificate, files.key, password="")
        except (OSError, ValueError):  # ssl.SSLError is an OSError
            raise ConfigurationError(_PAIR) from None
    return context
