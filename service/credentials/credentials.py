"""Every kind of credential, and whose one is."""

from __future__ import annotations

from dataclasses import dataclass

from service.credentials.api_keys import ApiKeys
from service.credentials.clients import Clients
from service.credentials.last_uses import LastUses
from service.credentials.principal import Principal
from service.credentials.tokens import PREFIX, Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """API keys, and the clients with their tokens."""

    keys: ApiKeys
    clients: Clients
    tokens: Tokens
    uses: LastUses

    def recognise(self, text: str) -> Principal | None:
        """Return whose credential this is; None where it is nobody's, or works no more."""
        return self.tokens.recognise(text) if text.startswith(PREFIX) else self.keys.recognise(text)
