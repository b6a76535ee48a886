"""The service's API, from the outside: one request, one answer."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, ClassVar, Final
from urllib.parse import urlencode, urlsplit

from canonical.errors import ConfigurationError, EcasBridgeError
from canonical.version import __version__
from gateway_client.loopback import is_loopback
from service.reports.run import Exit
from service.settings import Settings

#: Seconds: longer than the service gives a body, since it answers only after judging and the commit.
_TIMEOUT: Final = 120
_OWN_FAULT: Final = 500
#: The digits of a number of seconds that somebody may mean.
_LONGEST_NUMBER: Final = 6


class Unreachable(EcasBridgeError):
    """The service cannot be reached."""

    exit_code: ClassVar[int] = Exit.COULD_NOT_CHECK

    def __init__(self, message: str = "", *, status: int | None = None, retry_after: int | None = None) -> None:
        """Keep what it answered, if it did, and the seconds after which it wants to be asked again."""
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the service answered: the object asked for, or a problem."""

    status: int
    data: Mapping[str, Any] = field(repr=False)
    replayed: bool = False
    #: The seconds after which the service wants to be asked again; None where it said nothing of the kind.
    retry_after: int | None = None

    @property
    def ok(self) -> bool:
        """True where the service did what was asked."""
        return self.status < HTTPStatus.MULTIPLE_CHOICES


class Client:
    """Asks the service of ``ECAS_URL`` with the key of ``ECAS_API_KEY``."""

    def __init__(self, chosen: Settings) -> None:
        """Take address and key from the settings.

        Raises:
            ConfigurationError: there is no key, or both would travel in the clear.
        """
        address = urlsplit(chosen.url)
        if chosen.api_key is None:
            raise ConfigurationError("ECAS_API_KEY is not set; “ecas agencies add” printed the key once.")
        if address.scheme != "https" and not is_loopback(address.hostname or ""):
            raise ConfigurationError(
                "ECAS_URL is neither https nor loopback: key and records would travel in the clear."
            )
        self._address = address
        self._key = chosen.api_key.get_secret_value()

    def get(self, path: str, **query: str | int | None) -> Answer:
        """Ask for something.

        Raises:
            Unreachable: the service is not there, or cannot answer now.
            ConfigurationError: it does not know the key.
        """
        given = urlencode({name: value for name, value in query.items() if value is not None})
        return self._ask("GET", f"{path}?{given}" if given else path, {}, None)

    def page(self, path: str, **query: str | None) -> bytes:
        """Ask for something to look at, as it is.

        Raises:
            Unreachable: the service is not there, or cannot answer now.
            ConfigurationError: it does not know the key, or has no such page.
        """
        given = urlencode({name: value for name, value in query.items() if value is not None})
        response, body = self._said("GET", f"{path}?{given}" if given else path, {}, None)
        if response.status == HTTPStatus.OK:
            return body
        raise ConfigurationError(str(_answer(response, body).data["detail"]))

    def post(self, path: str, content: bytes, *, idempotency_key: str, **query: str) -> Answer:
        """Send something, that takes effect once for each idempotency key.

        Raises:
            Unreachable: the service is not there, or cannot answer now; sending it again with this key is safe.
            ConfigurationError: it does not know the key.
        """
        headers = {"Idempotency-Key": idempotency_key, "Content-Type": "application/octet-stream"}
        return self._ask("POST", f"{path}?{urlencode(query)}", headers, content)

    def tell(self, path: str, **said: object) -> Answer:
        """Say something about what is there; said twice it means the same.

        Raises:
            Unreachable: the service is not there, or cannot answer now.
            ConfigurationError: it does not know the key.
        """
        return self._ask("POST", path, {"Content-Type": "application/json"}, json.dumps(said).encode())

    def _ask(self, method: str, path: str, headers: Mapping[str, str], content: bytes | None) -> Answer:
        return _answer(*self._said(method, path, headers, content))

    def _said(
        self, method: str, path: str, headers: Mapping[str, str], content: bytes | None
    ) -> tuple[http.client.HTTPResponse, bytes]:
        connection = self._connect()
        own = {"Authorization": f"Bearer {self._key}", "User-Agent": f"ecas-bridge/{__version__}"}
        try:
            connection.request(method, self._address.path.rstrip("/") + path, content, {**own, **headers})
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException):
            raise Unreachable("The service does not answer at ECAS_URL. Is “ecas serve” running?") from None
        finally:
            connection.close()
        return response, body

    def _connect(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._address.scheme == "https" else http.client.HTTPConnection
        try:
            return kind(self._address.hostname or "", self._address.port, timeout=_TIMEOUT)
        except ValueError:
            raise ConfigurationError("ECAS_URL is not an address.") from None


def _answer(response: http.client.HTTPResponse, body: bytes) -> Answer:
    if response.status == HTTPStatus.UNAUTHORIZED:
        raise ConfigurationError(
            "The service does not know this ECAS_API_KEY: it is another one's, rotated or revoked."
        )
    if response.status >= _OWN_FAULT:
        number = response.headers.get("Correlation-Id", "none")
        raise Unreachable(
            f"The service cannot answer now ({response.status}, Correlation-Id {number}). Try again later.",
            status=response.status,
            retry_after=_retry_after(response),
        )
    try:
        data = json.loads(body)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise Unreachable("What answers at ECAS_URL is not an ecas service.")
    return Answer(
        status=response.status,
        data=data,
        replayed=response.headers.get("Idempotency-Replayed") == "true",
        retry_after=_retry_after(response),
    )


def _retry_after(response: http.client.HTTPResponse) -> int | None:
    """Return the seconds of Retry-After; our service never names a date there."""
    given = response.headers.get("Retry-After", "")
    return int(given) if given.isascii() and given.isdecimal() and len(given) <= _LONGEST_NUMBER else None
