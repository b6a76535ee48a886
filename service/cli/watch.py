"""``ecas watch``: hand to the service what is dropped into a folder."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Final

import click

from canonical.errors import ConfigurationError
from service import settings
from service.cli.client import Answer, Client, Unreachable
from service.cli.format_option import FORMAT
from service.cli.submit import idempotency_key
from service.ending import end_at_once
from service.reports.printable import printable
from service.reports.run import Exit
from service.watched.folder import DONE, FAILED, Folder, Name, Unreadable
from service.watched.result import Result
from service.watched.settling import Settling

#: Seconds to wait where the service does not say how long.
_PATIENCE: Final = 10
#: Seconds to wait at most, whatever it says.
_LONGEST: Final = 300
#: Seconds that ``--once`` waits in all for a service that is full or away.
_ONCE: Final = 30
#: What says that the service will take the same request later.
_LATER: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS})
#: What says that no request with this content will ever be taken.
_NEVER: Final = frozenset({
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, HTTPStatus.UNPROCESSABLE_ENTITY,
})  # fmt: skip


@click.command(epilog="Example:  ecas watch inbox")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, exists=True, file_okay=False))
@FORMAT
@click.option("--once", is_flag=True, help="Take what is there and whole, and end: for cron.")
@click.option(
    "--interval", type=click.FloatRange(0.1), default=5, show_default=True, help="Seconds from one look to the next."
)
@click.option(
    "--settle",
    type=click.FloatRange(0),
    default=5,
    show_default=True,
    help="Seconds for which a file may not have changed before it is taken.",
)
def command(*, folder: Path, format_: str, once: bool, interval: float, settle: float) -> int:
    """Hand to the service what is dropped into a folder, until told to stop (SIGTERM). Each file is taken once.

    A file is moved to DIR/taken, and then beside its result (NAME.result.json) to DIR/done, or to DIR/failed where the
    service took nothing of it.
    """
    chosen = settings.load()
    client = Client(chosen)
    with Folder(folder.resolve()) as held, _told_to_stop() as told:
        watch = _Watch(held, client, told, Settling(settle), format_, chosen.max_body_bytes)
        return watch.once(settle) if once else watch.always(interval)


@dataclass
class _Watch:
    """What is watched, and how it goes."""

    folder: Folder
    client: Client
    #: A pipe in which something lies once we were told to stop.
    told: int
    settling: Settling
    format: str
    most: int
    #: True once a file needs a person.
    stopped: bool = False
    #: True where the last look found a file that could not be claimed.
    unclaimed: bool = False
    #: Complaints on standard error that were not cured since.
    _said: set[str] = field(default_factory=set)

    def always(self, interval: float) -> int:
        """Look again and again, until told to stop."""
        while not self._stops_within(0):
            wait = self._look()
            self._stops_within(interval if wait is None else wait)
        return Exit.CLEAN

    def once(self, settle: float) -> int:
        """Look until everything that was whole is told, or the service was away for too long."""
        wait, waited = self._look(), 0.0
        if not self._stops_within(settle):
            wait = self._look()
        while wait and waited + wait <= _ONCE and not self._stops_within(wait):
            waited += wait
            wait = self._look()
        if self.stopped:
            return Exit.FINDINGS
        return Exit.COULD_NOT_CHECK if self.unclaimed or self.folder.taken() else Exit.CLEAN

    def _look(self) -> float | None:
        """Take up what was claimed, claim what is whole; return the seconds to wait where the service wants that."""
        self.unclaimed = False
        try:
            for name, _ in self.folder.taken():
                if self._stops_within(0):
                    return None
                self._hand_in(name)
            for name in self.settling.still(self.folder.waiting(), time.monotonic()):
                if self._stops_within(0):
                    return None
                if claimed := self._claimed(name):
                    self._hand_in(claimed)
        except _Wait as wait:
            self._say("wait", str(wait))
            return wait.seconds
        return None

    def _claimed(self, name: Name) -> Name | None:
        try:
            return self.folder.claim(name)
        except OSError as error:
            self.unclaimed = True
            self._say("claim", f"A file cannot be claimed and is left where it is: {error.strerror}.")
            return None

    def _hand_in(self, name: Name) -> None:
        """Take a claimed file to its end, from wherever a kill left it; it stays claimed where that cannot be now."""
        if into := self.folder.told(name):
            self.folder.put_away(name, into)
            return
        try:
            content = self.folder.read(name, most=self.most)
            result = None if content is None else self._submitted(content)
        except Unreadable as fault:
            result = Result(idempotency_key=None, problem=str(fault))
        if result is not None:
            self.folder.tell(name, DONE if result.problem is None else FAILED, result.content())
            self.stopped |= result.stopped
            self._said.clear()
            click.echo(printable(result.said()))

    def _submitted(self, content: bytes) -> Result | None:
        """Return what the service answered for good; None where it failed over this one file, which is tried again."""
        key = idempotency_key(content, self.format)
        try:
            answer = self.client.post("/v1/submissions", content, idempotency_key=key, format=self.format)
        except Unreachable as away:
            if away.status == HTTPStatus.INTERNAL_SERVER_ERROR:
                self._say("fault", str(away))
                return None
            raise _Wait(str(away), away.retry_after) from None
        _see_taken(answer)
        return Result.answered(answer, key)

    def _say(self, kind: str, sentence: str) -> None:
        """Say something on standard error, once until the next file is told."""
        if kind not in self._said:
            self._said.add(kind)
            click.echo(f"ecas watch: {printable(sentence)}", err=True)

    def _stops_within(self, seconds: float) -> bool:
        return bool(select.select([self.told], [], [], seconds)[0])


class _Wait(Exception):
    """The service takes nothing now, from anybody's file."""

    def __init__(self, message: str, seconds: int | None) -> None:
        super().__init__(message)
        self.seconds = min(max(_PATIENCE if seconds is None else seconds, 1), _LONGEST)


def _see_taken(answer: Answer) -> None:
    """Return where the answer is about the file, and for good.

    Raises:
        _Wait: the service wants to be asked again.
        ConfigurationError: it takes nothing at this address, or not with this key.
    """
    if (answer.status == HTTPStatus.ACCEPTED and "submissions" in answer.data) or answer.status in _NEVER:
        return
    if answer.ok:
        raise ConfigurationError(
            "What answers at ECAS_URL is not an ecas service: it took a payload and named no submission."
        )
    told = f"{answer.data.get('title')} ({answer.status}). {answer.data.get('detail')}"
    if answer.status in _LATER:
        raise _Wait(told, answer.retry_after)
    raise ConfigurationError(f"The service takes nothing of us: {told}")


@contextmanager
def _told_to_stop() -> Iterator[int]:
    """Give a pipe into which SIGTERM or SIGINT puts something: the file at hand is finished; the second ends at once."""
    reading, writing = os.pipe()

    def stop(number: int, _: object) -> None:
        if select.select([reading], [], [], 0)[0]:
            end_at_once(number)
        os.write(writing, b"!")

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield reading
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(reading)
        os.close(writing)
