from __future__ import annotations

import asyncio
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from canonical.outcome import Reason
from canonical.verdict import Verdict
from sandbox.journal import Journal
from sandbox.ledger import Arrival, End, Held, Ledger, LedgerDefect, LedgerLost, Question
from sandbox.receipt import StateReceipt
from sandbox.spell import On

AT = "2026-11-16T09:00:00Z"
LATER = "2026-11-16T09:00:01Z"


def held(tracking_id: str, verdict: Verdict = Verdict.ACCEPTED) -> Held:
    receipt = StateReceipt(
        tracking_id=tracking_id,
        document_id="d",
        digest="sha-256:00",
        verdict=verdict,
        received_at=AT,
        reasons=(Reason(code="R1", item="CONSENT", text="…"),),
    )
    return Held(receipt=receipt, later=((1, receipt.become(Verdict.ACCEPTED)),))


def arrival(document: str, key: str, what: Held | None = None) -> Arrival:
    return Arrival(
        at=AT, document_id=document, identity=f"i-{document}", child="c", sender="s", idempotency_key=key, held=what
    )


def shown(ledger: Ledger) -> dict[str, object]:
    return {"documents": list(ledger.documents()), **ledger.summary()}


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
    ledger.asked(Question(at=AT, on=On.STATUS, end=End.ANSWERED, about=found, polls=True))
    ledger.asked(Question(at=LATER, on=On.QUERY, end=End.TURNED_BACK))
    ledger.overlapped("c", AT)
    page = shown(ledger)
    ledger.close()
    return page


def test_counting(path: Path) -> None:
    """Requests, effects and the order in which documents took effect are counted per document."""
    page = filled(path)
    rows = page["documents"]
    assert isinstance(rows, list)
    counted = [(r["document_id"], r["idempotency_key"], r["requests"], r["effects"], r["order"]) for r in rows]
    assert counted == [("one", "k1", 3, 2, 2), ("two", "k2", 1, 1, 1), ("three", "k3", 1, 0, None)]
    assert page["overlaps"] == 1


def test_restart(path: Path) -> None:
    """Everything is there again after a restart: rows, receipts, polls and overlaps."""
    before = filled(path)
    ledger = Ledger.open(path)
    assert shown(ledger) == before
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
        assert ledger.summary()["overlaps"] == 0
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
        journal = Journal(full, b"")
        journal.enter({"event": "overlapped", "at": AT, "child": "c"})
        for _ in range(2):
            with pytest.raises(LedgerLost):
                await journal.durable()


def test_rates(path: Path) -> None:
    """The most requests in one second are counted over all and for each kind, also after a restart."""
    ledger = Ledger.open(path)
    ends = [(AT, On.QUERY, End.ANSWERED), (AT, On.STATUS, End.TURNED_BACK), (LATER, On.QUERY, End.TURNED_BACK)]
    for at, on, end in (*ends, *ends[2:], *ends[2:]):
        ledger.asked(Question(at=at, on=on, end=end))
    ledger.arrived(replace(arrival("one", "k1"), at="2026-11-16T09:00:02Z", end=End.REFUSED))
    before = ledger.summary()
    ledger.close()
    again = Ledger.open(path)
    assert again.summary() == before
    again.close()
    rate = before["rate"]
    assert (rate["peak"], rate["peak_at"], rate["first_at"]) == (3, LATER, AT)
    assert rate["last_at"] == "2026-11-16T09:00:02Z"
    assert [rate[kind]["peak"] for kind in ("submit", "status", "query", "token", "turned_back", "refused")] == [
        1, 1, 3, 0, 3, 1,
    ]  # fmt: skip
    assert before["requests"]["total"] == 6


def test_first_and_last_time(path: Path) -> None:
    """Each document has the time of its first and of its last submission, and the number of questions about it."""
    ledger = Ledger.open(path)
    ledger.arrived(arrival("one", "k1", held("t1")))
    ledger.arrived(replace(arrival("one", "k1"), at=LATER))
    ledger.asked(Question(at=LATER, on=On.QUERY, end=End.ANSWERED, about=ledger.under_key("k1")))
    (row,) = ledger.documents()
    ledger.close()
    assert (row["first_at"], row["last_at"], row["requests"], row["questions"]) == (AT, LATER, 2, 1)


@pytest.mark.parametrize("content", [b"my notes", b"my notes\n", b'{"event":"snow"}\n', b'{"events":'])
def test_what_is_no_ledger_is_left_alone(content: bytes, path: Path) -> None:
    """A file that was given by mistake is refused as it is, not cut."""
    path.write_bytes(content)
    with pytest.raises(LedgerDefect, match=r"ledger\.jsonl:1:"):
        Ledger.open(path)
    assert path.read_bytes() == content


async def test_one_who_gives_up_leaves_the_others_their_group(path: Path) -> None:
    """Whoever is cancelled while it waits for the disk takes nobody with it."""
    ledger = Ledger.open(path)
    waiting = []
    for number in range(50):
        ledger.arrived(arrival(f"d{number}", f"k{number}"))
        waiting.append(asyncio.ensure_future(ledger.durable()))
    await asyncio.sleep(0)
    waiting[0].cancel()
    ends = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(end) for end in ends] == [asyncio.CancelledError, *[type(None)] * 49]
    assert len(path.read_bytes().splitlines()) == 50  # noqa: ASYNC240
    ledger.close()
