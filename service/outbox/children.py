"""Children by an id of ours: found by what the agency calls them, joined where two turn out to be one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, and_, bindparam, insert, or_, select, update

from canonical.assessment import Assessment
from service.outbox import schema as t
from service.outbox.lanes import locked
from service.outbox.rows import Rows

#: The identifiers by which a child is known. The agency's own comes first: it is the agency that tells its children apart.
_LOCAL: Final = "MEMBER_LOCAL_ID"
_STATE: Final = "MEMBER_ID"
_IDENTIFIERS: Final = (_LOCAL, _STATE)
_C, _I = t.child.c, t.child_identifier.c
# What every arrival runs is laid out once: to lay a statement out costs SQLAlchemy about as much as to run it.
_NAMED: Final = (
    select(_I.kind, _C.id, _C.born_digest, _C.next_due_at)
    .join(t.child, _C.id == _I.child)
    .where(
        _I.agency == bindparam("agency"),
        or_(*(and_(_I.kind == kind, _I.digest == bindparam(kind)) for kind in _IDENTIFIERS)),
    )
)
_MEET: Final = insert(t.child)
_CALL: Final = insert(t.child_identifier)
#: Equal to no digest: for a kind of identifier that an assessment does not give.
_NONE: Final = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """Whom an assessment is about."""

    id: str
    #: When the reassessment after the newest assessment that we know falls due, in milliseconds.
    next_due_at: int | None = None
    #: True where the MassHealth ID belongs, by all that we know, to another child of this agency.
    doubtful: bool = False
    #: True where nothing of the child came before: it has no lane yet.
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class _Known:
    id: str
    born: str | None
    next_due_at: int | None


class Children(Rows):
    """A corrected or newly known identifier joins lanes and never reorders them; a mistyped one joins nothing."""

    def _child(self, connection: Connection, agency: str, assessment: Assessment, due: int | None = None) -> Child:
        """Return whose assessment it is, and learn what it tells about the child: of a new one, when the next falls due."""
        given = self._given(agency, assessment)
        born = self._born(agency, assessment)
        known = _known(connection, agency, given)
        local, state = known.get(_LOCAL), known.get(_STATE)
        doubtful = state is not None and state != local and _contradict(state.born, local.born if local else born, born)
        if doubtful:
            given.pop(_STATE)
            found = local
        elif local is not None and state is not None and local != state:
            found = self._merge(connection, keep=state, gone=local)
        else:
            found = local or state
        child = found or self._new_child(connection, agency, born, due)
        self._learn(connection, agency, child, born, {kind: mac for kind, mac in given.items() if kind not in known})
        return Child(id=child.id, next_due_at=child.next_due_at, doubtful=doubtful, fresh=found is None)

    def _known_children(self, connection: Connection, agency: str, assessment: Assessment) -> set[str]:
        """Return the children that the assessment's identifiers lead to already."""
        return {child.id for child in _known(connection, agency, self._given(agency, assessment)).values()}

    def _given(self, agency: str, assessment: Assessment) -> dict[str, str]:
        return {
            kind: self._vault.digest("child", agency, kind, text)
            for kind in _IDENTIFIERS
            if (text := assessment.text(kind))
        }

    def _born(self, agency: str, assessment: Assessment) -> str | None:
        text = assessment.text("MEMBER_DOB")
        return self._vault.digest("born", agency, text) if text else None

    def _new_child(self, connection: Connection, agency: str, born: str | None, due: int | None) -> _Known:
        id_ = self._new_id("chi")
        connection.execute(_MEET, {"id": id_, "agency": agency, "born_digest": born, "next_due_at": due})
        return _Known(id_, born, None)

    def _learn(
        self, connection: Connection, agency: str, child: _Known, born: str | None, fresh: dict[str, str]
    ) -> None:
        if fresh:
            rows = [{"agency": agency, "kind": kind, "digest": mac, "child": child.id} for kind, mac in fresh.items()]
            connection.execute(_CALL, rows)
        if child.born is None and born is not None:
            connection.execute(update(t.child).where(_C.id == child.id).values(born_digest=born))

    def _merge(self, connection: Connection, *, keep: _Known, gone: _Known) -> _Known:
        """Make one child of two: identifiers, withdrawals and lanes of the one become the other's."""
        identifier, withdrawal, scope = t.child_identifier.c, t.withdrawal.c, t.consent_scope.c
        due = max((at for at in (keep.next_due_at, gone.next_due_at) if at is not None), default=None)
        connection.execute(update(t.child_identifier).where(identifier.child == gone.id).values(child=keep.id))
        connection.execute(update(t.withdrawal).where(withdrawal.child == gone.id).values(child=keep.id))
        connection.execute(update(t.consent_scope).where(scope.child == gone.id).values(child=keep.id))
        connection.execute(update(t.child).where(_C.id == gone.id).values(merged_into=keep.id))
        connection.execute(
            update(t.child).where(_C.id == keep.id).values(next_due_at=due, born_digest=keep.born or gone.born)
        )
        self._merge_lanes(connection, keep.id, gone.id)
        return _Known(keep.id, keep.born or gone.born, due)

    def _merge_lanes(self, connection: Connection, keep: str, gone: str) -> None:
        """Let what waits in the lanes of the one wait in those of the other, in the order in which it came.

        What is under way stays until it is settled; the other lane waits for it (``lanes.draining``).
        """
        c = t.lane.c
        of = {
            child: {
                row.destination: row.id
                for row in connection.execute(select(c.id, c.destination).where(c.child == child))
            }
            for child in (keep, gone)
        }
        locked(connection, {*of[keep].values(), *of[gone].values()})
        for destination, lane in of[gone].items():
            target = of[keep].get(destination)
            if target is None:
                connection.execute(update(t.lane).where(c.id == lane).values(child=keep))
                continue
            s = t.submission.c
            waits = (s.lane == lane, s.state.not_in(("sending", "in_doubt")))
            connection.execute(update(t.submission).where(*waits).values(lane=target))
            connection.execute(update(t.lane).where(c.id == lane).values(merged_into=target))
            connection.execute(update(t.lane).where(c.merged_into == lane).values(merged_into=target))
            self._wake(connection, target)


def _known(connection: Connection, agency: str, given: dict[str, str]) -> dict[str, _Known]:
    """Return the children that these identifiers name."""
    if not given:
        return {}
    digests = {kind: given.get(kind, _NONE) for kind in _IDENTIFIERS}
    rows = connection.execute(_NAMED, {"agency": agency, **digests})
    return {row.kind: _Known(row.id, row.born_digest, row.next_due_at) for row in rows}


def _contradict(state: str | None, local: str | None, born: str | None) -> bool:
    """Return whether the child of the MassHealth ID was born on another day than the child whom the assessment means."""
    return state is not None and any(other is not None and other != state for other in (local, born))
