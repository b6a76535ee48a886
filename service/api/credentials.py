"""Whose request it is, and whether they may ask for that: decided here, from the credential and from nothing else."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Final, cast

from fastapi import Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from starlette.requests import Request

from service.api.audited import recognised
from service.api.problems import NO_VALID_KEY, NOT_FOUND, ROLE_NEEDED, Refusal
from service.credentials.principal import Permission, Principal, roles_with
from service.main import Service
from service.quickly import quickly
from service.tenants.tenant import asks

_bearer = HTTPBearer(
    scheme_name="API key",
    description="The API key, as “ecas agencies add” printed it once, or an access token of /oauth2/token. "
    "What stands beside it is the permission that the route needs.",
    auto_error=False,
)
_ID: Final = re.compile(r"[a-z]{3}_[a-z0-9]{1,64}")
#: Whether the agency has something of this id, by the name of the parameter in the route.
_OWNED: Final[Mapping[str, Callable[[Service, str, str], bool]]] = {
    "submission": lambda service, agency, id_: service.outbox.entry(agency, id_) is not None,
    "replay": lambda service, agency, id_: service.outbox.replay(id_, agency=agency) is not None,
    "webhook": lambda service, agency, id_: service.webhooks.find(agency, id_) is not None,
    "assessor": lambda service, agency, id_: service.rosters.person(agency, id_) is not None,
}


def service_of(request: Request) -> Service:
    """Return the parts that the application was made with."""
    return cast("Service", request.app.state.service)


async def _permitted(
    request: Request,
    needed: SecurityScopes,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
) -> Principal:
    """Return who asks; the body has not been touched yet.

    Raises:
        Refusal: no credential that works, or its role may not do what the route is for. Somebody else's things are
            not there for anyone, whatever their role: they are looked for before the role is.
    """
    (permission,) = (Permission(word) for word in needed.scopes)  # a route that names none opens for nobody
    key = "" if credentials is None else credentials.credentials.strip()
    service = service_of(request)
    principal = await quickly(service.credentials.recognise, key)
    if principal is None:
        raise Refusal(NO_VALID_KEY)
    asks(principal.agency)
    request.scope["agency"] = principal.agency
    request.scope["principal"] = principal.id
    recognised(request, principal)
    service.credentials.uses.note(principal.id)
    if not principal.may(permission):
        if not await asyncio.to_thread(_owns_all, service, principal.agency, request.path_params):
            raise Refusal(NOT_FOUND)
        raise Refusal(ROLE_NEEDED.having(needs=permission.value, roles=[role.value for role in roles_with(permission)]))
    return principal


def _owns_all(service: Service, agency: str, named: Mapping[str, str]) -> bool:
    """Return whether everything that the address names is the agency's own; what we cannot look for is not."""
    return all(
        kind in _OWNED and _ID.fullmatch(id_) is not None and _OWNED[kind](service, agency, id_)
        for kind, id_ in named.items()
    )


#: The parameter of every route that needs a credential: each says which permission, and the OpenAPI document repeats it.
MayJudge = Annotated[Principal, Security(_permitted, scopes=[Permission.JUDGE.value])]
MaySubmit = Annotated[Principal, Security(_permitted, scopes=[Permission.SUBMIT.value])]
MayRead = Annotated[Principal, Security(_permitted, scopes=[Permission.READ.value])]
MayReadRecords = Annotated[Principal, Security(_permitted, scopes=[Permission.READ_RECORDS.value])]
MayDecide = Annotated[Principal, Security(_permitted, scopes=[Permission.DECIDE.value])]
MayReadRoster = Annotated[Principal, Security(_permitted, scopes=[Permission.READ_ROSTER.value])]
MayKeepRoster = Annotated[Principal, Security(_permitted, scopes=[Permission.KEEP_ROSTER.value])]
MayReadAudit = Annotated[Principal, Security(_permitted, scopes=[Permission.READ_AUDIT.value])]
MayAdminister = Annotated[Principal, Security(_permitted, scopes=[Permission.ADMINISTER.value])]
