"""A program in which every kind of fact is recorded, early, late and in time, as a real database holds it."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from app.domain.access import Principal, Role
from app.domain.amounts import Money
from app.domain.calendar import Period
from app.domain.conditions.budget import Budget, BudgetMode
from app.domain.conditions.every_nth_item import EveryNthItem
from app.domain.conditions.first_purchase import FirstPurchase
from app.domain.conditions.times_per_period import TimesPerPeriod
from app.domain.drafting import DraftedClause
from app.domain.effects.bonus_points import BonusPoints
from app.domain.effects.pending_period import PendingPeriod
from app.domain.effects.points_per_amount import PointsPerAmount
from app.domain.effects.points_validity import NoticeChannel, PointsValidity
from app.domain.effects.refund_policy import RefundMode, RefundPolicy
from app.domain.effects.reward_cost import RewardCost
from app.domain.effects.stamps import Stamps
from app.domain.effects.tier import Tier
from app.domain.effects.tier_period import TierPeriod, TierWindow
from app.domain.facts import Payment, PaymentKind, PurchaseFacts
from app.domain.identities import IdentityKind
from app.domain.receipt_numbers import ReceiptBy
from app.domain.units import Unit
from app.store.customers import CustomerBy
from app.store.programs import ProgramKind
from app.usecases.adjust import NewAdjustment, adjust
from app.usecases.amend_purchase import Amendment, amend_purchase
from app.usecases.call import Answer
from app.usecases.cancel_redemption import Cancellation, cancel_redemption
from app.usecases.create_reward import NewReward, create_reward
from app.usecases.deliver_notices import NoticesReached, deliver_notices
from app.usecases.desk import Verb
from app.usecases.earn import NewPurchase, NewReceipt, earn
from app.usecases.end_hold import HoldBy, capture, release
from app.usecases.enrol import Enrolment, enrol
from app.usecases.exchange import NewExchange, exchange
from app.usecases.join_household import NewMember, join_household
from app.usecases.merge import NewMerger, merge
from app.usecases.move_purchase import Move, move_purchase
from app.usecases.publish import Draft, publish
from app.usecases.redeem import NewRedemption, redeem
from app.usecases.refund import NewRefund, refund
from app.usecases.reserving import NewHold
from app.usecases.settle_quarantined import QuarantineAction, Settlement, settle_quarantined
from app.usecases.transfer import NewTransfer, transfer
from tests.builders import a_line, a_purchase
from tests.ledger.living_program import LivingProgram, Opened, Tally
from tests.ledger.some_terms import LONDON, START

MEANWHILE = timedelta(minutes=1)


def clauses(*, bonus: int) -> list[DraftedClause]:
    """A clause of every kind that counts something, stamps, levels, waiting and expiry."""
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
        ("levels", (), TierPeriod(TierWindow.SINCE_JOINING, 30)),
    ]


class WholeShop:
    """Who does all that, at a desk."""

    def __init__(self, where: Opened) -> None:
        self.shop = LivingProgram(where, kind=ProgramKind.SANDBOX, start=START, tally=Tally())
        self.do(create_reward, NewReward("coffee", "Coffee", "A cup.", None, None, 50))
        self.do(create_reward, NewReward("lunch", "Lunch", "A plate.", None, None, 50))
        self.do(publish, Draft(START - timedelta(days=400), clauses(bonus=5)))
        self.do(publish, Draft(None, clauses(bonus=6)))
        self.receipts = 0

    def do(self, verb: Verb, order: Any, *, principal: Principal | None = None) -> Answer:
        """Do it, a minute later; it must be possible."""
        self.shop.clock.now += MEANWHILE
        done = self.shop.do(verb, order, principal=principal)
        assert isinstance(done, Answer), done
        return done

    def join(self, card: str) -> None:
        """A new customer."""
        self.do(enrol, Enrolment(((IdentityKind.CARD, card),), None))

    def buy(
        self,
        card: str,
        price: str,
        *,
        at: datetime | None = None,
        receipt: str | None = None,
        paid_with: str | None = None,
    ) -> str:
        """A purchase of one line of three pieces, a pound of it perhaps paid with a redemption; its receipt."""
        self.receipts += 1
        receipt = receipt or f"receipt {self.receipts}"
        payments = (Payment(PaymentKind.POINTS, 100, paid_with),) if paid_with is not None else ()
        facts = a_purchase(a_line(price=price, quantity="3"), at=at or self.shop.now, payments=payments)
        self.do(earn, NewPurchase(by(card), receipt, facts))
        return receipt

    def refund(self, receipt: str, pieces: int | None, *, money: str | None = None) -> None:
        """Pieces of a purchase back, or money."""
        lines = {1: Decimal(pieces)} if pieces is not None else None
        amount = Decimal(money) if money is not None else None
        number = f"back {self.shop.now.timestamp():.0f}"
        self.do(refund, NewRefund(None, ReceiptBy(receipt), lines, self.shop.now, number, "worn", receipt, {}, amount))

    def exchange(self, receipt: str, pieces: int, price: str, *, card: str | None = None) -> None:
        """Pieces of a purchase for others at another price; `card` says who had bought."""
        self.receipts += 1
        new = f"receipt {self.receipts}"
        back = NewRefund(None, ReceiptBy(receipt), {1: Decimal(pieces)}, self.shop.now, None, "worn", receipt)
        facts = a_purchase(a_line(price=price, quantity="1"), at=self.shop.now)
        self.do(exchange, NewExchange(back, NewReceipt(new, facts), by(card) if card is not None else None))

    def redeem(self, card: str, *, hold: str | None = None, hours: int = 24, reward: str = "coffee") -> str:
        """A coffee or a lunch, or a reservation of one; the redemption."""
        basket = PurchaseFacts(occurred_at=self.shop.now, zone=LONDON, currency="GBP", lines=())
        wanted = NewHold(hold, timedelta(hours=hours)) if hold is not None else None
        done = self.do(redeem, NewRedemption(by(card), None, reward, basket, hold=wanted))
        assert done.redemption_id is not None, done.decision
        return done.redemption_id

    def undo(self, redemption_id: str) -> None:
        """By staff, the shop being at fault."""
        self.do(cancel_redemption, Cancellation(redemption_id, Role.STAFF, None, "cold", shop_at_fault=True))

    def wait(self, *, days: int, reading: str | None = None) -> None:
        """Days pass with the jobs, in which a customer may read every notice."""
        for _ in range(days):
            self.shop.clock.now += timedelta(days=1)
            self.shop.let_the_jobs_run()
            if reading is not None:
                self.do(deliver_notices, NoticesReached(by(reading), NoticeChannel.INBOX, None))


def by(card: str) -> CustomerBy:
    """Whoever has the card."""
    return CustomerBy(card, IdentityKind.CARD)


def whole_shop(where: Opened) -> LivingProgram:
    """Months of a shop: everything that can be recorded is, and the books are proved. Nora never buys anything."""
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
    assert made.shop.faults() == []
    return made.shop


def _is_plain(made: WholeShop) -> None:
    """Bert buys in time only, so that what is counted of him is what the tables say."""
    made.buy("BERT", "20.00")
    made.buy("BERT", "5.00")


def _does_everything(made: WholeShop) -> None:
    """Anna waits, redeems, reserves, has things undone, is given points, lets some expire, and falls from a level."""
    made.buy("ANNA", "20.00")
    made.buy("ANNA", "3.00")
    made.refund("early", None)
    made.wait(days=3)
    made.buy("ANNA", "4.00", receipt="early")
    made.refund("never came", 2)
    made.undo(made.redeem("ANNA"))
    made.buy("ANNA", "1.00", paid_with=made.redeem("ANNA"))
    made.do(capture, HoldBy(made.redeem("ANNA", hold="paid"), None))
    made.do(release, HoldBy(made.redeem("ANNA", hold="given up"), None))
    made.redeem("ANNA", hold="run out")
    made.do(adjust, NewAdjustment(by("ANNA"), 9, "sorry", Role.OWNER))
    made.do(adjust, NewAdjustment(by("ANNA"), -4, "mistaken", Role.OWNER))
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
    made.do(capture, HoldBy(made.redeem("EMIL", hold="lunch", reward="lunch"), None))
    for receipt in sold[:3]:
        made.refund(receipt, None)
    made.do(adjust, NewAdjustment(by("EMIL"), 7, "sorry", Role.OWNER, Unit.STAMPS))
    made.do(adjust, NewAdjustment(by("EMIL"), -1, "mistaken", Role.OWNER, Unit.STAMPS))
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
    made.do(transfer, NewTransfer(by("FRED"), by("BERT"), 11, "a present"))
    made.do(merge, NewMerger(by("HANS"), by("GRETA"), "one person"))
    made.do(join_household, NewMember(by("IDA"), by("JOST"), "a family"))
    made.redeem("IDA")


def _gives_it_back(made: WholeShop) -> None:
    """Greta swaps what she bought for something dearer; Dora was on a level for a day, and has some days of grace left."""
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
    made.do(move_purchase, Move(None, ReceiptBy(wrong), by("MAX"), "the wrong card"))
    facts = a_purchase(a_line(price="12.00", quantity="3"), at=made.shop.now)
    made.do(amend_purchase, Amendment(mistyped, facts, None, None, "typed wrong"))
    astray = made.buy("MAX", "9.00")
    made.do(move_purchase, Move(None, ReceiptBy(astray), by("LENA"), "the wrong card"))
    made.do(move_purchase, Move(None, ReceiptBy(astray), by("MAX"), "the right card after all"))
    made.refund(wrong, 1)
    hers = made.buy("OLGA", "5.00")
    made.do(move_purchase, Move(None, ReceiptBy(hers), by("MAX"), "the wrong card"))
    made.buy("OLGA", "5.00")


def _has_a_wrong_clock(made: WholeShop) -> None:
    """A till ran ahead: of Karl's receipts one waits for a person, one was booked, and one dismissed; so was a refund."""
    kept = []
    for receipt in ("ahead", "booked", "dismissed"):
        facts = a_purchase(a_line(price="6.00", quantity="3"), at=made.shop.now + timedelta(hours=1))
        kept.append(made.do(earn, NewPurchase(by("KARL"), receipt, facts), principal=made.shop.till))
    made.do(refund, NewRefund(None, ReceiptBy("booked"), None, made.shop.now, "ahead", None, "f"))
    waits = made.do(refund, NewRefund(None, ReceiptBy("mistyped"), None, made.shop.now, "typo", None, "f"))
    for answer, action in zip(kept[1:], (QuarantineAction.BOOK_AT, QuarantineAction.DISMISS), strict=True):
        at = made.shop.now if action is QuarantineAction.BOOK_AT else None
        made.do(settle_quarantined, Settlement(answer.quarantined_id, None, action, at, "the clock"))
    gone = Settlement(None, waits.waiting_refund_id, QuarantineAction.DISMISS, None, "a typo")
    made.do(settle_quarantined, gone, principal=made.shop.till)


def _swaps_early(made: WholeShop) -> None:
    """Of Karl's exchanges that came before their purchase one waits, one was applied, and one could not be."""
    made.exchange("never", 2, "15.00", card="KARL")
    for receipt, pieces in (("in time", 2), ("too much", 4)):
        made.exchange(receipt, pieces, "15.00", card="KARL")
        made.buy("KARL", "6.00", receipt=receipt)
