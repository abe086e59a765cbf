"""`troth jobs run`: what time alone brings, done once."""

from __future__ import annotations

import json

from app.cli.at_desk import JsonOption, ProgramOption, at_desk, chosen, out
from app.config import Settings
from app.jobs.keeping_time import TimeKeeper
from app.usecases.desk import Desk
from app.usecases.settle import NOTHING, Settled


def run(program: ProgramOption = None, as_json: JsonOption = False) -> None:
    """Do what is due now: let points that waited become available and reservations run out, give notice of expiry, let points expire, look at levels.

    Without --program in every program, each by its own clock. Safe to run at any time, twice, and beside servers.
    """

    async def work(desk: Desk) -> Settled:
        only = (await chosen(desk, program)).id if program is not None else None
        done = await TimeKeeper(desk).look(only=only)
        settled = NOTHING
        for one in done.values():
            settled = settled.plus(one.settled)
        return settled

    settled = at_desk(work, settings=Settings())
    if as_json:
        print(json.dumps(settled.to_data()))
        return
    out.print(
        f"{settled.accounts} accounts: {settled.activated} lots became available, {settled.released} reservations ran out, "
        f"{settled.warned} notices given, {settled.expired} lots expired, {settled.levels} levels changed."
    )
