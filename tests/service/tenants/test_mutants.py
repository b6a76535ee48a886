"""One WHERE forgotten: on PostgreSQL the second lock holds; on SQLite the matrix sees it."""

from __future__ import annotations

from collections import defaultdict

from tenant_matrix import Question, ask, leaked, reaching
from tenant_mutants import Watch, watching
from tenant_world import NAMES, World

from service.credentials.principal import Role

#: Who asks: the role that every route opens for.
_ROLE = Role.ADMIN.value
#: Each time it is asked it makes another one, so that no list is the same twice.
_ANOTHER = ("POST", "/v1/webhooks")


def _by_statement(world: World, watch: Watch) -> dict[str, list[tuple[Question, object]]]:
    """Return each statement that names its agency with the questions that lead to it, and what those are answered."""
    found: dict[str, list[tuple[Question, object]]] = defaultdict(list)
    asked = [question for question in reaching(world, NAMES[0], _ROLE) if (question.method, question.route) != _ANOTHER]
    for question in asked:
        ask(world, question)  # once before: what is done is done, and is answered alike from now on
    for question in asked:
        watch.seen.clear()
        told = ask(world, question).told
        for statement in list(watch.seen):
            found[statement].append((question, told))
    return found


def _without_one(world: World, watch: Watch) -> dict[str, tuple[bool, bool]]:
    """Return of each statement, its agency forgotten: whether another's bytes came back, and whether any answer changed."""
    results = {}
    for statement, asked in _by_statement(world, watch).items():
        watch.mutated, watch.altered = statement, 0
        leaks = changed = False
        for question, told in asked:
            answer = ask(world, question)
            leaks = leaks or bool(leaked(world, question, answer))
            changed = changed or answer.told != told
        if watch.altered:
            results[statement] = (leaks, changed)
    watch.mutated = None
    return results


def test_postgresql_answers_alike_where_a_where_was_forgotten(postgres_world):
    """Whichever statement loses what names its agency: not a byte of any answer is another one."""
    with watching(postgres_world.service.engine) as watch:
        results = _without_one(postgres_world, watch)
    assert len(results) >= 15
    assert [statement for statement, (leaks, changed) in results.items() if leaks or changed] == []


def test_postgresql_answers_alike_where_every_where_was_forgotten(postgres_world):
    """Not one statement names its agency any more, and still every agency gets its own and nothing else."""
    with watching(postgres_world.service.engine) as watch:
        for agency in NAMES:
            asked = list(reaching(postgres_world, agency, _ROLE))
            for question in asked:
                ask(postgres_world, question)
            told = [ask(postgres_world, question).told for question in asked if question.method == "GET"]
            watch.mutated = "*"
            again = [ask(postgres_world, question).told for question in asked if question.method == "GET"]
            watch.mutated = None
            assert again == told
    assert watch.altered >= 100


def test_the_matrix_sees_a_forgotten_where(sqlite_world):
    """On SQLite there is no second lock: there most of the same mutants come to light.

    The rest are read only after another statement has said that it is the agency's own.
    """
    with watching(sqlite_world.service.engine) as watch:
        results = _without_one(sqlite_world, watch)
    assert sum(leaks for leaks, _ in results.values()) >= 3
    assert sum(changed for _, changed in results.values()) >= 10
