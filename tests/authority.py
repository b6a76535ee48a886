"""An authority of the tests' own: it signs certificates for servers and clients, valid whenever a test likes."""

from __future__ import annotations

import ipaddress
import os
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


def pem(key: ec.EllipticCurvePrivateKey, pass_phrase: bytes | None = None) -> bytes:
    sealed = serialization.BestAvailableEncryption(pass_phrase) if pass_phrase else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, sealed)


@dataclass(frozen=True)
class Pair:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def serial(self) -> int:
        return self.certificate.serial_number

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def put(self, folder: Path, name: str, *, key: ec.EllipticCurvePrivateKey | None = None) -> tuple[Path, Path]:
        """Write certificate and key into two files, each whole at once, the key private."""
        return (
            write(folder / f"{name}.pem", self.certificate_pem),
            write(folder / f"{name}.key", pem(key or self.key), mode=0o600),
        )


def write(file: Path, content: bytes, *, mode: int = 0o644) -> Path:
    """Write beside and rename, as those who renew certificates do."""
    beside = file.with_name(f".{file.name}")
    beside.write_bytes(content)
    beside.chmod(mode)
    beside.replace(file)
    return file


class Authority:
    """One root."""

    def __init__(self, name: str = "Invented Authority", *, until: datetime | None = None) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._signed(self._name, self._key, None, until, authority=True)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def issue(self, *names: str, since: datetime | None = None, until: datetime | None = None) -> Pair:
        """Sign a certificate for these names and addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        return Pair(self._signed(subject, key, since, until, names=names), key)

    def server(self, folder: Path, *names: str, asks: Authority | None = None, **valid: datetime) -> ssl.SSLContext:
        """Return the context of a server with such a certificate; where it asks, a client must show one of ``asks``."""
        certificate, key = self.issue(*names, **valid).put(folder, f"server-{os.urandom(4).hex()}")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        if asks is not None:
            context.load_verify_locations(cadata=asks.pem.decode())
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def _signed(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        since: datetime | None,
        until: datetime | None,
        *,
        names: tuple[str, ...] = (),
        authority: bool = False,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        end = until or now + 365 * DAY
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(since or min(now, end) - DAY)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_named(name) for name in names]), critical=False
            )
        return builder.sign(self._key, hashes.SHA256())


def _named(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
