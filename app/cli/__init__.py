"""The `troth` command: composition root for everything that is started from a shell."""

from __future__ import annotations

import typer

from app.cli import importing, keeping_time, programs, proving, serving
from app.cli.terms import terms

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Troth, a loyalty-program backend that keeps its word."
)
bringing_in = typer.Typer(no_args_is_help=True, help="Bring in what another system recorded.")
jobs = typer.Typer(no_args_is_help=True, help="Do what time brings.")
jobs.command("run")(keeping_time.run)
bringing_in.command("purchases")(importing.import_purchases)
for command in (
    programs.init,
    programs.key,
    serving.serve,
    serving.demo,
    serving.migrate,
    serving.schema,
    proving.verify,
):
    app.command()(command)
app.add_typer(bringing_in, name="import")
app.add_typer(jobs, name="jobs")
app.add_typer(terms, name="terms")


@bringing_in.callback()
def _bringing_in() -> None:
    """Bring in what another system recorded."""


@jobs.callback()
def _jobs() -> None:
    """Do what time brings."""


def main() -> None:
    """Run the command."""
    app()
