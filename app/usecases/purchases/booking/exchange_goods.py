"""Record an exchange whose purchase is known: the returned goods and the new ones, at one instant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from app.domain.customers.customer import CustomerReference
from app.domain.details import Detail, detail_of
from app.domain.engine.returns import RemainingGoods, ReturnedItems, resolve_return
from app.domain.problems import Problem, ProblemCode
from app.domain.purchases.purchase import Purchase
from app.domain.purchases.receipt_numbers import ReceiptOrigin
from app.domain.purchases.refund import Refund
from app.store.customers import customers
from app.store.database.session import Session
from app.store.purchases import exchanges, purchases, refunds
from app.usecases.command import CommandContext
from app.usecases.purchases.booking.admit_receipt import admit
from app.usecases.purchases.booking.book_exchange import PreparedExchange, book_exchange
from app.usecases.purchases.commands import (
    ReceiptQuarantined,
    RecordExchange,
    RecordExchangeResult,
    RecordPurchase,
    RecordPurchaseResult,
    RecordRefund,
)
from app.usecases.purchases.duplicates.refunds import has_same_content, recorded_refund_result, refunded_purchase


class ExchangeOutcome(NamedTuple):
    """The result of an exchange and, if it is new, the purchase of the new goods; whether refunds of this purchase are pending."""

    result: RecordExchangeResult
    new_purchase: Purchase | None = None
    has_pending_refunds: bool = False


async def exchange_goods(
    session: Session,
    *,
    context: CommandContext,
    command: RecordExchange,
    purchase: Purchase,
    purchase_command: RecordPurchase,
    pending_exchange_id: str | None = None,
) -> ExchangeOutcome | Problem:
    """Record an exchange of a purchase, or return its recorded result; `pending_exchange_id` is its id if it was pending.

    `purchase_command` records the new receipt for its customer. If a problem is returned, nothing was written.
    """
    at = purchase_command.facts.occurred_at
    reviewed = replace(context, time_reviewed=True)
    admitted = await admit(session, context=reviewed, command=purchase_command, pending_exchange_id=pending_exchange_id)
    assert not isinstance(admitted, ReceiptQuarantined), "the time of both parts has been checked"
    if at < purchase.occurred_at and not isinstance(admitted, RecordPurchaseResult):
        return Problem(
            ProblemCode.CLOCK_SKEW, path=("purchase", "occurredAt"), detail=detail_of("EXCHANGE_BEFORE_PURCHASE")
        )
    if isinstance(admitted, Problem):
        return admitted
    purchase = await purchases.reread(session, purchase=purchase)
    if isinstance(admitted, RecordPurchaseResult):
        earlier_result = await _earlier_result(session, command=command, purchase=purchase, recorded=admitted)
        return earlier_result if isinstance(earlier_result, Problem) else ExchangeOutcome(earlier_result)
    if admitted.facts.currency != purchase.facts.currency:
        wrong = detail_of("EXCHANGE_CURRENCY")
        return Problem(ProblemCode.INVALID_INPUT, path=("purchase", "currencyCode"), detail=wrong)
    refund = command.refund
    if refund.external_id is not None:
        origin = ReceiptOrigin(purchase.location_id, refund.number_used_at or at, purchase.facts.zone)
        numbering = context.program.numbering
        same_number = await refunds.by_number(session, number=refund.external_id, origin=origin, numbering=numbering)
        if same_number:
            return _refund_number_problem(same_number)
        refund = replace(refund, space=numbering.space(origin))
    returned = await _returned_items(session, command=command.refund, purchase=purchase)
    if isinstance(returned, Problem):
        return in_refund(returned)
    facts, terms, customer = admitted.facts, admitted.terms, admitted.customer
    exchange = PreparedExchange(purchase, refund, returned, purchase_command, facts, terms, customer)
    booked = await book_exchange(session, context=context, exchange=exchange)
    if isinstance(booked, Problem):
        return booked
    new_purchase, result = booked
    return ExchangeOutcome(result, new_purchase, admitted.has_pending_refunds)


def _refund_number_problem(same_number: Sequence[Refund]) -> Problem:
    """The problem with a refund number that was recorded without the new receipt."""
    return Problem(
        ProblemCode.RECEIPT_DIFFERS,
        path=("refund", "externalId"),
        detail=detail_of("WITHOUT_PURCHASE"),
        purchase_ids=tuple(refund.purchase_id for refund in same_number),
    )


async def _returned_items(session: Session, *, command: RecordRefund, purchase: Purchase) -> ReturnedItems | Problem:
    """The goods of the purchase that the refund returns, or why it cannot return them."""
    earlier_refunds = await refunds.of_purchase(session, purchase_id=purchase.id)
    remaining = RemainingGoods.after_refunds(purchase.facts, refunds=earlier_refunds)
    return resolve_return(
        lines=command.lines, amounts=command.amounts, amount=command.amount, facts=purchase.facts, remaining=remaining
    )


async def _earlier_result(
    session: Session, *, command: RecordExchange, purchase: Purchase, recorded: RecordPurchaseResult
) -> RecordExchangeResult | Problem:
    """The result of an exchange whose new receipt is recorded, or the problem that it was recorded in another exchange or in none."""
    refund_id = await exchanges.refund_of(session, purchase_id=recorded.purchase_id)
    if refund_id is None:
        return _differs_problem(recorded, path=("purchase", "externalId"), wrong=detail_of("WITHOUT_REFUND"))
    refund = (await refunds.by_ids(session, refund_ids=[refund_id])).get(refund_id)
    if refund is None:
        raise LookupError(f"the exchange of purchase {recorded.purchase_id} has lost its refund")
    recorded_purchase = await refunded_purchase(session, purchase=purchase, refund=refund)
    if recorded_purchase is None or refund.external_id != command.refund.external_id:
        return _differs_problem(recorded, path=("refund", "externalId"), wrong=detail_of("OTHER_REFUND"))
    if not await has_same_content(session, command=command.refund, purchase=recorded_purchase, refund=refund):
        return _differs_problem(recorded, path=("refund", "externalId"), wrong=detail_of("OTHER_REFUND"))
    customer = await customers.find(session, by=CustomerReference(purchase.customer_id))
    assert customer is not None, "a purchase has a customer"
    result = await recorded_refund_result(session, purchase=recorded_purchase, refund=refund, customer=customer)
    return RecordExchangeResult(purchase=recorded, refund=result)


def _differs_problem(recorded: RecordPurchaseResult, *, path: tuple[str, ...], wrong: Detail) -> Problem:
    """The problem with an exchange whose new receipt was recorded with other content."""
    return Problem(ProblemCode.RECEIPT_DIFFERS, path=path, detail=wrong, purchase_ids=(recorded.purchase_id,))


def in_refund(problem: Problem) -> Problem:
    """A problem with the refund, with its path in the input of an exchange, in which the time of the refund is that of the receipt."""
    part = "purchase" if problem.path == ("occurredAt",) else "refund"
    return replace(problem, path=(part, *problem.path))
