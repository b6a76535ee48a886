"""Who is asking, and what each role may do: the one table of permissions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from canonical.errors import ConfigurationError

#: A person's or a system's name, on one line.
_OWNER: Final = re.compile(r"[^\W_][^\x00-\x1f\x7f-\x9f\u2028\u2029]{1,98}[^\s\x00-\x1f\x7f-\x9f]")


class Permission(StrEnum):
    """One kind of thing that a request may ask for; the words are also the scopes of keys and tokens."""

    #: Judge or map what the request itself carries; nothing is written down.
    JUDGE = "judge"
    #: Hand in payloads and their corrections, and say that consent is withdrawn.
    SUBMIT = "submit"
    #: Ask where submissions stand, and why.
    READ = "read"
    #: Ask for the record itself: the document, the worksheet.
    READ_RECORDS = "read_records"
    #: A person's word about what waits: hold, release, cancel, void, resolve, replay, close.
    DECIDE = "decide"
    READ_ROSTER = "read_roster"
    KEEP_ROSTER = "keep_roster"
    READ_AUDIT = "read_audit"
    #: Keys, webhooks, erasure, legal hold, retention.
    ADMINISTER = "administer"


class Role(StrEnum):
    """What somebody is to one agency."""

    #: An EHR: it hands in, and learns what became of it.
    SUBMITTER = "submitter"
    #: A person who cures what waits.
    OPERATOR = "operator"
    #: A privacy officer: sees every trace, opens no record and moves nothing.
    AUDITOR = "auditor"
    ADMIN = "admin"


#: What each role may do. The only such table; ``Principal.may`` is the only place that reads it to decide.
MAY: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.SUBMITTER: frozenset({Permission.JUDGE, Permission.SUBMIT, Permission.READ}),
    Role.OPERATOR: frozenset({
        Permission.JUDGE, Permission.SUBMIT, Permission.READ, Permission.READ_RECORDS, Permission.DECIDE,
        Permission.READ_ROSTER, Permission.KEEP_ROSTER,
    }),
    Role.AUDITOR: frozenset({Permission.READ, Permission.READ_ROSTER, Permission.READ_AUDIT}),
    Role.ADMIN: frozenset(Permission),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Whoever a request comes from: an API key, or a vendor's client acting for an agency."""

    #: The id of the key, or ``client:`` and the id of the client.
    id: str
    #: The named person or system that it was given to.
    owner: str
    #: The one agency that it acts for; never the caller's own choice.
    agency: str
    role: Role
    #: What it was narrowed to; None for everything that the role may.
    scopes: frozenset[Permission] | None = None

    @property
    def actor(self) -> str:
        """What histories call it."""
        return f"{self.owner} ({self.id})"

    def may(self, permission: Permission) -> bool:
        """Return whether its role may do this, and its scopes do not leave it out."""
        return permission in MAY[self.role] and (self.scopes is None or permission in self.scopes)


def roles_with(permission: Permission) -> tuple[Role, ...]:
    """Return the roles that may do this, the narrowest first."""
    return tuple(role for role in Role if permission in MAY[role])


def checked_owner(owner: str) -> str:
    """Return the name of an owner, trimmed.

    Raises:
        ConfigurationError: it is no name on one line.
    """
    name = " ".join(owner.split(" ")).strip()
    if not _OWNER.fullmatch(name):
        raise ConfigurationError("An owner is the name of a person or a system: 3 to 100 characters on one line.")
    return name


def narrowed(role: Role, scopes: frozenset[Permission]) -> frozenset[Permission] | None:
    """Return the scopes to keep with a role; None where none are given, for all that the role may.

    Raises:
        ConfigurationError: a scope reaches beyond the role.
    """
    beyond = sorted(scopes - MAY[role])
    if beyond:
        raise ConfigurationError(
            f"The role {role} may not {', '.join(beyond)}; its scopes are {', '.join(sorted(MAY[role]))}."
        )
    return scopes or None


def written(scopes: frozenset[Permission] | None) -> str | None:
    """Return scopes as the database keeps them."""
    return None if scopes is None else " ".join(sorted(scopes))


def read(scopes: str | None) -> frozenset[Permission] | None:
    """Return the scopes that the database keeps; a word that this release does not know opens nothing."""
    return None if scopes is None else frozenset(Permission(word) for word in scopes.split() if word in set(Permission))
