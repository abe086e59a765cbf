"""Terms with other tiers start: every account is reevaluated in batches, and tills that come earlier see the right
tiers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
import structlog

from app.domain.customers.customer import CustomerReference
from app.domain.customers.identities import IdentityKind
from app.domain.problems import Problem
from app.domain.programs.program import ProgramKind
from app.domain.terms.effects.points_validity import PointsValidity
from app.domain.terms.effects.refund_policy import RefundPolicy
from app.domain.terms.effects.tier_period import TierPeriod, TierWindow
from app.jobs import schedule_tier_reviews, scheduler
from app.jobs.scheduler import Scheduler
from app.queries.customers.customers import customer_as_of as card_of
from app.store.terms import tier_reviews
from app.usecases.command import UseCase
from app.usecases.customers import enrol_customer, merge_customers
from app.usecases.customers.enrol_customer import EnrolCustomer
from app.usecases.customers.merge_customers import MergeCustomers
from app.usecases.ledger.run_due_changes import NOTHING_DUE
from app.usecases.purchases import record_purchase
from app.usecases.purchases.commands import RecordPurchase, RecordPurchaseResult
from app.usecases.results import Execution, ResultType
from app.usecases.terms import publish_terms
from app.usecases.terms.publish_terms import PublishTerms
from tests.builders import a_line, a_purchase
from tests.ledger.program_driver import DatabaseRunner, OutcomeCounts, ProgramDriver, open_runner
from tests.ledger.terms_strategies import START, clauses_of
from tests.time_limits import HANGS

DAY = timedelta(days=1)
PLAIN = (PointsValidity(), RefundPolicy(), None, None, None, (10, 25), True, None)
LEVELS = (*PLAIN[:4], TierPeriod(TierWindow.SINCE_JOINING, 0), (10, 25), True, None)


class TierReviewProgram(ProgramDriver):
    """A program without tiers whose customers have purchases."""

    def begin(self, *points: int) -> list[str]:
        """Publishes terms of long ago, enrols a customer for each number, and records a purchase for that many points
        (0: none)."""
        self.receipts = 0
        self.done(publish_terms.run, PublishTerms(START, clauses_of(PLAIN)))
        cards = [f"CARD{place}" for place in range(len(points))]
        for card, some in zip(cards, points, strict=True):
            self.done(enrol_customer.run, EnrolCustomer(((IdentityKind.CARD, card),), None))
            if some:
                self.buy(card, some)
        return cards

    def done(self, use_case: UseCase[Any, ResultType], command: Any) -> ResultType:
        """Executes a command that must succeed."""
        payload = self.execute(use_case, command)
        assert not isinstance(payload, Problem), payload
        return payload

    def purchase(self, card: str, points: int, *, at: datetime | None = None) -> RecordPurchase:
        """A purchase for a number of points."""
        self.receipts += 1
        facts = a_purchase(a_line(price=f"{points * 10}.00"), at=at or self.now)
        return RecordPurchase(by_card(card), f"r{self.receipts}", facts)

    def buy(self, card: str, points: int, *, at: datetime | None = None) -> int:
        """Records a purchase; returns the points earned."""
        self.clock.now += timedelta(seconds=1)
        done = self.done(record_purchase.run, self.purchase(card, points, at=at))
        assert isinstance(done, RecordPurchaseResult)
        return done.decision.points

    def publish_tiers(self, *, start: datetime | None = None) -> None:
        """Publishes tiers from a moment on, or at once."""
        self.done(publish_terms.run, PublishTerms(start or self.now, clauses_of(LEVELS)))

    def tier(self, card: str) -> str | None:
        """The tier that a card shows."""
        found = self.query(card_of, by=by_card(card), at=self.now)
        assert found is not None
        return found.tier.key

    def stored_tiers(self) -> list[str | None]:
        """The stored tiers in the order of enrolment."""

        async def read(session: Any) -> list[str | None]:
            rows = await session.across_programs.rows(
                "SELECT tier FROM customers WHERE program_id = $1 ORDER BY id", session.program_id
            )
            return [row["tier"] for row in rows]

        return self.query(read)


def by_card(card: str) -> CustomerReference:
    """The customer with a card."""
    return CustomerReference(card, IdentityKind.CARD)


@pytest.fixture
def runner(database_url: str) -> Iterator[DatabaseRunner]:
    """The database, with batches of two accounts."""
    with open_runner(database_url) as found, patch.object(schedule_tier_reviews, "BATCH_SIZE", 2):
        yield found


@pytest.fixture(params=list(ProgramKind), ids=lambda kind: str(kind.value))
def shop(runner: DatabaseRunner, request: pytest.FixtureRequest) -> Iterator[TierReviewProgram]:
    """The program, live or a sandbox, verified at the end."""
    program = TierReviewProgram(runner, kind=request.param, start=START, counts=OutcomeCounts())
    yield program
    assert program.discrepancies() == []


def test_accounts_are_reevaluated_when_terms_start_and_not_when_they_are_published(shop: TierReviewProgram) -> None:
    cards = shop.begin(20, 30, 5, 0, 12)
    shop.run_due_jobs()
    before = shop.row_count_and_accounts()
    start = shop.now + DAY
    shop.publish_tiers(start=start)
    assert shop.row_count_and_accounts() == before
    shop.clock.now = start - timedelta(hours=1)
    shop.run_due_jobs()
    assert shop.row_count_and_accounts() == before, "nothing is due before"
    shop.clock.now = start + timedelta(hours=1)
    assert shop.discrepancies() == []
    # What is read is right before anybody has looked.
    assert [shop.tier(card) for card in cards] == ["silver", "gold", None, None, "silver"]
    shop.run_due_jobs()
    assert shop.stored_tiers() == ["silver", "gold", None, None, "silver"]
    after = shop.row_count_and_accounts()
    shop.run_due_jobs()
    assert shop.row_count_and_accounts() == after, "a second time there is nothing to do"


def test_till_sees_the_tier_before_the_jobs_ran(shop: TierReviewProgram) -> None:
    first, idle = shop.begin(20, 0)
    shop.publish_tiers(start=shop.now + DAY)
    shop.clock.now += 2 * DAY
    assert shop.buy(first, 1) == 1 + 3, "silver brings three more"
    assert shop.discrepancies() == []
    assert shop.buy(idle, 1) == 1 + 5 + 2
    shop.run_due_jobs()
    assert shop.stored_tiers() == ["silver", None]


def test_purchase_before_the_start_of_terms_counts_even_after_the_jobs_ran(shop: TierReviewProgram) -> None:
    shop.begin(20)
    start = shop.now + DAY
    shop.publish_tiers(start=start)
    for card in ("BETWEEN", "LATER"):
        shop.done(enrol_customer.run, EnrolCustomer(((IdentityKind.CARD, card),), None))
    shop.clock.now = start + DAY
    shop.run_due_jobs()
    for card in ("BETWEEN", "LATER"):
        assert shop.buy(card, 12, at=start - timedelta(hours=1)) == 12 + 5 + 2
        assert shop.tier(card) == "silver"
    assert shop.discrepancies() == []
    shop.run_due_jobs()
    assert shop.stored_tiers() == ["silver", "silver", "silver"]


def test_account_replayed_past_the_start_before_publishing_is_reevaluated_too(shop: TierReviewProgram) -> None:
    """The clock of a till is ahead, or a purchase and the publishing pass each other by."""
    first, second = shop.begin(1, 1)
    for card in (first, second):
        shop.buy(card, 20, at=shop.now + timedelta(minutes=2))
    shop.publish_tiers()
    assert shop.discrepancies() == []
    assert shop.tier(first) == "silver"
    shop.clock.now += timedelta(minutes=4)
    assert shop.buy(first, 1) == 1 + 3
    shop.run_due_jobs()
    assert shop.stored_tiers() == ["silver", "silver"]


def test_jobs_can_stop_between_batches_and_run_concurrently(shop: TierReviewProgram) -> None:
    shop.begin(20, 20, 20, 20, 0, 20, 20)
    shop.publish_tiers(start=shop.now + DAY)
    shop.clock.now += 2 * DAY
    batch_sizes: list[int] = []
    schedule_reviews = tier_reviews.schedule_reviews

    async def counted(session: Any, **named: Any) -> None:
        batch_sizes.append(len(named["account_ids"]))
        if len(batch_sizes) == 2:
            raise RuntimeError("the machine stops")
        await schedule_reviews(session, **named)

    with patch.object(tier_reviews, "schedule_reviews", counted), pytest.raises(RuntimeError):
        shop.run_due_jobs()
    assert shop.discrepancies() == [], "reviews are scheduled for half of the accounts"
    assert batch_sizes == [2, 2]

    async def at_once() -> None:
        done = await asyncio.gather(*(Scheduler(shop.application).run_program(shop.program) for _ in range(3)))
        assert all(result.complete for result in done)

    shop.runner.run(at_once())
    assert shop.stored_tiers() == ["silver"] * 4 + [None] + ["silver"] * 2
    assert shop.discrepancies() == []
    after = shop.row_count_and_accounts()
    shop.run_due_jobs()
    assert shop.row_count_and_accounts() == after


def test_tiers_are_published_while_tills_record_purchases(shop: TierReviewProgram) -> None:
    cards = shop.begin(4, 4, 4, 0, 0, 4)
    shop.done(merge_customers.run, MergeCustomers(by_card(cards[5]), by_card(cards[0]), "one person"))
    for _ in range(3):
        orders = [shop.purchase(card, 3) for card in cards]

        async def race(orders: list[RecordPurchase] = orders) -> list[Any]:
            def do(verb: Any, order: Any, key: str) -> Any:
                return shop.application.execute(
                    verb,
                    name=verb.handler.__name__,
                    program=shop.program,
                    principal=None,
                    key=key,
                    fingerprint_input=key,
                    command=order,
                )

            tills = [do(record_purchase.run, command, command.external_id) for command in orders]
            start = PublishTerms(shop.now + timedelta(milliseconds=1), clauses_of(LEVELS))
            return await asyncio.gather(
                *tills[:3],
                do(publish_terms.run, start, f"p{shop.receipts}"),
                *tills[3:],
                shop.scheduler.run_program(shop.program),
            )

        result = shop.runner.run(race())
        assert all(isinstance(value, Execution) for value in result[:-1]), result
        shop.clock.now += timedelta(minutes=1)
        for card in cards:
            shop.tier(card)
        shop.run_due_jobs()
        assert shop.discrepancies() == []
        for card in cards[:5]:
            shop.buy(card, 1)


def test_tier_reviews_are_logged_only_when_accounts_changed(runner: DatabaseRunner) -> None:
    shop = TierReviewProgram(runner, kind=ProgramKind.LIVE, start=START, counts=OutcomeCounts())
    shop.begin(20)
    shop.publish_tiers(start=shop.now + DAY)
    shop.clock.now += 2 * DAY

    async def broken(session: Any, **named: Any) -> Any:
        raise LookupError("its facts make no sense")

    async def work_until(event: str) -> None:
        """Run the scheduler until it has logged this, and a few polls longer."""
        polling = asyncio.create_task(shop.scheduler.run_for_ever())
        async with asyncio.timeout(HANGS):
            while event not in (log["event"] for log in logs):
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        polling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await polling

    with structlog.testing.capture_logs() as logs, patch.object(scheduler, "POLL_INTERVAL", 0.01):
        with patch.object(scheduler, "run_due_changes", broken):
            runner.run(work_until("account skipped after error"))
        assert [log["event"] for log in logs] == ["account skipped after error"]
        with patch.object(scheduler, "SKIP_SECONDS", 0.0):
            fresh = Scheduler(shop.application)
            shop.scheduler = fresh
            runner.run(work_until("scheduled work done"))
    kept = [log for log in logs if log["event"] == "scheduled work done"]
    assert [(log_event["accounts"], log_event["tier_changes"]) for log_event in kept] == [(1, 1)]
    assert shop.runner.run(fresh.run_all_programs()) in ({}, {shop.program.id: NOTHING_DUE})
