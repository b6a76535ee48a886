from __future__ import annotations

import json
import os
import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_a_file_ends_beside_its_result(inbox):
    """What was taken lies in “done” with ids, state and findings beside it, and the folder and “taken” are empty."""
    content = inbox.drop("monday.json", 1)

    code, printed, _ = inbox.watch()

    result = inbox.result("monday.json")
    (submission,) = result["submissions"]
    assert (inbox.folder / "done/monday.json").read_bytes() == content
    assert [submission["id"]] == inbox.submissions()
    assert submission["id"] in printed
    assert "monday" not in printed
    assert code == (1 if submission["state"] in ("held", "blocked") else 0)
    assert inbox.names() == inbox.names("taken") == set()
    assert (inbox.folder / "done/monday.json.result.json").stat().st_mode & 0o777 == 0o600


def test_the_same_content_is_taken_once(inbox):
    """Under two names, and under one name on two days, the same bytes are one submission with a result for each file."""
    inbox.drop("one.json", 1)
    inbox.drop("two.json", 1)
    inbox.watch()
    inbox.drop("one.json", 1)
    inbox.watch()

    done = inbox.names("done")
    assert len(inbox.submissions()) == 1
    assert len(done) == 3
    assert {one["id"] for name in done for one in inbox.result(name)["submissions"]} == set(inbox.submissions())
    assert [inbox.result(name)["replayed"] for name in done].count(True) == 2


def test_what_cannot_be_read_is_failed_with_the_reason(inbox):
    """An unreadable file lies in “failed”, with findings that say where; its neighbours are taken."""
    shutil.copy(ROOT / "samples/bad/truncated.json", inbox.folder)
    inbox.drop("good.json", 1)

    code, _, _ = inbox.watch()

    result = inbox.result("truncated.json", "failed")
    assert code == 1
    assert result["problem"]
    assert result["findings"]
    assert result["submissions"] == []
    assert inbox.names("done") == {"good.json"}


def test_what_is_no_whole_file_stays(inbox, tmp_path):
    """Hidden files, unfinished names, results, links, pipes and folders are left where they are."""
    (tmp_path / "elsewhere.json").write_text("{}")
    names = {".hidden.json", "a.json.part", "b.tmp", "c.result.json"}
    for name in names:
        (inbox.folder / name).write_text("{}")
    (inbox.folder / "link.json").symlink_to(tmp_path / "elsewhere.json")
    os.mkfifo(inbox.folder / "pipe.json")
    (inbox.folder / "sub").mkdir()

    code, printed, _ = inbox.watch()

    assert (code, printed) == (0, "")
    assert {*names, "link.json", "pipe.json", "sub"} < {one.name for one in inbox.folder.iterdir()}
    assert inbox.submissions() == []


def test_a_link_in_the_place_of_a_claimed_file_is_not_followed(inbox, tmp_path):
    """What became a link after it was seen is failed, and what it leads to is not read."""
    (tmp_path / "elsewhere.json").write_bytes(inbox.drop("x.json", 1))
    (inbox.folder / "x.json").unlink()
    inbox.watch()
    (inbox.folder / "taken/x.json").symlink_to(tmp_path / "elsewhere.json")

    code, _, _ = inbox.watch()

    assert code == 1
    assert inbox.result("x.json", "failed")["problem"] == "It is no plain file, or this account may not read it."
    assert inbox.submissions() == []


def test_a_file_that_grows_is_left_alone(inbox):
    """A file is taken only when it has not changed for the span, and then whole."""
    content = inbox.drop("whole.json", 1)
    (inbox.folder / "whole.json").unlink()
    process = inbox.start("--interval", "0.1", "--settle", "4")
    deadline = time.monotonic() + 60
    while not (inbox.folder / "taken/.lock").exists():  # from here on it looks
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with (inbox.folder / "growing.json").open("wb", buffering=0) as file:
        for start in range(0, len(content), len(content) // 8 + 1):
            file.write(content[start : start + len(content) // 8 + 1])
            time.sleep(0.6)  # in all longer than the span
            assert not (inbox.folder / "done/growing.json").exists()
    assert process.stdout is not None
    assert process.stdout.readline().startswith("done: sub_")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)

    assert process.returncode == 0
    assert (inbox.folder / "done/growing.json").read_bytes() == content


def test_one_process_holds_a_folder(inbox):
    """A second watch of the same folder ends at once and says why."""
    first = inbox.start("--interval", "0.1", "--settle", "0")
    inbox.drop("one.json", 1)
    assert first.stdout is not None
    assert first.stdout.readline().startswith("done")

    code, _, complained = inbox.watch()

    assert (code, "holds this folder" in complained) == (2, True)
    first.terminate()
    first.communicate(timeout=60)


def test_a_folder_that_cannot_hold_the_parts_is_refused(inbox):
    """A link or a file in the place of a part, and a folder that nobody may write, end the run with 2; nothing moves."""
    inbox.drop("one.json", 1)
    (inbox.folder / "taken").symlink_to("/dev/shm")
    codes = [inbox.watch()[0]]
    (inbox.folder / "taken").unlink()
    (inbox.folder / "done").rmdir()
    (inbox.folder / "done").write_text("no folder")
    codes.append(inbox.watch()[0])
    unwritable = replace(inbox, folder=Path("/proc/sys/kernel"))
    code, _, complained = unwritable.watch()

    assert [*codes, code] == [2, 2, 2]
    assert "cannot be watched" in complained
    assert inbox.names() == {"one.json", "done"}
    assert inbox.submissions() == []


def test_a_file_that_cannot_be_claimed_stays(inbox):
    """Where a rename fails the file stays where it is, the complaint does not name it, and a later start takes it."""
    inbox.drop("one.json", 1)
    process = inbox.start("--interval", "0.1", "--settle", "0")
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline().startswith("done")
    shutil.rmtree(inbox.folder / "taken")
    inbox.drop("two.json", 2)
    complained = process.stderr.readline()
    process.terminate()
    process.communicate(timeout=60)

    assert "cannot be claimed" in complained
    assert "two.json" not in complained
    assert inbox.names() == {"two.json"}
    inbox.watch()
    assert inbox.names("done") == {"one.json", "two.json"}
    assert len(inbox.submissions()) == 2


def test_a_service_that_is_away_is_waited_for(inbox):
    """Without a service a file stays claimed; with it the file goes its way, once."""
    inbox.drop("one.json", 1)
    there = inbox.settings["ECAS_URL"]
    inbox.settings["ECAS_URL"] = "http://127.0.0.1:1"
    process = inbox.start("--interval", "0.1", "--settle", "0")
    assert process.stderr is not None
    assert "does not answer" in process.stderr.readline()
    process.terminate()
    process.communicate(timeout=60)
    assert (process.returncode, inbox.names("taken")) == (0, {"one.json"})

    inbox.settings["ECAS_URL"] = there
    inbox.watch()

    assert inbox.names("done") == {"one.json"}
    assert len(inbox.submissions()) == 1


def test_a_full_queue_is_no_fault_of_a_file(crowded):
    """Where the service takes no more for now the file stays claimed, nothing more is claimed, and the run ends with 3."""
    for number in (1, 2, 3):
        crowded.drop(f"{number}.json", number)
        os.utime(crowded.folder / f"{number}.json", (number, number))

    crowded.watch()  # ends with 1: what was taken is held, for the agency has no roster
    code, _, complained = crowded.watch()

    assert (code, "queue is full" in complained) == (3, True)
    assert [crowded.names(part) for part in ("done", "taken", "failed", "")] == [
        {"1.json"},
        {"2.json"},
        set(),
        {"3.json"},
    ]


def test_a_key_that_is_not_known_fails_no_file(inbox):
    """A wrong key is a fault of the deployment: the run ends with 2 and the file stays claimed."""
    inbox.drop("one.json", 1)
    inbox.settings["ECAS_API_KEY"] = "ecas_" + "x" * 43

    code, _, complained = inbox.watch()

    assert (code, "ECAS_API_KEY" in complained) == (2, True)
    assert inbox.names("taken") == {"one.json"}


def test_a_told_file_is_only_moved(inbox):
    """A kill between the result and the move costs nothing: the next start moves the file and asks nobody."""
    inbox.drop("one.json", 1)
    inbox.watch()
    before = json.dumps(inbox.result("one.json"))
    (inbox.folder / "done/one.json").rename(inbox.folder / "taken/one.json")
    (inbox.folder / "done/.0.draft").write_text("{")
    inbox.settings["ECAS_URL"] = "http://127.0.0.1:1"

    assert inbox.watch()[0] == 0
    assert (inbox.names("done"), inbox.names("taken")) == ({"one.json"}, set())
    assert json.dumps(inbox.result("one.json")) == before
