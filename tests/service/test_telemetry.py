"""Logs are made of an allow-list."""

from __future__ import annotations

import json

import structlog

from service import telemetry


def test_what_is_not_on_the_list_never_reaches_the_log(capsys):
    """Neither an unknown field nor an object, whatever its text would be."""
    telemetry.configure("info")
    try:
        log = structlog.get_logger()
        log.info("attempt settled", submission="sub_1", member="canary", state={"name": "canary"})
        log.debug("canary below the level")
    finally:
        structlog.reset_defaults()
    (line,) = capsys.readouterr().err.splitlines()
    assert "canary" not in line
    assert json.loads(line)["submission"] == "sub_1"
