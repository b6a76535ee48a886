"""Every request that somebody was recognised for has its entry, and no answer leaves before that is on disk.

What a request changes is told by the transaction that changes it (``told``); what it only looked at, and what it was
refused, is told here. A route that the table below does not know is told by its method and its template.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from sqlalchemy.exc import DBAPIError
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.problems import STORE_UNAVAILABLE, tell
from service.audit.acting import Acting, act, present
from service.audit.at_once import AtOnce
from service.audit.deed import Deed
from service.audit.entry import Outcome
from service.audit.failed_logins import FailedLogins
from service.credentials.principal import Principal


class Told(NamedTuple):
    """How a route is told."""

    action: str
    #: True where the transaction of the deed tells it, unless it is refused.
    told: bool = False


_SUBMISSION: Final = "/v1/submissions/{submission}"
#: The routes by method and template.
ROUTES: Final[Mapping[tuple[str, str], Told]] = {
    ("POST", "/v1/validate"): Told("payload.validate"),
    ("POST", "/v1/map"): Told("payload.map"),
    ("POST", "/v1/submissions"): Told("submission.submit", told=True),
    ("GET", "/v1/submissions"): Told("submissions.listed"),
    ("GET", _SUBMISSION): Told("submission.read"),
    ("GET", f"{_SUBMISSION}/events"): Told("submission.events.read"),
    ("GET", f"{_SUBMISSION}/attempts"): Told("submission.attempts.read"),
    ("GET", f"{_SUBMISSION}/report"): Told("submission.report.read"),
    ("GET", f"{_SUBMISSION}/receipts"): Told("submission.receipts.read"),
    ("GET", f"{_SUBMISSION}/document"): Told("submission.disclosure"),
    ("GET", f"{_SUBMISSION}/worksheet"): Told("submission.disclosure"),
    ("POST", f"{_SUBMISSION}/hold"): Told("submission.hold", told=True),
    ("POST", f"{_SUBMISSION}/release"): Told("submission.release", told=True),
    ("POST", f"{_SUBMISSION}/resolve"): Told("submission.resolve", told=True),
    ("POST", f"{_SUBMISSION}/replay"): Told("submission.replay"),
    ("POST", f"{_SUBMISSION}/cancel"): Told("submission.cancel", told=True),
    ("POST", f"{_SUBMISSION}/void"): Told("submission.void", told=True),
    ("POST", f"{_SUBMISSION}/correct"): Told("submission.correct", told=True),
    ("POST", f"{_SUBMISSION}/close"): Told("submission.close", told=True),
    ("POST", "/v1/resolutions"): Told("submissions.resolve"),
    ("GET", "/v1/replays"): Told("replays.listed"),
    ("POST", "/v1/replays"): Told("replay.order"),
    ("GET", "/v1/replays/{replay}"): Told("replay.read"),
    ("POST", "/v1/replays/{replay}/pause"): Told("replay.pause"),
    ("POST", "/v1/replays/{replay}/resume"): Told("replay.resume"),
    ("POST", "/v1/replays/{replay}/cancel"): Told("replay.cancel"),
    ("POST", "/v1/submissions/search"): Told("submissions.listed"),
    ("GET", "/v1/deadlines"): Told("deadlines.listed"),
    ("GET", "/v1/handoffs"): Told("handoffs.listed"),
    ("POST", "/v1/consents"): Told("consent.withdraw", told=True),
    ("POST", "/v1/consents/scopes"): Told("consent.scope", told=True),
    ("GET", "/v1/consents"): Told("consents.listed"),
    ("GET", "/v1/assessors"): Told("roster.read"),
    ("POST", "/v1/assessors"): Told("roster.changed", told=True),
    ("PATCH", "/v1/assessors/{assessor}"): Told("roster.changed", told=True),
    ("POST", "/v1/certification-keys/check"): Told("certification_key.check"),
    ("GET", "/v1/audit"): Told("audit.read"),
    ("GET", "/v1/webhooks"): Told("webhooks.listed"),
    ("POST", "/v1/webhooks"): Told("webhook.made", told=True),
    ("GET", "/v1/webhooks/{webhook}"): Told("webhook.read"),
    ("DELETE", "/v1/webhooks/{webhook}"): Told("webhook.removed", told=True),
    ("POST", "/v1/webhooks/{webhook}/rotate"): Told("webhook.rotated", told=True),
    ("POST", "/v1/webhooks/{webhook}/on"): Told("webhook.switched_on", told=True),
    ("POST", "/v1/webhooks/{webhook}/test"): Told("webhook.tested", told=True),
    ("GET", "/v1/webhooks/{webhook}/messages"): Told("webhook.messages.read"),
    ("GET", "/v1/specs"): Told("specs.listed"),
    ("GET", "/v1/mappings"): Told("mappings.listed"),
    ("GET", "/fhir/Questionnaire"): Told("questionnaire.read"),
    ("GET", "/fhir/Questionnaire/{questionnaire}"): Told("questionnaire.read"),
    ("POST", "/fhir/QuestionnaireResponse/$validate"): Told("payload.validate"),
    ("POST", "/fhir"): Told("submission.submit", told=True),
}
#: What asks for no principal, and tells nothing of anybody; a token that was given is told where it is given.
OPEN: Final = frozenset({"/healthz", "/readyz", "/metrics", "/openapi.json", "/fhir/metadata", "/oauth2/token"})
_ID: Final = re.compile(r"[a-z]{3}_[a-z0-9]{1,64}")
_UNAUTHORIZED: Final = 401
_REFUSED: Final = 400
_FAILED: Final = 500


def recognised(request: Request, principal: Principal) -> None:
    """Let whatever this request does be this principal's deed; called where the credential is recognised."""
    act(
        Acting(
            principal=principal.id,
            role=principal.role.value,
            deed=_told(request.scope).action,
            request=request.scope["request_id"],
        )
    )


def counted(request: Request, detail: str) -> None:
    """Let the entry of this request tell what it was about, in counts of ours: never in words of what was sent."""
    request.scope["audit_detail"] = detail


class Audited:
    """Stands around the application, within what names requests and turns errors into problems."""

    def __init__(self, app: ASGIApp, at_once: AtOnce, failed_logins: FailedLogins) -> None:
        """Write by these."""
        self._app = app
        self._at_once = at_once
        self._failed_logins = failed_logins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its answer when the entry is written."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        act(None)

        unwritten: DBAPIError | None = None

        async def when_written(message: Message) -> None:
            nonlocal unwritten
            if message["type"] == "http.response.start" and (deed := self._deed(scope, message["status"])) is not None:
                try:
                    await self._at_once.note(deed)
                except DBAPIError as error:
                    unwritten = error
            if unwritten is None:  # what is not written down is not answered
                await send(message)

        await self._app(scope, receive, when_written)
        if unwritten is not None:
            tell(unwritten, scope)
            await STORE_UNAVAILABLE.response()(scope, receive, send)

    def _deed(self, scope: Scope, status: int) -> Deed | None:
        """Return what is to be told of a request that is about to be answered with this status."""
        if status == _UNAUTHORIZED:
            return self._failed_logins.one_more()
        who = present()
        if who is None or scope.get("agency") is None or _template(scope) in OPEN:
            return None
        told = _told(scope)
        if told.told and status < _REFUSED:
            return None
        kind, about = _named(scope, status)
        return Deed(
            agency=scope["agency"],
            action=told.action,
            outcome=_outcome(status),
            detail=" ".join(filter(None, (f"status={status}", scope.get("audit_detail")))),
            kind=kind,
            about=about,
        )


def _named(scope: Scope, status: int) -> tuple[str, str]:
    """Return what the address names; of what was refused nobody knows that it is an id of ours, so it is not kept."""
    if status >= _REFUSED:
        return "", ""
    for kind, value in scope.get("path_params", {}).items():
        if _ID.fullmatch(str(value)):
            return str(kind), str(value)
    return "", ""


def _outcome(status: int) -> Outcome:
    if status < _REFUSED:
        return Outcome.DONE
    return Outcome.REFUSED if status < _FAILED else Outcome.FAILED


def _told(scope: Scope) -> Told:
    key = (scope["method"], _template(scope))
    return ROUTES.get(key) or Told(" ".join(key))


def _template(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "path", "unmatched"))
