"""SQLite's own file layer (its VFS), with a record of every file that it makes, writes, cuts, flushes and unlinks.

No part of the product knows of it: a copy of the default VFS with a few functions replaced becomes the default of this
process. It needs the very SQLite library that Python's ``sqlite3`` calls; where that one cannot be reached from outside
(linked into the interpreter, its names hidden) recording raises: a promise that was not tested is not kept.
"""

from __future__ import annotations

import _sqlite3
import ctypes
import sqlite3
import threading
from collections.abc import Callable
from ctypes import CFUNCTYPE, POINTER, Structure, byref, c_char_p, c_int, c_int64, c_void_p
from pathlib import Path
from typing import Any

from power.files import Files
from power.trace import Bind, Deed, Flush, Truncate, Write

_OPEN = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p)
_DELETE = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int)
_WRITE = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
_TRUNCATE = CFUNCTYPE(c_int, c_void_p, c_int64)
_SYNC = CFUNCTYPE(c_int, c_void_p, c_int)
_OPEN_FOLDER = CFUNCTYPE(c_int, c_void_p, c_void_p)
_GET_CALL = CFUNCTYPE(c_void_p, c_void_p, c_char_p)
_SET_CALL = CFUNCTYPE(c_int, c_void_p, c_char_p, c_void_p)
_FOLDER_CALL = b"openDirectory"
_UNREACHABLE = (
    "Power cuts cannot be simulated with this Python: {}. Its sqlite3 module must call a SQLite library that others can "
    "reach; use a Python that links the shared libsqlite3, as those of Debian and of pyenv do, and make .venv anew."
)


class _Vfs(Structure):
    """``sqlite3_vfs``, version 3."""

    _fields_ = (
        ("version", c_int),
        ("file_size", c_int),
        ("longest_path", c_int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("data", c_void_p),
        ("open", c_void_p),
        ("delete", c_void_p),
        ("between", c_void_p * 11),
        ("set_call", c_void_p),
        ("get_call", c_void_p),
        ("next_call", c_void_p),
    )


class _Methods(Structure):
    """``sqlite3_io_methods``, version 3: what can be done to an open file."""

    _fields_ = (
        ("version", c_int),
        ("close", c_void_p),
        ("read", c_void_p),
        ("write", c_void_p),
        ("truncate", c_void_p),
        ("sync", c_void_p),
        ("after", c_void_p * 13),
    )


class Recorder:
    """Stands between SQLite and the files of this process, and keeps alive what C holds pointers to."""

    def __init__(self, files: Files) -> None:
        """Take a copy of the default file layer; nothing is recorded before ``install``."""
        self._files = files
        self._trace = files.trace
        self._numbers: dict[int, int] = {}
        self._methods: dict[int, _Methods] = {}
        self._kept: list[Any] = []
        self._doing = threading.local()
        self._library = _library()
        self._actual: _Vfs = self._library.sqlite3_vfs_find(None).contents
        self._place = ctypes.addressof(self._actual)
        self._open_actually = _OPEN(self._actual.open)
        self._delete_actually = _DELETE(self._actual.delete)
        self._open_folder_actually = _OPEN_FOLDER(_GET_CALL(self._actual.get_call)(self._place, _FOLDER_CALL))
        self._vfs = _Vfs.from_buffer_copy(self._actual)
        self._vfs.name = b"recorded"
        self._vfs.open = self._pointer(_OPEN(self._open))
        self._vfs.delete = self._pointer(_DELETE(self._delete))

    def install(self) -> None:
        """Become the file layer of every connection that this process opens from now on.

        Raises:
            RuntimeError: the library that we reached is not the one that ``sqlite3`` calls.
        """
        mine = self._pointer(_OPEN_FOLDER(self._open_folder))
        if _SET_CALL(self._actual.set_call)(self._place, _FOLDER_CALL, mine):
            raise RuntimeError(_UNREACHABLE.format("SQLite does not let its flush of a folder be seen"))
        if self._library.sqlite3_vfs_register(byref(self._vfs), 1):
            raise RuntimeError(_UNREACHABLE.format("SQLite takes no other file layer"))
        before, probe = len(self._trace.events), Path(self._files.root, "probe")
        sqlite3.connect(probe).close()
        if len(self._trace.events) == before:
            raise RuntimeError(_UNREACHABLE.format("the SQLite that we reached is another copy than the one in use"))
        probe.unlink()

    def _pointer(self, function: Any) -> int | None:
        self._kept.append(function)
        return ctypes.cast(function, c_void_p).value

    def _tell(self, deed: Deed, do: Callable[[], int]) -> int:
        """Record a deed around the call; whatever ``_open_folder`` has begun within it ends with it."""
        self._doing.number = self._trace.begin(deed)
        failed = do()
        if not failed:
            self._trace.end(self._doing.number)
        return failed

    def _open(self, _: int, name: int | None, file: int, flags: int, given: int | None) -> int:
        path = self._files.within(ctypes.string_at(name)) if name else None
        new = path is not None and path not in self._files.numbers

        def do() -> int:
            return self._open_actually(self._place, name, file, flags, given)

        failed = self._tell(self._files.made(path), do) if path and new else do()
        if path and not failed:
            self._numbers[file] = self._files.numbers[path]
            methods = c_void_p.from_address(file)  # the first word of an open file
            methods.value = ctypes.addressof(self._recording(methods.value or 0))
        return failed

    def _recording(self, actual_methods: int) -> _Methods:
        """Return these methods with three of them replaced."""
        if actual_methods not in self._methods:
            actual = _Methods.from_address(actual_methods)
            write, truncate, sync = _WRITE(actual.write), _TRUNCATE(actual.truncate), _SYNC(actual.sync)
            mine = _Methods.from_buffer_copy(actual)
            mine.write = self._pointer(_WRITE(lambda *given: self._tell(self._written(*given), lambda: write(*given))))
            mine.truncate = self._pointer(
                _TRUNCATE(lambda *given: self._tell(self._truncated(*given), lambda: truncate(*given)))
            )
            mine.sync = self._pointer(_SYNC(lambda *given: self._tell(self._flushed(*given), lambda: sync(*given))))
            self._methods[actual_methods] = mine
        return self._methods[actual_methods]

    def _written(self, file: int, content: int, length: int, offset: int) -> Write:
        return Write(self._numbers[file], offset, ctypes.string_at(content, length))

    def _truncated(self, file: int, size: int) -> Truncate:
        return Truncate(self._numbers[file], size)

    def _flushed(self, file: int, _: int) -> Flush:
        return Flush(self._numbers[file])

    def _delete(self, _: int, name: int, flush_folder: int) -> int:
        path = self._files.within(ctypes.string_at(name))

        def do() -> int:
            return self._delete_actually(self._place, name, flush_folder)

        if path is None or path not in self._files.numbers:
            return do()
        return self._tell(self._gone(path), do)

    def _gone(self, path: str) -> Bind:
        return self._files.bind(path, None)

    def _open_folder(self, name: int, descriptor: int) -> int:
        """Record the flush of a folder: SQLite opens one for nothing else, after it flushed or unlinked a file there."""
        failed = self._open_folder_actually(name, descriptor)
        path = self._files.within(ctypes.string_at(name))
        if path and not failed:
            self._trace.end(self._doing.number)
            self._doing.number = self._trace.begin(Flush(self._files.numbers[str(Path(path).parent)]))
        return failed


def _library() -> ctypes.CDLL:
    """Return the SQLite library that Python's ``sqlite3`` calls, reached through that module itself."""
    library = ctypes.CDLL(getattr(_sqlite3, "__file__", None))
    try:
        library.sqlite3_vfs_find.restype = POINTER(_Vfs)
        library.sqlite3_vfs_find.argtypes = (c_char_p,)
        library.sqlite3_vfs_register.argtypes = (c_void_p, c_int)
    except AttributeError:
        raise RuntimeError(_UNREACHABLE.format("the SQLite inside it has no names that can be reached")) from None
    return library
