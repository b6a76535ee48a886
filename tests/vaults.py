"""The vault of a test's database, under a master key that every test knows."""

from __future__ import annotations

from sqlalchemy import Engine

from service.keyring.master import LocalMaster, Masters
from service.keyring.ring import StoredRing
from service.vault import Vault

#: 32 bytes that nobody would choose.
MASTER = bytes(range(32))


def vault_of(engine: Engine) -> Vault:
    """Open it as any node does."""
    return Vault(StoredRing(engine, Masters(current=LocalMaster(MASTER))))
