"""Threads for what must be done while others work: who asks, whether the service is ready, and the audit entry of that.

The threads on which payloads are judged are few. If a credential or a readiness check waited for one of those, a handful
of large payloads would make the service look dead, and keep even those out who ask for nothing.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, ParamSpec, TypeVar

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")
_THREADS: Final = ThreadPoolExecutor(max_workers=4, thread_name_prefix="quick")


async def quickly(work: Callable[_Given, _Result], *given: _Given.args, **named: _Given.kwargs) -> _Result:
    """Return what the work returns; it runs as this request's, on a thread of its own kind."""
    context = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(_THREADS, partial(context.run, work, *given, **named))
