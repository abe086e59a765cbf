"""`troth jobs run`: run scheduled work once."""

from __future__ import annotations

import json
import sys

import structlog

from app.cli.runtime import JsonOption, ProgramOption, out, run_with_application, select_program, stop
from app.config import Settings
from app.jobs.scheduler import Scheduler
from app.usecases.application import Application
from app.usecases.ledger.settle_account import NOTHING_DUE, SettlementSummary


def run(program: ProgramOption = None, as_json: JsonOption = False) -> None:
    """Run everything that is due now: activate pending points, end holds, give expiry notices, expire points, review tiers.

    Runs for every program unless --program is given, each by its own clock. Safe to run at any time, twice, and
    beside servers.
    """

    # Log to standard error: standard output is for the result.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))

    async def work(application: Application) -> tuple[SettlementSummary, int]:
        only = (await select_program(application, program)).id if program is not None else None
        scheduler = Scheduler(application)
        settled = NOTHING_DUE
        for result in (await scheduler.run_due(only=only)).values():
            settled = settled.plus(result.settled)
        return settled, len(scheduler.quarantined)

    settled, skipped = run_with_application(work, settings=Settings())
    if as_json:
        print(json.dumps(settled.to_data()))
    else:
        out.print(
            f"{settled.accounts} accounts: {settled.lots_activated} lots became available, {settled.holds_expired} holds"
            f" expired, {settled.notices_given} expiry notices given, {settled.lots_expired} lots expired, {settled.tier_changes} tiers changed."
        )
    if skipped:
        raise stop(f"{skipped} accounts could not be settled; run troth verify to find out why")
