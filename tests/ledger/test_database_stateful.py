"""Random histories of a program in a real database: tills, staff and jobs; after each step every invariant holds.

The facts are those of the use cases themselves; what is stored is compared with the plain reference. One of the longest
files: each step is a transaction and a comparison of every account. `make soak` takes thousands of steps.
"""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app.domain.access import Principal, Role
from app.domain.customers.customer import CustomerReference
from app.domain.customers.identities import IdentityKind
from app.domain.ledger.expiry_notice import NoticeChannel
from app.domain.problems import Problem
from app.domain.programs.program import ProgramKind
from app.domain.purchases.facts import Payment, PaymentKind, PurchaseFacts
from app.domain.purchases.receipt_numbers import ReceiptReference
from app.domain.terms.conditions.budget import Budget, BudgetMode
from app.domain.terms.effects.bonus_points import BonusPoints
from app.domain.terms.effects.reversal_window import ReversalWindow
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.validation import DraftedClause
from app.domain.units import Unit
from app.usecases.command import UseCase
from app.usecases.customers import enrol_customer, join_household, merge_customers
from app.usecases.customers.enrol_customer import EnrolCustomer
from app.usecases.customers.join_household import JoinHousehold
from app.usecases.customers.merge_customers import MergeCustomers
from app.usecases.ledger import adjust_points, deliver_expiry_notices, transfer_points
from app.usecases.ledger.adjust_points import AdjustPoints
from app.usecases.ledger.deliver_expiry_notices import DeliverExpiryNotices
from app.usecases.ledger.transfer_points import TransferPoints
from app.usecases.purchases import amend_purchase, move_purchase, record_exchange, record_purchase, record_refund
from app.usecases.purchases.amend_purchase import AmendPurchase
from app.usecases.purchases.commands import ReceiptToRecord, RecordExchange, RecordPurchase, RecordRefund
from app.usecases.purchases.move_purchase import MovePurchase
from app.usecases.results import ResultType
from app.usecases.rewards import cancel_redemption, create_reward, fulfil_redemption, redeem_reward
from app.usecases.rewards.cancel_redemption import CancelRedemption
from app.usecases.rewards.commands import NewHold, RedeemReward
from app.usecases.rewards.create_reward import CreateReward
from app.usecases.rewards.end_hold import CaptureHold, ReleaseHold, capture, release
from app.usecases.rewards.fulfil_redemption import FulfilRedemption
from app.usecases.terms import publish_terms, withdraw_terms
from app.usecases.terms.publish_terms import PublishTerms
from app.usecases.terms.withdraw_terms import WithdrawTerms
from tests.builders import a_line, a_purchase
from tests.ledger.history_strategies import AUCKLAND
from tests.ledger.program_driver import DatabaseRunner, OutcomeCounts, ProgramDriver, open_runner
from tests.ledger.stored_wallets import load_stored_wallets, stored_budget_usage
from tests.ledger.terms_strategies import CLAUSES, LONDON, LUNCH, START, Drawn, clauses_of
from tests.soak_settings import STEPS

STEPS_PER_DATABASE = {"sqlite": STEPS or 320, "postgresql": STEPS or 120}
"""PostgreSQL takes longer over a step; what it decides is the same code on both."""

ALL_USUAL, ALL = 300, 4_000
"""Steps after which every usual mutation, and every one at all, has been carried out."""

STEPS_PER_RUN = 40
NUMBERS = st.integers(0, 999)
AMOUNTS = st.integers(1, 12)
AGO = st.just(0) | st.just(0) | st.integers(0, 20) | st.integers(0, 400)
"""Days by which an event arrives late."""
PAUSES = st.sampled_from([0, 1, 1, 7, 3600])
"""Seconds between two requests; requests at the same instant are ordered by their kind."""
BUDGETS = st.none() | st.builds(Budget, st.sampled_from([5, 11]), st.sampled_from(BudgetMode))
COSTS = {"coffee": 3, "mug": 11}
WEIGHTS = {
    "record_purchase": 6,
    "record_refund": 3,
    "redeem": 3,
    "hold": 3,
    "end_hold": 3,
    "redeem_in_self_service": 2,
    "end_issued": 2,
    "cancel_redemption": 2,
    "adjust_points": 2,
    "deliver_notices": 1,
    "transfer_points": 2,
    "merge_or_join": 1,
    "enrol": 2,
    "pass_time": 3,
    "pass_time_reading_notices": 1,
    "amend_purchase": 2,
    "move_purchase": 2,
    "record_exchange": 2,
}
ACTIONS = tuple(action for action, weight in WEIGHTS.items() for _ in range(weight))
"""The methods of the machine, the more frequent ones several times."""
USUAL = (
    "enrol_customer",
    "record_purchase",
    "record_refund",
    "record_exchange",
    "amend_purchase",
    "redeem_reward",
    "adjust_points",
    "deliver_expiry_notices",
)
RARE = (
    "fulfil_redemption",
    "capture",
    "release",
    "cancel_redemption",
    "publish_terms",
    "withdraw_terms",
    "transfer_points",
    "merge_customers",
    "join_household",
    "move_purchase",
)


def draft(drawn: Drawn, budget: Budget | None) -> list[DraftedClause]:
    """The drawn clauses with rewards at fixed prices, a reversal window and perhaps a budget."""
    clauses = clauses_of(drawn)
    clauses += [(key, (), RewardCost(key, points)) for key, points in COSTS.items()]
    clauses += [("undo", (), ReversalWindow(48))]
    return clauses if budget is None else [*clauses, ("launch", (budget,), BonusPoints(4))]


def _reward(pick: int, amount: int) -> str:
    """One of three rewards; lunch costs stamps runner the terms give some."""
    if pick % 5 == 2:
        return LUNCH
    return "mug" if amount % 4 == 0 else "coffee"


class ProgramStateMachine(RuleBasedStateMachine):
    """What tills, staff and jobs do."""

    def __init__(self, runner: DatabaseRunner, counts: OutcomeCounts) -> None:
        super().__init__()
        self.runner, self.counts = runner, counts

    @initialize(kind=st.sampled_from(ProgramKind), drawn=CLAUSES, budget=BUDGETS)
    def open_program(self, kind: ProgramKind, drawn: Drawn, budget: Budget | None) -> None:
        """A program with three rewards, terms and a customer."""
        self.program = ProgramDriver(self.runner, kind=kind, start=START, counts=self.counts)
        self.cards = 0
        self.receipts: list[str] = []
        """Receipts that are recorded."""
        self.awaited: list[str] = []
        """Receipts whose refund arrived before them."""
        self.redemptions: dict[str, int] = {}
        """The card of each redemption."""
        self.redemptions_by_receipt: dict[str, frozenset[str]] = {}
        """The redemptions that paid for a purchase, by its receipt."""
        self.holds: dict[str, int] = {}
        self.issued: dict[str, int] = {}
        """The card of each redemption that a customer made and has not received."""
        self.keys: list[Principal] = []
        """The own access key of each customer."""
        self.published = 0
        self.jobs_run = True
        """Whether the jobs run."""
        for key, stock in (("coffee", None), ("mug", 4), (LUNCH, None)):
            self.done(create_reward.run, CreateReward(key, key, "Nice.", None, None, stock))
        self.begins = START - timedelta(days=400 if kind is ProgramKind.SANDBOX else 0)
        self.done(publish_terms.run, PublishTerms(self.begins, draft(drawn, budget)))
        self.enrol(self.begins, 0, 0)

    def done(self, use_case: UseCase[Any, ResultType], command: Any) -> ResultType:
        """Executes a command that must succeed."""
        payload = self.program.execute(use_case, command)
        assert not isinstance(payload, Problem), payload
        return payload

    def customer(self, pick: int) -> CustomerReference:
        """One of the customers."""
        return CustomerReference(f"CARD{pick % self.cards}", IdentityKind.CARD)

    def enrol(self, at: datetime, pick: int, amount: int) -> None:
        """Enrols a customer, up to three."""
        del at, pick, amount
        if self.cards == 3:
            return
        enrolled = self.done(enrol_customer.run, EnrolCustomer(((IdentityKind.CARD, f"CARD{self.cards}"),), None))
        self.keys.append(self.program.customers_key(enrolled.customer_id))
        self.cards += 1

    @rule(kind=st.sampled_from(ACTIONS), ago=AGO, pick=NUMBERS, amount=AMOUNTS, pause=PAUSES)
    def run_action(self, kind: str, ago: int, pick: int, amount: int, pause: int) -> None:
        """An action now or `ago` days ago, or the passing of time."""
        self.program.clock.now += timedelta(seconds=pause)
        getattr(self, kind)(max(self.begins, self.program.now - timedelta(days=ago)), pick, amount)

    def record_purchase(self, at: datetime, pick: int, amount: int) -> None:
        """A purchase, perhaps of an awaited receipt, perhaps paid with points; a redemption that has paid before is
        refused."""
        lines = (a_line(1, price=f"{amount * 5}.00", quantity="3"), a_line(2, price="4.00", quantity="3"))
        mine = [
            id
            for id, card in self.redemptions.items()
            if card == pick % self.cards and (id not in self.spent or pick % 6 == 0)
        ]
        payments = (Payment(PaymentKind.POINTS, 1000, mine[-1]),) if mine and pick % 3 == 0 and amount > 1 else ()
        facts = a_purchase(*lines, at=at, zone=AUCKLAND if pick % 4 == 3 else LONDON, payments=payments)
        receipt = self.awaited.pop() if self.awaited and pick % 2 else f"r{pick % 5}-{len(self.receipts)}"
        payload = self.program.execute(record_purchase.run, RecordPurchase(self.customer(pick), receipt, facts))
        if not isinstance(payload, Problem):
            self.receipts.append(receipt)
            assert self.spent.isdisjoint(facts.redemption_ids()), "a redemption pays once"
            self.redemptions_by_receipt[receipt] = facts.redemption_ids()

    @property
    def spent(self) -> frozenset[str]:
        """The redemptions that paid for a purchase."""
        return frozenset().union(*self.redemptions_by_receipt.values())

    def record_refund(self, at: datetime, pick: int, amount: int) -> None:
        """A refund of an earlier purchase, or of one that has not arrived yet."""
        if pick % 7 == 0 or not self.receipts:
            self.awaited.append(f"w{self.program.now.timestamp():.0f}-{len(self.awaited)}")
            receipt = self.awaited[-1]
        else:
            receipt = self.receipts[pick % len(self.receipts)]
        self.program.execute(record_refund.run, self.a_refund(receipt, at, pick, amount))

    def record_exchange(self, at: datetime, pick: int, amount: int) -> None:
        """An exchange of earlier goods, perhaps for goods with an awaited receipt."""
        if self.receipts:
            refund = self.a_refund(self.receipts[pick % len(self.receipts)], at, pick, amount)
            facts = a_purchase(a_line(1, price=f"{amount * 5}.00", quantity="2"), at=at, zone=LONDON)
            receipt = self.awaited.pop() if self.awaited and pick % 2 else f"x{pick % 5}-{len(self.receipts)}"
            customer = self.customer(pick) if pick % 5 == 0 else None
            payload = self.program.execute(
                record_exchange.run, RecordExchange(refund, ReceiptToRecord(receipt, facts), customer)
            )
            if not isinstance(payload, Problem):
                self.receipts.append(receipt)

    def a_refund(self, receipt: str, at: datetime, pick: int, amount: int) -> RecordRefund:
        """A refund of everything, a line, some items, or money without goods."""
        lines: dict[int, Decimal | None] | None = None
        amounts: dict[int, Decimal] = {}
        money = None
        match pick % 5:
            case 0:
                lines = {1 + amount % 2: None}
            case 1:
                lines = {1: Decimal(1 + amount % 3), 2: Decimal(1)}
            case 2:
                amounts = {1: Decimal(amount)}
            case 3:
                money = Decimal(amount * 2)
        number = f"b{pick}-{amount}" if amount % 2 else None
        return RecordRefund(None, ReceiptReference(receipt), lines, at, number, None, f"{pick}", amounts, money)

    def amend_purchase(self, at: datetime, pick: int, amount: int) -> None:
        """Amends a receipt to more, to less, or to no payment with points."""
        del at
        if self.receipts:
            lines = (
                a_line(1, price=f"{amount * 4}.00", quantity="3"),
                a_line(2, price="5.00", quantity=f"{pick % 4 + 1}"),
            )
            facts = a_purchase(*lines, at=self.program.now, zone=LONDON)
            receipt = self.receipts[pick % len(self.receipts)]
            command = AmendPurchase(receipt, facts, None, None, "typed wrong")
            if not isinstance(self.program.execute(amend_purchase.run, command), Problem):
                self.redemptions_by_receipt.pop(receipt, None)

    def move_purchase(self, at: datetime, pick: int, amount: int) -> None:
        """Moves a purchase to another customer."""
        del at
        if self.receipts:
            receipt = self.receipts[-1 - pick % min(6, len(self.receipts))]
            self.program.execute(
                move_purchase.run,
                MovePurchase(None, ReceiptReference(receipt), self.customer(pick + amount), "the wrong card"),
            )

    def redeem(self, at: datetime, pick: int, amount: int) -> None:
        """A redemption now, or in a sandbox some days ago."""
        self.redeem_reward(_reward(pick, amount), at if pick % 2 else self.program.now, pick)

    def hold(self, at: datetime, pick: int, amount: int) -> None:
        """A hold for an hour or for weeks."""
        del at
        hold = NewHold(f"checkout-{pick % 40}", timedelta(hours=1 if amount % 3 == 0 else amount * 80))
        self.redeem_reward(_reward(pick, amount), self.program.now, pick, hold)

    def redeem_in_self_service(self, at: datetime, pick: int, amount: int) -> None:
        """A redemption or a hold with the customer's own key, captured at once where it is a hold."""
        del at
        key, card = self.keys[pick % self.cards], pick % self.cards
        basket = PurchaseFacts(occurred_at=self.program.now, zone=LONDON, currency="GBP", lines=())
        hold = NewHold(f"own-{len(self.issued)}-{pick}", timedelta(hours=1)) if pick % 3 == 0 else None
        command = RedeemReward(self.customer(pick), None, _reward(pick, amount), basket, hold=hold)
        data = self.program.execute(redeem_reward.run, command, principal=key)
        if isinstance(data, Problem) or data.redemption_id is None:
            return
        id = data.redemption_id
        if hold is None or not isinstance(self.program.execute(capture, CaptureHold(id, None), principal=key), Problem):
            self.issued[id] = card

    def end_issued(self, at: datetime, pick: int, amount: int) -> None:
        """An issued redemption is handed over by a till, or cancelled by its customer or another one, in time or too late."""
        del at
        if not self.issued:
            return
        id = list(self.issued)[pick % len(self.issued)]
        card = self.issued[id]
        if amount % 2:
            self.done(fulfil_redemption.run, FulfilRedemption(id))
            self.redemptions[id] = self.issued.pop(id)
            return
        key = self.keys[pick % self.cards]
        command = CancelRedemption(id, Role.CUSTOMER, None, shop_at_fault=False)
        outcome = self.program.execute(cancel_redemption.run, command, principal=key)
        if isinstance(outcome, Problem):
            assert key is not self.keys[card], "nothing but the terms keeps customers from cancelling"
        elif outcome.entry_id is not None:
            del self.issued[id]

    def redeem_reward(self, reward: str, at: datetime, pick: int, hold: NewHold | None = None) -> None:
        """Redeems or holds a reward, without a basket."""
        basket = PurchaseFacts(occurred_at=at, zone=LONDON, currency="GBP", lines=())
        data = self.program.execute(
            redeem_reward.run, RedeemReward(self.customer(pick), None, reward, basket, hold=hold)
        )
        if not isinstance(data, Problem) and data.redemption_id is not None:
            (self.redemptions if hold is None else self.holds)[data.redemption_id] = pick % self.cards

    def end_hold(self, at: datetime, pick: int, amount: int) -> None:
        """Captures or releases a hold."""
        del at
        if self.holds:
            id = list(self.holds)[pick % len(self.holds)]
            if amount % 2:
                payload = self.program.execute(capture, CaptureHold(id, None))
            else:
                payload = self.program.execute(release, ReleaseHold(id, None))
            card = self.holds.pop(id)
            if not isinstance(payload, Problem) and amount % 2:
                self.redemptions[id] = card

    def cancel_redemption(self, at: datetime, pick: int, amount: int) -> None:
        """Cancels a redemption as staff or owner; one that paid for a purchase is refused."""
        del at
        if self.redemptions:
            id = list(self.redemptions)[pick % len(self.redemptions)]
            role = (Role.OWNER, Role.STAFF)[amount % 2]
            command = CancelRedemption(id, role, "broken", shop_at_fault=pick % 4 == 0)
            payload = self.program.execute(cancel_redemption.run, command)
            if not isinstance(payload, Problem):
                assert id not in self.spent, "what paid comes back with what it paid"
                del self.redemptions[id]

    def adjust_points(self, at: datetime, pick: int, amount: int) -> None:
        """Adds or takes points or stamps."""
        del at
        unit = Unit.STAMPS if pick % 4 == 2 else Unit.POINTS
        self.program.execute(
            adjust_points.run,
            AdjustPoints(self.customer(pick), amount if pick % 3 else -amount, "sorry", Role.OWNER, unit),
        )

    def transfer_points(self, at: datetime, pick: int, amount: int) -> None:
        """Transfers points to another customer."""
        del at
        self.program.execute(
            transfer_points.run, TransferPoints(self.customer(pick), self.customer(pick + 1), amount, "a present")
        )

    def merge_or_join(self, at: datetime, pick: int, amount: int) -> None:
        """Merges two customers, or lets one join the other's household."""
        del at
        first, other = self.customer(pick), self.customer(pick + 1)
        if amount % 2:
            self.program.execute(merge_customers.run, MergeCustomers(first, other, "one person"))
        else:
            self.program.execute(join_household.run, JoinHousehold(first, other, "a family"))

    def deliver_notices(self, at: datetime, pick: int, amount: int) -> None:
        """Delivers all open notices through a channel."""
        del at
        channel = tuple(NoticeChannel)[amount % 3]
        self.done(deliver_expiry_notices.run, DeliverExpiryNotices(self.customer(pick), channel, None))

    @precondition(lambda self: len(self.receipts) >= 5 * (self.published + 1))
    @rule(drawn=CLAUSES, budget=BUDGETS, gone=st.booleans())
    def publish_terms(self, drawn: Drawn, budget: Budget | None, *, gone: bool) -> None:
        """Publishes terms as soon as their notice allows, and perhaps withdraws them."""
        self.published += 1
        payload = self.program.execute(publish_terms.run, PublishTerms(None, draft(drawn, budget)))
        if gone and not isinstance(payload, Problem) and payload.terms_version is not None:
            self.program.execute(withdraw_terms.run, WithdrawTerms(payload.terms_version))

    def pass_time(self, at: datetime, pick: int, amount: int) -> None:
        """Hours or months pass; the jobs run, or rest for a while."""
        del at
        self.program.clock.now += timedelta(hours=pick * 3 if amount % 3 == 0 else amount)
        self.jobs_run = amount % 5 != 0

    def pass_time_reading_notices(self, at: datetime, pick: int, amount: int) -> None:
        """Months pass in which a customer reads every notice."""
        del at
        self.jobs_run = True
        for _ in range(1 + amount % 4):
            self.program.clock.now += timedelta(days=5 + pick % 30)
            self.program.run_due_jobs()
            for channel in NoticeChannel:
                self.done(deliver_expiry_notices.run, DeliverExpiryNotices(self.customer(pick), channel, None))

    # What always holds

    @invariant()
    def satisfies_the_invariants(self) -> None:
        """The stored state equals the reference, `verify` finds no discrepancy, and a second run of the jobs changes
        nothing."""
        if not hasattr(self, "program"):
            return
        self.counts.steps += 1
        if self.jobs_run:
            self.program.run_due_jobs()
            before = self.program.row_count_and_accounts()
            self.program.run_due_jobs()
            assert self.program.row_count_and_accounts() == before, "a job that runs twice has nothing to do"
        stored = self.program.query(load_stored_wallets)
        assert [fault for account in stored for fault in account.violations()] == []
        held = sum((account.expected_budget_usage() for account in stored), Counter())
        assert self.program.query(stored_budget_usage) == held, (
            "every point of a budget is left, held, or somebody's own share"
        )
        assert self.program.discrepancies() == []

    def teardown(self) -> None:
        """Runs all due jobs at the end."""
        if hasattr(self, "program"):
            self.jobs_run = True
            self.satisfies_the_invariants()


def test_stored_program_equals_the_reference_after_every_step(database_url: str) -> None:
    counts, began = OutcomeCounts(), time.monotonic()
    with open_runner(database_url) as runner:
        run_state_machine_as_test(
            lambda: ProgramStateMachine(runner, counts),
            settings=settings(
                max_examples=max(1, STEPS_PER_DATABASE[urlsplit(database_url).scheme] // STEPS_PER_RUN),
                stateful_step_count=STEPS_PER_RUN,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    outcomes = ", ".join(f"{count} {what}" for what, count in sorted(counts.outcomes.items()))
    print(f"{counts.steps} steps in {time.monotonic() - began:.0f} s: {outcomes}")
    commands = (*(USUAL if counts.steps > ALL_USUAL else ()), *(RARE if counts.steps > ALL else ()))
    missing = [
        command
        for command in commands
        if not any(counts.outcomes[f"{command} {outcome}"] for outcome in ("done", "GRANTED"))
    ]
    assert missing == []
