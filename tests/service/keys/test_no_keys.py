"""No certification key outside the document that goes to the state: a byte scan of everything, for planted keys."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from stage import stage

from service.sample_files import SAMPLES
from validators.roster import COLUMNS

KNOWN, UNKNOWN, OTHER = "QX-CANARY-71193", "QX-CANARY-82204", "QX-CANARY-93315"
KEYS = (KNOWN, UNKNOWN, OTHER)
SAMPLE = (SAMPLES / "good/five-through-twenty.json").read_text()


def forms(key: str) -> list[bytes]:
    """Return how a key looks when it was written down; the digits alone betray it too."""
    digits = key.rpartition("-")[2]
    return [
        form
        for text in (key, key.lower(), digits)
        for form in (text.encode(), text.encode("utf-16-le"), text.encode().hex().encode())
    ]


def found_in(content: bytes) -> list[str]:
    return [key for key in KEYS if any(form in content for form in forms(key))]


class Watched(threading.Thread):
    """Reads the command line of every process of this machine until it is told to stop."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seen: set[bytes] = set()
        self.stopping = threading.Event()

    def run(self) -> None:
        while not self.stopping.wait(0.01):
            for process in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.seen.add(process.read_bytes())
                except OSError:
                    continue


def test_the_searcher_finds_what_is_planted():
    """Every form of a planted key is found; without it nothing is."""
    for key in KEYS:
        for form in forms(key):
            assert found_in(b"some " + form + b" text") == [key]
    assert found_in(b"some text") == []


@pytest.mark.timeout(150)
def test_no_key_is_anywhere_but_where_it_must_be(tmp_path):
    """Import, check, edit, export, forecast, snapshot, hold, release and delivery: no output, log, page, backup or process."""
    lines = [",".join(COLUMNS), f"{KNOWN},Ostrowski,Delphine,,,MA,2025-03-11,,2027-03-11,,"]
    (tmp_path / "roster.csv").write_text("\n".join(lines))
    (tmp_path / "more.csv").write_text("\n".join([*lines, f"{UNKNOWN},Ostrowski-Vale,Delphine,,,MA,2025-03-11,,,,"]))
    (tmp_path / "bad.csv").write_text("\n".join([*lines, f"={OTHER},Ostrowski,Delphine,,,,,,,,"]))
    (tmp_path / "key.txt").write_text(OTHER)
    (tmp_path / "known.json").write_text(SAMPLE.replace("MA-CANS-48213", KNOWN))
    unknown = SAMPLE.replace("MA-CANS-48213", UNKNOWN).replace("RB-CANS-2026-00871", "the-second")
    (tmp_path / "unknown.json").write_text(unknown)
    place = tmp_path / "stage"
    place.mkdir()
    watched = Watched()
    watched.start()
    with stage(place, roster=tmp_path / "roster.csv") as here:
        mine = ("--agency", "riverbend")
        for arguments in (
            ("submit", str(tmp_path / "known.json")),
            ("submit", str(tmp_path / "unknown.json")),
            ("validate", str(tmp_path / "unknown.json"), "--roster", str(tmp_path / "roster.csv")),
            ("keys", "import", str(tmp_path / "bad.csv"), *mine),
            ("keys", "import", str(tmp_path / "more.csv"), *mine, "--preview"),
            ("keys", "import", str(tmp_path / "more.csv"), *mine),
            ("keys", "add", "--name", "Peltier, Auguste", "--key-file", str(tmp_path / "key.txt"), *mine),
            ("keys", "add", "--name", "Peltier, Auguste", "--key-file", str(tmp_path / "key.txt"), *mine),
            ("keys", "check", "--name", "Peltier, Auguste", "--on", "2026-03-02", "--key-file", str(tmp_path / "key.txt"), *mine),
            ("keys", "list", *mine),
            ("keys", "export", *mine),
            ("keys", "forecast", *mine),
            ("keys", "snapshot", *mine, "--out", "roster.snapshot"),
            ("status",),
        ):  # fmt: skip
            here.try_(*arguments)
        here.run("work", "--until-idle")
        for entry in here.ask("/v1/submissions")["submissions"]:
            here.try_("release", entry["id"], "--note", "a word")
            here.try_("status", entry["id"])
        here.said.append(str(here.ask("/v1/assessors")))
        assert "accepted" in {entry["state"] for entry in here.ask("/v1/submissions")["submissions"]}
        with (
            closing(sqlite3.connect(place / "var/ecas.sqlite3")) as live,
            closing(sqlite3.connect(place / "backup")) as copy,
        ):
            live.backup(copy)
        files = _files(place)
    watched.stopping.set()
    watched.join()
    everything = {
        **files,
        **_files(place),
        "output": "\n".join(here.said).encode(),
        "processes": b"\n".join(watched.seen),
    }
    assert any(b"keys" in line and b"import" in line for line in watched.seen)
    assert {name: keys for name, content in everything.items() if (keys := found_in(content))} == {}


def _files(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and "specs" not in file.parts
    }
