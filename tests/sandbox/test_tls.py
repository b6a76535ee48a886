"""The sandbox over TLS."""

from __future__ import annotations

import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from authority import Authority, pem

from sandbox.tls import Tls, TlsDefect


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def secured(run, authority: Authority, tmp_path: Path):
    """Start a sandbox with such a certificate, and return a sender that trusts its authority."""

    def start(*names: str, weather: str = "", client_ca: Path | None = None, **valid: datetime):
        certificate, key = authority.issue(*(names or ("127.0.0.1",)), **valid).put(tmp_path, "sandbox")
        sender = run(weather, tls=Tls(certificate=certificate, key=key, client_ca=client_ca).context())
        return replace(sender, trust=ssl.create_default_context(cadata=authority.pem.decode()))

    return start


def test_secured(secured, form) -> None:
    """The state speaks over TLS as it does without, also where it drops the connection or drips."""
    sender = secured(
        weather="[[weather]]\nmatch={nth=2}\ntimes=1\ndo='drop-after-accept'\n[[weather]]\ndo='drip'\nseconds=0.1"
    )
    assert sender.submit(form("doc-1"), "key-1").receipt()["Status"] == "accepted"
    with pytest.raises((ConnectionError, ssl.SSLError)):
        sender.submit(form("doc-2"), "key-2")
    assert sender.effects() == [1, 1]


@pytest.mark.parametrize(
    ("names", "until", "why"),
    [
        (("127.0.0.1",), -1, "certificate has expired"),
        (("elsewhere.example",), 1, "not valid for '127.0.0.1'"),
    ],
    ids=["expired", "another-host"],
)
def test_bad_certificate(names: tuple[str, ...], until: int, why: str, secured, form) -> None:
    """An expired certificate, or one for another host, is served as it is; who looks sends nothing."""
    sender = secured(*names, until=datetime.now(UTC) + timedelta(days=until))
    with pytest.raises(ssl.SSLCertVerificationError, match=why):
        sender.submit(form("doc-1"), "key-1")
    careless = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE
    assert replace(sender, trust=careless).documents() == []


def test_clients_by_certificate(secured, form, tmp_path: Path) -> None:
    """Where an authority of clients is named, nobody gets in without a certificate of it."""
    theirs = Authority("Of the clients")
    ca = tmp_path / "clients.pem"
    ca.write_bytes(theirs.pem)
    sender = secured(client_ca=ca)
    with pytest.raises((ConnectionError, ssl.SSLError)):
        sender.submit(form("doc-1"), "key-1")
    assert sender.trust is not None
    sender.trust.load_cert_chain(*theirs.issue("riverbend").put(tmp_path, "client"))
    assert sender.submit(form("doc-1"), "key-1").status == 201
    assert sender.effects() == [1]


def test_defects(authority: Authority, tmp_path: Path) -> None:
    """Files that cannot be served are named with what is wrong with them, and no terminal is asked for a pass phrase."""
    certificate, key = authority.issue("127.0.0.1").put(tmp_path, "sandbox")
    _, other_key = authority.issue("127.0.0.1").put(tmp_path, "other")
    nothing = tmp_path / "nothing.pem"
    text = tmp_path / "text.pem"
    text.write_text("no certificate")
    pair = authority.issue("127.0.0.1")
    sealed = tmp_path / "sealed.key"
    sealed.write_bytes(pem(pair.key, b"invented"))
    for tls, why in (
        (Tls(certificate=nothing, key=key), "No such file"),
        (Tls(certificate=text, key=key), "not a certificate in PEM"),
        (Tls(certificate=certificate, key=other_key), "not that of the certificate"),
        (Tls(certificate=certificate, key=sealed), "unsealed key"),
        (Tls(certificate=certificate, key=key, client_ca=nothing), "No such file"),
        (Tls(certificate=certificate, key=key, client_ca=text), "not a certificate in PEM"),
    ):
        with pytest.raises(TlsDefect, match=why):
            tls.context()
