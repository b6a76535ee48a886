from __future__ import annotations

from contextlib import suppress

import pytest

from canonical.errors import ConfigurationError
from service.cli import watch
from service.cli.client import Answer, Unreachable
from service.watched.folder import Folder
from service.watched.settling import Settling


class Stranger:
    """Answers every request alike."""

    def __init__(self, answer: Answer | Unreachable) -> None:
        self._answer = answer

    def post(self, *_: object, **__: str) -> Answer:
        if isinstance(self._answer, Unreachable):
            raise self._answer
        return self._answer


NO_WORD = [
    pytest.param(Answer(status=200, data={}), id="another service"),
    pytest.param(Answer(status=200, data={"submissions": []}), id="not taken, only told"),
    pytest.param(Answer(status=202, data={"queued": True}), id="taken by somebody else"),
    pytest.param(Answer(status=301, data={"submissions": []}), id="moved"),
    pytest.param(Answer(status=404, data={"title": "Not Found"}), id="another address"),
    pytest.param(Answer(status=429, data={}), id="later"),
    pytest.param(Unreachable("broken", status=500), id="a fault of the service"),
    pytest.param(Unreachable("away"), id="away"),
]


@pytest.mark.parametrize("answer", NO_WORD)
def test_a_file_stays_claimed_until_the_service_has_taken_it(answer, tmp_path):
    """Only the 202 that names its submissions, or a refusal of its content, ends a file: anything else would lose it."""
    (tmp_path / "monday.json").write_text("{}")
    with Folder(tmp_path) as folder, watch._told_to_stop() as told:
        watching = watch._Watch(folder, Stranger(answer), told, Settling(0), "auto", 1000)  # type: ignore[arg-type]
        with suppress(ConfigurationError):
            watching._look()
        assert [name for name, _ in folder.taken()] == ["monday.json"]
    assert [list((tmp_path / part).iterdir()) for part in ("done", "failed")] == [[], []]


def test_what_the_service_has_taken_is_done(tmp_path):
    """The case on which the one above rests."""
    (tmp_path / "monday.json").write_text("{}")
    with Folder(tmp_path) as folder, watch._told_to_stop() as told:
        stranger = Stranger(Answer(status=202, data={"submissions": []}))
        watch._Watch(folder, stranger, told, Settling(0), "auto", 1000)._look()  # type: ignore[arg-type]
        assert folder.taken() == []
    assert {one.name for one in (tmp_path / "done").iterdir()} == {"monday.json", "monday.json.result.json"}
