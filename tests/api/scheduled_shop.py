"""A shop whose points wait and expire, and the ways in which its time passes."""

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
from app.usecases.ledger.settle_account import NOTHING, SettlementSummary
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


class Hands:
    """A clock that only a test moves."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def visit(points: int = 100) -> dict[str, Any]:
    """So many points a visit."""
    return {"key": "visit", "effect": {"pointsPerVisit": {"points": points}}}


def validity(**more: Any) -> dict[str, Any]:
    """Points expire."""
    return {"key": "validity", "effect": {"pointsValidity": {"expires": True, **more}}}


def pending(days: int) -> dict[str, Any]:
    """Points wait."""
    return {"key": "pending", "effect": {"pendingPeriod": {"days": days}}}


@contextmanager
def passing(
    url: str,
    *clauses: dict[str, Any],
    clock: Callable[[], datetime] | None = None,
    kind: ProgramKind = ProgramKind.SANDBOX,
    price: int = 50,
    **more: Any,
) -> Iterator[Shop]:
    """A shop under these terms, with a coffee for so many points, whose server's clock stands at `START` until it is moved."""
    with open_shop(url, template="blank", clock=clock or Hands(), kind=kind, **more) as shop:
        cup = {"idempotencyKey": "cup", "key": "coffee", "name": "Coffee", "description": "A cup."}
        assert shop.ask(REWARD, role=Role.OWNER, input=cup)["createReward"]["userErrors"] == []
        coffee = {"key": "coffee", "effect": {"rewardCost": {"reward": "coffee", "points": price}}}
        sent = {"idempotencyKey": "terms", "clauses": [*clauses, coffee]}
        assert shop.ask(PUBLISH, role=Role.OWNER, input=sent)["publishTerms"]["userErrors"] == []
        if kind is ProgramKind.LIVE:
            # Much here comes late: how old a receipt may be is the owner's to say.
            assert shop.ask(AGE, role=Role.OWNER)["updateProgram"]["userErrors"] == []
        yield shop


def advance(shop: Shop, to: datetime, *, key: str | None = None, **more: Any) -> Any:
    """Move the clock of the sandbox."""
    sent = {"idempotencyKey": key or uuid.uuid4().hex, "to": to.isoformat(), **more}
    done = shop.ask(ADVANCE, role=Role.OWNER, input=sent)["advanceClock"]
    assert done["userErrors"] == []
    return done


def deliver(shop: Shop, card: str, channel: str = "INBOX", *, role: Role = Role.STAFF, **more: Any) -> Any:
    """Let the notices reach the customer."""
    sent = {"idempotencyKey": more.pop("key", None) or uuid.uuid4().hex, "customer": {"card": card}, "channel": channel}
    return shop.ask(DELIVER, role=role, input=sent, **more)["deliverExpiryNotices"]


def inbox(shop: Shop, card: str, language: str = "en") -> Any:
    """The notices of a customer, newest first."""
    return shop.ask(INBOX, language=language, by={"card": card})["customer"]["expiryNotices"]


def balance(shop: Shop, card: str) -> Any:
    """The balance as it is shown."""
    return shop.ask(BALANCE, by={"card": card})["customer"]["wallet"]["balances"][0]


def dated(shop: Shop, card: str) -> list[tuple[str, int, str]]:
    """The ledger, oldest first, with business times."""
    nodes = shop.ask(DATED, by={"card": card})["customer"]["ledger"]["nodes"]
    return [(node["type"], node["points"], node["occurredAt"]) for node in reversed(nodes)]


def kept(url: str, clock: Hands, *, times: int = 1) -> SettlementSummary:
    """What keepers, as many at once, each with a database of its own, do in every program."""

    async def keep() -> dict[str, RunResult]:
        database = open_database(url)
        await database.start()
        try:
            return await Scheduler(Application(database=database, clock=clock, new_id=new_id)).run_due()
        finally:
            await database.stop()

    async def all_at_once() -> list[dict[str, RunResult]]:
        return await asyncio.gather(*(keep() for _ in range(times)))

    settled = NOTHING
    for found in asyncio.run(all_at_once()):
        for result in found.values():
            assert result.complete
            settled = settled.plus(result.settled)
    return settled
