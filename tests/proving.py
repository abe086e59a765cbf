"""The proof of the books for tests."""

from __future__ import annotations

import asyncio

from app.queries.books import FIRST, Fault, prove_page, prove_whole
from app.queries.programs import every_program
from app.store.opening import open_database
from app.usecases.desk import Desk
from tests.shop import new_id, real_now


def faults_in(url: str) -> list[Fault]:
    """Everything in the books of a database that does not add up."""

    async def prove() -> list[Fault]:
        database = open_database(url)
        await database.start()
        desk = Desk(database=database, clock=real_now, new_id=new_id)
        found: list[Fault] = []
        for program in await desk.ask(every_program):
            after: str | None = FIRST
            while after is not None:
                page = await desk.ask(prove_page, program_id=program.id, after=after)
                found.extend(page.faults)
                after = page.last
            found.extend(await desk.ask(prove_whole, program_id=program.id))
        await database.stop()
        return found

    return asyncio.run(prove())
