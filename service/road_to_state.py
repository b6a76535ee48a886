"""The road to the state as the settings describe it: the address, who we are, whom we believe, and the proxy between."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog

from canonical.errors import ConfigurationError
from gateway_client.credentials import ClientCredentials
from gateway_client.expiry import Expiry, expiries
from gateway_client.http_gateway import HttpGateway
from gateway_client.peer import Peer
from gateway_client.private_file import read_private
from gateway_client.tls import Tls, TlsFiles
from service.clock import Clock
from service.settings import Settings
from service.telemetry import Ours
from specs.spec import Spec, Transport

_CREDENTIALS: Final = ("gateway_client_id", "gateway_key_id", "gateway_key_file", "gateway_audience")
_PAIR: Final = ("gateway_certificate", "gateway_certificate_key")
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadToState:
    """What every gateway of this deployment shares; the transport itself is the package's."""

    address: str
    #: None where none are set: a package that asks for them is then refused.
    credentials: ClientCredentials | None
    #: One for all gateways, so that a change of its files is seen and told once.
    tls: Tls
    #: It may hold a password.
    proxy: str | None = field(default=None, repr=False)

    def gateway(self, spec: Spec, clock: Clock) -> HttpGateway:
        """Return a gateway that speaks the package's transport.

        Raises:
            ConfigurationError: the package asks for credentials, and there are none; the proxy is none.
        """
        return HttpGateway(
            self.address,
            spec.transport,
            items=spec.items,
            credentials=self.credentials,
            clock=clock,
            tls=self.tls,
            proxy=self.proxy,
        )

    def peer(self, transport: Transport) -> Peer:
        """Return the bare peer, to put the interlock's question to."""
        return Peer(self.address, transport, tls=self.tls, proxy=self.proxy)

    def expiries(self) -> tuple[Expiry, ...]:
        """Return when our certificate and the private authority's end, read anew.

        Raises:
            ConfigurationError: a file cannot be read.
        """
        return expiries(self.tls.files)


def _warn(why: str) -> None:
    _log.warning("certificates", why=Ours(why))


def road_to_state(settings: Settings, *, told: Callable[[str], None] = _warn) -> RoadToState:
    """Read what the settings name; ``told`` hears of every later change of the certificate files.

    Raises:
        ConfigurationError: there is no address, a set of settings is given in part, or a file cannot be used.
    """
    if settings.gateway_url is None:
        raise ConfigurationError(
            "ECAS_GATEWAY_URL, the state's base address, is not set: there is nowhere to deliver to."
        )
    credentials = _credentials(settings)
    _whole(settings, _PAIR, "our client certificate")
    files = TlsFiles(
        certificate=settings.gateway_certificate, key=settings.gateway_certificate_key, ca=settings.gateway_ca
    )
    if files.given and not settings.gateway_url.startswith("https://"):
        raise ConfigurationError(
            "gateway_certificate and gateway_ca are for an https address, and gateway_url is plain http. "
            "Give the state's https address, or unset them."
        )
    proxy = None if settings.gateway_proxy is None else settings.gateway_proxy.get_secret_value()
    return RoadToState(address=settings.gateway_url, credentials=credentials, tls=Tls(files, told=told), proxy=proxy)


def private_files(settings: Settings) -> Iterable[tuple[str, Path]]:
    """Return the files that hold a private key of ours, by what it is."""
    named = (
        ("client key", settings.gateway_key_file),
        ("TLS key", settings.gateway_certificate_key),
    )
    return [(key, file) for key, file in named if file is not None]


def _credentials(settings: Settings) -> ClientCredentials | None:
    _whole(settings, _CREDENTIALS, "our credentials")
    client_id, key_id, audience = settings.gateway_client_id, settings.gateway_key_id, settings.gateway_audience
    if client_id is None or key_id is None or audience is None or settings.gateway_key_file is None:
        return None
    key = read_private(settings.gateway_key_file, "gateway_key_file")
    return ClientCredentials(client_id=client_id, key_id=key_id, private_key=key, audience=audience)


def _whole(settings: Settings, names: tuple[str, ...], what: str) -> None:
    missing = [name for name in names if getattr(settings, name) is None]
    if 0 < len(missing) < len(names):
        raise ConfigurationError(
            f"The settings of {what} for the state are given in part: {_and(missing)} missing. "
            f"Set all of {', '.join(names)}, or none."
        )


def _and(names: list[str]) -> str:
    verb = "is" if len(names) == 1 else "are"
    return f"{' and '.join(names)} {verb}"
