"""`troth jobs run`: due jobs run from a shell, twice, concurrently, and for one program alone."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

from app.domain.programs.program import ProgramKind
from app.store.database.connect import open_database
from app.store.database.session import Session
from tests.api.scheduled_shop import pending, scheduled_shop, visit
from tests.cli.command import troth
from tests.shop import real_now
from tests.verification import discrepancies_in


def move_clocks(url: str, *, days: int) -> None:
    """Moves every sandbox's clock by some days without running its jobs."""

    async def run() -> None:
        database = open_database(url)
        await database.start()

        async def work(session: Session) -> None:
            await session.across_programs.execute(
                "UPDATE programs SET clock_offset_seconds = $1 WHERE kind = 'SANDBOX'", days * 86_400
            )

        await database.write(work, program_id="00000000-0000-0000-0000-000000000000", lock_key="test")
        await database.stop()

    asyncio.run(run())


def run_jobs(url: str, *arguments: str) -> dict[str, int]:
    """The output of the command."""
    parsed: dict[str, int] = json.loads(troth("jobs", "run", "--json", *arguments, url=url))
    return parsed


def test_jobs_use_the_clock_of_each_program_and_can_run_for_one(database_url: str) -> None:
    with (
        scheduled_shop(database_url, visit(), pending(14), clock=real_now) as sandbox,
        scheduled_shop(database_url, visit(), pending(14), clock=real_now) as other_sandbox,
        scheduled_shop(database_url, visit(), pending(14), clock=real_now, kind=ProgramKind.LIVE) as live,
    ):
        cards = [(shop, shop.enrol()) for shop in (sandbox, other_sandbox, live)]
        for shop, card in cards:
            shop.buy(card, "10.00")
        assert "0 accounts" in troth("jobs", "run", url=database_url)
        move_clocks(database_url, days=20)
        nothing = {
            "accounts": 0,
            "lots_activated": 0,
            "holds_expired": 0,
            "notices_given": 0,
            "lots_expired": 0,
            "tier_changes": 0,
        }
        assert run_jobs(database_url, "--program", sandbox.program.program.id) == nothing | {
            "accounts": 1,
            "lots_activated": 1,
        }
        output = troth("jobs", "run", url=database_url)
        assert "1 accounts: 1 lots became available, 0 holds expired, 0 expiry notices given" in output
        assert run_jobs(database_url) == nothing
        assert [shop.ledger(card) for shop, card in cards] == [
            [("EARN", 100), ("ACTIVATE", 0)],
            [("EARN", 100), ("ACTIVATE", 0)],
            [("EARN", 100)],
        ]
        assert "there is no program" in troth("jobs", "run", "--program", cards[0][1] * 3, url=database_url, code=1)
    assert discrepancies_in(database_url) == []


def test_three_concurrent_commands_do_the_work_once(database_url: str) -> None:
    with scheduled_shop(database_url, visit(), pending(14), clock=real_now) as shop:
        cards = [shop.enrol() for _ in range(20)]
        for card in cards:
            shop.buy(card, "10.00")
        move_clocks(database_url, days=20)
        with ThreadPoolExecutor(3) as pool:
            found = list(pool.map(lambda _: run_jobs(database_url), range(3)))
        assert sum(value["lots_activated"] for value in found) == 20
        assert {tuple(shop.ledger(card)) for card in cards} == {(("EARN", 100), ("ACTIVATE", 0))}
    assert discrepancies_in(database_url) == []
