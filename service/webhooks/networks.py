"""Which IP addresses webhooks may reach: those of the public internet, and networks that the operator lists."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from canonical.errors import ConfigurationError

_Ip = IPv4Address | IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
#: All that was ever given out to the public; whatever lies elsewhere is somebody's own or nobody's.
_PUBLIC_IPV6: Final = ipaddress.ip_network("2000::/3")
#: NAT64 (RFC 6052): a gateway makes an IPv4 address of its last part.
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
#: Global by their numbers, and not the public's: the protocols' own (Teredo and the nearest router among them), 6to4 and
#: its relays, which reach any IPv4 address; documentation; a cloud's own wire server.
_NOT_FOR_US: Final = tuple(
    map(
        ipaddress.ip_network,
        ("192.0.0.0/24", "2001::/23", "2002::/16", "192.88.99.0/24", "2001:db8::/32", "3fff::/20", "168.63.129.16/32"),
    )
)
#: ISATAP: any prefix, then this, then an IPv4 address.
_ISATAP: Final = (0x00005EFE, 0x02005EFE)
_IPV4: Final = 0xFFFFFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Networks:
    """The networks that the operator lists beside the public ones."""

    listed: tuple[_Network, ...] = ()

    def admit(self, address: str) -> bool:
        """Return whether we may connect to this IP address."""
        ip = _plain(address)
        return ip is not None and (self._lists(ip) or _is_public(ip))

    def list_(self, address: str) -> bool:
        """Return whether the operator lists this IP address: an endpoint of the house's own."""
        ip = _plain(address)
        return ip is not None and self._lists(ip)

    def _lists(self, ip: _Ip) -> bool:
        return any(ip.version == network.version and ip in network for network in self.listed)


def read_networks(texts: Iterable[str]) -> Networks:
    """Return the networks of a setting.

    Raises:
        ConfigurationError: one of them is none.
    """
    try:
        return Networks(listed=tuple(map(ipaddress.ip_network, texts)))
    except ValueError:
        raise ConfigurationError(
            "webhook_networks must be networks such as 10.1.0.0/16, or single addresses."
        ) from None


def is_loopback(address: str) -> bool:
    """Return whether this IP address is this machine, as IPv4 in IPv6 too."""
    ip = _plain(address)
    return ip is not None and ip.is_loopback


def _plain(address: str) -> _Ip | None:
    """Return the IP address; one with a zone is of this link alone, and none of ours. IPv4 in IPv6 is IPv4 to the kernel."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return None
    if isinstance(ip, IPv6Address):
        return None if ip.scope_id else ip.ipv4_mapped or ip
    return ip


def _is_public(ip: _Ip) -> bool:
    """Return whether it, and every IPv4 address that a gateway on the way would make of it, is the public's."""
    if any(ip.version == network.version and ip in network for network in _NOT_FOR_US):
        return False
    if ip.is_multicast or ip.is_unspecified or ip.is_loopback or ip.is_link_local:
        return False
    if isinstance(ip, IPv4Address):
        return ip.is_global and not ip.is_reserved
    behind = IPv4Address(int(ip) & _IPV4)
    if ip in _NAT64:
        return _is_public(behind)
    if (int(ip) >> 32) & _IPV4 in _ISATAP and not _is_public(behind):
        return False
    return ip in _PUBLIC_IPV6 and ip.is_global
