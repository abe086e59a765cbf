"""A shop whose points are pending and expire, and ways to let its time pass."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from app.domain.access import Role
from app.domain.programs.program import ProgramKind
from app.jobs.scheduler import RunResult, Scheduler
from app.store.database.connect import open_database
from app.usecases.application import Application
from app.usecases.ledger.run_due_changes import NOTHING_DUE, DueChangesSummary
from tests.api.test_terms import PUBLISH, REWARD
from tests.shop import Shop, new_id, open_shop

START = datetime(2090, 3, 6, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ADVANCE = """mutation($input: AdvanceClockInput!) { advanceClock(input: $input) {
  clock complete userErrors { code path } } }"""
DELIVER = """mutation($input: DeliverExpiryNoticesInput!) { deliverExpiryNotices(input: $input) {
  delivered notices { givenAt lots { points lastDay } deliveries { channel deliveredAt } } userErrors { code path } } }"""
INBOX = """query($by: CustomerBy!) { customer(by: $by) { expiryNotices {
  givenAt lots { points lastDay statement } deliveries { channel deliveredAt } } } }"""
BALANCE = """query($by: CustomerBy!) { customer(by: $by) { wallet { balances {
  available pending held owed lifetime nextExpiry { lastDay at points } nextActivation { at points } } } } }"""
DATED = "query($by: CustomerBy!) { customer(by: $by) { ledger(first: 100) { nodes { type points occurredAt recordedAt } } } }"

AGE = """mutation { updateProgram(input: { idempotencyKey: "age", receiptAgeDays: 1000 }) { userErrors { code } } }"""


class ManualClock:
    """A clock that only the test moves."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def visit(points: int = 100) -> dict[str, Any]:
    """A clause that gives points for each visit."""
    return {"key": "visit", "effect": {"pointsPerVisit": {"points": points}}}


def validity(**more: Any) -> dict[str, Any]:
    """A clause that lets points expire."""
    return {"key": "validity", "effect": {"pointsValidity": {"expires": True, **more}}}


def pending(days: int) -> dict[str, Any]:
    """A clause that keeps points pending for some days."""
    return {"key": "pending", "effect": {"pendingPeriod": {"days": days}}}


@contextmanager
def scheduled_shop(
    url: str,
    *clauses: dict[str, Any],
    clock: Callable[[], datetime] | None = None,
    kind: ProgramKind = ProgramKind.SANDBOX,
    price: int = 50,
    **more: Any,
) -> Iterator[Shop]:
    """A shop under these terms with a coffee for points; its server's clock stands at `START` until the test moves it."""
    with open_shop(url, template="blank", clock=clock or ManualClock(), kind=kind, **more) as shop:
        cup = {"idempotencyKey": "cup", "key": "coffee", "name": "Coffee", "description": "A cup."}
        assert shop.execute(REWARD, role=Role.OWNER, input=cup)["createReward"]["userErrors"] == []
        coffee = {"key": "coffee", "effect": {"rewardCost": {"reward": "coffee", "points": price}}}
        input = {"idempotencyKey": "terms", "clauses": [*clauses, coffee]}
        assert shop.execute(PUBLISH, role=Role.OWNER, input=input)["publishTerms"]["userErrors"] == []
        if kind is ProgramKind.LIVE:
            # Much here comes late: how old a receipt may be is the owner's to say.
            assert shop.execute(AGE, role=Role.OWNER)["updateProgram"]["userErrors"] == []
        yield shop


def advance(shop: Shop, to: datetime, *, key: str | None = None, **more: Any) -> Any:
    """Moves the clock of the sandbox."""
    input = {"idempotencyKey": key or uuid.uuid4().hex, "to": to.isoformat(), **more}
    payload = shop.execute(ADVANCE, role=Role.OWNER, input=input)["advanceClock"]
    assert payload["userErrors"] == []
    return payload


def deliver(shop: Shop, card: str, channel: str = "INBOX", *, role: Role = Role.STAFF, **more: Any) -> Any:
    """Delivers the expiry notices of a customer."""
    input = {
        "idempotencyKey": more.pop("key", None) or uuid.uuid4().hex,
        "customer": {"card": card},
        "channel": channel,
    }
    return shop.execute(DELIVER, role=role, input=input, **more)["deliverExpiryNotices"]


def inbox(shop: Shop, card: str, language: str = "en") -> Any:
    """The expiry notices of a customer, newest first."""
    return shop.execute(INBOX, language=language, by={"card": card})["customer"]["expiryNotices"]


def balance(shop: Shop, card: str) -> Any:
    """The balance of a card."""
    return shop.execute(BALANCE, by={"card": card})["customer"]["wallet"]["balances"][0]


def dated_entries(shop: Shop, card: str) -> list[tuple[str, int, str]]:
    """The ledger, oldest first, with business times."""
    nodes = shop.execute(DATED, by={"card": card})["customer"]["ledger"]["nodes"]
    return [(node["type"], node["points"], node["occurredAt"]) for node in reversed(nodes)]


def run_due_jobs(url: str, clock: ManualClock, *, times: int = 1) -> DueChangesSummary:
    """Runs the due jobs of every program in some schedulers at once, each with its own database connections."""

    async def keep() -> dict[str, RunResult]:
        database = open_database(url)
        await database.start()
        try:
            return await Scheduler(Application(database=database, clock=clock, new_id=new_id)).run_all_programs()
        finally:
            await database.stop()

    async def all_at_once() -> list[dict[str, RunResult]]:
        return await asyncio.gather(*(keep() for _ in range(times)))

    changes = NOTHING_DUE
    for found in asyncio.run(all_at_once()):
        for result in found.values():
            assert result.complete
            changes = changes.plus(result.changes)
    return changes
