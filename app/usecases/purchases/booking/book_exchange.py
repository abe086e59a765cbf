"""Book an exchange: the new goods replace the returned ones, and only the difference is booked."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.amounts import MAX_POINTS
from app.domain.customers.customer import Customer
from app.domain.details import detail_of
from app.domain.engine.returns import ReturnedItems
from app.domain.ledger.entries import EntryType
from app.domain.problems import Problem, ProblemCode
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.purchase import Purchase
from app.domain.purchases.refund import Refund
from app.domain.terms.version import Terms
from app.domain.wallets.events import ExchangeRecorded, PurchaseRecorded
from app.domain.wallets.postings import PostingKey
from app.store.database.session import Session
from app.store.events.replay import NewEvent, ReplayedWallet, replay_wallet
from app.store.purchases import exchanges, purchases, refunds
from app.usecases.command import CommandContext
from app.usecases.ledger.count_usage import count_purchase
from app.usecases.ledger.post_differences import post_differences
from app.usecases.purchases.booking.book_purchase import purchase_row
from app.usecases.purchases.booking.new_refund import refund_result, refund_row
from app.usecases.purchases.commands import RecordExchangeResult, RecordPurchase, RecordPurchaseResult, RecordRefund
from app.usecases.rewards.redemption_payments import link_payments


@dataclass(frozen=True, slots=True)
class PreparedExchange:
    """The returned goods of a purchase, and the new receipt with which they are exchanged.

    `facts` are the facts of the new receipt as the rules see them, `terms` those in force at its time. The account of
    `customer` is locked.
    """

    purchase: Purchase
    refund_command: RecordRefund
    returned: ReturnedItems
    purchase_command: RecordPurchase
    facts: PurchaseFacts
    terms: Terms
    customer: Customer


async def book_exchange(
    session: Session, *, context: CommandContext, exchange: PreparedExchange
) -> tuple[Purchase, RecordExchangeResult] | Problem:
    """Replay the wallet with the exchange at its business time, and book all that this changes."""
    purchase, returned, customer_id = exchange.purchase, exchange.returned, exchange.purchase.customer_id
    new_receipt_tie_breaker = exchange.purchase_command.tie_breaker(context.program.numbering, zone=exchange.facts.zone)
    new_receipt = PurchaseRecorded(
        context.new_id(), customer_id, new_receipt_tie_breaker, exchange.facts, exchange.terms
    )
    exchange_tie_breaker = exchange.refund_command.external_id or new_receipt_tie_breaker
    event = ExchangeRecorded(
        context.new_id(),
        purchase.id,
        new_receipt.at,
        returned.lines,
        new_receipt,
        exchange_tie_breaker,
        returned.amounts,
    )
    replayed = await replay_wallet(
        session, account=exchange.customer.account, until=event.at, events=[NewEvent(event, customer_id=customer_id)]
    )
    if any(balance.lifetime > MAX_POINTS for balance in replayed.balances.values()):
        return Problem(ProblemCode.AMOUNT_OUT_OF_RANGE, path=("purchase", "lines"))
    if new_receipt.id in replayed.wallet.overpaid_exchanges:
        wrong = detail_of("POINTS_PAY_TOO_MUCH")
        return Problem(ProblemCode.INVALID_INPUT, path=("purchase", "payments"), detail=wrong)
    state, return_outcome = replayed.wallet.purchases[new_receipt.id], replayed.wallet.return_outcomes[event.id]
    new_purchase = purchase_row(
        context=context,
        command=exchange.purchase_command,
        facts=state.facts,
        customer_id=customer_id,
        decision=state.decision,
        source=purchase.source,
        id=new_receipt.id,
    )
    refund = refund_row(
        exchange.refund_command,
        write_context=context,
        purchase=purchase,
        returned=returned,
        outcome=return_outcome.refund_outcome,
        money=return_outcome.refund_outcome.money,
        id=event.id,
    )
    return new_purchase, await _record(
        session, context=context, exchange=exchange, new_purchase=new_purchase, refund=refund, replayed=replayed
    )


async def _record(
    session: Session,
    *,
    context: CommandContext,
    exchange: PreparedExchange,
    new_purchase: Purchase,
    refund: Refund,
    replayed: ReplayedWallet,
) -> RecordExchangeResult:
    """Write both receipts and everything that the exchange changes."""
    terms, customer = exchange.terms, exchange.customer
    state, return_outcome = replayed.wallet.purchases[new_purchase.id], replayed.wallet.return_outcomes[refund.id]
    await purchases.add(session, purchase=new_purchase)
    await link_payments(session, purchase_id=new_purchase.id, facts=new_purchase.facts)
    await count_purchase(session, context=context, purchase=new_purchase, terms=terms, decision=state.decision)
    await refunds.add(session, refund=refund)
    await exchanges.add(session, refund_id=refund.id, purchase_id=new_purchase.id)
    entries = await post_differences(
        session,
        write_context=context,
        replayed=replayed,
        digests=(
            refunds.row_digest(refund),
            purchases.row_digest(new_purchase),
            exchanges.row_digest(refund.id, new_purchase.id),
        ),
        event_id=refund.id,
        event_purchase_id=new_purchase.id,
    )
    refund_part = refund_result(
        customer=customer,
        terms=replayed.versions.by_number[exchange.purchase.terms_version],
        outcome=return_outcome.refund_outcome,
        new_refund=refund,
        entry=entries[PostingKey(EntryType.CLAWBACK, refund.id)],
        balances=replayed.balances,
        restored=return_outcome.restored,
    )
    purchase_part = RecordPurchaseResult(
        decision=state.decision,
        balances=replayed.balances,
        customer_id=customer.id,
        purchase_id=new_purchase.id,
        entry_id=entries[PostingKey(EntryType.EARN, new_purchase.id)].id,
        terms=terms,
    )
    return RecordExchangeResult(purchase=purchase_part, refund=refund_part)
