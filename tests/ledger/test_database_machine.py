"""Random histories of a program in a real database: tills, staff and jobs; after each step every invariant holds.

The facts are those of the use cases themselves; what is stored is compared with the plain reference. One of the longest
files: each step is a transaction and a comparison of every account. 1,200 steps on each database reach every usual
mutation in every state; the rare ones are required from 4,000 steps on, which `make soak` does.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

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

from app.domain.access import Role
from app.domain.customers.customer import CustomerReference
from app.domain.customers.identities import IdentityKind
from app.domain.ledger.expiry_notice import NoticeChannel
from app.domain.programs.program import ProgramKind
from app.domain.purchases.facts import Payment, PaymentKind, PurchaseFacts
from app.domain.purchases.receipt_numbers import ReceiptReference
from app.domain.terms.conditions.budget import Budget, BudgetMode
from app.domain.terms.effects.bonus_points import BonusPoints
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.effects.undo_window import UndoWindow
from app.domain.terms.validation import DraftedClause
from app.domain.units import Unit
from app.usecases.command import Answer
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
from app.usecases.purchases.move_purchase import MovePurchase
from app.usecases.purchases.new_exchange import RecordExchange
from app.usecases.purchases.new_receipts import RecordedReceipt, RecordPurchase
from app.usecases.purchases.new_refund import RecordRefund
from app.usecases.rewards import cancel_redemption, create_reward, redeem_reward
from app.usecases.rewards.book_redemption import RedeemReward
from app.usecases.rewards.cancel_redemption import CancelRedemption
from app.usecases.rewards.create_reward import CreateReward
from app.usecases.rewards.end_hold import HoldReference, capture, release
from app.usecases.rewards.holds import NewHold
from app.usecases.terms import publish_terms, withdraw_terms
from app.usecases.terms.publish_terms import PublishTerms
from app.usecases.terms.withdraw_terms import WithdrawTerms
from tests.builders import a_line, a_purchase
from tests.ledger.history_strategies import AUCKLAND
from tests.ledger.program_driver import DatabaseRunner, OutcomeCounts, ProgramDriver, open_runner
from tests.ledger.stored_wallets import load_stored_wallets, stored_budget_usage
from tests.ledger.terms_strategies import CLAUSES, LONDON, LUNCH, START, Drawn, clauses_of
from tests.soak_settings import STEPS

STEPS_PER_DATABASE = STEPS or 1_200

MOST_AT_ONCE = 40
NUMBERS = st.integers(0, 999)
AMOUNTS = st.integers(1, 12)
AGO = st.just(0) | st.just(0) | st.integers(0, 20) | st.integers(0, 400)
"""Days by which a fact arrives late."""
PAUSES = st.sampled_from([0, 1, 1, 7, 3600])
"""Seconds between two requests; what comes at one instant has an order of its own."""
BUDGETS = st.none() | st.builds(Budget, st.sampled_from([5, 11]), st.sampled_from(BudgetMode))
COSTS = {"coffee": 3, "mug": 11}
DEEDS = (
    *("buys", "buys", "buys", "buys", "buys", "buys", "returns", "returns", "returns", "redeems", "redeems", "redeems"),
    *("reserves", "reserves", "reserves", "ends_a_checkout", "ends_a_checkout", "ends_a_checkout", "undoes", "undoes"),
    *("adjusts", "adjusts", "delivers", "passes_on", "passes_on", "goes_over", "enrols", "enrols"),
    *("waits", "waits", "waits", "reads", "amends", "amends", "moves", "moves", "exchanges", "exchanges"),
)
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
    """Clauses for a real program: rewards besides, always at one price, a window to undo them, and a budget perhaps."""
    clauses = clauses_of(drawn)
    clauses += [(key, (), RewardCost(key, points)) for key, points in COSTS.items()]
    clauses += [("undo", (), UndoWindow(48))]
    return clauses if budget is None else [*clauses, ("launch", (budget,), BonusPoints(4))]


def _reward(pick: int, amount: int) -> str:
    """One of three; lunch costs stamps, where the terms give some."""
    if pick % 5 == 2:
        return LUNCH
    return "mug" if amount % 4 == 0 else "coffee"


class LivingLedger(RuleBasedStateMachine):
    """What tills, staff and jobs do."""

    def __init__(self, where: DatabaseRunner, tally: OutcomeCounts) -> None:
        super().__init__()
        self.where, self.tally = where, tally

    @initialize(kind=st.sampled_from(ProgramKind), drawn=CLAUSES, budget=BUDGETS)
    def opens(self, kind: ProgramKind, drawn: Drawn, budget: Budget | None) -> None:
        """A program with three rewards, terms, and a customer."""
        self.shop = ProgramDriver(self.where, kind=kind, start=START, counts=self.tally)
        self.cards = 0
        self.sales: list[str] = []
        """Receipts, and those that will come after their refund."""
        self.awaited: list[str] = []
        self.paid: dict[str, int] = {}
        """Redemptions by id, with the card that paid; and reservations."""
        self.used: dict[str, frozenset[str]] = {}
        """The redemptions that paid, by the receipt that names them."""
        """Redemptions that paid for something."""
        self.held: dict[str, int] = {}
        self.published = 0
        self.keeping = True
        """Whether the jobs run."""
        for key, stock in (("coffee", None), ("mug", 4), (LUNCH, None)):
            self.granted(create_reward.run, CreateReward(key, key, "Nice.", None, None, stock))
        self.begins = START - timedelta(days=400 if kind is ProgramKind.SANDBOX else 0)
        self.granted(publish_terms.run, PublishTerms(self.begins, draft(drawn, budget)))
        self.enrols(self.begins, 0, 0)

    def granted(self, verb: Callable[..., Any], order: Any) -> Answer:
        """Do what must be possible."""
        done = self.shop.execute(verb, order)
        assert isinstance(done, Answer), done
        return done

    def who(self, pick: int) -> CustomerReference:
        """One of the customers."""
        return CustomerReference(f"CARD{pick % self.cards}", IdentityKind.CARD)

    def enrols(self, at: datetime, pick: int, amount: int) -> None:
        """A new customer, up to three."""
        del at, pick, amount
        if self.cards == 3:
            return
        self.granted(enrol_customer.run, EnrolCustomer(((IdentityKind.CARD, f"CARD{self.cards}"),), None))
        self.cards += 1

    @rule(kind=st.sampled_from(DEEDS), ago=AGO, pick=NUMBERS, amount=AMOUNTS, pause=PAUSES)
    def something_happens(self, kind: str, ago: int, pick: int, amount: int, pause: int) -> None:
        """At a till or a desk, now or `ago` days ago; or time passes."""
        self.shop.clock.now += timedelta(seconds=pause)
        getattr(self, kind)(max(self.begins, self.shop.now - timedelta(days=ago)), pick, amount)

    def buys(self, at: datetime, pick: int, amount: int) -> None:
        """Perhaps what was refunded before, and perhaps paid with points; with some that have paid before it is refused."""
        lines = (a_line(1, price=f"{amount * 5}.00", quantity="3"), a_line(2, price="4.00", quantity="3"))
        mine = [
            id
            for id, card in self.paid.items()
            if card == pick % self.cards and (id not in self.spent or pick % 6 == 0)
        ]
        payments = (Payment(PaymentKind.POINTS, 1000, mine[-1]),) if mine and pick % 3 == 0 and amount > 1 else ()
        facts = a_purchase(*lines, at=at, zone=AUCKLAND if pick % 4 == 3 else LONDON, payments=payments)
        receipt = self.awaited.pop() if self.awaited and pick % 2 else f"r{pick % 5}-{len(self.sales)}"
        done = self.shop.execute(record_purchase.run, RecordPurchase(self.who(pick), receipt, facts))
        if isinstance(done, Answer):
            self.sales.append(receipt)
            assert self.spent.isdisjoint(facts.redemptions()), "a redemption pays once"
            self.used[receipt] = facts.redemptions()

    @property
    def spent(self) -> frozenset[str]:
        """The redemptions that paid a purchase."""
        return frozenset().union(*self.used.values())

    def returns(self, at: datetime, pick: int, amount: int) -> None:
        """What was bought before; perhaps before its purchase is known."""
        if pick % 7 == 0 or not self.sales:
            self.awaited.append(f"w{self.shop.now.timestamp():.0f}-{len(self.awaited)}")
            receipt = self.awaited[-1]
        else:
            receipt = self.sales[pick % len(self.sales)]
        self.shop.execute(record_refund.run, self.what_comes_back(receipt, at, pick, amount))

    def exchanges(self, at: datetime, pick: int, amount: int) -> None:
        """What was bought before, for something that perhaps was refunded before it came."""
        if self.sales:
            back = self.what_comes_back(self.sales[pick % len(self.sales)], at, pick, amount)
            facts = a_purchase(a_line(1, price=f"{amount * 5}.00", quantity="2"), at=at, zone=LONDON)
            receipt = self.awaited.pop() if self.awaited and pick % 2 else f"x{pick % 5}-{len(self.sales)}"
            customer = self.who(pick) if pick % 5 == 0 else None
            done = self.shop.execute(
                record_exchange.run, RecordExchange(back, RecordedReceipt(receipt, facts), customer)
            )
            if isinstance(done, Answer):
                self.sales.append(receipt)

    def what_comes_back(self, receipt: str, at: datetime, pick: int, amount: int) -> RecordRefund:
        """All of it, a line, some items, or money without goods."""
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

    def amends(self, at: datetime, pick: int, amount: int) -> None:
        """A receipt says something else: more, or less, or nothing that was paid with points."""
        del at
        if self.sales:
            lines = (
                a_line(1, price=f"{amount * 4}.00", quantity="3"),
                a_line(2, price="5.00", quantity=f"{pick % 4 + 1}"),
            )
            facts = a_purchase(*lines, at=self.shop.now, zone=LONDON)
            receipt = self.sales[pick % len(self.sales)]
            if isinstance(
                self.shop.execute(amend_purchase.run, AmendPurchase(receipt, facts, None, None, "typed wrong")), Answer
            ):
                self.used.pop(receipt, None)

    def moves(self, at: datetime, pick: int, amount: int) -> None:
        """A purchase was somebody else's."""
        del at
        if self.sales:
            receipt = self.sales[-1 - pick % min(6, len(self.sales))]
            self.shop.execute(
                move_purchase.run,
                MovePurchase(None, ReceiptReference(receipt), self.who(pick + amount), "the wrong card"),
            )

    def redeems(self, at: datetime, pick: int, amount: int) -> None:
        """Now, or in a sandbox some days ago."""
        self.asks_for(_reward(pick, amount), at if pick % 2 else self.shop.now, pick)

    def reserves(self, at: datetime, pick: int, amount: int) -> None:
        """For an hour or for weeks."""
        del at
        hold = NewHold(f"checkout-{pick % 40}", timedelta(hours=1 if amount % 3 == 0 else amount * 80))
        self.asks_for(_reward(pick, amount), self.shop.now, pick, hold)

    def asks_for(self, reward: str, at: datetime, pick: int, hold: NewHold | None = None) -> None:
        """A reward, without a basket."""
        basket = PurchaseFacts(occurred_at=at, zone=LONDON, currency="GBP", lines=())
        done = self.shop.execute(redeem_reward.run, RedeemReward(self.who(pick), None, reward, basket, hold=hold))
        if isinstance(done, Answer) and done.redemption_id is not None:
            (self.paid if hold is None else self.held)[done.redemption_id] = pick % self.cards

    def ends_a_checkout(self, at: datetime, pick: int, amount: int) -> None:
        """It is paid for, or given up."""
        del at
        if self.held:
            id = list(self.held)[pick % len(self.held)]
            done = self.shop.execute(capture if amount % 2 else release, HoldReference(id, None))
            card = self.held.pop(id)
            if isinstance(done, Answer) and amount % 2:
                self.paid[id] = card

    def undoes(self, at: datetime, pick: int, amount: int) -> None:
        """A redemption, by staff or the owner, with a reason; one that paid a purchase is not undone."""
        del at
        if self.paid:
            id = list(self.paid)[pick % len(self.paid)]
            role = (Role.OWNER, Role.STAFF)[amount % 2]
            command = CancelRedemption(id, role, None, "broken", shop_at_fault=pick % 4 == 0)
            done = self.shop.execute(cancel_redemption.run, command)
            if isinstance(done, Answer) and done.entry_id is not None:
                assert id not in self.spent, "what paid comes back with what it paid"
                del self.paid[id]

    def adjusts(self, at: datetime, pick: int, amount: int) -> None:
        """Points or stamps given, or taken."""
        del at
        unit = Unit.STAMPS if pick % 4 == 2 else Unit.POINTS
        self.shop.execute(
            adjust_points.run, AdjustPoints(self.who(pick), amount if pick % 3 else -amount, "sorry", Role.OWNER, unit)
        )

    def passes_on(self, at: datetime, pick: int, amount: int) -> None:
        """Points of one customer to another."""
        del at
        self.shop.execute(transfer_points.run, TransferPoints(self.who(pick), self.who(pick + 1), amount, "a present"))

    def goes_over(self, at: datetime, pick: int, amount: int) -> None:
        """A wallet into another one: somebody is merged, or a household shares from now on."""
        del at
        first, other = self.who(pick), self.who(pick + 1)
        if amount % 2:
            self.shop.execute(merge_customers.run, MergeCustomers(first, other, "one person"))
        else:
            self.shop.execute(join_household.run, JoinHousehold(first, other, "a family"))

    def delivers(self, at: datetime, pick: int, amount: int) -> None:
        """All open notices, in one way."""
        del at
        channel = tuple(NoticeChannel)[amount % 3]
        self.granted(deliver_expiry_notices.run, DeliverExpiryNotices(self.who(pick), channel, None))

    @precondition(lambda self: len(self.sales) >= 5 * (self.published + 1))
    @rule(drawn=CLAUSES, budget=BUDGETS, gone=st.booleans())
    def terms_are_published(self, drawn: Drawn, budget: Budget | None, *, gone: bool) -> None:
        """As soon as their notice allows; perhaps withdrawn again."""
        self.published += 1
        done = self.shop.execute(publish_terms.run, PublishTerms(None, draft(drawn, budget)))
        if gone and isinstance(done, Answer) and done.terms_version is not None:
            self.shop.execute(withdraw_terms.run, WithdrawTerms(done.terms_version))

    def waits(self, at: datetime, pick: int, amount: int) -> None:
        """Hours or months pass, mostly with the jobs; sometimes these rest for a while."""
        del at
        self.shop.clock.now += timedelta(hours=pick * 3 if amount % 3 == 0 else amount)
        self.keeping = amount % 5 != 0

    def reads(self, at: datetime, pick: int, amount: int) -> None:
        """Months pass in which a customer reads every notice."""
        del at
        self.keeping = True
        for _ in range(1 + amount % 4):
            self.shop.clock.now += timedelta(days=5 + pick % 30)
            self.shop.run_due_jobs()
            for channel in NoticeChannel:
                self.granted(deliver_expiry_notices.run, DeliverExpiryNotices(self.who(pick), channel, None))

    # What always holds

    @invariant()
    def everything_holds(self) -> None:
        """What is stored is what the reference tells, `verify` finds nothing, and jobs that have run have nothing to do."""
        if not hasattr(self, "shop"):
            return
        self.tally.steps += 1
        if self.keeping:
            self.shop.run_due_jobs()
            before = self.shop.row_count_and_accounts()
            self.shop.run_due_jobs()
            assert self.shop.row_count_and_accounts() == before, "a job that runs twice has nothing to do"
        stored = self.shop.query(load_stored_wallets)
        assert [fault for account in stored for fault in account.violations()] == []
        held = sum((account.expected_budget_usage() for account in stored), Counter())
        assert self.shop.query(stored_budget_usage) == held, (
            "every point of a budget is left, held, or somebody's own share"
        )
        assert self.shop.discrepancies() == []

    def teardown(self) -> None:
        """In the end all that is due is done."""
        if hasattr(self, "shop"):
            self.keeping = True
            self.everything_holds()


def test_stored_program_equals_the_reference_after_every_step(database_url: str) -> None:
    tally, began = OutcomeCounts(), time.monotonic()
    with open_runner(database_url) as where:
        run_state_machine_as_test(
            lambda: LivingLedger(where, tally),
            settings=settings(
                max_examples=max(1, STEPS_PER_DATABASE // MOST_AT_ONCE),
                stateful_step_count=MOST_AT_ONCE,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    told = ", ".join(f"{count} {what}" for what, count in sorted(tally.outcomes.items()))
    print(f"{tally.steps} steps in {time.monotonic() - began:.0f} s: {told}")
    verbs = (*USUAL, *RARE) if tally.steps > 4_000 else USUAL
    missing = [verb for verb in verbs if not any(tally.outcomes[f"{verb} {said}"] for said in ("done", "GRANTED"))]
    assert missing == []
