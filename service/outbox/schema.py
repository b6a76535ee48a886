"""The tables. Every column in the clear is a name of ours, a state, a time or a count; the rest is sealed.

Whatever belongs to an agency names it, and refers to other rows by (agency, id): a row of one agency cannot refer to a
row of another, whoever writes it (docs/adr/0025).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    text,
)

from service.outbox.audit_schema import audit, audit_checkpoint, audit_note
from service.outbox.credential_schema import access_token, api_key, assertion, client, client_grant, client_key
from service.outbox.keys_schema import agency_key, erasure, legal_hold, vault_key
from service.outbox.part_two_schema import consent_scope, part_two
from service.outbox.quarantine_schema import quarantine, quarantine_item
from service.outbox.replay_schema import replay, replay_item
from service.outbox.roster_schema import agency, assessor, certificate, evidence, roster, roster_change
from service.outbox.tables import Sequence, metadata
from service.outbox.webhook_schema import webhook, webhook_message

#: All of them, those of the roster too, under one name: ``from service.outbox import schema as t``.
__all__ = (
    "FREE_AGAIN",
    "NEVER",
    "WAITING",
    "access_token",
    "adoption",
    "agency",
    "agency_key",
    "api_key",
    "assertion",
    "assessor",
    "attempt",
    "audit",
    "audit_checkpoint",
    "audit_note",
    "certificate",
    "child",
    "child_identifier",
    "client",
    "client_grant",
    "client_key",
    "closure",
    "consent_scope",
    "destination",
    "erasure",
    "event",
    "evidence",
    "lane",
    "legal_hold",
    "metadata",
    "part_two",
    "payload",
    "quarantine",
    "quarantine_item",
    "receipt",
    "replay",
    "replay_item",
    "request",
    "roster",
    "roster_change",
    "route",
    "submission",
    "vault_key",
    "webhook",
    "webhook_message",
    "withdrawal",
)

#: Which way an agency's assessments, or those of one of its programmes, reach the state from a moment on. Only added to.
route = Table(
    "route",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("agency", String, ForeignKey("agency.id"), nullable=False),
    Column("programme", String, nullable=False, default=""),  # empty: all that have no route of their own
    Column("route", String, nullable=False),  # not_live | ecas | virtual_gateway
    Column("starts_at", BigInteger, nullable=False),
    Column("set_at", BigInteger, nullable=False),
    Column("actor", String, nullable=False),
    Column("sealed_note", LargeBinary),
    sqlite_autoincrement=True,
)
Index("route_agency", route.c.agency, route.c.programme, route.c.starts_at)

payload = Table(
    "payload",
    metadata,
    Column("id", String, primary_key=True),
    Column("agency", String, ForeignKey("agency.id"), nullable=False, index=True),
    Column("format", String, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("day", String),  # of which it is, for the choice of its mapping; null: of that on which it was received
    Column("sealed", LargeBinary, nullable=False),
    Column("data_key", LargeBinary),  # its own, wrapped by the agency's; null once it is erased
    Column("wrapped_by", Sequence),
    Column("erased_at", BigInteger),
    UniqueConstraint("agency", "id"),
    ForeignKeyConstraint(["agency", "wrapped_by"], ["agency_key.agency", "agency_key.seq"]),
)
Index("payload_wrapped_by", payload.c.agency, payload.c.wrapped_by)

#: A child by an id of ours, so that a corrected identifier does not break the order.
child = Table(
    "child",
    metadata,
    Column("id", String, primary_key=True),
    Column("agency", String, ForeignKey("agency.id"), nullable=False),
    Column("merged_into", String),  # two ids of ours that turned out to be one child
    Column("born_digest", String),  # keyed: the birth date, so that a mistyped identifier joins no two children
    Column("next_due_at", BigInteger),  # when the reassessment after the newest known assessment falls due
    UniqueConstraint("agency", "id"),
    ForeignKeyConstraint(["agency", "merged_into"], ["child.agency", "child.id"]),
)

child_identifier = Table(
    "child_identifier",
    metadata,
    Column("agency", String, ForeignKey("agency.id"), primary_key=True),
    Column("kind", String, primary_key=True),  # MEMBER_ID | MEMBER_LOCAL_ID
    Column("digest", String, primary_key=True),
    Column("child", String, nullable=False),
    ForeignKeyConstraint(["agency", "child"], ["child.agency", "child.id"]),
)

#: The deadline of a lane in which nothing has one: later than every moment in milliseconds that is ever met.
NEVER: Final = 2**53

#: (destination, agency, child). ``due_at`` is retry time and lease expiry at once: crash recovery needs no other clock.
lane = Table(
    "lane",
    metadata,
    Column("id", Sequence, primary_key=True, autoincrement=True),
    Column("destination", String, nullable=False),
    Column("agency", String, ForeignKey("agency.id"), nullable=False),
    Column("child", String, nullable=False),
    Column("due_at", BigInteger),  # null while nothing of it may leave
    Column("owner", String),  # the worker that holds the lease
    Column("fence", Integer, nullable=False, default=0),
    Column("deadline_at", BigInteger, nullable=False, server_default=str(NEVER)),  # the earliest of what waits in it
    Column("merged_into", Sequence),  # it only drains: what waited in it waits there
    UniqueConstraint("destination", "agency", "child"),
    UniqueConstraint("agency", "id"),
    ForeignKeyConstraint(["agency", "child"], ["child.agency", "child.id"]),
    ForeignKeyConstraint(["agency", "merged_into"], ["lane.agency", "lane.id"]),
)
Index(
    "lane_due",
    lane.c.destination,
    lane.c.agency,
    lane.c.deadline_at,
    lane.c.due_at,
    sqlite_where=lane.c.due_at.is_not(None),
    postgresql_where=lane.c.due_at.is_not(None),
)
Index(
    "lane_merged",
    lane.c.merged_into,
    sqlite_where=lane.c.merged_into.is_not(None),
    postgresql_where=lane.c.merged_into.is_not(None),
)
Index("lane_owner", lane.c.owner, sqlite_where=lane.c.owner.is_not(None), postgresql_where=lane.c.owner.is_not(None))

submission = Table(
    "submission",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),  # the order in which a lane leaves
    Column("id", String, nullable=False, unique=True),
    Column("agency", String, ForeignKey("agency.id"), nullable=False),
    Column("payload", String, nullable=False),
    Column("ordinal", Integer, nullable=False),  # which assessment of the payload, from 0
    Column("lane", Sequence),  # null for what never leaves through us
    Column("state", String, nullable=False),
    Column("holds", String, nullable=False, default=""),  # causes, separated by blanks
    Column("vouched", String),  # causes that a person's word has cured
    Column("name_change_since", BigInteger),  # while it waits for one
    Column("escalated_at", BigInteger),
    Column("sealed_document_id", LargeBinary, nullable=False),
    Column("document_digest", String, nullable=False),  # keyed: agency, document id, version, type
    Column("content_digest", String, nullable=False),  # keyed: every answer
    Column("spec", String),
    Column("idempotency_key", String, nullable=False, unique=True),
    Column("attempts", Integer, nullable=False, default=0),
    Column("first_sent_at", BigInteger),
    Column("second_try", Boolean, nullable=False, default=False),
    Column("asks", Integer, nullable=False, server_default="0"),  # questions since the last send
    Column("cause", String),  # why it is stuck
    Column("since", BigInteger, nullable=False, server_default="0"),  # in this state
    Column("programme", String, nullable=False, server_default=text("''")),
    Column("deadline_at", BigInteger),
    Column("corrects", String),  # the submission that this one corrects or voids
    Column("verdict", String),
    Column("tracking_id", String),
    Column("poll_at", BigInteger),
    Column("received_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("sealed_assessment", LargeBinary, nullable=False),
    Column("sealed_report", LargeBinary, nullable=False),
    Column("data_key", LargeBinary),  # its own, wrapped by the agency's; null once it is erased
    Column("wrapped_by", Sequence),
    Column("erased_at", BigInteger),
    UniqueConstraint("agency", "id"),
    ForeignKeyConstraint(["agency", "payload"], ["payload.agency", "payload.id"]),
    ForeignKeyConstraint(["agency", "lane"], ["lane.agency", "lane.id"]),
    ForeignKeyConstraint(["agency", "corrects"], ["submission.agency", "submission.id"]),
    ForeignKeyConstraint(["agency", "wrapped_by"], ["agency_key.agency", "agency_key.seq"]),
    sqlite_autoincrement=True,
)
Index("submission_wrapped_by", submission.c.agency, submission.c.wrapped_by)
Index("submission_payload", submission.c.payload)
#: Whether a document came before, in whatever state it ended.
Index("submission_same_document", submission.c.agency, submission.c.document_digest, submission.c.seq)
Index("submission_lane", submission.c.lane, submission.c.seq)
#: What a lane may wait behind: a claim looks at nothing else, however long the history grows.
WAITING: Final = "state IN ('received', 'held', 'handed_off', 'ready', 'sending', 'in_doubt', 'stuck', 'pending')"
Index(
    "submission_waiting",
    submission.c.lane,
    submission.c.seq,
    sqlite_where=text(WAITING),
    postgresql_where=text(WAITING),
)
Index("submission_state", submission.c.state, submission.c.agency, submission.c.since)
Index("submission_agency", submission.c.agency, submission.c.seq)
#: States after which the same document may come again as a new submission.
FREE_AGAIN: Final = ("blocked", "rejected", "cancelled", "closed", "superseded")
_ON_ITS_WAY: Final = submission.c.state.not_in(FREE_AGAIN)
#: One document is on its way once, whoever races.
Index(
    "submission_document",
    submission.c.agency,
    submission.c.document_digest,
    unique=True,
    sqlite_where=_ON_ITS_WAY,
    postgresql_where=_ON_ITS_WAY,
)
Index(
    "submission_poll",
    submission.c.poll_at,
    sqlite_where=submission.c.poll_at.is_not(None),
    postgresql_where=submission.c.poll_at.is_not(None),
)

attempt = Table(
    "attempt",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("agency", String, nullable=False),
    Column("submission", String, nullable=False, index=True),
    Column("kind", String, nullable=False, server_default="send"),  # send | question | poll
    Column("number", Integer, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("outcome", String),  # null: the worker died, or is still at it
    Column("why", String, nullable=False, default=""),
    ForeignKeyConstraint(["agency", "submission"], ["submission.agency", "submission.id"]),
    sqlite_autoincrement=True,
)

event = Table(
    "event",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("agency", String, nullable=False),
    Column("submission", String, nullable=False, index=True),
    Column("at", BigInteger, nullable=False),
    Column("was", String),
    Column("became", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("why", String, nullable=False),
    Column("sealed_note", LargeBinary),  # a person's own words
    ForeignKeyConstraint(["agency", "submission"], ["submission.agency", "submission.id"]),
    sqlite_autoincrement=True,
)

receipt = Table(
    "receipt",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("agency", String, nullable=False),
    Column("submission", String, nullable=False, index=True),
    Column("received_at", BigInteger, nullable=False),
    Column("verdict", String, nullable=False),
    Column("tracking_id", String, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    ForeignKeyConstraint(["agency", "submission"], ["submission.agency", "submission.id"]),
    sqlite_autoincrement=True,
)

#: What was answered to a client's Idempotency-Key, kept as long as the submissions are.
request = Table(
    "request",
    metadata,
    Column("agency", String, ForeignKey("agency.id"), primary_key=True),
    Column("endpoint", String, primary_key=True),
    Column("key_digest", String, primary_key=True),
    Column("body_digest", String, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("status", Integer, nullable=False),
    Column("sealed_answer", LargeBinary, nullable=False),
    Column("payload", String),  # what the request brought; null for one that brought none
)
Index("request_payload", request.c.payload)

destination = Table(
    "destination",
    metadata,
    Column("id", String, primary_key=True),
    Column("failures", Integer, nullable=False, server_default="0"),  # of the road, one after the other
    Column("refusals", Integer, nullable=False, server_default="0"),  # without a reason, one after the other
    Column("opened_at", BigInteger),  # the breaker; null while closed
    Column("probe_at", BigInteger),  # when one lane may try whether the road is open again
    Column("closed_at", BigInteger),  # when the breaker closed last: the ramp begins there
    Column("paced_at", BigInteger, nullable=False, server_default="0"),  # when the rate limit allows the next
)

#: When nothing may leave: a pause (by a person, or by a refusal), or the breaker. Open while ``ended_at`` is null.
closure = Table(
    "closure",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("destination", String, nullable=False),
    Column("kind", String, nullable=False),  # pause | breaker
    Column("agency", String, nullable=False, default=""),  # empty: every one
    Column("programme", String, nullable=False, default=""),  # empty: every one
    Column("began_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("actor", String, nullable=False),
    Column("why", String, nullable=False),
    sqlite_autoincrement=True,
)
_OPEN: Final = closure.c.ended_at.is_(None)
Index(
    "closure_open",
    closure.c.destination,
    closure.c.kind,
    closure.c.agency,
    closure.c.programme,
    unique=True,
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)

#: Consent that was withdrawn: what was received before and has not left stays here.
withdrawal = Table(
    "withdrawal",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("agency", String, ForeignKey("agency.id"), nullable=False),
    Column("child", String, nullable=False, index=True),
    Column("withdrawn_at", BigInteger, nullable=False),
    Column("actor", String, nullable=False),
    Column("sealed_note", LargeBinary),
    ForeignKeyConstraint(["agency", "child"], ["child.agency", "child.id"]),
    sqlite_autoincrement=True,
)

#: By which packages the unsent submissions were judged, newest last; a start with others judges them again.
adoption = Table(
    "adoption",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("adopted_at", BigInteger, nullable=False),
    Column("packages", String, nullable=False),  # a version and its digest a line, then what is sent under
    Column("judged", Integer, nullable=False),
    Column("moved", Integer, nullable=False),
    sqlite_autoincrement=True,
)
