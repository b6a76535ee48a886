"""What the commands about waiting work refuse before they ask anybody, in one sentence."""

from __future__ import annotations

import pytest

from service.cli.main import outcome


@pytest.mark.parametrize(
    "arguments",
    [
        ["resolve", "arrived", "sub_a"],
        ["resolve", "guess", "sub_a", "--note", "n"],
        ["resolve", "ask", "--run"],
        ["resolve", "ask", "--agency", "riverbend", "--every-agency"],
        ["replay", "run", "--state", "stuck"],
        ["replay", "run", "--state", "accepted", "--note", "n"],
        ["replay", "preview", "--cause", "boredom"],
        ["replay", "run", "--per-minute", "0", "--note", "n"],
        ["replay", "show", "../submissions"],
        ["cancel", "sub_a"],
        ["void", "sub_a"],
        ["correct", "sub_a"],
        ["correct", "sub_a/../x", "nowhere.json"],
        ["consent", "withdraw", "--note", "n"],
        ["consent", "withdraw", "--submission", "sub_a", "--member-id-file", "f", "--note", "n"],
        ["consent", "withdraw", "--member-id-file", "nowhere.txt", "--note", "n"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_a_sentence(arguments, tmp_path, monkeypatch, capsys):
    """Exit 2, one sentence, and neither a service nor a database was needed to say so."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ECAS_API_KEY", "ecas_x")
    monkeypatch.setenv("ECAS_URL", "http://127.0.0.1:9")
    assert outcome(arguments) == 2
    printed = capsys.readouterr()
    assert (printed.out, "Traceback" in printed.err) == ("", False)
    assert printed.err.strip()
    assert not (tmp_path / "var").exists()
