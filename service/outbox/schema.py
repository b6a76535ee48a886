"""The tables. Every column in the clear is a name of ours, a state, a time or a count; the rest is sealed."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

#: Constraint names that alembic can rely on, on every back end.
metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: A sequence that both back ends count up and never reuse.
_Sequence: Final = BigInteger().with_variant(Integer, "sqlite")

agency = Table(
    "agency",
    metadata,
    Column("id", String, primary_key=True),
    Column("route", String, nullable=False),  # not_live | ecas | virtual_gateway
    Column("created_at", BigInteger, nullable=False),
)

api_key = Table(
    "api_key",
    metadata,
    Column("id", String, primary_key=True),
    Column("agency", String, ForeignKey("agency.id"), nullable=False, index=True),
    Column("digest", String, nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
)

#: Rosters as imported, newest last; history is kept, never overwritten.
roster = Table(
    "roster",
    metadata,
    Column("seq", _Sequence, primary_key=True, autoincrement=True),
    Column("agency", String, ForeignKey("agency.id"), nullable=False, index=True),
    Column("imported_at", BigInteger, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

payload = Table(
    "payload",
    metadata,
    Column("id", String, primary_key=True),
    Column("agency", String, ForeignKey("agency.id"), nullable=False, index=True),
    Column("format", String, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

#: A child by an id of ours, so that a corrected identifier does not break the order.
child = Table(
    "child",
    metadata,
    Column("id", String, primary_key=True),
    Column("agency", String, ForeignKey("agency.id"), nullable=False),
)

child_identifier = Table(
    "child_identifier",
    metadata,
    Column("agency", String, ForeignKey("agency.id"), primary_key=True),
    Column("kind", String, primary_key=True),  # MEMBER_ID | MEMBER_LOCAL_ID
    Column("digest", String, primary_key=True),
    Column("child", String, ForeignKey("child.id"), nullable=False),
)

#: (destination, agency, child). ``due_at`` is retry time and lease expiry at once: crash recovery needs no other clock.
lane = Table(
    "lane",
    metadata,
    Column("id", _Sequence, primary_key=True, autoincrement=True),
    Column("destination", String, nullable=False),
    Column("agency", String, ForeignKey("agency.id"), nullable=False),
    Column("child", String, ForeignKey("child.id"), nullable=False),
    Column("due_at", BigInteger),  # null while nothing of it may leave
    Column("owner", String),  # the worker that holds the lease
    Column("fence", Integer, nullable=False, default=0),
    UniqueConstraint("destination", "agency", "child"),
)
Index(
    "lane_due",
    lane.c.destination,
    lane.c.agency,
    lane.c.due_at,
    sqlite_where=lane.c.due_at.is_not(None),
    postgresql_where=lane.c.due_at.is_not(None),
)
Index("lane_owner", lane.c.owner, sqlite_where=lane.c.owner.is_not(None), postgresql_where=lane.c.owner.is_not(None))

submission = Table(
    "submission",
    metadata,
    Column("seq", _Sequence, primary_key=True, autoincrement=True),  # the order in which a lane leaves
    Column("id", String, nullable=False, unique=True),
    Column("agency", String, ForeignKey("agency.id"), nullable=False),
    Column("payload", String, ForeignKey("payload.id"), nullable=False),
    Column("ordinal", Integer, nullable=False),  # which assessment of the payload, from 0
    Column("lane", _Sequence, ForeignKey("lane.id")),  # null for what never leaves through us
    Column("state", String, nullable=False),
    Column("holds", String, nullable=False, default=""),  # causes, separated by blanks
    Column("sealed_document_id", LargeBinary, nullable=False),
    Column("document_digest", String, nullable=False),  # keyed: agency, document id, version, type
    Column("content_digest", String, nullable=False),  # keyed: every answer
    Column("spec", String),
    Column("idempotency_key", String, nullable=False, unique=True),
    Column("attempts", Integer, nullable=False, default=0),
    Column("first_sent_at", BigInteger),
    Column("second_try", Boolean, nullable=False, default=False),
    Column("verdict", String),
    Column("tracking_id", String),
    Column("poll_at", BigInteger),
    Column("received_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("sealed_assessment", LargeBinary, nullable=False),
    Column("sealed_report", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)
Index("submission_lane", submission.c.lane, submission.c.seq)
Index("submission_agency", submission.c.agency, submission.c.seq)
Index("submission_document", submission.c.agency, submission.c.document_digest)
Index(
    "submission_poll",
    submission.c.poll_at,
    sqlite_where=submission.c.poll_at.is_not(None),
    postgresql_where=submission.c.poll_at.is_not(None),
)

attempt = Table(
    "attempt",
    metadata,
    Column("seq", _Sequence, primary_key=True, autoincrement=True),
    Column("submission", String, ForeignKey("submission.id"), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("outcome", String),  # null: the worker died, or is still at it
    Column("why", String, nullable=False, default=""),
    sqlite_autoincrement=True,
)

event = Table(
    "event",
    metadata,
    Column("seq", _Sequence, primary_key=True, autoincrement=True),
    Column("submission", String, ForeignKey("submission.id"), nullable=False, index=True),
    Column("at", BigInteger, nullable=False),
    Column("was", String),
    Column("became", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("why", String, nullable=False),
    sqlite_autoincrement=True,
)

receipt = Table(
    "receipt",
    metadata,
    Column("seq", _Sequence, primary_key=True, autoincrement=True),
    Column("submission", String, ForeignKey("submission.id"), nullable=False, index=True),
    Column("received_at", BigInteger, nullable=False),
    Column("verdict", String, nullable=False),
    Column("tracking_id", String, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
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
)

destination = Table(
    "destination",
    metadata,
    Column("id", String, primary_key=True),
    Column("paused_at", BigInteger),
    Column("paused_why", String, nullable=False, default=""),
)
