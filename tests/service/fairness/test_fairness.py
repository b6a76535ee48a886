"""Three real workers on PostgreSQL: an agency with a long queue does not keep twenty small ones waiting."""

from __future__ import annotations

import pytest
from crowd import SMALL, Crowd, crowd, p95


def told(idle: Crowd, crowded: Crowd, big: int, each: int) -> str:
    lines = [f"{SMALL} agencies with {each} each, 3 workers, PostgreSQL; beside one with {big}:"]
    for what, alone, beside in (
        ("to the first send", idle.to_send, crowded.to_send),
        ("to the verdict", idle.to_verdict, crowded.to_verdict),
    ):
        ratio = p95(beside) / p95(alone)
        lines.append(f"  p95 wait {what}: {p95(beside):.2f} s, alone {p95(alone):.2f} s, ratio {ratio:.2f} (aim ≤ 2)")
    lines.append(f"  of the big one {crowded.meanwhile} were sent until the last of theirs was")
    return "\n".join(lines)


def starved(crowded: Crowd, each: int) -> bool:
    """Return whether the big agency got more than three turns for each of theirs."""
    return crowded.meanwhile > 3 * each + 2 * 16  # and what was under way when theirs came


@pytest.mark.parametrize("big", [1_000], ids=["a thousand"])
def test_a_long_queue_of_one_keeps_nobody_waiting(big, postgres_url, tmp_path, capsys):
    """By the time in which all of nineteen small agencies were sent, the big one had about as many turns as each."""
    _tried(postgres_url, tmp_path, capsys, big=big, each=20)


@pytest.mark.campaign
@pytest.mark.timeout(1_200)
def test_ten_thousand_of_one_keep_nobody_waiting(postgres_url, tmp_path, capsys):
    """The same with 10,000 of the one and 50 of each other."""
    _tried(postgres_url, tmp_path, capsys, big=10_000, each=50)


def _tried(url: str, folder, capsys, *, big: int, each: int) -> None:
    idle = crowd(url, folder, "alone", big=0, each=each)
    crowded = crowd(url, folder, "beside", big=big, each=each)
    with capsys.disabled():
        print(f"\n{told(idle, crowded, big, each)}")  # noqa: T201 - the figure
    assert len(crowded.to_send) == each * SMALL
    assert not starved(crowded, each), told(idle, crowded, big, each)
