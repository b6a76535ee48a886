"""The agency's own roster: asked, added to, edited; and a certification key checked against it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from canonical.errors import NoSpecInForce
from service.api.assessor_shapes import (
    AssessorsShape,
    EditedShape,
    GivenAssessor,
    GivenCertificate,
    GivenChange,
    GivenKey,
    StandingShape,
)
from service.api.credentials import MayJudge, MayKeepRoster, MayReadRoster, service_of
from service.api.given import body_of, read_given
from service.api.intake_problems import NO_SPEC_IN_FORCE
from service.api.payloads import REFUSALS
from service.api.problems import KEY_ON_ROSTER, NO_VALID_KEY, NOT_FOUND, WRONG_PARAMETER, Refusal, documented
from service.api.shapes import answer
from service.credentials.principal import Principal
from service.main import Service
from service.roster.evidence import Evidence
from service.roster.person import Certificate, Person
from service.roster.rosters import KeyTaken, NotOnRoster, Standing
from service.standings import standing_data
from validators.certification import standing
from validators.roster import AccountStatus

router = APIRouter(prefix="/v1", tags=["roster"])

_CREATED: Final = 201
_ID: Final = re.compile(r"asr_[a-z0-9]{1,64}")
_DAYS: Final = ("certified_on", "issued_on", "expires_on", "approved_on")


@router.get(
    "/assessors",
    responses={200: answer(AssessorsShape, "The agency's own."), **documented(NO_VALID_KEY, WRONG_PARAMETER)},
)
async def list_assessors(
    request: Request,
    caller: MayReadRoster,
    after: Annotated[
        str | None, Query(description="The “next” of the page before.", pattern=f"^{_ID.pattern}$")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=5000)] = 500,
) -> Response:
    """List the agency's assessors, every key masked."""
    held = await asyncio.to_thread(service_of(request).rosters.standing, caller.agency)
    rest = _after(held.people, after)
    page = rest[:limit]
    told = [_person_data(person, held) for person in page]
    return _json({"assessors": told, "next": page[-1].id if len(rest) > limit else None})


@router.post(
    "/assessors",
    status_code=_CREATED,
    openapi_extra=body_of(GivenAssessor),
    responses={
        _CREATED: answer(EditedShape, "On the roster."),
        **documented(*REFUSALS, KEY_ON_ROSTER),
    },
)
async def add_assessor(request: Request, caller: MayKeepRoster) -> Response:
    """Put a person on the roster; whatever waited for one of these keys is judged again at once."""
    given = await read_given(request, GivenAssessor)
    if any(one.key is None or one.id is not None for one in given.keys):
        raise Refusal(WRONG_PARAMETER.having(fields=[{"in": "body", "name": "keys"}]))
    person = Person(
        id="",
        last_name=given.last_name,
        first_name=given.first_name,
        former_names=tuple(given.former_names),
        agencies=frozenset(given.agencies),
        state=given.state,
        certificates=tuple(_certificate(one, Certificate(id="", key="")) for one in given.keys),
    )
    return _json(await asyncio.to_thread(_add, service_of(request), caller, person), _CREATED)


@router.patch(
    "/assessors/{assessor}",
    openapi_extra=body_of(GivenChange),
    responses={
        200: answer(EditedShape, "As it is now."),
        **documented(*REFUSALS, NOT_FOUND, KEY_ON_ROSTER),
    },
)
async def edit_assessor(request: Request, caller: MayKeepRoster, assessor: str) -> Response:
    """Change what the roster says of a person; the history keeps what it said before, and a new name the old one."""
    rosters = service_of(request).rosters
    person = await asyncio.to_thread(rosters.person, caller.agency, assessor) if _ID.fullmatch(assessor) else None
    if person is None:
        raise Refusal(NOT_FOUND)
    changed = _changed(person, await read_given(request, GivenChange))
    return _json(await asyncio.to_thread(_edit, service_of(request), caller, changed))


@router.post(
    "/certification-keys/check",
    openapi_extra=body_of(GivenKey),
    responses={200: answer(StandingShape, "As of that date."), **documented(*REFUSALS, NO_SPEC_IN_FORCE)},
)
async def check_key(request: Request, caller: MayJudge) -> Response:
    """Tell the standing of a certification key, used under a name on a date; the key is in the body, never in an address."""
    given = await read_given(request, GivenKey)
    return _json(await asyncio.to_thread(_standing, service_of(request), caller.agency, given))


def _standing(service: Service, agency: str, given: GivenKey) -> dict[str, Any]:
    try:
        spec = service.judge.spec or service.catalog.for_date(given.on)
    except NoSpecInForce:
        raise Refusal(NO_SPEC_IN_FORCE) from None
    roster = service.rosters.of(agency)
    key = given.key.get_secret_value()
    held = standing(roster, spec.certification, key=key, name=given.name, on=given.on, agency=agency)
    return standing_data(held, spec)


def _add(service: Service, caller: Principal, person: Person) -> dict[str, Any]:
    try:
        added = service.rosters.add(caller.agency, person, actor=caller.actor)
    except KeyTaken:
        raise Refusal(KEY_ON_ROSTER) from None
    except ValueError:
        raise Refusal(WRONG_PARAMETER.having(fields=[{"in": "body", "name": "former_names"}])) from None
    return _edited(service, caller.agency, added)


def _edit(service: Service, caller: Principal, person: Person) -> dict[str, Any]:
    try:
        changed = service.rosters.change(caller.agency, person, actor=caller.actor)
    except KeyTaken:
        raise Refusal(KEY_ON_ROSTER) from None
    except NotOnRoster:
        raise Refusal(NOT_FOUND) from None
    except ValueError:
        raise Refusal(WRONG_PARAMETER.having(fields=[{"in": "body", "name": "former_names"}])) from None
    return _edited(service, caller.agency, changed)


def _edited(service: Service, agency: str, person: Person) -> dict[str, Any]:
    released = service.intake.recheck(agency)
    return {"assessor": _person_data(person, service.rosters.standing(agency)), "released": released}


def _changed(person: Person, given: GivenChange) -> Person:
    """Return the person with what was given; a key without an id is a new one.

    Raises:
        Refusal: a key names neither one of this person's nor a new one.
    """
    certificates = {one.id: one for one in person.certificates}
    fresh: list[Certificate] = []
    for one in given.keys:
        if (one.id is None) is (one.key is None) or (one.id is not None and one.id not in certificates):
            raise Refusal(WRONG_PARAMETER.having(fields=[{"in": "body", "name": "keys"}]))
        if one.id is None:
            fresh.append(_certificate(one, Certificate(id="", key="")))
        else:
            certificates[one.id] = _certificate(one, certificates[one.id])
    return replace(
        person,
        last_name=person.last_name if given.last_name is None else given.last_name,
        first_name=person.first_name if given.first_name is None else given.first_name,
        former_names=person.former_names if given.former_names is None else tuple(given.former_names),
        agencies=person.agencies if given.agencies is None else frozenset(given.agencies),
        state=person.state if given.state is None else given.state,
        certificates=(*certificates.values(), *fresh),
    )


def _certificate(given: GivenCertificate, before: Certificate) -> Certificate:
    """Return the certificate with what was given; a day that is given as null is unknown from now on."""
    days = {name: getattr(given, name) for name in _DAYS if name in given.model_fields_set}
    status = before.status if given.status is None else AccountStatus(given.status)
    key = before.key if given.key is None else given.key.get_secret_value().strip()
    return replace(before, key=key, status=status, **days)


def _person_data(person: Person, held: Standing) -> dict[str, Any]:
    return {
        "id": person.id,
        "last_name": person.last_name,
        "first_name": person.first_name,
        "former_names": list(person.former_names),
        "agencies": sorted(person.agencies),
        "state": person.state,
        "keys": [_certificate_data(one, held) for one in person.certificates],
    }


def _certificate_data(certificate: Certificate, held: Standing) -> dict[str, Any]:
    return {
        "id": certificate.id,
        "key": certificate.masked,
        **{name: getattr(certificate, name) for name in _DAYS},
        "status": certificate.status.value,
        "conflict": certificate.key in held.elsewhere,
        "evidence": [_evidence_data(one) for one in held.evidence.get(certificate.id, ())],
    }


def _evidence_data(evidence: Evidence) -> dict[str, Any]:
    return {
        "document": evidence.document,
        "note": evidence.note,
        "seen_by": evidence.seen_by,
        "seen_on": evidence.seen_on,
        "at": evidence.at,
    }


def _after(people: Sequence[Person], after: str | None) -> Sequence[Person]:
    """Return those who come behind this one; of one who is not there, nobody."""
    if after is None:
        return people
    places: Iterable[int] = (place for place, person in enumerate(people) if person.id == after)
    return people[next(iter(places), len(people)) + 1 :]


def _json(data: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(data), status, media_type="application/json")
