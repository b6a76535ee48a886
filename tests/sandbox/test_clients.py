from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from sandbox.clients import Clients, ClientsDefect

KEY = ECKey.generate_key("P-256", {"kid": "one", "client_id": "riverbend"}, private=True)
STRANGER = ECKey.generate_key("P-256", {"kid": "one"}, private=True)


@pytest.fixture
def jwks(tmp_path: Path) -> Path:
    path = tmp_path / "clients.json"
    path.write_text(json.dumps({"keys": [KEY.as_dict(private=False)]}))
    return path


@pytest.fixture
def ask(run, jwks: Path) -> Callable[..., tuple[object, object]]:
    """Ask a sandbox that knows one client for a token, with these claims instead of right ones."""
    senders: list[object] = []

    def asked(
        key: ECKey = KEY, grant: str = "client_credentials", weather: str = "", **instead: object
    ) -> tuple[object, object]:
        if not senders:
            senders.append(run(weather, clients=Clients.from_file(jwks)))
        (sender,) = senders
        now = int(time.time())
        audience = f"http://127.0.0.1:{sender.port}/oauth2/token"
        claims = {"iss": "riverbend", "sub": "riverbend", "aud": audience, "exp": now + 60, "jti": "1", **instead}
        claims = {name: value for name, value in claims.items() if value is not None}
        if "lasts" in claims:
            claims["exp"] = now + claims.pop("lasts")
        form = {
            "grant_type": grant,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": jwt.encode({"alg": "ES256", "kid": "one"}, claims, key),
        }
        return sender, sender.ask("POST", "/oauth2/token", urlencode(form).encode())

    return asked


def test_token(ask, form) -> None:
    """A client that proves itself gets a token, and with it its documents are taken."""
    sender, heard = ask()
    assert heard.status == 200
    assert (heard.json()["token_type"], heard.json()["expires_in"]) == ("Bearer", 300)
    token = heard.json()["access_token"]
    assert sender.submit(form("doc-1"), "key-1", Authorization=f"Bearer {token}").status == 201


def test_without_a_token(ask, form) -> None:
    """Where clients are registered, nothing is taken or told without a token, or with a wrong one."""
    sender, _ = ask()
    assert sender.submit(form("doc-1"), "key-1").status == 401
    assert sender.submit(form("doc-1"), "key-1", Authorization="Bearer nonsense").status == 401
    assert sender.query("key-1").status == 401
    assert sender.status("trk_1").status == 401
    assert sender.documents() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": STRANGER},
        {"grant": "password"},
        {"aud": "http://127.0.0.1:1/oauth2/token"},
        {"aud": None},
        {"iss": "harborlight"},
        {"sub": "harborlight"},
        {"lasts": -60},
        {"lasts": 3600},
        {"exp": None},
        {"jti": None},
    ],
    ids="-".join,
)
def test_wrong_assertion(wrong: dict[str, object], ask) -> None:
    """An assertion by a stranger, for another, expired, too long or for another server is refused."""
    _, heard = ask(**wrong)
    assert (heard.status, heard.json()) == (401, {"error": "invalid_client"})


def test_replay(ask) -> None:
    """An assertion works once."""
    assert ask()[1].status == 200
    assert ask()[1].status == 401


@pytest.mark.parametrize("body", [b"", b"\xff", b"client_assertion=a.b.c&grant_type=client_credentials", b"=" * 5000])
def test_any_form(body: bytes, ask) -> None:
    """A form that is none is refused like a stranger."""
    sender, _ = ask()
    assert sender.ask("POST", "/oauth2/token", body).status == 401


@pytest.mark.parametrize(
    "text", ["", "[]", '{"keys": []}', '{"keys": [{}]}', '{"keys": [{"kid": "a", "kty": "no"}]}', '{"keys": 3}']
)
def test_defects(text: str, tmp_path: Path) -> None:
    """A file that registers nobody is refused: it would shut everyone out, or let everyone in."""
    path = tmp_path / "clients.json"
    with pytest.raises(ClientsDefect, match="No such file"):
        Clients.from_file(path)
    path.write_text(text)
    with pytest.raises(ClientsDefect, match=r"clients\.json"):
        Clients.from_file(path)


@pytest.mark.parametrize(
    ("says", "status", "error"),
    [("", 401, "invalid_client"), ("status=400\nerror='invalid_grant'", 400, "invalid_grant")],
    ids=["unauthorized", "bad-request"],
)
def test_token_refused(says: str, status: int, error: str, ask) -> None:
    """A token is refused so often, to whoever asks, and given then."""
    weather = f"[[weather]]\non='token'\ntimes=2\ndo='refuse-token'\n{says}"
    heard = [ask(weather=weather, jti=name)[1] for name in "abc"]
    assert [answer.status for answer in heard] == [status, status, 200]
    assert heard[0].json() == {"error": error}


@pytest.mark.parametrize(
    ("says", "told"), [("", 0), ("expires_in=300", 300)], ids=["and-says-so", "and-says-five-minutes"]
)
def test_token_that_is_dead_at_once(says: str, told: int, ask, form) -> None:
    """A token may be dead when it comes, whatever is said about its life; the next one lives."""
    sender, heard = ask(weather=f"[[weather]]\non='token'\ntimes=1\ndo='short-token'\n{says}", jti="a")
    assert heard.json()["expires_in"] == told
    bearer = f"Bearer {heard.json()['access_token']}"
    assert sender.submit(form("doc-1"), "key-1", Authorization=bearer).status == 401
    bearer = f"Bearer {ask(jti='b')[1].json()['access_token']}"
    assert sender.submit(form("doc-1"), "key-1", Authorization=bearer).status == 201
    assert sender.ledger()["requests"] == {
        "total": 4, "submit": 2, "status": 0, "query": 0, "token": 2, "turned_back": 0, "refused": 1,
    }  # fmt: skip
