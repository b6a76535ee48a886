"""Who is at work just now: set where somebody is recognised, read where a deed is written down."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

#: The role of whoever works on the host itself, by the command line.
HOST: Final = "host"
#: The role of our own workers.
SYSTEM: Final = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """Somebody, and what they are about."""

    principal: str
    role: str
    #: The word for what they are about; empty where each step has its own.
    deed: str = ""
    #: The id of the request.
    request: str = ""


_acting: ContextVar[Acting | None] = ContextVar("ecas_acting", default=None)


def present() -> Acting | None:
    """Return who is at work; None for a worker, who names itself."""
    return _acting.get()


def act(acting: Acting | None) -> None:
    """Let whatever this request does from here on be theirs; None for nobody's yet, whoever came before on this connection."""
    _acting.set(acting)


@contextmanager
def by_hand(deed: str) -> Iterator[None]:
    """Let what is done within be the deed of the person who works on this host."""
    token = _acting.set(Acting(principal=f"{HOST}:{login()}", role=HOST, deed=deed))
    try:
        yield
    finally:
        _acting.reset(token)


def login() -> str:
    """Return the account under which this process runs; with sudo, the one that asked for it."""
    account = os.getuid()
    if account == 0 and os.environ.get("SUDO_UID", "").isdigit():
        account = int(os.environ["SUDO_UID"])
    try:
        return pwd.getpwuid(account).pw_name
    except KeyError:
        return str(account)
