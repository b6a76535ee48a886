"""The matrix of tenants: whoever asks for whatever in whatever form, no byte of an answer is another agency's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from sqlalchemy import event
from tenant_matrix import Question, ask, leaked, questions, reaching
from tenant_world import NAMES, World

from service.credentials.principal import Role

#: Whoever may ask; another role is one more word.
ROLES = [role.value for role in Role]
AT_LEAST = {"sqlite": 1_700, "postgresql": 5_000}
_NO_SUCH_PLACE = (400, 404, 405)


def _all(world: World) -> Iterator[Question]:
    """Yield the matrix: all of it on PostgreSQL, a third of it on SQLite, where the code is the same and the lock is not."""
    asking = NAMES if world.service.engine.dialect.name == "postgresql" else NAMES[:1]
    for agency in asking:
        for role in ROLES:
            yield from questions(world, agency, role)


def test_no_answer_holds_a_byte_of_another_agency(a_world):
    """Every route x method x agency x role x form of id: nothing of another agency's comes back, and no fault of ours."""
    asked, faulty = Counter[str](), list[str]()
    for question in _all(a_world):
        answer = ask(a_world, question)
        asked[question.method] += 1
        where = f"{question.role} {question.method} {question.route} ({question.form}): {answer.status}"
        if leaked(a_world, question, answer):
            faulty.append(f"leaks {where}")
        if answer.status >= 500:
            faulty.append(f"breaks {where}")
        if question.names_another and answer.status not in _NO_SUCH_PLACE:
            faulty.append(f"opens {where}")
    assert faulty == []
    assert asked.total() >= AT_LEAST[a_world.service.engine.dialect.name], asked


@pytest.mark.parametrize("role", ROLES)
def test_what_is_anothers_reads_like_what_never_was(a_world, role):
    """The same status, headers and body, by the same questions to the database: neither text nor time tells them apart."""
    told: dict[tuple[str, str], list[object]] = {}
    statements: list[str] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(a_world.service.engine, "before_cursor_execute", note)
    for question in questions(a_world, NAMES[0], role):
        if question.form in ("unknown", "foreign") and "{" in question.route and question.method != "TRACE":
            statements.clear()
            answer = ask(a_world, question)
            told.setdefault((question.method, question.route), []).append((answer.told, tuple(statements)))
    event.remove(a_world.service.engine, "before_cursor_execute", note)
    assert len(told) >= 20
    assert [route for route, answers in told.items() if any(one != answers[0] for one in answers)] == []


def test_the_matrix_is_not_empty_handed(a_world):
    """An agency sees its own on every route that shows anything: what the matrix looks for does come out at the right door."""
    for agency in NAMES:
        held, shown = a_world.holdings[agency], set[str]()
        for question in reaching(a_world, agency, Role.ADMIN.value):
            answer = ask(a_world, question)
            if answer.status == 200 and any(canary in answer.whole for canary in held.canaries):
                shown.add(question.route)
        assert {
            "/v1/submissions",
            "/v1/submissions/{submission}",
            "/v1/submissions/{submission}/events",
            "/v1/submissions/{submission}/receipts",
            "/v1/replays",
            "/v1/replays/{replay}",
            "/v1/assessors",
        } <= shown
