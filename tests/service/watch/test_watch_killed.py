from __future__ import annotations

import random
import time

import pytest

KILLS = 20
FILES = 40


@pytest.mark.timeout(300)
def test_kills_lose_nothing_and_double_nothing(inbox):
    """Over twenty kills at seeded moments each of forty files is one submission with one result."""
    rng = random.Random(7)
    written: dict[str, bytes] = {}
    moments = []
    for kill in range(KILLS):
        for number in range(kill * FILES // KILLS, (kill + 1) * FILES // KILLS):
            written[f"export-{number:02}.json"] = inbox.drop(f"export-{number:02}.json", number)
        process = inbox.start("--interval", "0.1", "--settle", "0")
        before = _standing(inbox)
        deadline = time.monotonic() + 30
        while _standing(inbox) == before and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.001)  # the start is no step: kills begin with the first move
        time.sleep(rng.uniform(0, 0.12))
        process.kill()
        process.communicate()
        moments.append(len(inbox.names("taken")) if (inbox.folder / "taken").exists() else 0)

    assert inbox.watch()[0] in (0, 1)

    assert inbox.names("done") == set(written)
    assert inbox.names() == inbox.names("taken") == inbox.names("failed") == set()
    assert {name: (inbox.folder / "done" / name).read_bytes() for name in written} == written
    told = [one["id"] for name in written for one in inbox.result(name)["submissions"]]
    assert len(set(told)) == FILES
    assert sorted(told) == sorted(inbox.submissions())
    assert any(moments)  # some kill left a claimed file behind,
    assert any(inbox.result(name)["replayed"] for name in written)  # and some came after the service had taken one


def _standing(inbox) -> tuple[int, ...]:
    return tuple(len(inbox.names(part)) if (inbox.folder / part).exists() else 0 for part in ("", "taken", "done"))
