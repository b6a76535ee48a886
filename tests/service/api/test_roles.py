"""Roles over the wire: each route opens for whom the one table says, inside one's own agency, and for nobody else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from service.credentials.principal import MAY, Permission, Role, roles_with

#: What anyone may ask, with no credential at all.
OPEN = {"/healthz", "/readyz", "/metrics", "/oauth2/token", "/fhir/metadata", "/fhir/.well-known/smart-configuration"}
NEVER = "sub_zzzzzzzzzzzzzzzzzzzzzzzzzz"


class Operation(NamedTuple):
    method: str
    path: str
    security: Any


@pytest.fixture(scope="module")
def operations(api) -> list[Operation]:
    document = api.ask("GET", "/openapi.json").data
    return [
        Operation(method.upper(), path, said.get("security"))
        for path, said_of in document["paths"].items()
        for method, said in said_of.items()
    ]


@pytest.fixture(scope="module")
def agency(api, response):
    """An agency with a submission that waits, and somebody in each role; and a stranger with one of its own."""
    owner, stranger = api.caller(), api.caller()
    owner.entry, stranger.entry = (
        one.submit(response(ASSESSOR_KEY="EX-9999-9999"), key="k").data["submissions"][0] for one in (owner, stranger)
    )
    owner.people = {
        role: api.service.credentials.keys.issue(owner.id, owner=f"Dana the {role}", role=role) for role in Role
    }
    owner.stranger = stranger
    return owner


def _permission(operation: Operation) -> Permission:
    ((needed,),) = (scheme.values() for scheme in operation.security)
    (word,) = needed
    return Permission(word)


def _of_agency(operations) -> Iterator[tuple[Operation, Permission]]:
    return ((one, _permission(one)) for one in operations if one.path.startswith("/v1"))


def _filled(path: str, id_: str) -> str:
    return re.sub(r"\{submission\}", id_, path)


def _ask(api, key: str, operation: Operation, path: str):
    content = None if operation.method == "GET" else b"{}"
    return api.ask(operation.method, path, content, {"Authorization": f"Bearer {key}", "Idempotency-Key": "k-1"})


def test_every_route_names_the_permission_that_it_needs(operations):
    """A route without one is open to all or shut for all, and either is a mistake."""
    faulty = []
    for one in operations:
        if one.path in OPEN:
            assert one.security is None, one
            continue
        try:
            _permission(one)
        except (TypeError, ValueError, AttributeError):
            faulty.append(f"{one.method} {one.path}: {one.security}")
    assert faulty == []


@pytest.mark.parametrize("role", Role)
def test_a_role_opens_what_the_table_says(api, agency, operations, role):
    """Every route, asked by every role about what is the agency's own: 403 where the role may not, and only there."""
    key, asked = agency.people[role].key, 0
    for operation, permission in _of_agency(operations):
        path = _filled(operation.path, agency.entry["id"])
        if "{" in path or permission in MAY[role]:
            continue
        answer = _ask(api, key, operation, path)
        asked += 1
        assert (answer.status, answer.headers["content-type"]) == (403, "application/problem+json"), path
        assert (answer.data["needs"], answer.data["roles"]) == (permission.value, [*roles_with(permission)]), path
    assert asked or role in {Role.ADMIN, Role.OPERATOR}
    for operation, permission in _of_agency(operations):
        if permission in MAY[role]:
            path = re.sub(r"\{\w+\}", NEVER, operation.path)
            assert _ask(api, key, operation, path).status not in (401, 403), path


@pytest.mark.parametrize("role", Role)
def test_across_agencies_nothing_is_there_whatever_the_role(api, agency, operations, role):
    """A stranger's submission and one that never was are answered the same: 404, never 403."""
    for operation, _ in _of_agency(operations):
        if "{" not in operation.path:
            continue
        answers = {
            (answer.status, answer.body)
            for id_ in (agency.stranger.entry["id"], NEVER, "sub_%00", "..%2f..", "'")
            for answer in [_ask(api, agency.people[role].key, operation, re.sub(r"\{\w+\}", id_, operation.path))]
        }
        assert {status for status, _ in answers} == {404}, operation
        assert len(answers) == 1, operation


def test_scopes_close_what_the_role_would_open(api, agency):
    """A key that is narrowed to reading hands nothing in."""
    narrow = api.service.credentials.keys.issue(
        agency.id, owner="A dashboard", role=Role.ADMIN, scopes=[Permission.READ]
    )
    headers = {"Authorization": f"Bearer {narrow.key}"}
    assert api.ask("GET", "/v1/submissions", headers=headers).status == 200
    assert api.ask("POST", "/v1/validate", b"{}", headers).status == 403
    assert api.ask("GET", "/v1/assessors", headers=headers).status == 403


def test_a_person_s_word_is_told_with_their_name(api, agency):
    """The history names who it was and with which key, not only their agency; the note is needed as before."""
    operator = agency.people[Role.OPERATOR]
    headers = {"Authorization": f"Bearer {operator.key}"}
    path = f"/v1/submissions/{agency.entry['id']}"
    assert api.ask("POST", f"{path}/hold", b'{"note": ""}', headers).status == 422
    assert api.ask("POST", f"{path}/cancel", b'{"note": "sent twice"}', headers).status == 200
    last = api.ask("GET", f"{path}/events", headers=headers).data["events"][-1]
    assert (last["became"], last["actor"]) == ("cancelled", f"Dana the operator ({operator.id})")


def test_a_use_is_noted(api, agency):
    """What was asked with shows when it was last used."""
    noted = {key.id: key.last_used_at for key in api.service.credentials.keys.of(agency.id)}
    assert any(at is not None for at in noted.values())
