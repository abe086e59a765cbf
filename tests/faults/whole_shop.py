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
from app.usecases.purchases.commands import RecordedReceipt, RecordExchange, RecordPurchase, RecordRefund
from app.usecases.purchases.move_purchase import MovePurchase
from app.usecases.purchases.settle_quarantined import QuarantineAction, SettleQuarantined
from app.usecases.results import ResultType
from app.usecases.rewards import cancel_redemption, create_reward, redeem_reward
from app.usecases.rewards.cancel_redemption import CancelRedemption
from app.usecases.rewards.commands import NewHold, RedeemReward
from app.usecases.rewards.create_reward import CreateReward
from app.usecases.rewards.end_hold import HoldReference, capture, release
from app.usecases.terms import publish_terms
from app.usecases.terms.publish_terms import PublishTerms
from tests.builders import a_line, a_purchase
from tests.ledger.program_driver import DatabaseRunner, OutcomeCounts, ProgramDriver
from tests.ledger.terms_strategies import LONDON, START

MEANWHILE = timedelta(minutes=1)


def clauses(*, bonus: int) -> list[DraftedClause]:
    """A clause of every kind that counts something, stamps, tiers, waiting and expiry."""
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
        ("silver", (), Tier("silver", "Silver", 100)),
        ("gold", (), Tier("gold", "Gold", 400)),
        ("tiers", (), TierPeriod(TierWindow.SINCE_JOINING, 30)),
    ]


class WholeShop:
    """A shop's customers and their commands."""

    def __init__(self, where: DatabaseRunner) -> None:
        self.shop = ProgramDriver(where, kind=ProgramKind.SANDBOX, start=START, counts=OutcomeCounts())
        self.execute(create_reward.run, CreateReward("coffee", "Coffee", "A cup.", None, None, 50))
        self.execute(create_reward.run, CreateReward("lunch", "Lunch", "A plate.", None, None, 50))
        self.execute(publish_terms.run, PublishTerms(START - timedelta(days=400), clauses(bonus=5)))
        self.execute(publish_terms.run, PublishTerms(None, clauses(bonus=6)))
        self.receipts = 0

    def execute(
        self, use_case: UseCase[Any, ResultType], command: Any, *, principal: Principal | None = None
    ) -> ResultType:
        """Executes a command a minute later; it must succeed."""
        self.shop.clock.now += MEANWHILE
        payload = self.shop.execute(use_case, command, principal=principal)
        assert not isinstance(payload, Problem), payload
        return payload

    def join(self, card: str) -> None:
        """A new customer."""
        self.execute(enrol_customer.run, EnrolCustomer(((IdentityKind.CARD, card),), None))

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
        facts = a_purchase(a_line(price=price, quantity="3"), at=at or self.shop.now, payments=payments)
        self.execute(record_purchase.run, RecordPurchase(by(card), receipt, facts))
        return receipt

    def refund(self, receipt: str, items: int | None, *, money: str | None = None) -> None:
        """Items of a purchase back, or money."""
        lines = {1: Decimal(items)} if items is not None else None
        amount = Decimal(money) if money is not None else None
        number = f"back {self.shop.now.timestamp():.0f}"
        self.execute(
            record_refund.run,
            RecordRefund(None, ReceiptReference(receipt), lines, self.shop.now, number, "worn", receipt, {}, amount),
        )

    def exchange(self, receipt: str, items: int, price: str, *, card: str | None = None) -> None:
        """Items of a purchase for others at another price; `card` says who had bought."""
        self.receipts += 1
        new = f"receipt {self.receipts}"
        back = RecordRefund(None, ReceiptReference(receipt), {1: Decimal(items)}, self.shop.now, None, "worn", receipt)
        facts = a_purchase(a_line(price=price, quantity="1"), at=self.shop.now)
        self.execute(
            record_exchange.run,
            RecordExchange(back, RecordedReceipt(new, facts), by(card) if card is not None else None),
        )

    def redeem(self, card: str, *, hold: str | None = None, hours: int = 24, reward: str = "coffee") -> str:
        """A coffee or a lunch, or a reservation of one; the redemption."""
        basket = PurchaseFacts(occurred_at=self.shop.now, zone=LONDON, currency="GBP", lines=())
        expected = NewHold(hold, timedelta(hours=hours)) if hold is not None else None
        payload = self.execute(redeem_reward.run, RedeemReward(by(card), None, reward, basket, hold=expected))
        assert payload.redemption_id is not None, payload.decision
        return payload.redemption_id

    def undo(self, redemption_id: str) -> None:
        """By staff, the shop being at fault."""
        self.execute(
            cancel_redemption.run, CancelRedemption(redemption_id, Role.STAFF, None, "cold", shop_at_fault=True)
        )

    def wait(self, *, days: int, reading: str | None = None) -> None:
        """Days pass with the jobs running, in which a customer may read every notice."""
        for _ in range(days):
            self.shop.clock.now += timedelta(days=1)
            self.shop.run_due_jobs()
            if reading is not None:
                self.execute(deliver_expiry_notices.run, DeliverExpiryNotices(by(reading), NoticeChannel.INBOX, None))


def by(card: str) -> CustomerReference:
    """Whoever has the card."""
    return CustomerReference(card, IdentityKind.CARD)


def whole_shop(where: DatabaseRunner) -> ProgramDriver:
    """Months of a shop in which everything that can be recorded is; the ledger is verified. Nora never buys anything."""
    made = WholeShop(where)
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
        made.join(card)
    _is_plain(made)
    _does_everything(made)
    _has_a_card(made)
    _comes_late(made)
    _go_over(made)
    _gives_it_back(made)
    _is_set_right(made)
    _has_a_wrong_clock(made)
    _swaps_early(made)
    assert made.shop.discrepancies() == []
    return made.shop


def _is_plain(made: WholeShop) -> None:
    """Bert buys in time only, so that what is counted of him is what the tables say."""
    made.buy("BERT", "20.00")
    made.buy("BERT", "5.00")


def _does_everything(made: WholeShop) -> None:
    """Anna waits, redeems, reserves, has things undone, is given points, lets some expire, and falls from a tier."""
    made.buy("ANNA", "20.00")
    made.buy("ANNA", "3.00")
    made.refund("early", None)
    made.wait(days=3)
    made.buy("ANNA", "4.00", receipt="early")
    made.refund("never came", 2)
    made.undo(made.redeem("ANNA"))
    made.buy("ANNA", "1.00", paid_with=made.redeem("ANNA"))
    made.execute(capture, HoldReference(made.redeem("ANNA", hold="paid"), None))
    made.execute(release, HoldReference(made.redeem("ANNA", hold="given up"), None))
    made.redeem("ANNA", hold="run out")
    made.execute(adjust_points.run, AdjustPoints(by("ANNA"), 9, "sorry", Role.OWNER))
    made.execute(adjust_points.run, AdjustPoints(by("ANNA"), -4, "mistaken", Role.OWNER))
    made.wait(days=70, reading="ANNA")
    sold = made.buy("ANNA", "40.00")
    made.wait(days=3)
    made.refund(sold, 1)
    made.refund(sold, None, money="10.00")
    made.refund(made.buy("ANNA", "30.00"), 2)
    made.redeem("ANNA", hold="open", hours=24 * 30)


def _has_a_card(made: WholeShop) -> None:
    """Emil collects stamps: pays, reserves, has something undone, owes some, and is given others."""
    sold = [made.buy("EMIL", "4.00") for _ in range(5)]
    made.redeem("EMIL", reward="lunch")
    made.undo(made.redeem("EMIL", reward="lunch"))
    made.execute(capture, HoldReference(made.redeem("EMIL", hold="lunch", reward="lunch"), None))
    for receipt in sold[:3]:
        made.refund(receipt, None)
    made.execute(adjust_points.run, AdjustPoints(by("EMIL"), 7, "sorry", Role.OWNER, Unit.STAMPS))
    made.execute(adjust_points.run, AdjustPoints(by("EMIL"), -1, "mistaken", Role.OWNER, Unit.STAMPS))
    made.redeem("EMIL", hold="next lunch", hours=24 * 30, reward="lunch")
    made.buy("EMIL", "4.00", at=made.shop.now - timedelta(days=3))


def _comes_late(made: WholeShop) -> None:
    """Carl's till was offline."""
    made.buy("CARL", "10.00")
    made.wait(days=4)
    made.redeem("CARL")
    made.buy("CARL", "50.00", at=made.shop.now - timedelta(days=3))
    made.refund(made.buy("CARL", "8.00", at=made.shop.now - timedelta(days=20)), 3)


def _go_over(made: WholeShop) -> None:
    """Fred gives Bert points, Hans turns out to be Greta, and Ida shares a wallet with Jost from now on."""
    for card in ("FRED", "GRETA", "HANS", "IDA", "JOST"):
        made.buy(card, "40.00")
    made.wait(days=3)
    made.buy("HANS", "1.00", paid_with=made.redeem("HANS"))
    made.execute(transfer_points.run, TransferPoints(by("FRED"), by("BERT"), 11, "a present"))
    made.execute(merge_customers.run, MergeCustomers(by("HANS"), by("GRETA"), "one person"))
    made.execute(join_household.run, JoinHousehold(by("IDA"), by("JOST"), "a family"))
    made.redeem("IDA")


def _gives_it_back(made: WholeShop) -> None:
    """Greta swaps what she bought for something dearer; Dora was on a tier for a day, and has some days of grace left."""
    made.exchange(made.buy("GRETA", "6.00"), 2, "15.00")
    sold = made.buy("DORA", "70.00")
    made.wait(days=1)
    made.refund(sold, 3)


def _is_set_right(made: WholeShop) -> None:
    """Lena's card was scanned for what Max bought, and a receipt of hers was typed wrong; another one went to and fro.

    What Olga was given out of a budget is none of Max's, who had bought before: it is hers again.
    """
    wrong, mistyped = made.buy("LENA", "30.00"), made.buy("LENA", "20.00")
    made.wait(days=3)
    made.execute(move_purchase.run, MovePurchase(None, ReceiptReference(wrong), by("MAX"), "the wrong card"))
    facts = a_purchase(a_line(price="12.00", quantity="3"), at=made.shop.now)
    made.execute(amend_purchase.run, AmendPurchase(mistyped, facts, None, None, "typed wrong"))
    astray = made.buy("MAX", "9.00")
    made.execute(move_purchase.run, MovePurchase(None, ReceiptReference(astray), by("LENA"), "the wrong card"))
    made.execute(move_purchase.run, MovePurchase(None, ReceiptReference(astray), by("MAX"), "the right card after all"))
    made.refund(wrong, 1)
    hers = made.buy("OLGA", "5.00")
    made.execute(move_purchase.run, MovePurchase(None, ReceiptReference(hers), by("MAX"), "the wrong card"))
    made.buy("OLGA", "5.00")


def _has_a_wrong_clock(made: WholeShop) -> None:
    """A till ran ahead: of Karl's receipts one waits for a person, one was booked, and one dismissed; so was a refund."""
    kept = []
    for receipt in ("ahead", "booked", "dismissed"):
        facts = a_purchase(a_line(price="6.00", quantity="3"), at=made.shop.now + timedelta(hours=1))
        kept.append(
            made.execute(record_purchase.run, RecordPurchase(by("KARL"), receipt, facts), principal=made.shop.till)
        )
    made.execute(
        record_refund.run, RecordRefund(None, ReceiptReference("booked"), None, made.shop.now, "ahead", None, "f")
    )
    waits = made.execute(
        record_refund.run, RecordRefund(None, ReceiptReference("mistyped"), None, made.shop.now, "typo", None, "f")
    )
    for answer, action in zip(kept[1:], (QuarantineAction.BOOK_AT, QuarantineAction.DISMISS), strict=True):
        at = made.shop.now if action is QuarantineAction.BOOK_AT else None
        made.execute(settle_quarantined.run, SettleQuarantined(answer.quarantined_id, None, action, at, "the clock"))
    gone = SettleQuarantined(None, waits.pending_refund_id, QuarantineAction.DISMISS, None, "a typo")
    made.execute(settle_quarantined.run, gone, principal=made.shop.till)


def _swaps_early(made: WholeShop) -> None:
    """Of Karl's exchanges that came before their purchase one waits, one was applied, and one could not be."""
    made.exchange("never", 2, "15.00", card="KARL")
    for receipt, items in (("in time", 2), ("too much", 4)):
        made.exchange(receipt, items, "15.00", card="KARL")
        made.buy("KARL", "6.00", receipt=receipt)
