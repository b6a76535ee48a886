"""A thousand tamperings, on copies and in the database, all found; and no alarm where nobody did anything."""

from __future__ import annotations

import importlib.util
import random
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import delete, insert

from service.audit.checkpoint import FIRST, Checkpoint, sign
from service.audit.entry import Entry, chained
from service.audit.signing import open_key
from service.audit.verification import Kind, verify
from service.outbox import schema as t


def _table() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tampering", Path(__file__).with_name("tampering.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TABLE = _table()
#: 13 kinds x 60 on copies, and 13 x 9 on each of two back ends: 1,014.
ON_COPIES = 60
IN_DATABASES = 9


def grown(rng: random.Random, agency: str, length: int) -> list[Entry]:
    """Return a chain of that many entries, all different."""
    chain: list[Entry] = []
    digest = "0" * 64
    for number in range(1, length + 1):
        about = f"sub_{rng.randrange(10**9)}"
        entry = Entry(agency, number, 10**12 + number, "submission.read", "done", f"key_{number}", "operator",
                      "submission", about, f"status=20{number % 10}", "", f"req_{number}", "")  # fmt: skip
        digest = chained(digest, entry)
        chain.append(entry._replace(digest=digest))
    return chain


def vouched(chain: list[Entry], key, every: int) -> list[Checkpoint]:
    """Return checkpoints of a chain, the last of them of all of it."""
    found, previous = [], FIRST
    for number in sorted({*range(every, len(chain), every), len(chain)}):
        head = chain[number - 1].digest
        found.append(sign(key, agency=chain[0].agency, entries=number, head=head, at=number, previous=previous))
        previous = found[-1].digest()
    return found


def rows(chain: list[Entry]) -> list[tuple[Entry, bool]]:
    return [(entry, True) for entry in chain]


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    return open_key(tmp_path_factory.mktemp("key") / "audit.key", make=True)


@pytest.mark.parametrize("kind", TABLE.TAMPERINGS)
def test_every_tampering_of_a_copy_is_found(kind, key):
    """By the copy, the shipped checkpoints and the public key alone; with the first number, and the word for it."""
    for seed in range(ON_COPIES):
        rng = random.Random(f"{kind} {seed}")
        chain = grown(rng, "riverbend", rng.randint(4, 60))
        shipped = vouched(chain, key, rng.randint(3, 20))
        done, first = TABLE.TAMPERINGS[kind](chain, rng)
        if kind == "append":  # of what is newer than every checkpoint a copy alone says that it is not vouched for
            (found,) = verify(rows(done), shipped, [key.public])
            assert (found.faults, found.vouched, found.entries) == ((), len(chain), first), seed
            continue
        (found,) = verify(rows(done), shipped, [key.public])
        (fault,) = found.faults
        assert fault.kind.value in TABLE.SAID[kind], (seed, fault)
        if fault.kind is Kind.REBUILT:  # it lies between two checkpoints: the number is the first of that part
            assert fault.number <= first
            assert fault.number in {1, *(one.entries + 1 for one in shipped)}
        elif kind != "rebuild without one":
            assert fault.number == first, (seed, fault)


@pytest.mark.timeout(300)
def test_every_tampering_in_the_database_is_found(told):
    """The triggers gone, every table writable, the key not at hand: the trail itself and what was shipped tell."""
    rng = random.Random("database")
    told.tell("riverbend", 30, about="sub_1", note="a word")
    told.checkpoints.sign_all()
    told.tell("riverbend", 17)
    told.tell("harborlight", 9)
    told.checkpoints.sign_all()
    shipped, chain = told.signed(), told.entries("riverbend")
    seals = {entry.digest: told.audit.entry_seal(entry.digest) for entry in chain}

    def put(entries: list[Entry]) -> None:
        values = [{**e._asdict(), "seal": seals.get(e.digest, rng.choice([*seals.values()]))} for e in entries]

        def work(connection) -> None:
            connection.execute(delete(t.audit).where(t.audit.c.agency == "riverbend"))
            if values:
                connection.execute(insert(t.audit), values)

        told.as_admin(work)

    for kind, tamper in TABLE.TAMPERINGS.items():
        for seed in range(IN_DATABASES):
            done, _ = tamper(chain, random.Random(f"{kind} {seed}"))
            put(done)
            faults = [fault for one in told.verified(shipped) for fault in one.faults]
            assert [fault.agency for fault in faults] == ["riverbend"], (kind, seed)
            assert faults[0].kind.value in TABLE.SAID[kind] | {"inserted"}, (kind, seed, faults)
    put(chain)
    assert [one.faults for one in told.verified(shipped)] == [(), ()]


def test_nothing_is_found_where_nobody_did_anything(key):
    """No false alarm: chains of every length, checkpoints at every distance, given twice and in any order."""
    for seed in range(200):
        rng = random.Random(seed)
        chain = grown(rng, "riverbend", rng.randint(1, 60))
        shipped = vouched(chain, key, rng.randint(1, 70)) * 2
        rng.shuffle(shipped)
        (found,) = verify(rows(chain), shipped, [key.public])
        assert (found.faults, found.vouched) == ((), len(chain)), seed


def test_a_whole_chain_that_is_gone_is_found(told):
    """Entries and checkpoints of an agency deleted: what was shipped names the first of them."""
    told.tell("riverbend", 5)
    told.tell("harborlight", 5)
    told.checkpoints.sign_all()
    shipped = told.signed()

    def work(connection) -> None:
        for table in (t.audit, t.audit_checkpoint):
            connection.execute(delete(table).where(table.c.agency == "riverbend"))

    told.as_admin(work)
    faults = [fault for one in told.verified(shipped) for fault in one.faults]
    assert [(fault.agency, fault.number, fault.kind) for fault in faults] == [("riverbend", 1, Kind.CUT)]


@pytest.mark.parametrize("what", ["entries", "head", "at", "previous", "agency", "signature", "key"])
def test_a_forged_checkpoint_is_found(key, what):
    """Nobody without the key can make one, or change one."""
    chain = grown(random.Random(1), "riverbend", 10)
    (good,) = vouched(chain, key, 99)
    was = getattr(good, what)
    forged = good._replace(**{what: was - 1 if isinstance(was, int) else f"{was[1:]}1"})
    found = verify(rows(chain), [forged], [key.public])
    assert Kind.CHECKPOINT in {fault.kind for one in found for fault in one.faults}


def test_a_checkpoint_of_another_key_vouches_for_nothing(key, tmp_path):
    """A chain written anew and signed with a key of one's own is found by whoever has the right public key."""
    chain = grown(random.Random(1), "riverbend", 10)
    own = vouched(chain, open_key(tmp_path / "other.key", make=True), 5)
    (found,) = verify(rows(chain), own, [key.public])
    assert ({fault.kind for fault in found.faults}, found.vouched) == ({Kind.CHECKPOINT}, 0)


def test_a_checkpoint_that_is_gone_is_found(key):
    """Each names the one before it: none can be taken out of the middle."""
    chain = grown(random.Random(1), "riverbend", 40)
    first, _, *others = vouched(chain, key, 10)
    (found,) = verify(rows(chain), [first, *others], [key.public])
    assert [(fault.kind, fault.number) for fault in found.faults] == [(Kind.CHECKPOINT, 30)]


def test_the_signer_signs_nothing_that_the_service_did_not_write(told):
    """An entry put behind the newest checkpoint, well chained: it is not sealed, so it is never vouched for."""
    told.tell("riverbend", 5)
    told.checkpoints.sign_all()
    chain = told.entries("riverbend")
    done, _ = TABLE.TAMPERINGS["append"](chain, random.Random(1))
    told.as_admin(lambda connection: connection.execute(insert(t.audit), [{**done[-1]._asdict(), "seal": "0" * 64}]))
    told.clock.forward(timedelta(hours=1))
    assert told.checkpoints.look() == 0
    (found,) = told.verified()
    assert [(fault.kind, fault.number) for fault in found.faults] == [(Kind.INSERTED, 6)]
