"""The verification of the ledger for tests."""

from __future__ import annotations

import asyncio

from app.queries.programs.programs import all_programs
from app.queries.verification.discrepancies import Discrepancy
from app.queries.verification.verify_accounts import verify_page
from app.queries.verification.verify_program import verify_program
from app.store.database.codecs import NIL_UUID
from app.store.database.connect import open_database
from app.usecases.application import Application
from tests.shop import new_id, real_now


def discrepancies_in(url: str) -> list[Discrepancy]:
    """Every discrepancy in a database, as `troth verify` reports it."""

    async def prove() -> list[Discrepancy]:
        database = open_database(url)
        await database.start()
        application = Application(database=database, clock=real_now, new_id=new_id)
        found: list[Discrepancy] = []
        for program in await application.query_across_programs(all_programs):
            after: str | None = NIL_UUID
            while after is not None:
                page = await application.query(verify_page, program_id=program.id, after=after)
                found.extend(page.discrepancies)
                after = page.last_id
            found.extend(await application.query(verify_program, program_id=program.id))
        await database.stop()
        return found

    return asyncio.run(prove())
