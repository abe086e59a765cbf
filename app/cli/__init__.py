"""The `troth` command: composition root for everything that is started from a shell."""

from __future__ import annotations

import typer

from app.cli import imports, jobs, programs, serve, verify
from app.cli.terms import terms

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Troth, a loyalty-program backend with a verifiable ledger."
)
import_commands = typer.Typer(no_args_is_help=True, help="Import records of another system.")
scheduled_work = typer.Typer(no_args_is_help=True, help="Run scheduled work.")
scheduled_work.command("run")(jobs.run)
import_commands.command("purchases")(imports.import_purchases)
for command in (programs.init, programs.key, serve.serve, serve.demo, serve.migrate, serve.schema, verify.verify):
    app.command()(command)
app.add_typer(import_commands, name="import")
app.add_typer(scheduled_work, name="jobs")
app.add_typer(terms, name="terms")


@import_commands.callback()
def _import() -> None:
    """Import records of another system."""


@scheduled_work.callback()
def _jobs() -> None:
    """Run scheduled work."""


def main() -> None:
    """The entry point of the `troth` command."""
    app()
