"""Which number stands for which file below one folder, and the deeds of Python's own ``os`` module among them."""

from __future__ import annotations

import itertools
import os
import stat
from pathlib import Path
from typing import Any

from power.trace import ROOT, Bind, Flush, Trace, Write

_ACTUAL = {
    name: getattr(os, name) for name in ("open", "fsync", "link", "unlink", "remove", "mkdir", "rename", "replace")
}


class Files:
    """The names below ``root`` as they stand, each with the number of its file."""

    def __init__(self, root: Path, trace: Trace) -> None:
        self.root = str(root)
        self.trace = trace
        self.numbers: dict[str, int] = {self.root: ROOT}
        self._fresh = itertools.count(ROOT + 1)
        self._opened: dict[int, str] = {}

    def within(self, path: Any) -> str | None:
        """Return the path as we name it, or None for what does not concern us."""
        if isinstance(path, int):
            return self._opened.get(path)
        name = str(Path(os.fsdecode(path)).absolute())
        return name if name == self.root or name.startswith(f"{self.root}/") else None

    def bind(self, path: str, file: int | None, *, is_folder: bool = False) -> Bind:
        """Return the deed by which a name comes to lead elsewhere, and know it from now on."""
        folder, name = os.path.split(path)
        if file is None:
            self.numbers.pop(path, None)
        else:
            self.numbers[path] = file
        return Bind(self.numbers[folder], name, file, is_folder)

    def made(self, path: str, *, is_folder: bool = False) -> Bind:
        return self.bind(path, next(self._fresh), is_folder=is_folder)

    def watch_python(self) -> None:
        """Put recording twins in the place of those functions of ``os`` that change a folder or flush a file."""
        for name in ("open", "fsync", "link", "mkdir"):
            setattr(os, name, getattr(self, f"_{name}"))
        os.unlink = os.remove = self._unlink
        os.rename = os.replace = self._refuse

    def _open(self, path: Any, flags: int, mode: int = 0o777, **others: Any) -> int:
        known = self.within(path)
        if known and flags & os.O_CREAT and known not in self.numbers:
            with self.trace.deed(self.made(known)):
                descriptor = _ACTUAL["open"](path, flags, mode, **others)
        else:
            descriptor = _ACTUAL["open"](path, flags, mode, **others)
        self._opened.pop(descriptor, None)
        if known:
            self._opened[descriptor] = known
        return descriptor

    def _fsync(self, descriptor: int) -> None:
        """Flush; what Python wrote into the file is told here, whole, since no hook sees its writes one by one."""
        known = self.within(descriptor)
        if known is None:
            _ACTUAL["fsync"](descriptor)
            return
        number = self.numbers[known]
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            with self.trace.deed(Write(number, 0, Path(known).read_bytes())):
                pass
        with self.trace.deed(Flush(number)):
            _ACTUAL["fsync"](descriptor)

    def _mkdir(self, path: Any, mode: int = 0o777, **others: Any) -> None:
        known = self.within(path)
        if known is None or Path(known).exists():
            _ACTUAL["mkdir"](path, mode, **others)
            return
        with self.trace.deed(self.made(known, is_folder=True)):
            _ACTUAL["mkdir"](path, mode, **others)

    def _link(self, source: Any, target: Any, **others: Any) -> None:
        known = self.within(target)
        if known is None:
            _ACTUAL["link"](source, target, **others)
            return
        with self.trace.deed(self.bind(known, self.numbers[self.within(source) or ""])):
            _ACTUAL["link"](source, target, **others)

    def _unlink(self, path: Any, **others: Any) -> None:
        known = self.within(path)
        if known is None:
            _ACTUAL["unlink"](path, **others)
            return
        with self.trace.deed(self.bind(known, None)):
            _ACTUAL["unlink"](path, **others)

    def _refuse(self, source: Any, target: Any, **others: Any) -> None:
        if self.within(source) or self.within(target):
            raise NotImplementedError(
                "The service renames a file now: teach tests/service/crash/power/files.py to tell it."
            )
        _ACTUAL["replace"](source, target, **others)
