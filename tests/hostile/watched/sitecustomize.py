"""Watches over a process of a test, and over those that it starts: whoever wants to reach somebody is written down, and fails.

Python imports it by its name before anything else, where this folder is on PYTHONPATH.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

_HERE = str(Path(__file__).parent)
_NOTES = os.environ.get("HOSTILE_NOTES", "")
_OUTWARD = frozenset(
    {
        *("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.sendto"),
        *(
            "socket.sendmsg",
            "socket.bind",
            "urllib.Request",
            "http.client.connect",
            "ftplib.connect",
            "smtplib.connect",
        ),
    }
)


def _listen(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _OUTWARD:
        with Path(_NOTES).open("a") as notes:
            notes.write(f"{event} {arguments!r}\n")
        raise PermissionError("nobody is to be reached from here")


class _Popen(subprocess.Popen):  # type: ignore[type-arg]
    """Starts a process that is watched as well, whatever environment it is given."""

    def __init__(self, *arguments: Any, env: Any = None, **more: Any) -> None:
        wanted = dict(os.environ if env is None else env)
        wanted["PYTHONPATH"] = os.pathsep.join(filter(None, (_HERE, wanted.get("PYTHONPATH", ""))))
        wanted["HOSTILE_NOTES"] = _NOTES
        super().__init__(*arguments, env=wanted, **more)


if _NOTES:
    sys.addaudithook(_listen)
    subprocess.Popen = _Popen  # type: ignore[misc]
