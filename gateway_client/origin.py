"""Origins, compared as parsed: where the state is, which proxy leads there, and what counts as this very machine."""

from __future__ import annotations

import socket

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from canonical.errors import ConfigurationError
from gateway_client.loopback import is_loopback


def base_address(text: str) -> URL:
    """Read the base address with the parser that the client connects by; the address itself may hold a secret.

    Raises:
        ConfigurationError: where it is not http(s), or carries a user, a query or a fragment.
    """
    url = _parsed(text)
    if url is None or url.scheme not in ("http", "https") or _secretive(url):
        raise ConfigurationError(
            "The gateway's address must be http:// or https:// with a host, and without user, query or fragment."
        )
    return url


def proxy_address(text: str, base: URL) -> URL:
    """Read the address of the proxy on the way to ``base``; a user and a password may stand in it.

    Raises:
        ConfigurationError: where it is none, or where a document would lie open in it.
    """
    url = _parsed(text)
    if url is None or url.scheme != "http" or url.query or url.fragment or url.path not in ("", "/"):
        raise ConfigurationError("gateway_proxy must be http://host:port, with a user and a password if need be.")
    if base.scheme != "https" and not is_loopback(url.raw_host or ""):
        raise ConfigurationError(
            "gateway_proxy is set and the gateway's address is plain http: documents would lie open in the proxy. "
            "Give the state's https address, or unset gateway_proxy."
        )
    return url


def joined(base: URL, path: str) -> URL:
    """Return the address of a path below the base; the path comes from a package, and must not lead elsewhere.

    Raises:
        ConfigurationError: where scheme, host or port of what comes out are not those of the base.
    """
    try:
        url = URL(f"{str(base).rstrip('/')}{path}", encoded=True)
        stays = not (url.user or url.password) and _origin(url) == _origin(base)
    except ValueError:
        stays = False
    if not stays:
        raise ConfigurationError("A path of the package's transport.toml leads to another host; nothing was sent.")
    return url


class HomeKeeping(AbstractResolver):
    """Resolves as another does, but lets ``localhost`` mean nothing beyond this machine (RFC 6761 section 6.3)."""

    def __init__(self, resolver: AbstractResolver) -> None:
        """Ask this resolver."""
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of the host.

        Raises:
            OSError: there are none that count.
        """
        found = await self._resolver.resolve(host, port, family=family)
        if not is_loopback(host):
            return found
        home = [address for address in found if is_loopback(address["host"])]
        if not home:
            raise OSError("no address on this machine")
        return home

    async def close(self) -> None:
        """Close the resolver that is asked."""
        await self._resolver.close()


def _origin(url: URL) -> tuple[str, str | None, int | None]:
    """Return scheme, host and port; a default port is the same written or not."""
    return url.scheme, url.raw_host, url.port


def _parsed(text: str) -> URL | None:
    """Return the address where it has a scheme, a host and a port that could be one."""
    try:
        url = URL(text)
        fit = url.host and url.port is not None
    except ValueError:
        return None
    return url if fit else None


def _secretive(url: URL) -> bool:
    return bool(url.user or url.password or url.query or url.fragment)
