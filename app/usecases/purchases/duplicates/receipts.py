"""Receipts sent again under another key: answered as they were recorded, never booked a second time."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from app.domain.customers.customer import Customer
from app.domain.decisions import Decision
from app.domain.details import detail_of
from app.domain.engine.returns import RemainingGoods
from app.domain.problems import Problem, ProblemCode
from app.domain.purchases import receipt_content
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.purchase import Purchase
from app.store.database.session import Session
from app.store.ledger import entries
from app.store.purchases import corrections, exchanges, purchases, refunds
from app.usecases.command import CommandContext, balances_now
from app.usecases.customers.same_customer import is_same_customer
from app.usecases.purchases.commands import RecordPurchase, RecordPurchaseResult


def receipt_problem(context: CommandContext, *, states_time: bool, facts: PurchaseFacts) -> Problem | None:
    """Why the settings of the program keep a receipt from being recorded, or None."""
    if not states_time and context.program.numbering.per_day:
        return time_missing_problem(path=("purchase", "occurredAt"))
    counting_currency = facts.currency if facts.exchange_rate is None else facts.exchange_rate.target_currency
    if counting_currency != context.program.currency:
        return Problem(ProblemCode.RATE_MISSING, path=("purchase", "currencyCode"))
    return None


def time_missing_problem(*, path: tuple[str, ...]) -> Problem:
    """The problem with a receipt number without a time, if numbers restart each day."""
    return Problem(ProblemCode.INVALID_INPUT, path=path, detail=detail_of("DAY_REQUIRED"))


async def earlier_receipt_result(
    session: Session,
    *,
    command: RecordPurchase,
    facts: PurchaseFacts,
    customer: Customer,
    recorded_purchases: Sequence[Purchase],
) -> RecordPurchaseResult | Problem | None:
    """The result of a receipt that is recorded already, the problem with it, or None if it is new.

    `recorded_purchases` have its number, the last completion first.
    """
    same_completion = [purchase for purchase in recorded_purchases if purchase.completion == command.completion]
    if not same_completion:
        return await _completion_problem(
            session, command=command, last=recorded_purchases[0] if recorded_purchases else None
        )
    same_content = next(
        (purchase for purchase in same_completion if _has_same_content(purchase, command=command, facts=facts)),
        same_completion[0],
    )
    return await _recorded_result(session, command=command, facts=facts, customer=customer, recorded=same_content)


async def _completion_problem(session: Session, *, command: RecordPurchase, last: Purchase | None) -> Problem | None:
    """Why an order cannot be completed (again) now, or None: the completion before must have been returned in full."""
    path = ("purchase", "completion")
    if command.completion != (last.completion + 1 if last is not None else 1):
        wrong = detail_of("NEXT_COMPLETION", completion=last.completion + 1 if last is not None else 1)
        return Problem(ProblemCode.ORDER_NOT_CANCELLED, path=path, detail=wrong, purchase_ids=_ids(last))
    if last is None:
        return None
    if not await _is_fully_returned(session, purchase=last):
        wrong = detail_of("NOT_RETURNED", completion=last.completion)
        return Problem(ProblemCode.ORDER_NOT_CANCELLED, path=path, detail=wrong, purchase_ids=_ids(last))
    return None


async def _is_fully_returned(session: Session, *, purchase: Purchase) -> bool:
    """Was everything of a purchase returned, and everything of the purchases for which its goods were exchanged?"""
    to_check = [purchase]
    while to_check:
        checked_purchase = to_check.pop()
        earlier_refunds = await refunds.of_purchase(session, purchase_id=checked_purchase.id)
        remaining_facts = RemainingGoods.after_refunds(checked_purchase.facts, refunds=earlier_refunds).applied_to(
            checked_purchase.facts
        )
        if any(line.amount_due() for line in remaining_facts.lines) or (
            remaining_facts.lines and not checked_purchase.total.minor
        ):
            return False
        ids = [refund.id for refund in earlier_refunds]
        new_purchase_ids = await exchanges.new_purchase_ids_for(session, refund_ids=ids)
        if new_purchase_ids:
            replacements = await purchases.by_ids(session, purchase_ids=new_purchase_ids)
            to_check.extend(replacements.values())
    return True


async def _recorded_result(
    session: Session, *, command: RecordPurchase, facts: PurchaseFacts, customer: Customer, recorded: Purchase
) -> RecordPurchaseResult | Problem:
    """The result of a recorded receipt; a problem if the content or the customer differs."""
    if not _has_same_content(recorded, command=command, facts=facts) or not await _belonged_to(
        session, customer=customer, recorded=recorded
    ):
        return Problem(ProblemCode.RECEIPT_DIFFERS, path=("purchase", "externalId"), purchase_ids=(recorded.id,))
    stored_entry = await entries.of_purchase(session, purchase_id=recorded.id)
    if stored_entry is None:
        raise LookupError(f"purchase {recorded.id} has no entry in the ledger")
    return RecordPurchaseResult(
        decision=Decision.from_data(orjson.loads(stored_entry.entry.decision)),
        balances=await balances_now(session, customer=customer),
        customer_id=customer.id,
        purchase_id=recorded.id,
        entry_id=stored_entry.entry.id,
        already_recorded=True,
    )


async def _belonged_to(session: Session, *, customer: Customer, recorded: Purchase) -> bool:
    """Does the purchase belong to the customer, or did it belong to them before it was moved?"""
    customer_ids = {recorded.customer_id}
    if recorded.move_id is not None:
        customer_ids |= await corrections.customers_before(session, purchase_id=recorded.id)
    for customer_id in sorted(customer_ids):
        if await is_same_customer(session, customer=customer, known_id=customer_id):
            return True
    return False


def _has_same_content(recorded: Purchase, *, command: RecordPurchase, facts: PurchaseFacts) -> bool:
    """Does a receipt have the content that was recorded first, or the content since the last correction?"""
    if command.states_time and facts.occurred_at != recorded.occurred_at:
        return False
    sent_fingerprint = receipt_content.fingerprint(facts)
    return sent_fingerprint == recorded.fingerprint or sent_fingerprint == receipt_content.fingerprint(recorded.facts)


def _ids(purchase: Purchase | None) -> tuple[str, ...]:
    return (purchase.id,) if purchase is not None else ()
