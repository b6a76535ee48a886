"""Work moves with its route: what waits goes where the route of today puts it, a go-live at a ramp, and nothing twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

import structlog

from canonical.errors import EcasBridgeError
from canonical.submission import State
from service.adoption import with_what_stays
from service.intake import Intake
from service.judging import Judge
from service.outbox.handing_off import Census, Programmes
from service.outbox.outbox import Draft, Entry
from service.outbox.sql_outbox import SqlOutbox
from service.routes import Route, Routes, Ways

#: What does not belong on each route any more; of the held, what waits for a go-live.
_ELSEWHERE: Final[Mapping[Route, tuple[State, ...]]] = {
    Route.ECAS: (State.HELD,),
    Route.NOT_LIVE: (State.READY,),
    Route.VIRTUAL_GATEWAY: (State.READY, State.HELD),
}
_WHY: Final = {
    Route.NOT_LIVE: "The agency is not live any more: it waits for a go-live.",
    Route.VIRTUAL_GATEWAY: "The agency enters it in the Virtual Gateway now.",
}
_TAKEN_BACK: Final = "It was taken back from the person who was to enter it."
#: Who the history names for what follows from a route by itself.
_ACTOR: Final = "routes"
#: Of one agency, in one call of a worker.
_AT_ONCE: Final = 100
_PAGE: Final = 200
#: Submissions that a preview names.
_NAMED: Final = 10
_log = structlog.get_logger()


class Rerouting:
    """Compares what waits with the routes of now, and moves what differs: whoever does it again finds nothing to do."""

    def __init__(self, routes: Routes, intake: Intake, outbox: SqlOutbox, *, per_minute: int) -> None:
        """Release at most so many a minute where an agency goes live."""
        self._routes = routes
        self._intake = intake
        self._outbox = outbox
        self._per_minute = per_minute

    def apply_due(self) -> int:
        """Move what does not belong on its route any more, each in a transaction of its own; return how many moved.

        A bounded piece, for a worker has other things to do. Hand-offs stay with their people. One agency's broken roster
        or package keeps nobody else waiting.
        """
        moved = 0
        for agency, ways in self._routes.all().items():
            try:
                moved += self._apply(agency, ways, _AT_ONCE)
            except (EcasBridgeError, OSError) as error:
                _log.warning("waiting work could not follow its route", agency=agency, kind=type(error).__name__)
        if moved:
            _log.info("waiting work followed its route", count=moved)
        return moved

    def apply(self, agency: str) -> int:
        """Move all that does not belong on its route any more, at once; a go-live still keeps to its ramp."""
        moved = self._apply(agency, self._routes.of(agency), None)
        return moved + self._intake.recheck(agency)

    def take_back(self, agency: str, programme: str, *, actor: str, note: str) -> int:
        """Judge open hand-offs again where their route is another now, and let them go where it puts them.

        Oldest first, so that a child's go in their order. What a person is typing just now is taken back too: whoever
        asks for this has spoken to that person.
        """
        ways = self._routes.of(agency)
        if ways.of(programme) is Route.VIRTUAL_GATEWAY:
            return 0
        judge = self._intake.judge_for(agency)
        moved = 0
        for entry in self._pages(agency, _meant(programme, ways), (State.HANDED_OFF,)):
            draft = self._judged(entry, judge, ways)
            moved += draft is not None and self._outbox.reroute(
                agency, entry.id, draft, was=State.HANDED_OFF, actor=actor, why=_TAKEN_BACK, note=note
            )
        return moved

    def census(self, agency: str, programme: str) -> Census:
        """Count what a change of this route would concern."""
        return self._outbox.census(agency, _meant(programme, self._routes.of(agency)), named=_NAMED)

    def _apply(self, agency: str, ways: Ways, most: int | None) -> int:
        moved = 0
        judge: Judge | None = None
        for programme in ("", *ways.own):
            route = ways.of(programme)
            room: int | None = None
            for entry in self._pages(agency, _meant(programme, ways), _ELSEWHERE[route]):
                if route is Route.ECAS and room is None:
                    room = self._room(agency, ways)
                if moved == most or room == 0:
                    break
                judge = judge or self._intake.judge_for(agency)
                draft = self._judged(entry, judge, ways)
                if draft is None or (draft.state, draft.holds) == (entry.state, entry.holds):
                    continue
                if room is None:
                    moved += self._outbox.reroute(
                        agency, entry.id, draft, was=entry.state, actor=_ACTOR, why=_WHY[route]
                    )
                elif self._outbox.go_live(
                    agency, entry.id, draft, since=_live_since(ways), per_minute=self._per_minute
                ):
                    moved += 1
                    room -= draft.state is State.READY
        return moved

    def _room(self, agency: str, ways: Ways) -> int:
        return self._outbox.go_live_room(agency, since=_live_since(ways), per_minute=self._per_minute)

    def _pages(self, agency: str, programmes: Programmes, states: tuple[State, ...]) -> Iterator[Entry]:
        """Yield what stands in these states, oldest first, a page at a time: memory does not grow with the queue."""
        after: str | None = None
        while True:
            page = self._outbox.of_route(agency, programmes, states, after=after, limit=_PAGE)
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].id

    def _judged(self, entry: Entry, judge: Judge, ways: Ways) -> Draft | None:
        """Judge one again; what neither a judgement nor a route can cure goes on holding it."""
        assessment = self._outbox.assessment(entry.agency, entry.id)
        earlier = self._outbox.report(entry.agency, entry.id)
        if assessment is None or earlier is None:
            return None
        draft = self._intake.judged_again(assessment, earlier, judge, ways, vouched=entry.vouched)
        return with_what_stays(draft, entry, earlier)


def _meant(programme: str, ways: Ways) -> Programmes:
    return Programmes(programme=programme, own=ways.own)


def _live_since(ways: Ways) -> datetime:
    """Return when the agency, or the last of its programmes, went live: there the ramp begins."""
    return max(way.starts_at for way in ways.by_programme.values() if way.route is Route.ECAS)
