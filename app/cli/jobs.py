"""`troth jobs run`: what time alone brings, done once."""

from __future__ import annotations

import json
import sys

import structlog

from app.cli.runtime import JsonOption, ProgramOption, out, run_with_application, select_program, stop
from app.config import Settings
from app.jobs.scheduler import Scheduler
from app.usecases.application import Application
from app.usecases.ledger.settle_account import NOTHING, SettlementSummary


def run(program: ProgramOption = None, as_json: JsonOption = False) -> None:
    """Do what is due now: let points that waited become available and reservations run out, give notice of expiry, let points expire, look at tiers.

    Without --program in every program, each by its own clock. Safe to run at any time, twice, and beside servers.
    """

    # What goes wrong is told beside what is asked for.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))

    async def work(application: Application) -> tuple[SettlementSummary, int]:
        only = (await select_program(application, program)).id if program is not None else None
        keeper = Scheduler(application)
        settled = NOTHING
        for result in (await keeper.run_due(only=only)).values():
            settled = settled.plus(result.settled)
        return settled, len(keeper.quarantined)

    settled, aside = run_with_application(work, settings=Settings())
    if as_json:
        print(json.dumps(settled.to_data()))
    else:
        out.print(
            f"{settled.accounts} accounts: {settled.activated} lots became available, {settled.released} reservations"
            f" ran out, {settled.warned} notices given, {settled.expired} lots expired, {settled.tiers} tiers changed."
        )
    if aside:
        raise stop(f"{aside} accounts could not be settled; troth verify says what is wrong with them")
