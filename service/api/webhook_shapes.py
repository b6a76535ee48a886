"""The shapes of webhooks: what may be sent, and what is answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import AwareDatetime, ConfigDict, Field, SecretStr
from pydantic.config import JsonDict

from canonical.submission import State
from service.api.assessor_shapes import Given
from service.api.shapes import Shape
from service.clock import utc_text
from service.webhooks.endpoint import Endpoint, Message, OffCause

_ID: Final = "whk_2hpzcnae4x7mmvq2r3w5ybkd6t"
_URL: Final = "https://ehr.example.org/hooks/ecas"
_ENDPOINT: Final[JsonDict] = {
    "id": _ID,
    "url": _URL,
    "states": ["accepted", "rejected"],
    "made_at": "2026-03-02T14:05:09.120Z",
    "made_by": "Dana Whitfield (key_x5t2hpzcnae4x7mmvq2r3w5ybkd6)",
    "secret_before_until": None,
    "delivered_at": "2026-03-02T14:09:30.007Z",
    "failing_since": None,
    "off_at": None,
    "off_cause": None,
    "why": None,
    "waiting": 0,
    "dead": 0,
}
_MESSAGE: Final[JsonDict] = {
    "id": "msg_5ybkd6t2hpzcnae4x7mmvq2r3w",
    "type": "submission.accepted",
    "submission": "sub_4x7mmvq2r3w5ybkd6t2hpzcnae",
    "number": 4,
    "at": "2026-03-02T14:09:29.120Z",
    "outcome": "delivered",
    "tries": 1,
    "answer": "200",
    "due_at": None,
    "ended_at": "2026-03-02T14:09:30.007Z",
}

#: By the titles of the shapes below; nulls in them would be lost in the shapes themselves.
EXAMPLES: Final[Mapping[str, Any]] = {
    "Webhook": _ENDPOINT,
    "Webhooks": {"webhooks": [_ENDPOINT]},
    "WebhookSecret": {"id": _ID, "secret": "whsec_bm90IGEgc2VjcmV0LCBvbmx5IGFuIGV4YW1wbGU="},
    "WebhookTest": {"message": _MESSAGE["id"]},
    "WebhookMessage": _MESSAGE,
    "WebhookMessages": {"messages": [_MESSAGE], "next": None},
}


class GivenWebhook(Given):
    """An endpoint to tell of changes of state."""

    model_config = ConfigDict(
        extra="forbid",
        hide_input_in_errors=True,
        json_schema_extra={"example": {"url": _URL, "states": ["accepted", "rejected"]}},
    )

    url: SecretStr = Field(min_length=1, max_length=2000, description="https://…; it may hold a secret of yours.")
    states: list[State] = Field([], max_length=len(State), description="Only these; none for all of them.")


class GivenRotation(Given):
    """How long the secret before signs beside the new one."""

    model_config = ConfigDict(
        extra="forbid", hide_input_in_errors=True, json_schema_extra={"example": {"overlap_hours": 24}}
    )

    overlap_hours: int = Field(24, ge=0, le=720, description="0 where the secret leaked.")


class GivenSwitch(Given):
    """Whether what was given up is sent after all."""

    model_config = ConfigDict(
        extra="forbid", hide_input_in_errors=True, json_schema_extra={"example": {"resend": True}}
    )

    resend: bool = Field(default=False, description="Send what was given up in the last 30 days.")


class WebhookShape(Shape):
    """An endpoint, and how it does."""

    model_config = ConfigDict(extra="forbid", title="Webhook")

    id: str
    url: str
    states: list[State] = Field(description="Of which it is told; empty for all.")
    made_at: AwareDatetime
    made_by: str
    secret_before_until: AwareDatetime | None = Field(description="Until then two signatures are sent.")
    delivered_at: AwareDatetime | None = Field(description="When it took a message last.")
    failing_since: AwareDatetime | None
    off_at: AwareDatetime | None = Field(description="Since then it is told nothing, until a person switches it on.")
    off_cause: OffCause | None
    why: str | None
    waiting: int
    dead: int = Field(description="Given up; “on” with “resend” sends them.")


class WebhooksShape(Shape):
    """All of the agency's, oldest first."""

    model_config = ConfigDict(extra="forbid", title="Webhooks")

    webhooks: list[WebhookShape]


class WebhookSecretShape(Shape):
    """An endpoint's secret, shown this once."""

    model_config = ConfigDict(extra="forbid", title="WebhookSecret")

    id: str
    secret: str = Field(description="“whsec_” and base64 of the key of HMAC-SHA256.")


class WebhookTestShape(Shape):
    """A test message, written down; a worker sends it."""

    model_config = ConfigDict(extra="forbid", title="WebhookTest")

    message: str = Field(description="Its “webhook-id”.")


class WebhookMessageShape(Shape):
    """One message, and what came of it."""

    model_config = ConfigDict(extra="forbid", title="WebhookMessage")

    id: str = Field(description="The header “webhook-id”.")
    type: str
    submission: str | None = Field(description="Null for a test.")
    number: int = Field(description="Its place in the submission's history.")
    at: AwareDatetime
    outcome: Literal["waiting", "delivered", "dead"]
    tries: int
    answer: str | None = Field(description="The last one: a status, or why there was none.")
    due_at: AwareDatetime | None
    ended_at: AwareDatetime | None


class WebhookMessagesShape(Shape):
    """What an endpoint was told, newest first."""

    model_config = ConfigDict(extra="forbid", title="WebhookMessages")

    messages: list[WebhookMessageShape]
    next: str | None = Field(description="Give it as “after” for the next page; null on the last one.")


def endpoint_data(endpoint: Endpoint) -> dict[str, Any]:
    """Return an endpoint as an answer tells it."""
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "states": [state.value for state in endpoint.states],
        "made_at": utc_text(endpoint.made_at),
        "made_by": endpoint.made_by,
        "secret_before_until": utc_text(endpoint.before_until),
        "delivered_at": utc_text(endpoint.delivered_at),
        "failing_since": utc_text(endpoint.failing_since),
        "off_at": utc_text(endpoint.off_at),
        "off_cause": None if endpoint.off_cause is None else endpoint.off_cause.value,
        "why": None if endpoint.off_cause is None else endpoint.off_cause.words,
        "waiting": endpoint.waiting,
        "dead": endpoint.dead,
    }


def message_data(message: Message) -> dict[str, Any]:
    """Return a message as an answer tells it."""
    return {
        "id": message.id,
        "type": message.type,
        "submission": message.submission,
        "number": message.number,
        "at": utc_text(message.at),
        "outcome": message.outcome,
        "tries": message.tries,
        "answer": message.answer,
        "due_at": utc_text(message.due_at),
        "ended_at": utc_text(message.ended_at),
    }
