"""Where orders about what waits are placed: over the API for an agency, on the database for the operator."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Protocol

import click

from canonical.errors import ConfigurationError
from canonical.finding import HoldCause
from canonical.stuck import OPERATOR, Resolution
from canonical.submission import State, StuckCause
from service import settings
from service.cli.client import Answer, Client
from service.clock import to_milliseconds
from service.main import Service, build_service
from service.outbox.prospects import How
from service.outbox.replaying import Progress
from service.outbox.resolving import Word
from service.outbox.selecting import Selection
from service.replays import replay_data

_STEPS: Final = {"pause": Progress.PAUSED, "resume": Progress.RUNNING, "cancel": Progress.CANCELLED}
_NO_REPLAY: Final = "There is no replay of that id; “ecas replay list” shows them."
_NOT_THERE: Final = "A running replay can be paused, a paused one resumed, both cancelled."


class Office(Protocol):
    """Takes what the API takes, and answers what it answers."""

    def order(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Look at a replay, or begin it."""

    def resolve(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Look at a resolution of many, or do it."""

    def replays(self) -> list[Mapping[str, Any]]:
        """Return the replays, newest first."""

    def replay(self, id_: str) -> Mapping[str, Any]:
        """Return one replay."""

    def steer(self, id_: str, step: str) -> Mapping[str, Any]:
        """Pause, resume or cancel one."""


def open_office(agency: str | None, *, every_agency: bool) -> Office:
    """Return where to place the order.

    Raises:
        click.UsageError: one agency and all of them were meant at once.
    """
    if agency is not None and every_agency:
        raise click.UsageError("Name one agency or all of them, not both.")
    if agency is None and not every_agency:
        return OverTheApi(Client(settings.load()))
    service = build_service(settings.load())
    if agency is not None:
        service.agencies.known(agency)
    return OnTheDatabase(service, agency)


class OverTheApi:
    """An agency's own, with its API key."""

    def __init__(self, client: Client) -> None:
        """Ask this service."""
        self._client = client

    def order(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Look at a replay, or begin it."""
        return _good(self._client.tell("/v1/replays", **given))

    def resolve(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Look at a resolution of many, or do it."""
        return _good(self._client.tell("/v1/resolutions", **given))

    def replays(self) -> list[Mapping[str, Any]]:
        """Return the agency's replays."""
        return list(_good(self._client.get("/v1/replays"))["replays"])

    def replay(self, id_: str) -> Mapping[str, Any]:
        """Return one of the agency's replays."""
        return _good(self._client.get(f"/v1/replays/{_plain(id_)}"), _NO_REPLAY)

    def steer(self, id_: str, step: str) -> Mapping[str, Any]:
        """Pause, resume or cancel one of the agency's."""
        return _good(self._client.tell(f"/v1/replays/{_plain(id_)}/{step}"), _NO_REPLAY)


class OnTheDatabase:
    """The operator's, for one agency or over all."""

    def __init__(self, service: Service, agency: str | None) -> None:
        """Work on this deployment's database."""
        self._service = service
        self._agency = agency

    def order(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Look at a replay, or begin it."""
        replays, selection, word = self._service.replays, self._selection(given), _word(given)
        if not given["run"]:
            return {"preview": replays.preview(selection, How(given["how"]), word).as_data(), "replay": None}
        preview, begun = replays.begin(selection, How(given["how"]), word, per_minute=given["per_minute"])
        return {"preview": preview.as_data(), "replay": None if begun is None else replay_data(begun)}

    def resolve(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Look at a resolution of many, or do it."""
        resolutions, selection, word = self._service.resolutions, self._selection(given), _word(given)
        resolution = Resolution(given["resolution"])
        if not given["run"]:
            preview = resolutions.preview(selection, resolution, word)
            return {"preview": preview.as_data(), "became": {}, "more": 0}
        preview, became = resolutions.resolve(selection, resolution, word)
        return {"preview": preview.as_data(), "became": dict(became), "more": len(preview.going) - became.total()}

    def replays(self) -> list[Mapping[str, Any]]:
        """Return the replays of the agency, or all."""
        return [replay_data(replay) for replay in self._service.outbox.replays(agency=self._agency)]

    def replay(self, id_: str) -> Mapping[str, Any]:
        """Return one replay."""
        found = self._service.outbox.replay(id_, agency=self._agency)
        if found is None:
            raise ConfigurationError(_NO_REPLAY)
        return replay_data(found)

    def steer(self, id_: str, step: str) -> Mapping[str, Any]:
        """Pause, resume or cancel one."""
        self.replay(id_)
        if not self._service.outbox.steer(id_, _STEPS[step], agency=self._agency):
            raise ConfigurationError(_NOT_THERE)
        return self.replay(id_)

    def _selection(self, given: Mapping[str, Any]) -> Selection:
        return Selection(
            agency=self._agency,
            states=tuple(State(state) for state in given["states"]),
            causes=tuple(_cause(cause) for cause in given["causes"]),
            programme=given["programme"],
            received_from=_milliseconds(given["received_from"]),
            received_before=_milliseconds(given["received_before"]),
            ids=tuple(given["ids"]),
        )


def _word(given: Mapping[str, Any]) -> Word:
    return Word(
        actor=f"the {OPERATOR}",
        note=given["note"],
        not_arrived=given["not_arrived"],
        even_if_overtaken=given["even_if_overtaken"],
    )


def _cause(cause: str) -> StuckCause | HoldCause:
    return StuckCause(cause) if cause in set(StuckCause) else HoldCause(cause)


def _milliseconds(moment: str | None) -> int | None:
    return None if moment is None else to_milliseconds(datetime.fromisoformat(moment))


def _plain(id_: str) -> str:
    """Return an id that is safe in an address."""
    if not id_.replace("_", "").isalnum() or not id_.isascii():
        raise ConfigurationError(_NO_REPLAY)
    return id_


def _good(answer: Answer, not_found: str = "There is nothing here for this API key.") -> Mapping[str, Any]:
    if answer.ok:
        return answer.data
    raise ConfigurationError(not_found if answer.status == 404 else str(answer.data["detail"]))  # noqa: PLR2004
