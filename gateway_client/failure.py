"""Why a request got no answer, in sentences of ours: the client's own words hold addresses and whatever the peer wrote."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Final

import aiohttp

from canonical.errors import GatewayError, MaybeReceived, NotReceived, Unwelcome

_NO_CONNECTION: Final = "No connection could be made."
_NO_ANSWER: Final = "The request was sent and got no answer."
_NO_TUNNEL: Final = "The proxy (gateway_proxy) opens no way to the state. Nothing was sent; ask who runs the proxy."
_PROXY_REFUSES: Final = (
    "The proxy asks for a user and a password, or refuses ours. Correct gateway_proxy, or ask who runs the proxy."
)
_NO_HANDSHAKE: Final = "TLS with the state's server fails before anything was sent."
_UNTRUSTED: Final = (
    "The state's server shows a certificate that cannot be verified. Nothing was sent. Where the state has an "
    "authority of its own, name its certificate in gateway_ca; else call eCAS IT."
)
#: By OpenSSL's code (X509_V_ERR_*).
_NOT_VERIFIED: Final[Mapping[int, str]] = {
    9: "The state's server shows a certificate that is not valid yet. Nothing was sent. Check this machine's clock.",
    10: "The state's server shows a certificate that has expired. Nothing was sent. Call eCAS IT: it must be renewed.",
    62: "The state's server shows a certificate of another name. Nothing was sent. Check ECAS_GATEWAY_URL.",
    64: "The state's server shows a certificate of another address. Nothing was sent. Check ECAS_GATEWAY_URL.",
}
_OUR_CERTIFICATE: Final = (
    "The state's server refuses our client certificate. Check gateway_certificate (ecas doctor tells when it ends), "
    "then call eCAS IT."
)
#: The alerts of RFC 8446 section 6.2 about our certificate, as OpenSSL names them.
_ABOUT_OURS: Final = frozenset({
    "SSLV3_ALERT_BAD_CERTIFICATE",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED",
    "SSLV3_ALERT_CERTIFICATE_REVOKED",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
    "TLSV1_ALERT_ACCESS_DENIED",
    "TLSV1_ALERT_UNKNOWN_CA",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED",
})  # fmt: skip

#: Raised before a connection stands, so before the first byte of a request; everything else may come after it.
_BEFORE_CONNECTING: Final = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ServerFingerprintMismatch,
    aiohttp.ClientHttpProxyError,
)
#: Refused by our own side when it looks at the address; of a redirect's address only the peer can be the author.
_BAD_ADDRESS: Final = (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError)


def gateway_error(error: aiohttp.ClientError | OSError, *, connected: bool = True) -> GatewayError:
    """Return whether the peer can have received anything: ``NotReceived``, ``Unwelcome`` or ``MaybeReceived``.

    Args:
        error: what the client raised.
        connected: whether the connection stood, through a proxy and TLS; before that nothing of the request leaves.
    """
    if isinstance(error, aiohttp.RedirectClientError):
        return MaybeReceived(_NO_ANSWER)
    tls = next((fault for fault in _causes(error.__cause__) if isinstance(fault, ssl.SSLError)), None)
    if tls is not None and tls.reason in _ABOUT_OURS:
        return Unwelcome(_OUR_CERTIFICATE)
    if isinstance(error, aiohttp.ClientHttpProxyError):
        refused = getattr(error, "status", None) == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED
        return Unwelcome(_PROXY_REFUSES) if refused else NotReceived(_NO_TUNNEL)
    if isinstance(error, (*_BEFORE_CONNECTING, *_BAD_ADDRESS)):
        return NotReceived(_NO_CONNECTION if tls is None else _handshake(tls))
    return MaybeReceived(_NO_ANSWER) if connected else NotReceived(_NO_CONNECTION)


def _handshake(fault: ssl.SSLError) -> str:
    if isinstance(fault, ssl.SSLCertVerificationError):
        return _NOT_VERIFIED.get(fault.verify_code, _UNTRUSTED)
    return _NO_HANDSHAKE


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
