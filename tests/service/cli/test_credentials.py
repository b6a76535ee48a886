"""``ecas agencies`` and ``ecas clients``, as an operator types them."""

from __future__ import annotations

import json
import re

import pytest
from forgery import ec_key, jwk_of, jwks, rsa_key


@pytest.fixture
def here(ecas, tmp_path):
    """Run ecas in a folder of its own that has the agency riverbend."""

    def run(*arguments, code=0):
        done = ecas(*arguments, cwd=tmp_path)
        assert done.returncode == code, done.stderr
        return done

    run("agencies", "add", "riverbend", "--owner", "Dana Whitfield")
    run.folder = tmp_path
    return run


def _keys(here):
    return json.loads(here("agencies", "keys", "riverbend", "--report", "json").stdout)["keys"]


@pytest.mark.timeout(180)
def test_keys_are_given_to_people_rotated_and_taken_away(here):
    """Each step says what it did; a key is alone on standard output, once, and never in a list."""
    done = here(
        "agencies", "issue", "riverbend", "--owner", "Lakeshore EHR", "--role", "submitter", "--scope", "submit",
        "--expires", "365d",
    )  # fmt: skip
    assert re.fullmatch(r"ecas_[\w-]{43}\n", done.stdout)
    first, issued = _keys(here)
    assert (first["owner"], first["role"], first["scopes"], first["expires_at"]) == (
        "Dana Whitfield",
        "admin",
        None,
        None,
    )
    assert (issued["owner"], issued["role"], issued["scopes"]) == ("Lakeshore EHR", "submitter", ["submit"])
    assert "say which with --key" in here("agencies", "rotate", "riverbend", code=2).stderr
    rotated = here("agencies", "rotate", "riverbend", "--key", issued["id"], "--overlap", "7d")
    assert re.search(
        rf"{issued['id']} works until \d{{4}}-\d\d-\d\d \d\d:\d\d UTC, beside key_\w+, which is", rotated.stderr
    )
    assert len(rotated.stdout.splitlines()) == 1
    _, old, new = _keys(here)
    assert (old["works"], old["replaced_by"], new["works"], new["scopes"]) == (True, new["id"], True, ["submit"])
    assert "works no more" in here("agencies", "revoke", "riverbend", "--key", old["id"]).stderr
    listed = here("agencies", "keys", "riverbend").stdout
    assert "revoked" in listed
    assert "submitter: submit" in listed
    assert "ecas_" not in listed
    assert "riverbend" in here("agencies", "list").stdout


@pytest.mark.timeout(180)
def test_a_client_is_registered_granted_and_taken_away(here):
    """Keys come from a file alone; the audience is said; grants are listed, and end."""
    folder = here.folder
    (folder / "one.json").write_bytes(jwks(jwk_of(ec_key(), "2026-1"), jwk_of(rsa_key(), "2026-r")))
    (folder / "two.json").write_bytes(jwks(jwk_of(ec_key(), "2026-1"), jwk_of(ec_key(number=3), "2026-2")))
    (folder / "bad.json").write_bytes(jwks({"kty": "oct", "kid": "k", "k": "c2VjcmV0"}))
    added = here("clients", "add", "lakeshore", "--owner", "Lakeshore EHR", "--jwks", "one.json").stdout
    assert "acts for nobody" in added
    assert "must be meant for http://127.0.0.1:8000/oauth2/token" in added
    granted = here("clients", "grant", "lakeshore", "--agency", "riverbend", "--role", "submitter").stdout
    assert granted == "lakeshore acts for riverbend as submitter.\n"
    assert here("clients", "keys", "lakeshore", "--jwks", "two.json").stdout == "1 keys came, 1 are retired.\n"
    assert "private or shared key" in here("clients", "keys", "lakeshore", "--jwks", "bad.json", code=2).stderr
    (client,) = json.loads(here("clients", "list", "--report", "json").stdout)["clients"]
    assert (client["keys"], client["grants"]) == (
        ["2026-1", "2026-2"], [{"agency": "riverbend", "role": "submitter", "scopes": None}],
    )  # fmt: skip
    assert "riverbend (submitter)" in here("clients", "list").stdout
    assert "no more for riverbend" in here("clients", "revoke", "lakeshore", "--agency", "riverbend").stdout
    assert "nobody any more" in here("clients", "revoke", "lakeshore").stdout
    assert "revoked" in here("clients", "list").stdout


@pytest.mark.parametrize("span", ["7", "0d", "7w", "-1d", "d", "1.5h"])
def test_a_span_is_a_number_and_a_unit(here, span):
    """Anything else is wrong usage, and says how it should look."""
    assert "for example 7d" in here("agencies", "rotate", "riverbend", f"--overlap={span}", code=2).stderr
