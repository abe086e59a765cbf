"""A program in which every kind of event is recorded, early, late and in time, in a real database."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from app.domain.access import Principal, Role
from app.domain.amounts import Money
from app.domain.calendar import Period
from app.domain.customers.customer import CustomerReference
from app.domain.customers.identities import IdentityKind
from app.domain.ledger.expiry_notice import NoticeChannel
from app.domain.problems import Problem
from app.domain.programs.program import ProgramKind
from app.domain.purchases.facts import Payment, PaymentKind, PurchaseFacts
from app.domain.purchases.receipt_numbers import ReceiptReference
from app.domain.terms.conditions.budget import Budget, BudgetMode
from app.domain.terms.conditions.every_nth_item import EveryNthItem
from app.domain.terms.conditions.first_purchase import FirstPurchase
from app.domain.terms.conditions.times_per_period import TimesPerPeriod
from app.domain.terms.effects.bonus_points import BonusPoints
from app.domain.terms.effects.pending_period import PendingPeriod
from app.domain.terms.effects.points_per_amount import PointsPerAmount
from app.domain.terms.effects.points_validity import PointsValidity
from app.domain.terms.effects.refund_policy import RefundMode, RefundPolicy
from app.domain.terms.effects.reversal_window import ReversalWindow
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.effects.stamps import Stamps
from app.domain.terms.effects.tier import Tier
from app.domain.terms.effects.tier_period import TierPeriod, TierWindow
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
from app.usecases.purchases import (
    amend_purchase,
    move_purchase,
    record_exchange,
    record_purchase,
    record_refund,
    settle_quarantined,
)
from app.usecases.purchases.amend_purchase import AmendPurchase
from app.usecases.purchases.commands import ReceiptToRecord, RecordExchange, RecordPurchase, RecordRefund
from app.usecases.purchases.move_purchase import MovePurchase
from app.usecases.purchases.settle_quarantined import QuarantineAction, SettleQuarantined
from app.usecases.results import ResultType
from app.usecases.rewards import cancel_redemption, create_reward, fulfil_redemption, redeem_reward
from app.usecases.rewards.cancel_redemption import CancelRedemption
from app.usecases.rewards.commands import NewHold, RedeemReward
from app.usecases.rewards.create_reward import CreateReward
from app.usecases.rewards.end_hold import CaptureHold, ReleaseHold, capture, release
from app.usecases.rewards.fulfil_redemption import FulfilRedemption
from app.usecases.terms import publish_terms
from app.usecases.terms.publish_terms import PublishTerms
from tests.builders import a_line, a_purchase
from tests.ledger.program_driver import DatabaseRunner, OutcomeCounts, ProgramDriver
from tests.ledger.terms_strategies import LONDON, START

BETWEEN_COMMANDS = timedelta(minutes=1)


def clauses(*, bonus: int) -> list[DraftedClause]:
    """Clauses of every kind with a counter, stamps, tiers, a pending period and expiry."""
    return [
        ("spend", (), PointsPerAmount(points=1, per=Money(100, "GBP"))),
        ("welcome", (FirstPurchase(),), BonusPoints(bonus)),
        ("monthly", (TimesPerPeriod(1, Period.MONTH),), BonusPoints(2)),
        ("fifth", (EveryNthItem(5),), BonusPoints(3)),
        ("first", (FirstPurchase(), Budget(80, BudgetMode.WHOLE)), BonusPoints(4)),
        ("launch", (Budget(50, BudgetMode.PARTIAL),), BonusPoints(10)),
        ("coffee", (), RewardCost("coffee", 7)),
        ("stamp", (), Stamps(1)),
        ("lunch", (), RewardCost("lunch", 2, unit=Unit.STAMPS)),
        ("waiting", (), PendingPeriod(2)),
        ("expiry", (), PointsValidity(days=60, expires=True, notice_from=30, notice_until=5)),
        ("refunds", (), RefundPolicy(RefundMode.ALLOW_NEGATIVE)),
        ("undo", (), ReversalWindow(24)),
        ("silver", (), Tier("silver", "Silver", 100)),
        ("gold", (), Tier("gold", "Gold", 400)),
        ("tiers", (), TierPeriod(TierWindow.SINCE_JOINING, 30)),
    ]


class WholeShop:
    """A shop's customers and their commands."""

    def __init__(self, where: DatabaseRunner) -> None:
        self.driver = ProgramDriver(where, kind=ProgramKind.SANDBOX, start=START, counts=OutcomeCounts())
        self.execute(create_reward.run, CreateReward("coffee", "Coffee", "A cup.", None, None, 50))
        self.execute(create_reward.run, CreateReward("lunch", "Lunch", "A plate.", None, None, 50))
        self.execute(publish_terms.run, PublishTerms(START - timedelta(days=400), clauses(bonus=5)))
        self.execute(publish_terms.run, PublishTerms(None, clauses(bonus=6)))
        self.receipts = 0

    def execute(
        self, use_case: UseCase[Any, ResultType], command: Any, *, principal: Principal | None = None
    ) -> ResultType:
        """Executes a command a minute later; it must succeed."""
        self.driver.clock.now += BETWEEN_COMMANDS
        payload = self.driver.execute(use_case, command, principal=principal)
        assert not isinstance(payload, Problem), payload
        return payload

    def join(self, card: str) -> Principal:
        """A new customer; their own access key."""
        enrolled = self.execute(enrol_customer.run, EnrolCustomer(((IdentityKind.CARD, card),), None))
        return self.driver.customers_key(enrolled.customer_id)

    def buy(
        self,
        card: str,
        price: str,
        *,
        at: datetime | None = None,
        receipt: str | None = None,
        paid_with: str | None = None,
    ) -> str:
        """A purchase of one line of three items, a pound of it perhaps paid with a redemption; its receipt."""
        self.receipts += 1
        receipt = receipt or f"receipt {self.receipts}"
        payments = (Payment(PaymentKind.POINTS, 100, paid_with),) if paid_with is not None else ()
        facts = a_purchase(a_line(price=price, quantity="3"), at=at or self.driver.now, payments=payments)
        self.execute(record_purchase.run, RecordPurchase(by(card), receipt, facts))
        return receipt

    def refund(self, receipt: str, items: int | None, *, money: str | None = None) -> None:
        """A refund of items of a purchase, or of money."""
        lines = {1: Decimal(items)} if items is not None else None
        amount = Decimal(money) if money is not None else None
        number = f"back {self.driver.now.timestamp():.0f}"
        self.execute(
            record_refund.run,
            RecordRefund(None, ReceiptReference(receipt), lines, self.driver.now, number, "worn", receipt, {}, amount),
        )

    def exchange(self, receipt: str, items: int, price: str, *, card: str | None = None) -> None:
        """An exchange of items of a purchase for others at another price; `card` is the buyer's, needed before the purchase."""
        self.receipts += 1
        new = f"receipt {self.receipts}"
        back = RecordRefund(
            None, ReceiptReference(receipt), {1: Decimal(items)}, self.driver.now, None, "worn", receipt
        )
        facts = a_purchase(a_line(price=price, quantity="1"), at=self.driver.now)
        self.execute(
            record_exchange.run,
            RecordExchange(back, ReceiptToRecord(new, facts), by(card) if card is not None else None),
        )

    def redeem(
        self,
        card: str,
        *,
        hold: str | None = None,
        hours: int = 24,
        reward: str = "coffee",
        key: Principal | None = None,
    ) -> str:
        """A coffee or a lunch, redeemed or held, perhaps with an access key; the id of the redemption."""
        basket = PurchaseFacts(occurred_at=self.driver.now, zone=LONDON, currency="GBP", lines=())
        expected = NewHold(hold, timedelta(hours=hours)) if hold is not None else None
        command = RedeemReward(by(card), None, reward, basket, hold=expected)
        payload = self.execute(redeem_reward.run, command, principal=key)
        assert payload.redemption_id is not None, payload.decision
        return payload.redemption_id

    def undo(self, redemption_id: str) -> None:
        """Cancels a redemption as staff; the shop is at fault."""
        self.execute(cancel_redemption.run, CancelRedemption(redemption_id, Role.STAFF, "cold", shop_at_fault=True))

    def wait(self, *, days: int, reading: str | None = None) -> None:
        """Lets days pass, with the jobs of each; the customer `reading` reads every notice."""
        for _ in range(days):
            self.driver.clock.now += timedelta(days=1)
            self.driver.run_due_jobs()
            if reading is not None:
                self.execute(deliver_expiry_notices.run, DeliverExpiryNotices(by(reading), NoticeChannel.INBOX, None))


def by(card: str) -> CustomerReference:
    """The customer with a card."""
    return CustomerReference(card, IdentityKind.CARD)


def whole_shop(where: DatabaseRunner) -> ProgramDriver:
    """Months of a shop with every kind of event; the ledger is verified. Nora never buys anything."""
    shop = WholeShop(where)
    for card in (
        "ANNA",
        "BERT",
        "CARL",
        "DORA",
        "EMIL",
        "FRED",
        "GRETA",
        "HANS",
        "IDA",
        "JOST",
        "KARL",
        "LENA",
        "MAX",
        "NORA",
        "OLGA",
    ):
        shop.join(card)
    _record_purchases_in_order(shop)
    _record_points_of_every_kind(shop)
    _record_stamps(shop)
    _record_late_events(shop)
    _record_self_service(shop)
    _record_transfer_merge_and_household(shop)
    _record_exchange_and_tier_loss(shop)
    _record_receipt_corrections(shop)
    _record_quarantined_receipts(shop)
    _record_early_exchanges(shop)
    assert shop.driver.discrepancies() == []
    return shop.driver


def _record_purchases_in_order(shop: WholeShop) -> None:
    """Bert buys in order of time, so his counters are read from their tables."""
    shop.buy("BERT", "20.00")
    shop.buy("BERT", "5.00")


def _record_points_of_every_kind(shop: WholeShop) -> None:
    """Anna redeems, holds, cancels, gets adjustments, lets points expire, and loses a tier."""
    shop.buy("ANNA", "20.00")
    shop.buy("ANNA", "3.00")
    shop.refund("early", None)
    shop.wait(days=3)
    shop.buy("ANNA", "4.00", receipt="early")
    shop.refund("never came", 2)
    shop.undo(shop.redeem("ANNA"))
    shop.buy("ANNA", "1.00", paid_with=shop.redeem("ANNA"))
    shop.execute(capture, CaptureHold(shop.redeem("ANNA", hold="paid"), None))
    shop.execute(release, ReleaseHold(shop.redeem("ANNA", hold="given up"), None))
    shop.redeem("ANNA", hold="run out")
    shop.execute(adjust_points.run, AdjustPoints(by("ANNA"), 9, "sorry", Role.OWNER))
    shop.execute(adjust_points.run, AdjustPoints(by("ANNA"), -4, "mistaken", Role.OWNER))
    shop.wait(days=70, reading="ANNA")
    sold = shop.buy("ANNA", "40.00")
    shop.wait(days=3)
    shop.refund(sold, 1)
    shop.refund(sold, None, money="10.00")
    shop.refund(shop.buy("ANNA", "30.00"), 2)
    shop.redeem("ANNA", hold="open", hours=24 * 30)


def _record_self_service(shop: WholeShop) -> None:
    """Paul redeems with a key of his own: issued, handed over, cancelled, and captured after a hold."""
    own = shop.join("PAUL")
    shop.execute(adjust_points.run, AdjustPoints(by("PAUL"), 50, "welcome", Role.OWNER))
    shop.redeem("PAUL", key=own)
    shop.execute(fulfil_redemption.run, FulfilRedemption(shop.redeem("PAUL", key=own)), principal=shop.driver.till)
    undone = CancelRedemption(shop.redeem("PAUL", key=own), Role.CUSTOMER, None, shop_at_fault=False)
    shop.execute(cancel_redemption.run, undone, principal=own)
    shop.execute(capture, CaptureHold(shop.redeem("PAUL", hold="his own", key=own), None), principal=own)
    shop.redeem("PAUL", hold="his next", hours=24 * 30, key=own)


def _record_stamps(shop: WholeShop) -> None:
    """Emil spends, holds and gets back stamps, owes some after refunds, and gets adjustments."""
    sold = [shop.buy("EMIL", "4.00") for _ in range(5)]
    shop.redeem("EMIL", reward="lunch")
    shop.undo(shop.redeem("EMIL", reward="lunch"))
    shop.execute(capture, CaptureHold(shop.redeem("EMIL", hold="lunch", reward="lunch"), None))
    for receipt in sold[:3]:
        shop.refund(receipt, None)
    shop.execute(adjust_points.run, AdjustPoints(by("EMIL"), 7, "sorry", Role.OWNER, Unit.STAMPS))
    shop.execute(adjust_points.run, AdjustPoints(by("EMIL"), -1, "mistaken", Role.OWNER, Unit.STAMPS))
    shop.redeem("EMIL", hold="next lunch", hours=24 * 30, reward="lunch")
    shop.buy("EMIL", "4.00", at=shop.driver.now - timedelta(days=3))


def _record_late_events(shop: WholeShop) -> None:
    """Carl's till was offline: purchases arrive after a redemption."""
    shop.buy("CARL", "10.00")
    shop.wait(days=4)
    shop.redeem("CARL")
    shop.buy("CARL", "50.00", at=shop.driver.now - timedelta(days=3))
    shop.refund(shop.buy("CARL", "8.00", at=shop.driver.now - timedelta(days=20)), 3)


def _record_transfer_merge_and_household(shop: WholeShop) -> None:
    """Fred transfers points to Bert, Hans is merged into Greta, and Ida joins Jost's household."""
    for card in ("FRED", "GRETA", "HANS", "IDA", "JOST"):
        shop.buy(card, "40.00")
    shop.wait(days=3)
    shop.buy("HANS", "1.00", paid_with=shop.redeem("HANS"))
    shop.execute(transfer_points.run, TransferPoints(by("FRED"), by("BERT"), 11, "a present"))
    shop.execute(merge_customers.run, MergeCustomers(by("HANS"), by("GRETA"), "two cards of one customer"))
    shop.execute(join_household.run, JoinHousehold(by("IDA"), by("JOST"), "a family"))
    shop.redeem("IDA")


def _record_exchange_and_tier_loss(shop: WholeShop) -> None:
    """Greta exchanges goods for more expensive ones; Dora reached a tier for a day and is in its grace period."""
    shop.exchange(shop.buy("GRETA", "6.00"), 2, "15.00")
    sold = shop.buy("DORA", "70.00")
    shop.wait(days=1)
    shop.refund(sold, 3)


def _record_receipt_corrections(shop: WholeShop) -> None:
    """Receipts are moved from Lena to Max, amended, and moved to Lena and back.

    A receipt with points of a budget is moved from Olga to Max, who gets none of them; Olga's next purchase gets them.
    """
    wrong, mistyped = shop.buy("LENA", "30.00"), shop.buy("LENA", "20.00")
    shop.wait(days=3)
    shop.execute(move_purchase.run, MovePurchase(None, ReceiptReference(wrong), by("MAX"), "the wrong card"))
    facts = a_purchase(a_line(price="12.00", quantity="3"), at=shop.driver.now)
    shop.execute(amend_purchase.run, AmendPurchase(mistyped, facts, None, None, "typed wrong"))
    moved_back = shop.buy("MAX", "9.00")
    shop.execute(move_purchase.run, MovePurchase(None, ReceiptReference(moved_back), by("LENA"), "the wrong card"))
    shop.execute(
        move_purchase.run, MovePurchase(None, ReceiptReference(moved_back), by("MAX"), "the right card after all")
    )
    shop.refund(wrong, 1)
    from_budget = shop.buy("OLGA", "5.00")
    shop.execute(move_purchase.run, MovePurchase(None, ReceiptReference(from_budget), by("MAX"), "the wrong card"))
    shop.buy("OLGA", "5.00")


def _record_quarantined_receipts(shop: WholeShop) -> None:
    """A till's clock is ahead: one of Karl's receipts is in quarantine, one booked, one dismissed; so is a pending refund."""
    quarantined = []
    for receipt in ("ahead", "booked", "dismissed"):
        facts = a_purchase(a_line(price="6.00", quantity="3"), at=shop.driver.now + timedelta(hours=1))
        quarantined.append(
            shop.execute(record_purchase.run, RecordPurchase(by("KARL"), receipt, facts), principal=shop.driver.till)
        )
    shop.execute(
        record_refund.run, RecordRefund(None, ReceiptReference("booked"), None, shop.driver.now, "ahead", None, "f")
    )
    pending = shop.execute(
        record_refund.run, RecordRefund(None, ReceiptReference("mistyped"), None, shop.driver.now, "typo", None, "f")
    )
    for answer, action in zip(quarantined[1:], (QuarantineAction.BOOK_AT, QuarantineAction.DISMISS), strict=True):
        at = shop.driver.now if action is QuarantineAction.BOOK_AT else None
        shop.execute(settle_quarantined.run, SettleQuarantined(answer.quarantined_id, None, action, at, "the clock"))
    dismissal = SettleQuarantined(None, pending.pending_refund_id, QuarantineAction.DISMISS, None, "a typo")
    shop.execute(settle_quarantined.run, dismissal, principal=shop.driver.till)


def _record_early_exchanges(shop: WholeShop) -> None:
    """Of Karl's exchanges that came before their purchase one is pending, one applied, one could not be applied."""
    shop.exchange("never", 2, "15.00", card="KARL")
    for receipt, items in (("in time", 2), ("too much", 4)):
        shop.exchange(receipt, items, "15.00", card="KARL")
        shop.buy("KARL", "6.00", receipt=receipt)
