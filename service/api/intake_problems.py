"""What intake and the lists answer when they do not do what was asked."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from service.api.problems import DISK_FULL, IDEMPOTENCY_KEY_REUSED, NO_IDEMPOTENCY_KEY, Problem
from service.crowding import RETRY_AFTER, Full
from service.intake import TooManyAssessments

STILL_RUNNING: Final = Problem(
    name="still-running",
    status=409,
    title="Still running",
    detail="A request with this Idempotency-Key is being worked on. Send it again later with the same key: it is then "
    "answered as the first one was.",
    headers={"Retry-After": "5"},
)
TOO_MANY_ASSESSMENTS: Final = Problem(
    name="too-many-assessments",
    status=413,
    title="Too many assessments",
    detail="The payload holds “count” assessments or more, and the service takes at most “most” at once; none was taken. "
    "Send them in several payloads.",
)
QUEUE_FULL: Final = Problem(
    name="queue-full",
    status=429,
    title="Your queue is full",
    detail="“waiting” of your submissions wait already, and “most” may; nothing was taken. Cure what is held or stuck, or "
    "wait until some have left; then send the request again, with the same Idempotency-Key.",
    headers={"Retry-After": str(RETRY_AFTER)},
)
SERVICE_FULL: Final = Problem(
    name="service-full",
    status=503,
    title="The service is full",
    detail="So many submissions of all agencies wait that no more are taken; nothing was taken. Its operator sees it too. "
    "Send the request again later, with the same Idempotency-Key.",
    headers={"Retry-After": str(RETRY_AFTER)},
)
UNKNOWN_CURSOR: Final = Problem(
    name="unknown-cursor",
    status=400,
    title="No such page",
    detail="“after” is the “next” of the page before, and this is none of yours. Begin again without it.",
)
#: What is known of a submission but is not there to be read.
NO_DOCUMENT: Final = Problem(
    name="no-document",
    status=409,
    title="There is no document of it",
    detail="Judging stopped it before a document could be built; its report says why.",
)
NOT_REPRODUCIBLE: Final = Problem(
    name="not-reproducible",
    status=409,
    title="The document cannot be shown as it was sent",
    detail="The specification package under which it was sent is not at hand any more, and another one builds other bytes. "
    "Its receipts hold the digest of what was sent.",
)

NO_SPEC_IN_FORCE: Final = Problem(
    name="no-spec-in-force",
    status=422,
    title="No specification for that date",
    detail="No published specification package covers that date; GET /v1/specs lists those that are at hand.",
)
WRONG_MEDIA_TYPE: Final = Problem(
    name="wrong-media-type",
    status=415,
    title="Not FHIR",
    detail="Send FHIR as JSON or XML, with Content-Type application/fhir+json or application/fhir+xml. "
    "Other formats are for POST /v1/submissions.",
)
NOT_ACCEPTABLE: Final = Problem(
    name="not-acceptable",
    status=406,
    title="Only JSON",
    detail="Answers are application/fhir+json: let Accept allow it.",
)

#: What every route that takes a payload once may refuse.
TAKING: Final = (
    NO_IDEMPOTENCY_KEY,
    IDEMPOTENCY_KEY_REUSED,
    STILL_RUNNING,
    TOO_MANY_ASSESSMENTS,
    QUEUE_FULL,
    SERVICE_FULL,
    DISK_FULL,
)


def install(app: FastAPI) -> None:
    """Answer with these what intake raises."""
    app.add_exception_handler(Full, _full)  # type: ignore[arg-type] # starlette asks for a handler of any exception
    app.add_exception_handler(TooManyAssessments, _too_many)  # type: ignore[arg-type] # same


def _full(_: Request, full: Full) -> Response:
    """Tell an agency how many of its own wait; of everybody's it learns nothing."""
    if full.whose == "agency":
        return QUEUE_FULL.having(waiting=full.waiting, most=full.most).response()
    return SERVICE_FULL.response()


def _too_many(_: Request, fault: TooManyAssessments) -> Response:
    return TOO_MANY_ASSESSMENTS.having(count=fault.count, most=fault.most).response()
