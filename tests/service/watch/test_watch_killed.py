from __future__ import annotations

import json
import random
import signal
import time

import pytest

KILLS = 20
FILES = 40
#: Dies where the service has answered, and nothing of the answer is written down.
DIES_BEFORE_THE_RESULT = """
import os, signal
from service.watched.folder import Folder
Folder.tell = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
from service.cli.main import run
run()
"""


@pytest.mark.parametrize("conforms", [True, False], ids=["one that goes on", "one that is blocked"])
def test_an_answer_that_nobody_wrote_down_is_given_again(inbox, conforms):
    """Killed between the 202 and the result file: the next start sends the same request, and gets the answer of then.

    What is blocked is no document on its way, by which the service would know it again: only the key of the request tells.
    """
    content = inbox.drop("monday.json", 1)
    if not conforms:
        (inbox.folder / "monday.json").write_bytes(_blocked(content))
    process = inbox.start("--once", "--settle", "0.2", program=("-c", DIES_BEFORE_THE_RESULT))
    process.communicate(timeout=60)
    before = inbox.submissions()
    assert (process.returncode, len(before), inbox.names("taken")) == (-signal.SIGKILL, 1, {"monday.json"})

    inbox.watch()

    result = inbox.result("monday.json")
    assert inbox.submissions() == before
    assert ([one["id"] for one in result["submissions"]], result["replayed"]) == (before, True)
    assert result["submissions"][0]["state"] == ("held" if conforms else "blocked")


def test_the_key_of_a_request_is_of_its_bytes(inbox):
    """Two starts, and two folders, name one file alike: so a repeat is one wherever it comes from."""
    keys = []
    for name in ("one.json", "two.json"):
        inbox.drop(name, 1)
        inbox.watch()
        keys.append(inbox.result(name)["idempotency_key"])
    inbox.drop("three.json", 2)
    inbox.watch()

    assert keys[0] == keys[1] != inbox.result("three.json")["idempotency_key"]


def _blocked(content: bytes) -> bytes:
    """Return the sample with a rating that is in no list."""
    bundle = json.loads(content)
    (response,) = (
        one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] == "QuestionnaireResponse"
    )
    answers = [one for one in _items(response) if one["linkId"] == "LDF_SLEEP"]
    answers[0]["answer"] = [{"valueString": "7"}]
    return json.dumps(bundle).encode()


def _items(group):
    for one in group.get("item", ()):
        yield one
        yield from _items(one)


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
    assert any(moments)  # some kill left a claimed file behind


def _standing(inbox) -> tuple[int, ...]:
    return tuple(len(inbox.names(part)) if (inbox.folder / part).exists() else 0 for part in ("", "taken", "done"))
