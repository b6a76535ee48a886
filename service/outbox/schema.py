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

#: Roster files as imported, newest last.
roster = Table(
    "roster",
    metadata,
    Column("seq", _Sequence, primary_key=True, autoincrement=True),
    Column("agency", String, ForeignKey("agency.id"), nullable=False, index=True),
    Column("imported_at", BigInteger, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

#: Assessors of an agency's roster, under their present names. Nobody is ever deleted.
assessor = Table(
    "assessor",
    metadata,
    Column("seq", _Sequence, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("agency", String, ForeignKey("agency.id"), nullable=False),
    Column("gone_at", BigInteger),
    Column("sealed", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)
Index("assessor_agency", assessor.c.agency, assessor.c.seq)

#: Certification keys: a keyed digest to find one by, the key itself sealed.
certificate = Table(
    "certificate",
    metadata,
    Column("seq", _Sequence, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("agency", String, ForeignKey("agency.id"), nullable=False),
    Column("assessor", String, ForeignKey("assessor.id"), nullable=False),
    Column("key_digest", String, nullable=False),
    Column("name_digests", String, nullable=False),  # keyed, separated by blanks: whether two agencies mean one person
    Column("archived", Boolean, nullable=False),
    Column("gone_at", BigInteger),
    Column("sealed", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)
Index("certificate_agency", certificate.c.agency, certificate.c.seq)
Index("certificate_key", certificate.c.key_digest)

#: Who saw which certificate, or the digest of its document.
evidence = Table(
    "evidence",
    metadata,
    Column("seq", _Sequence, primary_key=True, autoincrement=True),
    Column("agency", String, ForeignKey("agency.id"), nullable=False),
    Column("certificate", String, ForeignKey("certificate.id"), nullable=False, index=True),
    Column("added_at", BigInteger, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

#: Every change of a roster: who, when, what, and all that was known of the person after it. Only ever added to.
roster_change = Table(
    "roster_change",
    metadata,
    Column("seq", _Sequence, primary_key=True, autoincrement=True),
    Column("agency", String, ForeignKey("agency.id"), nullable=False),
    Column("assessor", String, ForeignKey("assessor.id"), nullable=False, index=True),
    Column("at", BigInteger, nullable=False),
    Column("actor", String, nullable=False),
    Column("what", String, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)
Index("roster_change_agency", roster_change.c.agency, roster_change.c.seq)

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
    Column("sealed_note", LargeBinary),  # a person's own words
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

#: By which packages the unsent submissions were judged, newest last; a start with others judges them again.
adoption = Table(
    "adoption",
    metadata,
    Column("seq", _Sequence, primary_key=True, autoincrement=True),
    Column("adopted_at", BigInteger, nullable=False),
    Column("packages", String, nullable=False),  # a version and its digest a line, then what is sent under
    Column("judged", Integer, nullable=False),
    Column("moved", Integer, nullable=False),
    sqlite_autoincrement=True,
)
