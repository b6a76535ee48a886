"""What Python itself would say of an error that nobody caught: a text that may hold a record, so it is told otherwise.

Nothing heavy is imported here: every command begins with it.
"""

from __future__ import annotations

import resource
import sys
import threading
from collections.abc import Callable
from types import TracebackType


def told_by(tell: Callable[[BaseException | None], None]) -> None:
    """Let ``tell`` hear of every error that ends a program, a thread or an object, and leave no core dump behind."""

    def uncaught(_: type[BaseException], error: BaseException, __: TracebackType | None) -> None:
        tell(error)

    def in_thread(given: threading.ExceptHookArgs) -> None:
        if given.exc_type is not SystemExit:
            tell(given.exc_value)

    def unraisable(given: sys.UnraisableHookArgs) -> None:
        tell(given.exc_value)

    sys.excepthook, threading.excepthook, sys.unraisablehook = uncaught, in_thread, unraisable
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))
