"""`troth jobs run`: run scheduled work once."""

from __future__ import annotations

import json
import sys

import structlog
import typer

from app.cli.runtime import JsonOption, ProgramOption, exit_after_printing, out, run_with_application, select_program
from app.config import Settings
from app.jobs.scheduler import Scheduler
from app.usecases.application import Application
from app.usecases.ledger.run_due_changes import NOTHING_DUE, DueChangesSummary

commands = typer.Typer(no_args_is_help=True, add_completion=False)


@commands.callback()
def _jobs() -> None:
    """Run scheduled work."""


@commands.command()
def run(program: ProgramOption = None, as_json: JsonOption = False) -> None:
    """Run everything that is due now: activate pending points, end holds, give expiry notices, expire points, review tiers.

    Runs for every program unless --program is given, each by its own clock. Safe to run at any time, twice, and
    beside servers.
    """

    # Log to standard error: standard output is for the result.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))

    async def work(application: Application) -> tuple[DueChangesSummary, int]:
        program_id = (await select_program(application, program)).id if program is not None else None
        scheduler = Scheduler(application)
        changes = NOTHING_DUE
        for result in (await scheduler.run_all_programs(only=program_id)).values():
            changes = changes.plus(result.changes)
        return changes, len(scheduler.skipped_accounts)

    changes, skipped_count = run_with_application(work, settings=Settings())
    if as_json:
        print(json.dumps(changes.to_data()))
    else:
        out.print(
            f"{changes.accounts} accounts: {changes.lots_activated} lots became available, {changes.holds_expired} holds"
            f" expired, {changes.notices_given} expiry notices given, {changes.lots_expired} lots expired, {changes.tier_changes} tiers changed."
        )
    if skipped_count:
        raise exit_after_printing(
            f"{skipped_count} accounts were skipped after an error; run troth verify to find out why"
        )
