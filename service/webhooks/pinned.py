"""Connecting to the places that were looked at, and to nothing else."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from typing import Any

from aiohttp import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult


class NotAdmitted(OSError):
    """The endpoint, as its name resolved, is none that webhooks may reach; nothing was connected."""


class Pinned(AbstractResolver):
    """Resolves one name to the addresses that it was found to have; a name server is not asked again."""

    def __init__(self, host: str, port: int, addresses: Sequence[str]) -> None:
        """Stand for this host."""
        self._host = host
        self._port = port
        self._addresses = tuple(addresses)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses.

        Raises:
            NotAdmitted: another host is asked for.
        """
        del family
        if host.lower() != self._host:
            raise NotAdmitted
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        """Do nothing: it holds nothing."""

    def open(self, info: AddrInfoType) -> socket.socket:
        """Return a socket for one of these places: the last look, whatever led here, an address as a host too.

        Raises:
            NotAdmitted: it is none of them.
        """
        family, kind, protocol, _, place = info
        where: tuple[Any, ...] = tuple(place)
        if ipaddress.ip_address(where[0]) not in map(ipaddress.ip_address, self._addresses) or where[1] != self._port:
            raise NotAdmitted
        return socket.socket(family, kind, protocol)
