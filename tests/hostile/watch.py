"""Runs a process that is watched: whom it wanted to reach is known afterwards, and whether it told a secret."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fuzzing.small import ROOT

#: What stands in the file that hostile files ask for.
WORD = "a-word-that-nobody-else-says"


@dataclass(frozen=True)
class Watched:
    """What became of a process."""

    code: int
    stdout: str
    stderr: str
    #: Each attempt to reach somebody.
    reached: tuple[str, ...]


def watched(arguments: Sequence[str], folder: Path, patience: float) -> Watched:
    """Run Python with these arguments; it is killed when the patience, in seconds, is over.

    Whoever is reached in spite of it all, by a library that Python does not know of, reaches a socket that listens here.
    """
    notes, secret = folder / "notes", folder / "secret"
    notes.write_text("")
    secret.write_text(WORD)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0)
        host, port = listening.getsockname()
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(map(str, (ROOT / "tests/hostile/watched", ROOT, ROOT / "tests"))),
            "HOSTILE_NOTES": str(notes),
            "HOSTILE_HOST": f"{host}:{port}",
            "HOSTILE_SECRET": str(secret),
            "HOSTILE_WORD": WORD,
        }
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=patience,
        )
        reached = notes.read_text().splitlines()
        with contextlib.suppress(BlockingIOError):
            connection, caller = listening.accept()
            connection.close()
            reached.append(f"accepted {caller}")
    return Watched(done.returncode, done.stdout, done.stderr, tuple(reached))
