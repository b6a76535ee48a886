"""Which endpoints webhooks may reach: asked when one is registered, as far as its address alone tells, and before each send."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from service.webhooks.address import Address, UnfitAddress
from service.webhooks.networks import Networks, is_loopback

#: Ports of the public internet that webhooks may reach; in networks that the operator lists, any.
PORTS: Final = frozenset({443, 8443})
#: A name with more addresses is none that we want to look at.
_ADDRESSES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """The rules of this deployment."""

    networks: Networks
    ports: frozenset[int] = PORTS

    def admits(self, address: Address, found: Sequence[str]) -> bool:
        """Return whether to connect to any of these IP addresses, which are all that the host has.

        All must be admitted: a name that leads to both sides of a wall is a trap.
        """
        if not 0 < len(found) <= _ADDRESSES or not all(map(self.networks.admit, found)):
            return False
        own = all(map(self.networks.list_, found))
        if address.port not in self.ports and not own:
            return False
        return address.secure or (own and all(map(is_loopback, found)))

    def register(self, address: Address) -> None:
        """See that the address may be registered; what its name resolves to is looked at before each send, not now.

        Raises:
            UnfitAddress: it could never be sent to.
        """
        if address.literal:
            fits = self.admits(address, [str(ipaddress.ip_address(address.host))])
        else:
            named = address.host == "localhost" and any(one.is_loopback for one in self.networks.listed)
            fits = (address.secure or named) and (address.port in self.ports or bool(self.networks.listed))
        if not fits:
            raise UnfitAddress(
                f"Webhooks go to https addresses of the public internet, on port {' or '.join(map(str, sorted(self.ports)))}. "
                "An endpoint in your own network needs the operator's word: the setting webhook_networks."
            )
