from __future__ import annotations

import pytest

from service.cli import main


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plant a bug whose message holds a value."""

    def fail(*_: object) -> object:
        raise ValueError("CANARY-CHILD")

    monkeypatch.setattr("service.cli.payload_files.find", fail)


def test_our_own_fault_is_told_without_any_value(broken, capsys):
    """Exit code 4, the kind of the fault and its frame; no message, no traceback."""
    code = main.outcome(["validate", "export.json"])

    told = capsys.readouterr()
    assert code == 4
    assert "ValueError at " in told.err
    assert ", in fail." in told.err
    assert "CANARY" not in told.err + told.out
    assert "Traceback" not in told.err
