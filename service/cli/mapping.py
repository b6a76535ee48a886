"""``ecas mapping``: drafts an agency's mapping from a sample, checks it against a package, and runs its cases."""

from __future__ import annotations

from importlib import import_module
from typing import Final

import click

#: The subcommands, imported when they are asked for; the module of that name holds it as ``command``.
_ELSEWHERE: Final = {"init": "mapping_init", "check": "mapping_check", "test": "mapping_test"}


class MappingCommands(click.Group):
    """The subcommands, in the order of use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all names."""
        del ctx
        return list(_ELSEWHERE)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one subcommand."""
        del ctx
        if cmd_name not in _ELSEWHERE:
            return None
        found = import_module(f"service.cli.{_ELSEWHERE[cmd_name]}").command
        assert isinstance(found, click.Command)
        return found


@click.group(cls=MappingCommands, epilog="\b\nExample:\n  ecas mapping check mappings/riverbend.toml")
def command() -> None:
    """Draft a mapping from a sample, check it, and run its cases."""
