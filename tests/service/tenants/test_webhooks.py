"""Webhooks of three agencies, as the role that the service works as: each has its own, and every statement says whose."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import Connection, event, select
from sqlalchemy.sql.expression import Delete, Executable, Select, Update
from tenant_mutants import names_agency, tables_of
from tenant_world import NAMES, World, assessment

from service.outbox import schema as t
from service.outbox.engine import reading
from service.tenants.connections import tenant_of
from service.tenants.tenant import EVERY, Wide
from service.webhooks.posting import Answer


def say(world: World, agency: str, method: str, path: str, given: object = None) -> Any:
    content = None if given is None else json.dumps(given).encode()
    answer = world.ask(world.holdings[agency].keys["admin"], method, f"/v1/webhooks{path}", content)
    assert answer.status < 300, (method, path, answer.body)
    return json.loads(answer.body) if answer.body else None


@pytest.mark.parametrize("agency", NAMES)
def test_an_agency_keeps_its_own(a_world, agency):
    """Made, rotated, tested, switched on, listed, removed: in statements that name the agency, each of them."""
    unnamed: list[str] = []

    def look(connection: Connection, statement: Executable, *_: Any) -> None:
        if isinstance(tenant_of(connection), Wide) or not isinstance(statement, Select | Update | Delete):
            return
        if tables_of(statement) & {"webhook", "webhook_message"} and not names_agency(statement):
            unnamed.append(str(statement))

    event.listen(a_world.service.engine, "before_execute", look)
    id_ = say(a_world, agency, "POST", "", {"url": f"https://{agency}.example.org/second"})["id"]
    for word, given in (("rotate", {"overlap_hours": 1}), ("test", None), ("on", {"resend": True})):
        say(a_world, agency, "POST", f"/{id_}/{word}", given)
    key = a_world.holdings[agency].keys["submitter"]
    content = assessment(agency, f"told-{id_}", MEMBER_ID=f"{NAMES.index(agency) + 1}00000000999")
    assert a_world.ask(key, "POST", "/v1/submissions", content, idempotency_key=id_).status == 202
    told = say(a_world, agency, "GET", f"/{id_}/messages")["messages"]
    assert [one["number"] for one in told] == [2, 1, 0]
    assert len(say(a_world, agency, "GET", "")["webhooks"]) == 2
    say(a_world, agency, "DELETE", f"/{id_}")
    event.remove(a_world.service.engine, "before_execute", look)
    assert unnamed == []


def test_a_worker_sends_for_all_of_them(a_world):
    """One worker leases every agency's messages, under the role that no policy is lifted for."""
    claims = a_world.service.mailbag.exchange([], "one", room=100)
    assert {claim.agency for claim in claims} == {*NAMES}
    assert all(claim.agency in claim.url for claim in claims)
    a_world.service.mailbag.exchange([(claim, Answer(status=204)) for claim in claims], "one", room=0)
    ids = [claim.id for claim in claims]
    c = t.webhook_message.c
    with reading(a_world.service.engine, EVERY) as connection:
        assert {*connection.scalars(select(c.outcome).where(c.id.in_(ids)))} == {"delivered"}
    for agency in NAMES:
        with reading(a_world.service.engine, agency) as connection:
            seen = {*connection.scalars(select(t.webhook.c.agency)), *connection.scalars(select(c.agency))}
        assert seen == ({agency} if connection.dialect.name == "postgresql" else {*NAMES})
