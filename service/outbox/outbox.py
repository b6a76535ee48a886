"""The outbox as everyone else sees it: what may be written down, taken out, and learnt from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol

from canonical.assessment import Assessment
from canonical.errors import EcasBridgeError
from canonical.finding import Finding, HoldCause, Report
from canonical.notice import Notice, Protection
from canonical.outcome import Attempt, Receipt
from canonical.payload import Payload
from canonical.submission import State, StuckCause
from canonical.verdict import Verdict
from service.outbox.breaker import Signal


class KeyReused(EcasBridgeError):
    """The same Idempotency-Key came with another body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An assessment that was judged and is to be written down."""

    assessment: Assessment
    report: Report
    #: blocked, held, handed_off or ready.
    state: State
    holds: tuple[HoldCause, ...] = ()
    #: Causes that a person's word has cured.
    vouched: tuple[HoldCause, ...] = ()
    #: Why it starts there, in one sentence.
    why: str
    #: When the child's next assessment falls due by this one; None where nothing says.
    next_due: date | None = None
    #: The submission that this one corrects or voids.
    corrects: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A submission as it stands, for whoever asks."""

    id: str
    agency: str
    document_id: str = field(repr=False)
    payload: str
    #: Which assessment of the payload, from 0.
    ordinal: int
    state: State
    holds: tuple[HoldCause, ...]
    attempts: int
    verdict: Verdict | None
    #: The state's tracking id, where it gave one.
    receipt: str | None
    received_at: datetime
    updated_at: datetime
    #: Causes that a person's word has cured.
    vouched: tuple[HoldCause, ...] = ()
    #: Since when it waits for a change of name.
    name_change_since: datetime | None = None
    #: When it was said that this takes too long.
    escalated_at: datetime | None = None
    #: Since when it is in this state.
    since: datetime | None = None
    #: Why it is stuck, where it is.
    cause: StuckCause | None = None
    programme: str = ""
    #: The day by which it should be with the state.
    deadline: datetime | None = None
    corrects: str | None = None
    #: How many go before it in its lane; 0 where that was not asked.
    ahead: int = 0
    #: Its report; None where that was not asked.
    report: Report | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A client's request that must take effect once."""

    endpoint: str
    key: str
    #: The body's digest: the same key with another body is an error.
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a request was answered."""

    status: int
    content: bytes = field(repr=False)
    #: True where it was answered before and this is the same answer again.
    replayed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A lane's head, leased to one worker until the lease runs out."""

    lane: int
    #: Grows with every claim; whoever settles with an old one has lost the lease.
    fence: int
    submission: str
    agency: str
    #: SENDING: the attempt is written down, send. IN_DOUBT: ask by the idempotency key first.
    state: State
    idempotency_key: str
    #: Sends so far, this one included.
    attempts: int
    first_sent_at: datetime | None
    #: When the attempt that is in doubt began; None where none is.
    last_sent_at: datetime | None = None
    #: Questions since the last send, this one included.
    asks: int = 0
    #: True where the breaker is open and this one is to see whether the road is open again.
    probe: bool = False
    programme: str = ""
    #: True where the state already refused its key once.
    second_try: bool
    assessment: Assessment = field(repr=False)
    #: What must go with it, as of this send, or of the one that is in doubt; None where Part 2 does not protect it.
    notice: Notice | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """A receipt that is not final, due to be asked for again."""

    submission: str
    agency: str
    state: State
    tracking_id: str
    document_id: str = field(repr=False)
    digest: str
    #: The moment until which this poll is ours; also its fence.
    until: datetime
    #: The digest of the receipt that we keep: the same one again is not kept twice.
    known: str
    assessment: Assessment = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What is recorded of an attempt, and what follows."""

    state: State
    #: The outcome's name.
    outcome: str
    #: Our own sentence.
    why: str
    #: How long the lane (or the next poll) waits.
    wait: timedelta = timedelta(0)
    holds: tuple[HoldCause, ...] = ()
    receipt: Receipt | None = None
    #: The state's reasons in the sender's coordinates.
    findings: tuple[Finding, ...] = ()
    #: True for the second try: the definite rejection spent the old idempotency key.
    fresh_key: bool = False
    #: False where nothing was sent in the end, so that no attempt is spent.
    spent: bool = True
    #: Set where the destination itself must pause, with the reason.
    pause: str | None = None
    #: Why it is stuck, where it is.
    cause: StuckCause | None = None
    #: What it says about the road; None where nothing was tried.
    signal: Signal | None = None
    #: What the state asked us to wait before anything else is sent.
    not_before: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What came of handing back what is done and taking what is due."""

    claims: list[Claim]
    #: Submissions of which nothing was recorded: another worker took their lanes over.
    lost: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """A span in which nothing may leave for a destination, or one agency's or programme's of it."""

    #: ``pause`` or ``breaker``.
    kind: str
    began_at: datetime
    #: None while it lasts.
    ended_at: datetime | None
    actor: str
    why: str
    #: Empty for every one.
    agency: str = ""
    programme: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One move of a submission."""

    at: datetime
    was: State | None
    became: State
    actor: str
    why: str
    #: A person's own words.
    note: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """How much is waiting, for whoever watches or wants to stop."""

    leased: int
    #: The earliest moment at which something may leave or be asked; None where nothing waits for time.
    next_due: datetime | None
    by_state: dict[State, int]


#: Writes the answer to a request from the entries that came of it.
AnswerTo = Callable[[Sequence[Entry]], tuple[int, bytes]]


class Outbox(Protocol):
    """Nothing is sent that was not first written down; nothing written down is lost."""

    def put(
        self,
        payload: Payload,
        format: str,
        drafts: Sequence[Draft],
        *,
        request: Request | None,
        answer: AnswerTo,
    ) -> Reply:
        """Write down a payload and its submissions in one transaction, and what the request was answered.

        A document that is already on its way, or accepted, is not written down twice: its entry is answered again.

        Raises:
            KeyReused: the request's key came before with another body.
        """

    def protection(self, agency: str, assessment: Assessment) -> Protection | None:
        """Return what 42 CFR Part 2 asks of this record now; None where it asks nothing."""

    def answered(self, agency: str, request: Request) -> Reply | None:
        """Return the answer of an earlier request with this key, or None.

        Raises:
            KeyReused: it came with another body.
        """

    def claim(self, destination: str, worker: str, *, limit: int, lease: timedelta) -> list[Claim]:
        """Lease the heads of due lanes, fairly between agencies; the attempt is written down before this returns."""

    def resend(self, claim: Claim) -> Claim:
        """Write down another attempt of an in-doubt submission which the state certainly lacks.

        Raises:
            LostLease: another worker took the lane over.
        """

    def exchange(
        self,
        destination: str,
        worker: str,
        settled: Sequence[tuple[Claim, Settlement]],
        *,
        limit: int,
        lease: timedelta,
    ) -> Exchange:
        """Record what came of claims and lease what is due, in one transaction: ``settle`` and ``claim`` of many."""

    def settle(self, claim: Claim, settlement: Settlement) -> None:
        """Record what came of a claim.

        Raises:
            LostLease: another worker took the lane over; nothing was recorded.
        """

    def polls(self, destination: str, *, limit: int, lease: timedelta) -> list[Poll]:
        """Take receipts that are due to be asked for again."""

    def settle_poll(self, poll: Poll, settlement: Settlement) -> None:
        """Record what came of a poll.

        Raises:
            LostLease: another worker took the poll over; nothing was recorded.
        """

    def rejudge(self, agency: str, submission: str, draft: Draft, *, was: State = State.HELD) -> bool:
        """Give a submission that has not left its new report, and let it go, wait, or block it.

        False where it is not in the state that it was judged in, held or ready: it moved meanwhile.
        """

    def hold(self, agency: str, submission: str, *, actor: str, note: str) -> bool:
        """Let a submission wait until a person releases it; False where it is not one of those that can wait."""

    def release(self, agency: str, submission: str, draft: Draft, *, actor: str, note: str) -> bool:
        """Let a held submission go where a new judgement puts it; False where it moved meanwhile.

        One whose key the state refused goes with a fresh idempotency key: the rejection spent the old one.
        """

    def escalate(self, agency: str, submission: str, why: str) -> bool:
        """Say once that a held submission has waited too long; False where that was said, or it moved meanwhile."""

    def waiting_agencies(self) -> list[str]:
        """Return the agencies that have anything held."""

    def expire(self, alive: Callable[[str], bool]) -> int:
        """End the leases of workers that are no more; return how many."""

    def depth(self, destination: str) -> Depth:
        """Return how much is waiting."""

    def pause(
        self, destination: str, why: str, *, agency: str = "", programme: str = "", actor: str = "operator"
    ) -> None:
        """Let nothing more leave for this destination, or nothing of one agency's or programme's."""

    def resume(
        self, destination: str, *, agency: str = "", programme: str = "", actor: str = "operator", note: str = ""
    ) -> bool:
        """Let things leave again; False where this was not paused. A note is kept with the pause that it ends."""

    def paused(self, destination: str) -> str | None:
        """Return why the whole destination is paused, or None."""

    def closures(self, destination: str, *, since: datetime | None = None) -> list[Closure]:
        """Return what is closed now, or was at any time since then, oldest first."""

    def entries(self, agency: str, *, after: str | None, limit: int, state: State | None) -> list[Entry]:
        """Return an agency's submissions, newest first, after the one of that id."""

    def held(self, agency: str) -> list[Entry]:
        """Return all that an agency has waiting for a cure, oldest first."""

    def unsent(self) -> list[Entry]:
        """Return what of every agency was judged and has not left: ready, held and blocked, oldest first."""

    def entry(self, agency: str, submission: str) -> Entry | None:
        """Return one submission of this agency; None where it has none of that id."""

    def report(self, agency: str, submission: str) -> Report | None:
        """Return its report."""

    def events(self, agency: str, submission: str) -> list[Event]:
        """Return its moves, oldest first."""

    def attempts(self, agency: str, submission: str) -> list[Attempt]:
        """Return its sends, questions and telling polls, oldest first."""

    def receipts(self, agency: str, submission: str) -> list[bytes]:
        """Return the state's receipts as they came, oldest first."""

    def assessment(self, agency: str, submission: str) -> Assessment | None:
        """Return the assessment as it was read."""
