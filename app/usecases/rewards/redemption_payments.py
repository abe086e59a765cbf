"""Redemptions as payment: each pays one purchase of its own customer, once."""

from __future__ import annotations

from datetime import datetime

from app.domain.customers.customer import Customer
from app.domain.details import detail_of
from app.domain.ledger.account import Account
from app.domain.problems import Problem, ProblemCode
from app.domain.purchases.facts import PurchaseFacts
from app.domain.rewards.redemption import RedemptionState
from app.store.customers import mergers
from app.store.database.session import Session
from app.store.events.replay import replay_wallet
from app.store.purchases import purchases
from app.store.rewards import redemption_payments


async def payment_problem(
    session: Session, *, facts: PurchaseFacts, customer: Customer, purchase_id: str | None = None
) -> Problem | None:
    """Why the redemptions that a purchase names cannot have paid it, or None; the customer's account must be locked.

    They must be the customer's own, paid for and handed over, and each pays once. `purchase_id` is the purchase that names them,
    None if that is new.
    """
    redemption_ids = [payment.redemption_id for payment in facts.payments if payment.redemption_id is not None]
    if not redemption_ids:
        return None
    by_id = await redemption_payments.as_payments(session, redemption_ids=sorted(set(redemption_ids)))
    for id in redemption_ids:
        payment = by_id.get(id)
        if payment is None or not await _may_pay(session, payer_id=payment.customer_id, customer=customer, facts=facts):
            return Problem(ProblemCode.REDEMPTION_NOT_FOUND, path=("purchase", "payments"))
        if payment.paid_purchase_id not in (None, purchase_id):
            return Problem(ProblemCode.REDEMPTION_SPENT, path=("purchase", "payments"))
        if payment.state is RedemptionState.ISSUED:
            # It must be fulfilled first: otherwise it could be handed over once more.
            return Problem(ProblemCode.NOT_FULFILLED, path=("purchase", "payments"), redemption_ids=(id,))
        if payment.state is not RedemptionState.FULFILLED:
            return Problem(ProblemCode.REDEMPTION_NOT_FOUND, path=("purchase", "payments"))
    if len(by_id) != len(redemption_ids):
        return Problem(ProblemCode.REDEMPTION_SPENT, path=("purchase", "payments"), detail=detail_of("PAYS_ONCE"))
    return None


async def _may_pay(session: Session, *, payer_id: str, customer: Customer, facts: PurchaseFacts) -> bool:
    """May a redemption by `payer_id` pay the purchase: is this its buyer, or a customer merged with the buyer before the purchase?

    Before a merger the two customers have two wallets, and points of one cannot be restored into the other.
    """
    buyer = customer.requested_id or customer.id
    if payer_id == buyer:
        return True
    for id in (payer_id, buyer):
        present_id: str | None = id
        while present_id != customer.id:
            merger = await mergers.of_customer(session, customer_id=present_id or "")
            if merger is None or merger.occurred_at > facts.occurred_at:
                return False
            present_id = merger.survivor_id
    return True


async def spent_problem(session: Session, *, redemption_id: str, account: Account, at: datetime) -> Problem | None:
    """Why a redemption cannot be reversed because of what it paid, or None; the account of its customer must be locked.

    Points that paid a purchase are restored with its refund, or with the refund of the goods for which it was exchanged; once
    all of them are returned, nothing is left to reverse.
    """
    purchase_id = await redemption_payments.purchase_paid_by(session, redemption_id=redemption_id)
    purchase = await purchases.by_id(session, purchase_id=purchase_id) if purchase_id is not None else None
    if purchase is None:
        return None
    replayed = await replay_wallet(session, account=account, until=at)
    if any(
        redemption_id in unit_account.inventory.draws_by_event
        for unit_account in replayed.wallet.unit_accounts.values()
    ):
        wrong = detail_of("REFUND_PURCHASE", receipt=purchase.external_id)
        return Problem(ProblemCode.REDEMPTION_SPENT, path=("redemption",), detail=wrong)
    return Problem(ProblemCode.ALREADY_REVERSED, path=("redemption",))


async def link_payments(session: Session, *, purchase_id: str, facts: PurchaseFacts) -> None:
    """Store that a new purchase was paid by the redemptions that it names."""
    await redemption_payments.add(session, purchase_id=purchase_id, redemption_ids=sorted(facts.redemption_ids()))


async def relink_payments(session: Session, *, purchase_id: str, before: PurchaseFacts, after: PurchaseFacts) -> None:
    """Update the payments of a corrected receipt: redemptions that it no longer names can pay another purchase."""
    removed, added = before.redemption_ids() - after.redemption_ids(), after.redemption_ids() - before.redemption_ids()
    await redemption_payments.remove(session, purchase_id=purchase_id, redemption_ids=sorted(removed))
    await redemption_payments.add(session, purchase_id=purchase_id, redemption_ids=sorted(added))
