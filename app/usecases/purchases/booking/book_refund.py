"""Claw back the points that returned goods had earned, from the snapshot or by a replay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from app.domain.amounts import Money
from app.domain.calendar import local_date
from app.domain.customers.customer import Customer
from app.domain.engine import refund
from app.domain.engine.returned_payments import money_due
from app.domain.engine.returns import RemainingGoods, ReturnedItems
from app.domain.ledger.entries import EntryType
from app.domain.purchases.purchase import Purchase
from app.domain.purchases.refund import Refund
from app.domain.terms.evaluation import is_visit
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.domain.wallets.events import RefundRecorded
from app.domain.wallets.goods_return import allows_negative_balance
from app.domain.wallets.new_lots import new_lot
from app.domain.wallets.postings import Posting, PostingKey
from app.store.customers import stored_usage
from app.store.customers.stored_usage import Reduction
from app.store.database.session import Session
from app.store.events import snapshot_path
from app.store.events.replay import NewEvent, replay_wallet
from app.store.ledger import lots
from app.store.purchases import exchanges, refunds
from app.store.terms import versions
from app.usecases.command import WriteContext
from app.usecases.ledger.account_writer import AccountWriter, EntryReferences
from app.usecases.ledger.post_differences import post_differences
from app.usecases.purchases.booking.new_refund import refund_result, refund_row
from app.usecases.purchases.commands import RecordRefund, RecordRefundResult


async def book_refund(
    session: Session,
    *,
    write_context: WriteContext,
    command: RecordRefund,
    purchase: Purchase,
    customer: Customer,
    terms: Terms,
    earlier_refunds: Sequence[Refund],
    remaining: RemainingGoods,
    returned: ReturnedItems,
) -> RecordRefundResult:
    """Claw back the points of returned goods: from the snapshot if that is enough, otherwise by a replay of the wallet."""
    at, before, after = command.occurred_at, remaining, remaining.less(purchase.facts, refund=returned)
    paid_out = sum(earlier_refund.money for earlier_refund in earlier_refunds)
    money = money_due(purchase.facts, remaining=after.applied_to(purchase.facts), paid_out=paid_out)
    in_force = await versions.in_force(session, at=at)
    outcome = await _snapshot_outcome(
        session, customer=customer, purchase=purchase, terms=terms, in_force=in_force, before=before, after=after, at=at
    )
    if in_force is None or outcome is None:
        return await _book_by_replay(
            session,
            write_context=write_context,
            command=command,
            purchase=purchase,
            customer=customer,
            terms=terms,
            returned=returned,
            money=money,
        )
    id = write_context.new_id()
    new_refund = refund_row(
        command, write_context=write_context, purchase=purchase, returned=returned, outcome=outcome, money=money, id=id
    )
    return await _book_from_snapshot(
        session,
        write_context=write_context,
        purchase=purchase,
        customer=customer,
        terms=terms,
        in_force=in_force,
        before=before,
        after=after,
        outcome=outcome,
        new_refund=new_refund,
    )


async def _snapshot_outcome(
    session: Session,
    *,
    customer: Customer,
    purchase: Purchase,
    terms: Terms,
    in_force: Terms | None,
    before: RemainingGoods,
    after: RemainingGoods,
    at: datetime,
) -> refund.RefundOutcome | None:
    """The outcome of a refund by the stored balance, None if it takes a replay."""
    # The new receipt of an exchange also counts within the purchase of the returned goods.
    if in_force is None or purchase.facts.replaced_price is not None:
        return None
    balance = customer.account.balance
    outcome = refund.outcome_from_snapshot(
        terms=terms,
        facts=purchase.facts,
        earned_points=purchase.earned_points,
        quantities_before=before.quantities,
        quantities_after=after.quantities,
        price_shares_before=before.price_shares,
        price_shares_after=after.price_shares,
        available=balance.available + balance.pending,
        allow_negative=allows_negative_balance(terms),
        owed_before=balance.owed,
        occurred_at=at,
    )
    if outcome.movement.restored or not await _can_use_snapshot(
        session, customer=customer, purchase=purchase, terms=terms, in_force=in_force, at=at
    ):
        return None
    return outcome


async def _can_use_snapshot(
    session: Session, *, customer: Customer, purchase: Purchase, terms: Terms, in_force: Terms, at: datetime
) -> bool:
    """Can the refund be decided from the stored lots and the purchase as it was recorded?"""
    account = customer.account
    # Points kept alive by activity are not consumed in the order of their stored dates.
    up_to_now = await versions.units_and_rules_up_to(session, terms=in_force)
    if up_to_now.activity_rules or Unit.STAMPS in up_to_now.units:
        return False
    if (
        purchase.move_id is not None
        or terms.tiers
        or in_force.tiers
        or terms.required_facts.clauses_with_stored_uses
        or terms.required_facts.item_clauses
        or _may_have_expired(purchase, terms=terms, at=at)
        or any(
            purchase.facts.rule_facts.budget_left_for_customer(clause)
            for clause, _ in purchase.facts.rule_facts.common_budgets_left
        )
        or any(payment.redemption_id is not None for payment in purchase.facts.payments)
        or await exchanges.is_part_of_exchange(session, purchase_id=purchase.id)
    ):
        return False
    if not await snapshot_path.can_apply_to_snapshot(session, customer=customer, terms=in_force, at=at):
        return False
    if not account.has_merges and terms.required_facts.is_empty:
        return True
    if account.has_merges and not terms.required_facts.is_empty:
        # Counters before the purchase may have changed in the merged wallet, which entries of this account do not show.
        return False
    # The snapshot cannot be used if the lot of the purchase has another id here, as it came from a merged wallet, or if a late
    # event before the purchase has changed the counters of its decision.
    return await snapshot_path.unchanged_since(
        session,
        account_id=account.id,
        customer_id=purchase.customer_id,
        purchase_id=purchase.id,
        occurred_at=purchase.occurred_at,
    )


def _may_have_expired(purchase: Purchase, *, terms: Terms, at: datetime) -> bool:
    """May points of the purchase have expired unspent? Such points count as clawed back."""
    last_day = new_lot(
        purchase.id, purchase.earned_points, at=purchase.occurred_at, terms=terms, with_pending_period=True
    ).promised_last_day
    return last_day is not None and last_day < local_date(at, zone_name=terms.zone)


async def _book_from_snapshot(
    session: Session,
    *,
    write_context: WriteContext,
    purchase: Purchase,
    customer: Customer,
    terms: Terms,
    in_force: Terms,
    before: RemainingGoods,
    after: RemainingGoods,
    outcome: refund.RefundOutcome,
    new_refund: Refund,
) -> RecordRefundResult:
    """Claw back from the stored lots with one entry."""
    account, at = customer.account, new_refund.occurred_at
    inventory = await lots.inventory(session, account_id=account.id)
    lots_before, allow_negative = dict(inventory.lots), allows_negative_balance(terms)
    draws = inventory.claw_back(
        new_refund.id, outcome.clawback_due, at=at, own_lot_ids={purchase.id}, allow_negative=allow_negative
    )
    await refunds.add(session, refund=new_refund)
    no_visit = not is_visit(terms, facts=after.applied_to(purchase.facts))
    reduction = Reduction(purchase.id, purchase.occurred_at, no_visit, outcome.clawed_back)
    await stored_usage.add_to_reduction(session, customer_id=purchase.customer_id, reduction=reduction)
    writer = AccountWriter(session=session, write_context=write_context, account=account, lots_before=lots_before)
    posting = Posting(PostingKey(EntryType.CLAWBACK, new_refund.id), at, draws, outcome.decision)
    references = EntryReferences(purchase_id=purchase.id, refund_id=new_refund.id)
    entry = await writer.append(posting, lots_after=inventory.lots, references=references)
    qualifying_before = refund.evaluate_remaining(
        terms=terms, earned_points=purchase.earned_points, earned_stamps=0, remaining=before.applied_to(purchase.facts)
    ).qualifying_points
    qualifying = account.balance.qualifying + outcome.qualifying_points - qualifying_before
    account_after = await writer.store(
        lots_after=inventory.lots,
        balance=replace(inventory.balance(at=at, qualifying=qualifying), lifetime=account.balance.lifetime),
        replayed_through=at,
        next_change_at=account.next_change_at,
        next_notice_at=account.next_notice_at,
        terms_version=in_force.version,
        digests=(refunds.row_digest(new_refund),),
    )
    return refund_result(
        customer=customer,
        terms=terms,
        outcome=outcome,
        new_refund=new_refund,
        entry=entry,
        balances={Unit.POINTS: account_after.balance},
    )


async def _book_by_replay(
    session: Session,
    *,
    write_context: WriteContext,
    command: RecordRefund,
    purchase: Purchase,
    customer: Customer,
    terms: Terms,
    returned: ReturnedItems,
    money: Money,
) -> RecordRefundResult:
    """Replay the wallet with the refund at its business time, and book all that this changes."""
    id, number = write_context.new_id(), command.external_id or ""
    event = RefundRecorded(id, purchase.id, command.occurred_at, returned.lines, number, returned.amounts)
    replayed = await replay_wallet(
        session, account=customer.account, until=event.at, events=[NewEvent(event, customer_id=purchase.customer_id)]
    )
    return_outcome = replayed.wallet.return_outcomes[event.id]
    outcome = return_outcome.refund_outcome
    if not replayed.wallet.receipts[purchase.id].has_no_exchange:
        money = replayed.money_due(event.id)
    new_refund = refund_row(
        command, write_context=write_context, purchase=purchase, returned=returned, outcome=outcome, money=money, id=id
    )
    await refunds.add(session, refund=new_refund)
    entries = await post_differences(
        session,
        write_context=write_context,
        replayed=replayed,
        digests=(refunds.row_digest(new_refund),),
        event_id=new_refund.id,
    )
    entry = entries[PostingKey(EntryType.CLAWBACK, new_refund.id)]
    return refund_result(
        customer=customer,
        terms=terms,
        outcome=outcome,
        new_refund=new_refund,
        entry=entry,
        balances=replayed.balances,
        restored=return_outcome.restored,
    )
