"""Whose transaction it is: one agency's, nobody's, or, in the few places that are named for it, every agency's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from typing import Final

from canonical.errors import EcasBridgeError


class Wide(Enum):
    """A tenant that is no agency; the value is how the database is told."""

    #: Of the workers, of the operator's commands, and of whoever still has to find out whose credential it is.
    EVERY = "*"
    #: Of what belongs to no agency: it sees no row of any.
    NOBODY = ""


EVERY: Final = Wide.EVERY
NOBODY: Final = Wide.NOBODY
#: An agency's id, or one of the two.
Tenant = str | Wide

#: The agency of the credential, from the moment on at which a request was recognised.
_asking: ContextVar[str | None] = ContextVar("ecas_asking", default=None)


class ForeignTenant(EcasBridgeError):
    """Our own code reached for another agency than the one whose request it is: refused before any statement."""


def asks(agency: str) -> None:
    """Let this request be that agency's until it ends: whatever it touches from here on is of that agency.

    Called once, where the credential is recognised, and nowhere else.
    """
    _asking.set(agency)


@contextmanager
def nobody_asks() -> Iterator[None]:
    """Begin a request of nobody, whoever asked before it on this connection, and end as before."""
    token = _asking.set(None)
    try:
        yield
    finally:
        _asking.reset(token)


def whose(agency: str | None) -> Tenant:
    """Return the tenant of a question that an agency asks of its own things, and an operator (None) of everybody's."""
    return EVERY if agency is None else agency


def within(tenant: Tenant) -> Tenant:
    """Return whose a transaction is that is begun here for this tenant.

    Within an agency's request it is that agency's, even where the code asked for everybody or for nobody.

    Raises:
        ForeignTenant: the code asked for another agency, or for what is no agency's id.
    """
    asking = _asking.get()
    if isinstance(tenant, Wide):
        return tenant if asking is None else asking
    if asking not in (None, tenant) or tenant == EVERY.value:
        raise ForeignTenant
    return tenant or NOBODY
