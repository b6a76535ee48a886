"""The address of an endpoint, read so narrowly that no two parsers can differ about it."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Final

from yarl import URL

from canonical.errors import ConfigurationError

_LONGEST: Final = 2000
#: Scheme, authority without a user, and the rest without a fragment; letters of ASCII only, no backslash, no blank.
_FORM: Final = re.compile(
    r"(https?)://(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9.-]{1,253})(?::([0-9]{1,5}))?([/?][!-\[\]-~]*)?"
)
#: A name's last part begins with a letter: whatever ends in a number is read as an address by someone.
_NAME: Final = re.compile(r"(?:(?!-)[a-z0-9-]{1,63}(?<!-)\.)*(?!-)[a-z][a-z0-9-]{0,62}(?<!-)")
_PORTS: Final = {"https": 443, "http": 80}


class UnfitAddress(ConfigurationError):
    """The address of an endpoint is none that we would ever send to; the sentence says why and never quotes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One endpoint's address."""

    #: May hold a secret of the agency's in its path: shown to its administrators, and to nobody else.
    url: URL = field(repr=False)
    #: A name, or an IP address without brackets.
    host: str
    port: int
    #: True for https.
    secure: bool

    @property
    def literal(self) -> bool:
        """Whether the host is an IP address itself."""
        return _is_ip(self.host)


def read_address(text: str) -> Address:
    """Return the address as it is connected to.

    Raises:
        UnfitAddress: it has no form that is allowed.
    """
    form = _FORM.fullmatch(text) if len(text) <= _LONGEST and text.isascii() else None
    if form is None or "#" in (form[4] or ""):
        raise UnfitAddress(
            "An endpoint is https://host/path, without user, password or fragment; a name with other letters is given "
            "in its form “xn--…”."
        )
    scheme, host = form[1], form[2].lower().strip("[]")
    bracketed = form[2].startswith("[")
    port = _PORTS[scheme] if form[3] is None else int(form[3])
    if bracketed is not (":" in host) or not (_is_ip(host) or _NAME.fullmatch(host)) or not 0 < port < 1 << 16:
        raise UnfitAddress(
            "The endpoint's host is neither a name nor an IP address in its usual form, or its port is none."
        )
    try:
        url = URL(text)
        same = url.scheme == scheme and _same_host(url.raw_host or "", host) and url.port == port and url.user is None
    except ValueError:
        same = False
    if not same:
        raise UnfitAddress("The endpoint's address is read differently by different programs; write it plainly.")
    return Address(url=url, host=host, port=port, secure=scheme == "https")


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _same_host(one: str, other: str) -> bool:
    if _is_ip(one) and _is_ip(other):
        return ipaddress.ip_address(one) == ipaddress.ip_address(other)
    return one.lower() == other
