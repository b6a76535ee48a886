from __future__ import annotations

from datetime import UTC, datetime

import pytest

from service.cli.checker import Checker
from service.cli.judging_options import Choices
from service.edits import mending

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MAPPING = """agency = "riverbend"
format = "delimited"
effective = 2026-01-01
[items]
MEMBER_LOCAL_ID = { from = "Nr" }
MEMBER_DOB      = { from = "Born", date = "%m/%d/%Y" }
"""
CONTENT = b"Nr,Born\n7,2015-03-02\n"


@pytest.fixture
def mended(tmp_path):
    (tmp_path / "m.toml").write_text(MAPPING)
    (tmp_path / "export.csv").write_bytes(CONTENT)
    choices = Choices(format="delimited", mapping=tmp_path / "m.toml", certification=False)
    return lambda: mending.mend(Checker(choices, NOW), tmp_path / "export.csv")


def test_a_certain_edit_is_in_the_content(mended):
    """The case on which the one below rests."""
    found = mended()
    assert (found.content, len(found.mended), found.astray) == (b"Nr,Born\n7,03/02/2015\n", 1, False)


@pytest.mark.parametrize("astray", [(b"\n7,", b"\n8,"), (b"03/02/2015", b"1")], ids=["another cell", "no day"])
def test_an_edit_that_goes_astray_is_not_made(astray, mended, monkeypatch):
    """Whatever put it elsewhere: what changes the answer of another cell, or mends nothing, stays out of the file."""
    right = mending.applied
    monkeypatch.setattr(mending, "applied", lambda content, edits: right(content, edits).replace(*astray))
    found = mended()
    assert (found.content, found.mended, found.astray) == (CONTENT, (), True)
