from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest

from canonical.outcome import Reason
from canonical.verdict import Verdict
from sandbox.ledger import Arrival, Held, Ledger, LedgerDefect, LedgerLost
from sandbox.receipt import StateReceipt

AT = "2026-11-16T09:00:00Z"


def held(tracking_id: str, verdict: Verdict = Verdict.ACCEPTED) -> Held:
    receipt = StateReceipt(
        tracking_id=tracking_id,
        document_id="d",
        digest="sha-256:00",
        verdict=verdict,
        received_at=AT,
        reasons=(Reason(code="R1", item="CONSENT", text="…"),),
    )
    return Held(receipt=receipt, settled=receipt.become(Verdict.ACCEPTED), settles_after=1)


def arrival(document: str, key: str, what: Held | None = None) -> Arrival:
    return Arrival(at=AT, document_id=document, identity=f"i-{document}", child="c", idempotency_key=key, held=what)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.jsonl"


def filled(path: Path) -> dict[str, object]:
    ledger = Ledger.open(path)
    ledger.arrived(arrival("one", "k1"))
    ledger.arrived(arrival("two", "k2", held("t2")))
    ledger.arrived(arrival("one", "k1", held("t1", Verdict.PENDING)))
    ledger.arrived(arrival("one", "k9", held("t9")))
    ledger.arrived(arrival("three", "k3", held("t3", Verdict.REJECTED)))
    found = ledger.under_tracking_id("t1")
    assert found is not None
    ledger.polled(found, AT)
    ledger.overlapped("c", AT)
    shown = ledger.as_json()
    ledger.close()
    return shown


def test_counting(path: Path) -> None:
    """Requests, effects and the order in which documents took effect are counted per document."""
    shown = filled(path)
    rows = shown["documents"]
    assert isinstance(rows, list)
    counted = [(r["document_id"], r["idempotency_key"], r["requests"], r["effects"], r["order"]) for r in rows]
    assert counted == [("one", "k1", 3, 2, 2), ("two", "k2", 1, 1, 1), ("three", "k3", 1, 0, None)]
    assert shown["overlaps"] == 1


def test_restart(path: Path) -> None:
    """Everything is there again after a restart: rows, receipts, polls and overlaps."""
    before = filled(path)
    ledger = Ledger.open(path)
    assert ledger.as_json() == before
    first, second = ledger.under_key("k1"), ledger.under_key("k3")
    assert first is not None
    assert second is not None
    assert first.receipt.verdict is Verdict.PENDING
    assert first.standing.verdict is Verdict.ACCEPTED
    assert second.receipt == held("t3", Verdict.REJECTED).receipt
    ledger.close()


def test_torn_at_every_byte(path: Path) -> None:
    """Wherever a crash tears the last line, the lines before it stand, and the next one is whole."""
    filled(path)
    content = path.read_bytes()
    start = content.rindex(b"\n", 0, -1) + 1
    for end in range(start, len(content)):
        path.write_bytes(content[:end])
        ledger = Ledger.open(path)
        assert ledger.as_json()["overlaps"] == 0
        ledger.overlapped("c", AT)
        ledger.close()
        assert path.read_bytes() == content


@pytest.mark.parametrize("line", [b"junk\n", b"[]\n", b'{"event": "party"}\n', b'{"event": "arrived"}\n'])
def test_broken_in_the_middle(path: Path, line: bytes) -> None:
    """A file that is broken anywhere else is refused with the line's number: nothing is guessed."""
    filled(path)
    first, rest = path.read_bytes().split(b"\n", 1)
    path.write_bytes(first + b"\n" + line + rest)
    with pytest.raises(LedgerDefect, match=r"ledger\.jsonl:2:"):
        Ledger.open(path)


def test_one_writer(path: Path) -> None:
    """Two sandboxes cannot write one ledger."""
    ledger = Ledger.open(path)
    with pytest.raises(LedgerDefect, match="another sandbox"):
        Ledger.open(path)
    ledger.close()
    Ledger.open(path).close()


def test_modes(path: Path) -> None:
    """The ledger and its secret are for their owner alone."""
    Ledger.open(path).close()
    files = sorted(path.parent.iterdir())
    assert [file.name for file in files] == ["ledger.jsonl", "ledger.jsonl.secret"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_veil(path: Path, tmp_path: Path) -> None:
    """A child has one name in a ledger, also after a restart, and another in every other ledger."""
    ledger = Ledger.open(path)
    name = ledger.veil("member", "100000000001")
    ledger.close()
    again, other = Ledger.open(path), Ledger.open(tmp_path / "other.jsonl")
    assert again.veil("member", "100000000001") == name
    assert again.veil("member", "100000000002") != name
    assert other.veil("member", "100000000001") != name
    again.close()
    other.close()


async def test_durable(path: Path) -> None:
    """What was waited for is in the file, also when many wait at once."""
    ledger = Ledger.open(path)

    async def enter(number: int) -> bool:
        ledger.arrived(arrival(f"d{number}", f"k{number}"))
        await ledger.durable()
        return f'"k{number}"'.encode() in path.read_bytes()  # noqa: ASYNC240

    assert all(await asyncio.gather(*(enter(number) for number in range(200))))
    ledger.close()


async def test_lost() -> None:
    """A disk that refuses is never taken for one that has written, not by the next one either."""
    with Path("/dev/full").open("r+b", buffering=0) as full:  # noqa: ASYNC230
        ledger = Ledger(full, b"")
        ledger.overlapped("c", AT)
        for _ in range(2):
            with pytest.raises(LedgerLost):
                await ledger.durable()
