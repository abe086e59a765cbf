"""The `troth` command: composition root for everything that is started from a shell."""

from __future__ import annotations

import typer

from app.cli import imports, jobs, programs, serve, verify
from app.cli.terms import terms

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Troth, a loyalty-program backend that keeps its word."
)
bringing_in = typer.Typer(no_args_is_help=True, help="Bring in what another system recorded.")
scheduled_work = typer.Typer(no_args_is_help=True, help="Do what time brings.")
scheduled_work.command("run")(jobs.run)
bringing_in.command("purchases")(imports.import_purchases)
for command in (programs.init, programs.key, serve.serve, serve.demo, serve.migrate, serve.schema, verify.verify):
    app.command()(command)
app.add_typer(bringing_in, name="import")
app.add_typer(scheduled_work, name="jobs")
app.add_typer(terms, name="terms")


@bringing_in.callback()
def _bringing_in() -> None:
    """Bring in what another system recorded."""


@scheduled_work.callback()
def _jobs() -> None:
    """Do what time brings."""


def main() -> None:
    """Run the command."""
    app()
