from __future__ import annotations

import click
import pytest

from service.cli.main import COMMANDS, ecas


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_what_it_does_and_shows_an_example(name):
    """One sentence, and a line to copy."""
    command = ecas.get_command(click.Context(ecas), name)

    assert command is not None
    assert (command.help or "").rstrip().endswith(".")
    assert f"ecas {name}" in (command.epilog or "")
