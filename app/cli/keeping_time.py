"""`troth jobs run`: what time alone brings, done once."""

from __future__ import annotations

import json
import sys

import structlog

from app.cli.at_desk import JsonOption, ProgramOption, at_desk, chosen, out, stop
from app.config import Settings
from app.jobs.keeping_time import TimeKeeper
from app.usecases.desk import Desk
from app.usecases.settle import NOTHING, Settled


def run(program: ProgramOption = None, as_json: JsonOption = False) -> None:
    """Do what is due now: let points that waited become available and reservations run out, give notice of expiry, let points expire, look at levels.

    Without --program in every program, each by its own clock. Safe to run at any time, twice, and beside servers.
    """

    # What goes wrong is told beside what is asked for.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))

    async def work(desk: Desk) -> tuple[Settled, int]:
        only = (await chosen(desk, program)).id if program is not None else None
        keeper = TimeKeeper(desk)
        settled = NOTHING
        for one in (await keeper.look(only=only)).values():
            settled = settled.plus(one.settled)
        return settled, len(keeper.aside)

    settled, aside = at_desk(work, settings=Settings())
    if as_json:
        print(json.dumps(settled.to_data()))
    else:
        out.print(
            f"{settled.accounts} accounts: {settled.activated} lots became available, {settled.released} reservations"
            f" ran out, {settled.warned} notices given, {settled.expired} lots expired, {settled.levels} levels changed."
        )
    if aside:
        raise stop(f"{aside} accounts could not be settled; troth verify says what is wrong with them")
