"""Every route, method, form of id and place for one, as a stranger asks: whatever comes back, no byte of it is another's."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from tenant_world import Answer, Holding, World, assessment

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
_PARAMETER: Final = re.compile(r"\{(\w+)\}")
#: What ids of each kind begin with; what has none here begins with its own first letters.
_PREFIXES: Final = {"submission": "sub", "replay": "rep", "assessor": "asr", "webhook": "whk"}
_NOTE: Final = {"note": "Asked by phone."}
#: What a route wants before it looks any deeper; ids in it are another agency's. Others get their own example, or “{}”.
_BODIES: Final[Mapping[str, Callable[[str], dict[str, Any]]]] = {
    "/v1/submissions/{submission}/resolve": lambda _: {**_NOTE, "resolution": "cancel", "not_arrived": True},
    "/v1/submissions/{submission}/replay": lambda _: {**_NOTE, "how": "send", "not_arrived": True},
    "/v1/resolutions": lambda id_: {**_NOTE, "resolution": "cancel", "ids": [id_], "not_arrived": True, "run": True},
    "/v1/replays": lambda id_: {**_NOTE, "ids": [id_], "run": False},
    "/v1/consents": lambda id_: {**_NOTE, "action": "withdraw", "submission": id_},
    "/v1/consents/scopes": lambda id_: {
        **_NOTE,
        "purpose": "Care.",
        "recipient": "ecas",
        "given_on": "2026-01-05",
        "submission": id_,
    },
    "/v1/assessors/{assessor}": lambda _: {"state": "MA"},
    "/v1/webhooks": lambda _: {"url": "https://hooks.example.org/"},
    "/v1/webhooks/{webhook}/rotate": lambda _: {"overlap_hours": 1},
    "/v1/webhooks/{webhook}/on": lambda _: {"resend": True},
}


@dataclass(frozen=True)
class Question:
    """One request, and where an id stands in it that is another's."""

    agency: str
    role: str
    method: str
    #: The route as OpenAPI names it.
    route: str
    path: str
    #: What the id is: “unknown”, “foreign” and so on.
    form: str
    content: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def names_another(self) -> bool:
        return self.form.startswith("foreign") and "{" in self.route


def routes(world: World) -> list[tuple[str, frozenset[str]]]:
    """Return every route of the service with the methods that it takes, as its own OpenAPI document has them."""
    document = world.app.openapi()
    return [(path, frozenset(method.upper() for method in item)) for path, item in document["paths"].items()]


def forms(kind: str, asking: Holding, others: Sequence[Holding]) -> Iterator[tuple[str, str]]:
    """Yield what may stand where an id is asked for: (what it is, as it stands in a path)."""
    yield "unknown", f"{_PREFIXES.get(kind, kind[:3])}_{'z' * 26}"
    for other in others:
        yield "foreign", _id(kind, other)
    id_, other = _id(kind, others[0]), others[0]
    yield "foreign, upper case", id_.upper()
    yield "foreign, encoded", "".join(f"%{ord(sign):02x}" for sign in id_)
    yield "foreign, encoded twice", id_.replace("_", "%255f")
    yield "foreign, and a nul", f"{id_}%00"
    yield "foreign, and a blank", f"{id_}%20"
    yield "foreign, and a line", f"{id_}%0a"
    yield "foreign, from above", f"%2e%2e%2f{id_}"
    yield "foreign, as a path", f"..%2f{kind}s%2f{id_}"
    yield "foreign, after its own", f"{_id(kind, asking)},{id_}"
    yield "foreign, as a pattern", f"{id_[:-1]}%25"
    yield "foreign, of its agency", f"{other.agency}%2f{id_}"
    for another in other.ids:
        if another != kind:
            yield f"foreign, of another kind ({another})", other.ids[another][0]
    yield "foreign agency", other.agency
    yield "foreign document", f"{other.agency}-held"
    yield "nothing", "%20"
    yield "all", "*"
    yield "injected", quote("' OR '1'='1", safe="")


def questions(world: World, agency: str, role: str) -> Iterator[Question]:
    """Yield all that one agency's role may try; what would change its own things is left out."""
    asking, others = world.holdings[agency], _others(world, agency)
    for route, taken in routes(world):
        for method in METHODS:
            yield from _tried(route, method, asking, others, role, wanted=method in taken)


def reaching(world: World, agency: str, role: str) -> Iterator[Question]:
    """Yield the few that reach deepest: every route asked as it wants to be asked, with another's id, and its own to look."""
    asking, others = world.holdings[agency], _others(world, agency)
    for route, taken in routes(world):
        for method in sorted(taken):
            for question in _tried(route, method, asking, others, role, wanted=True):
                if question.form in ("foreign", "its own list", "foreign cursor"):
                    yield question
            if method == "GET" and (kinds := _PARAMETER.findall(route)):
                for id_ in asking.ids.get(kinds[0], ()):
                    yield Question(agency, role, method, route, _PARAMETER.sub(id_, route), "own")


def sent_to_its_own(world: World, agency: str, route: str, taken: frozenset[str]) -> Iterator[Question]:
    """Yield what changes an agency's own submissions: every word that may be said of each."""
    asking = world.holdings[agency]
    for method in taken - {"GET"}:
        content, headers = _content(route, method, asking, asking)
        for id_ in asking.ids["submission"] if "{submission}" in route else ():
            yield Question(agency, "admin", method, route, _PARAMETER.sub(id_, route), "own", content, headers)


def _tried(
    route: str, method: str, asking: Holding, others: Sequence[Holding], role: str, *, wanted: bool
) -> Iterator[Question]:
    if kinds := _PARAMETER.findall(route):
        content, headers = _content(route, method, asking, others[0])
        for form, id_ in forms(kinds[0], asking, others):
            if wanted or (form == "foreign" and role == "admin"):
                path = _PARAMETER.sub(id_.replace("\\", "\\\\"), route)
                yield Question(asking.agency, role, method, route, path, form, content, headers)
        return
    if not wanted and role != "admin":
        return
    for other in others if wanted else others[:1]:
        content, headers = _content(route, method, asking, other)
        id_ = _id("submission", other)
        for form, query in (
            ("its own list", ""),
            ("foreign cursor", f"?after={id_}&about={id_}&agency={other.agency}"),
            ("foreign filter", f"?state=held&limit=1&tenant={other.agency}&submission={id_}"),
        ):
            yield Question(asking.agency, role, method, route, route + query, form, content, headers)


def _id(kind: str, holding: Holding) -> str:
    """Return an id of this kind that the agency has; of what there is none here, one of a submission."""
    return holding.ids.get(kind, holding.ids["submission"])[-2 if kind == "submission" else -1]


def _others(world: World, agency: str) -> list[Holding]:
    return [other for name, other in world.holdings.items() if name != agency]


def _content(
    route: str, method: str, asking: Holding, other: Holding
) -> tuple[bytes | None, tuple[tuple[str, str], ...]]:
    """Return a body that the route takes, and its headers: the names of ours that it holds are another agency's."""
    if method in ("GET", "HEAD", "DELETE", "OPTIONS", "TRACE"):
        return None, ()
    if route in ("/v1/submissions", "/v1/validate") or route.endswith("/correct"):
        # The other agency's own name for its request, and for its document.
        headers = (("Idempotency-Key", f"{other.agency}-held"), ("X-Agency", other.agency))
        body = assessment(asking.agency, f"{asking.agency}-new", AGENCY_ID=None, LDF_SLEEP="7")
        return body, headers
    made = _BODIES.get(route, lambda _: dict(_NOTE))(_id("submission", other))
    return json.dumps(made).encode(), (("X-Agency", other.agency), ("Content-Type", "application/json"))


def ask(world: World, question: Question) -> Answer:
    key = world.holdings[question.agency].keys[question.role]
    return world.ask(key, question.method, question.path, question.content, **dict(question.headers))


def leaked(world: World, question: Question, answer: Answer) -> list[bytes]:
    """Return what of another agency's stands in an answer."""
    whole = answer.whole.lower()
    return [canary for canary in world.foreign(question.agency) if canary.lower() in whole]
