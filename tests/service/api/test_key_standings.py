"""Every case of the table of standings, through ``POST /v1/certification-keys/check``."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from standing_cases import AGENCY, CASES, KEY, NAME, ON, dated_package, roster_csv

from service.api.app import create_app
from service.main import build_service
from service.settings import Settings

PATH = "/v1/certification-keys/check"
#: A caller of the API is always somebody.
ASKED_BY_AN_AGENCY = [case for case in CASES if case.asked.get("agency", AGENCY)]


class Office:
    """A service under one package whose roster is a file, asked without a network in between."""

    def __init__(self, folder, package) -> None:
        self.roster = folder / "roster.csv"
        self.service = build_service(
            Settings(data_dir=folder / "var", roster=self.roster, spec=str(package)),
            clock=lambda: datetime(2026, 11, 16, 9, 0, tzinfo=UTC),
        )
        self.app = create_app(self.service)
        self.keys = {name: self.service.agencies.add(name) for name in ("riverbend", "hillside", "elsewhere")}

    async def ask(self, case) -> tuple[int, bytes]:
        """Return the status and the body of the answer."""
        self.roster.write_bytes(roster_csv(case.lines))
        body = {name: case.asked.get(name, usual) for name, usual in (("key", KEY), ("name", NAME), ("on", ON))}
        headers = {
            "authorization": f"Bearer {self.keys[case.asked.get('agency', AGENCY)]}",
            "content-type": "application/json",
        }
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "http",
            "method": "POST",
            "path": PATH,
            "raw_path": PATH.encode(),
            "root_path": "",
            "query_string": b"",
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        coming = [{"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}]
        gone: list[dict] = []

        async def receive() -> dict:
            return coming.pop() if coming else {"type": "http.disconnect"}

        async def send(message: dict) -> None:
            gone.append(message)

        await self.app(scope, receive, send)
        return gone[0]["status"], b"".join(message.get("body", b"") for message in gone[1:])


@pytest.fixture(name="office", scope="module")
def _office(tmp_path_factory):
    """Return the office of a policy, opened once."""
    opened: dict[object, Office] = {}

    def office(waivers, years) -> Office:
        if (waivers, years) not in opened:
            folder = tmp_path_factory.mktemp("office")
            opened[waivers, years] = Office(folder, dated_package(folder / "package", waivers, years))
        return opened[waivers, years]

    yield office
    for one in opened.values():
        one.service.engine.dispose()


@pytest.mark.parametrize("case", ASKED_BY_AN_AGENCY, ids=lambda case: case.says)
async def test_standing(case, office):
    """The API tells what the validators judge, and repeats neither key nor name."""
    status, body = await office(*case.policy).ask(case)
    answer = json.loads(body)

    assert (status, answer["standing"]) == (200, case.held.value)
    assert (answer["desk"] is None) is (case.held == "valid")
    assert case.asked.get("key", KEY) not in body.decode()
    assert case.asked.get("name", NAME).encode() not in body
