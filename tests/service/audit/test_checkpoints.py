"""Checkpoints: when a chain is signed, with which key, and how the file that is shipped comes to hold all of them."""

from __future__ import annotations

import stat
from datetime import timedelta

import pytest
from sqlalchemy import delete

from canonical.errors import ConfigurationError
from service.audit import checkpoint as lines
from service.audit.checkpoints import FILE
from service.audit.signing import PublicKey, open_key
from service.outbox import schema as t


def shipped(told) -> list[lines.Checkpoint]:
    content = (told.checkpoints.folder / FILE).read_bytes()
    found = [lines.from_line(line) for line in content.splitlines(keepends=True)]
    assert None not in found
    return [one[1] for one in found if one is not None]


def test_a_chain_is_signed_a_minute_after_it_grew(told):
    """At once the first time, then a minute later; one that did not grow is not signed again."""
    told.tell("riverbend")
    signed = [told.checkpoints.look()]
    told.tell("riverbend")
    for span in (30, 31, 600):
        told.clock.forward(timedelta(seconds=span))
        signed.append(told.checkpoints.look())
    assert signed == [1, 0, 1, 0]
    assert [one.entries for one in told.signed()] == [1, 2]


def test_a_chain_that_grows_fast_is_signed_sooner(told):
    """After a thousand entries nobody waits for the minute."""
    told.tell("riverbend")
    told.checkpoints.look()
    told.tell("riverbend", 999)
    assert told.checkpoints.look() == 0
    told.tell("riverbend", 1)
    assert told.checkpoints.look() == 1


def test_the_deployments_own_chain_is_signed_too(told):
    """What concerns no agency is in a chain like any other."""
    told.tell("", 2)
    told.tell("northstar", 1)
    assert told.checkpoints.sign_all() == 2
    assert [(one.agency, one.entries) for one in told.signed()] == [("", 2), ("northstar", 1)]


def test_the_file_holds_what_the_database_holds(told):
    """Line by line, in order, whoever signed; and its mode is its owner's alone."""
    for _ in range(3):
        told.tell("riverbend")
        told.checkpoints.sign_all()
    assert shipped(told) == told.signed()
    assert told.checkpoints.ship() == 0
    assert stat.S_IMODE((told.checkpoints.folder / FILE).stat().st_mode) == 0o600


def test_a_file_that_was_lost_or_torn_is_made_whole(told):
    """Half a line after a power cut is taken off; a file that is gone is written again."""
    told.tell("riverbend")
    told.checkpoints.sign_all()
    told.tell("riverbend")
    told.checkpoints.sign_all()
    file = told.checkpoints.folder / FILE
    file.write_bytes(file.read_bytes()[:-20])
    assert told.checkpoints.ship() == 1
    assert shipped(told) == told.signed()
    file.unlink()
    assert told.checkpoints.ship() == 2
    assert shipped(told) == told.signed()


def test_after_a_restore_the_file_keeps_what_was_signed_before(told):
    """A database that knows less than the file adds what is new to it; nothing is taken out of the file."""
    told.tell("riverbend")
    told.checkpoints.sign_all()
    before = shipped(told)
    told.as_admin(lambda connection: connection.execute(delete(t.audit_checkpoint)))
    told.tell("riverbend")
    told.checkpoints.sign_all()
    assert shipped(told) == [*before, *told.signed()]


def test_the_key_is_made_once_and_is_its_owners_alone(told):
    """Made at first use, mode 0600; another process finds the same one."""
    public = told.public
    assert stat.S_IMODE(told.checkpoints.key_file.stat().st_mode) == 0o600
    assert open_key(told.checkpoints.key_file, make=True).public.id == public.id
    assert PublicKey.read(public.pem()).id == public.id


def test_a_key_that_is_lost_is_not_replaced(told):
    """With a new one nobody could check what the old one signed: somebody must bring the old one."""
    told.tell("riverbend")
    told.checkpoints.sign_all()
    told.checkpoints.key_file.unlink()
    told.tell("riverbend")
    with pytest.raises(ConfigurationError, match="ECAS_AUDIT_KEY_FILE"):
        told.checkpoints.sign_all()


def test_a_key_that_others_may_read_is_refused(told):
    """Whoever can read it can sign a chain of their own."""
    assert told.public
    told.checkpoints.key_file.chmod(0o640)
    with pytest.raises(ConfigurationError, match="0600"):
        told.checkpoints.key()


@pytest.mark.parametrize("content", [b"", b"-----BEGIN PUBLIC KEY-----\n", b"\x00\x01"], ids=["empty", "cut", "bytes"])
def test_what_is_no_public_key_is_refused_in_a_sentence(content):
    """Whoever verifies is told what to give."""
    with pytest.raises(ConfigurationError, match="Ed25519 public key"):
        PublicKey.read(content)


@pytest.mark.parametrize("line", [b"", b"{}\n", b"[1]\n", b'{"seq":1}\n', b"7\n", b"no JSON\n"])
def test_what_is_no_checkpoint_is_told_apart(line):
    """A line of something else is not taken for one."""
    assert lines.from_line(line) is None
