"""The `troth` command: composition root for everything that is started from a shell."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from app.cli.lazy_commands import LazyCommand

COMMANDS = (
    LazyCommand("init", source="app.cli.programs:init", summary="Create a program from a template."),
    LazyCommand("keys", source="app.cli.keys:commands", summary="Access keys: list, create, rotate, revoke."),
    LazyCommand("serve", source="app.cli.serve:serve", summary="Run the server."),
    LazyCommand("demo", source="app.cli.demo:demo", summary="Run a server with sample data."),
    LazyCommand("migrate", source="app.cli.migrate:migrate", summary="Bring the tables of the database up to date."),
    LazyCommand("schema", source="app.cli.schema:schema", summary="Print the GraphQL schema."),
    LazyCommand("verify", source="app.cli.verify:verify", summary="Verify the ledgers of all programs."),
    LazyCommand("backup", source="app.cli.backup:backup", summary="Copy the database into a file."),
    LazyCommand("import", source="app.cli.imports:commands", summary="Import records of another system."),
    LazyCommand("jobs", source="app.cli.jobs:commands", summary="Run scheduled work."),
    LazyCommand("terms", source="app.cli.terms:terms", summary="Terms as a file: check, compare, publish."),
)


class _Commands(TyperGroup):
    """The group of all commands; none is imported yet."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**{**attributes, "commands": {command.name: command for command in COMMANDS}})


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"troth {version('troth')}")
        raise typer.Exit


@app.callback()
def _troth(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Troth, a loyalty-program backend with a verifiable ledger."""


def main() -> None:
    """The entry point of the `troth` command. An error that its user can put right ends it with one sentence and status 1."""
    try:
        app()
    except Exception as error:
        # Imported here, because a command without an error does not need it.
        from app.cli.failures import sentence_about

        if (sentence := sentence_about(error)) is None:
            raise
        print(f"troth: {sentence}", file=sys.stderr)
        sys.exit(1)
