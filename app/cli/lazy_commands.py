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
    """A command, or a group of commands, that is known by name and summary until it runs.

    `source` is where its function or its `typer.Typer` is: ``module:name``.
    """

    def __init__(self, name: str, *, source: str, summary: str) -> None:
        super().__init__(name, help=summary)
        self.source = source

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """The context of the imported command, which then runs instead of this one."""
        return get_command(self._imported()).make_context(*args, **kwargs)

    def _imported(self) -> typer.Typer:
        module, _, name = self.source.partition(":")
        # An import makes what stays. Looking for cycles in it takes an eighth of the start of a server.
        gc.disable()
        try:
            found = getattr(import_module(module), name)
        finally:
            gc.enable()
        if isinstance(found, typer.Typer):
            return found
        single = typer.Typer(add_completion=False)
        single.command(self.name)(found)
        return single
