"""Whose request it is: the agency comes from the API key, and from nothing else."""

from __future__ import annotations

import asyncio
from typing import Annotated, cast

from fastapi import Depends, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import Request

from service.agencies import Agency
from service.api.problems import NO_VALID_KEY, Refusal
from service.main import Service

_bearer = HTTPBearer(
    scheme_name="API key",
    description="The agency's API key, as “ecas agencies add” printed it once.",
    auto_error=False,
)


def service_of(request: Request) -> Service:
    """Return the parts that the application was made with."""
    return cast("Service", request.app.state.service)


async def authenticated(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
) -> Agency:
    """Return the agency whose key the request carries; the body has not been touched yet.

    Raises:
        Refusal: it carries none that works.
    """
    key = "" if credentials is None else credentials.credentials.strip()
    agency = await asyncio.to_thread(service_of(request).agencies.authenticate, key)
    if agency is None:
        raise Refusal(NO_VALID_KEY)
    request.scope["agency"] = agency.id
    return agency


#: The parameter of every route that needs a key.
Caller = Annotated[Agency, Depends(authenticated)]
