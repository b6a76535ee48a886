"""Access tokens of SMART Backend Services: asked for with a signed assertion, opaque, short-lived, for one agency."""

from __future__ import annotations

import base64
import json
import re
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, Engine, bindparam, delete, insert, select
from sqlalchemy.exc import IntegrityError

from service.audit.audit import Audit
from service.audit.deed import Deed
from service.clock import Clock, to_milliseconds
from service.credentials import principal as p
from service.credentials.assertion import Fault, NotProven, Presented, Proof
from service.credentials.clients import CLIENT_ID
from service.credentials.jwks import PublicKey
from service.credentials.principal import MAY, Permission, Principal, Role
from service.outbox import schema as t
from service.outbox.engine import reading, writing
from service.tenants.tenant import EVERY
from service.vault import Vault

#: What every token begins with.
PREFIX: Final = "ecat_"
#: How long a token lives (SMART Backend Services: five minutes at most).
LIFE: Final = timedelta(minutes=5)
#: How a scope names the agency that the token is for.
AGENCY_SCOPE: Final = "agency:"
_TOKEN: Final = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")
_T, _G = t.access_token.c, t.client_grant.c
#: Asked at every request: laid out once.
_WORKS: Final = (
    select(_T.agency, _T.scopes, _G.role, t.client.c.id, t.client.c.owner)
    .join(t.client_grant, _G.id == _T.client_grant)
    .join(t.client, t.client.c.id == _G.client)
    .join(t.client_key, t.client_key.c.id == _T.client_key)
    .where(
        _T.digest == bindparam("digest"),
        _T.expires_at > bindparam("now"),
        _G.revoked_at.is_(None),
        t.client.c.revoked_at.is_(None),
        t.client_key.c.retired_at.is_(None),
    )
)
_BYTES: Final = 32
#: How much longer than needed a used assertion is remembered: clocks may be set back.
_REMEMBERED: Final = timedelta(days=1)


class Refused(StrEnum):
    """The error codes of RFC 6749 section 5.2 that we answer with."""

    INVALID_REQUEST = "invalid_request"
    INVALID_CLIENT = "invalid_client"
    INVALID_SCOPE = "invalid_scope"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A new token, to be answered once."""

    token: str = field(repr=False)
    client: str
    agency: str
    scopes: frozenset[Permission]
    lifetime: timedelta = LIFE

    @property
    def scope(self) -> str:
        """What was granted, in the words in which it is asked for."""
        return " ".join((f"{AGENCY_SCOPE}{self.agency}", *sorted(self.scopes)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A scope, read: for which agency, and what; None where it does not say."""

    agency: str | None
    scopes: frozenset[Permission] | None


class Tokens:
    """Gives tokens to clients that prove themselves, and recognises them. Of a token only a keyed digest is kept."""

    def __init__(self, engine: Engine, vault: Vault, clock: Clock, audience: str) -> None:
        """Work on this database; assertions are meant for exactly this audience."""
        self._engine = engine
        self._vault = vault
        self._clock = clock
        self._audience = audience
        self._audit = Audit(vault, lambda _: to_milliseconds(clock()))

    def issue(self, assertion: str, scope: str, client_id: str | None = None) -> AccessToken | Refused:
        """Return a token for whoever proves itself, or why there is none; the assertion is used up by it either way.

        The assertion is written down in the transaction of the token: of two that bring the same one, on whatever
        hosts, one gets a token.

        Raises:
            NotProven: the assertion proves nothing.
        """
        presented = Presented.read(assertion)
        key_id, key = self._key(presented)
        if client_id not in (None, presented.client):
            raise NotProven(Fault.SUBJECT)
        proof = presented.proven(presented.client, key, self._audience, self._clock())
        asked = _asked(scope)
        with writing(self._engine, EVERY) as connection:
            self._use_up(connection, proof)
            return self._granted(connection, proof.client, key_id, asked)

    def recognise(self, token: str) -> Principal | None:
        """Return who a token speaks for; None where it is nobody's, or has ended, with its grant, client or key or by time."""
        if not _TOKEN.fullmatch(token):
            return None
        given = {"digest": self._digest(token), "now": to_milliseconds(self._clock())}
        with reading(self._engine, EVERY) as connection:
            row = connection.execute(_WORKS, given).mappings().first()
        if row is None:
            return None
        return Principal(
            id=f"client:{row['id']}",
            owner=row["owner"],
            agency=row["agency"],
            role=Role(row["role"]),
            scopes=p.read(row["scopes"]),
        )

    def forget(self) -> None:
        """Delete what nobody can use any more: ended tokens, and assertions long past their time."""
        past = to_milliseconds(self._clock() - _REMEMBERED)
        with writing(self._engine, EVERY) as connection:
            for table in (t.access_token, t.assertion):
                connection.execute(delete(table).where(table.c.expires_at < past))

    def _key(self, presented: Presented) -> tuple[str, PublicKey]:
        """Return the registered key that an assertion names.

        Raises:
            NotProven: there is no such client, or no such key of it.
        """
        if not CLIENT_ID.fullmatch(presented.client) or "\0" in presented.kid:
            raise NotProven(Fault.CLIENT)
        c = t.client_key.c
        query = (
            select(c.id, c.kid, c.jwk, c.thumbprint)
            .join(t.client, t.client.c.id == c.client)
            .where(
                c.client == presented.client,
                c.kid == presented.kid,
                c.retired_at.is_(None),
                t.client.c.revoked_at.is_(None),
            )
        )
        with reading(self._engine, EVERY) as connection:
            row = connection.execute(query).first()
        if row is None:
            raise NotProven(Fault.CLIENT)
        return row.id, PublicKey(kid=row.kid, jwk=json.loads(row.jwk), thumbprint=row.thumbprint)

    def _use_up(self, connection: Connection, proof: Proof) -> None:
        """Write the assertion down.

        Raises:
            NotProven: the database refuses it, for it is there already.
        """
        digest = self._vault.digest("assertion", proof.client, proof.jti)
        values = {"digest": digest, "client": proof.client, "expires_at": to_milliseconds(proof.ends)}
        try:
            connection.execute(insert(t.assertion).values(values))
        except IntegrityError:
            raise NotProven(Fault.REPLAYED) from None

    def _granted(self, connection: Connection, client: str, key: str, asked: _Asked | None) -> AccessToken | Refused:
        if asked is None:
            return Refused.INVALID_SCOPE
        c = t.client_grant.c
        query = select(c.id, c.agency, c.role, c.scopes).where(c.client == client, c.revoked_at.is_(None))
        grants = [row for row in connection.execute(query) if asked.agency in (None, row.agency)]
        if len(grants) != 1:  # none, or several and it does not say which
            return Refused.INVALID_SCOPE
        (grant,) = grants
        held = p.read(grant.scopes)
        allowed = MAY[Role(grant.role)] if held is None else MAY[Role(grant.role)] & held
        scopes = allowed if asked.scopes is None else allowed & asked.scopes
        if not scopes:
            return Refused.INVALID_SCOPE
        token = PREFIX + base64.urlsafe_b64encode(secrets.token_bytes(_BYTES)).decode().rstrip("=")
        now = self._clock()
        connection.execute(
            insert(t.access_token).values(
                digest=self._digest(token),
                agency=grant.agency,
                client_grant=grant.id,
                client_key=key,
                scopes=p.written(scopes),
                issued_at=to_milliseconds(now),
                expires_at=to_milliseconds(now + LIFE),
            )
        )
        actor = f"client:{client}"
        deed = Deed(agency=grant.agency, action="credential.token", actor=actor, kind="grant", about=grant.id)
        self._audit.note(connection, deed)
        return AccessToken(token=token, client=client, agency=grant.agency, scopes=scopes)

    def _digest(self, token: str) -> str:
        return self._vault.digest("access token", token)


def _asked(scope: str) -> _Asked | None:
    """Return what a scope asks for; None where a word of it is none of ours, or it names more than one agency."""
    words = set(scope.split())
    agencies = {word for word in words if word.startswith(AGENCY_SCOPE)}
    wanted = words - agencies
    if len(agencies) > 1 or not wanted <= set(Permission):
        return None
    agency = next((word.removeprefix(AGENCY_SCOPE) for word in agencies), None)
    return _Asked(agency=agency, scopes=frozenset(map(Permission, wanted)) if wanted else None)
