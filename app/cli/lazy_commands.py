"""Commands that are imported only when they run.

Importing what a command needs (the database, the rules, the GraphQL schema) takes several times as long as printing the help.
"""

from __future__ import annotations

import gc
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand
from typer.main import get_command


class LazyCommand(TyperCommand):
    """A command or a group of commands that has only a name and a summary until it runs.

    `source` says where the function of the command, or the `typer.Typer` of the group, is: ``module:name``.
    """

    def __init__(self, name: str, *, source: str, summary: str) -> None:
        super().__init__(name, help=summary)
        self.source = source

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """The context of the imported command, which then runs instead of this one."""
        return get_command(self._import()).make_context(*args, **kwargs)

    def _import(self) -> typer.Typer:
        module, _, name = self.source.partition(":")
        # What an import creates is not freed. Collecting garbage meanwhile would take an eighth of the start of a server.
        gc.disable()
        try:
            imported = getattr(import_module(module), name)
        finally:
            gc.enable()
        if isinstance(imported, typer.Typer):
            return imported
        group = typer.Typer(add_completion=False)
        group.command(self.name)(imported)
        return group
