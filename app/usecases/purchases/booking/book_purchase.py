"""Book a purchase: from the snapshot if it follows all known events, otherwise by a replay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from app.domain.amounts import MAX_POINTS
from app.domain.calendar import earliest
from app.domain.customers.customer import Customer
from app.domain.decisions import Decision
from app.domain.engine import earning
from app.domain.engine.expiry import earliest_notice_start
from app.domain.engine.tiers import QualifyingPoints, tier_of
from app.domain.ledger.account import Account
from app.domain.ledger.entries import Balance, EntryType
from app.domain.ledger.lots import Draw
from app.domain.problems import Problem, ProblemCode
from app.domain.purchases import receipt_content
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.purchase import Purchase
from app.domain.terms.effects.tier_period import TierPeriod
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.domain.wallets.events import PurchaseRecorded
from app.domain.wallets.lot_inventory import LotInventory
from app.domain.wallets.new_lots import new_stamp_lot, points_of_purchase
from app.domain.wallets.postings import Posting, PostingKey
from app.store.database.codecs import json_text
from app.store.database.session import Session
from app.store.events import snapshot_path
from app.store.events.replay import NewEvent, replay_wallet
from app.store.ledger import accounts
from app.store.purchases import purchases
from app.store.terms import versions
from app.usecases.command import CommandContext
from app.usecases.ledger.account_writer import AccountWriter, EntryReferences, accounts_of
from app.usecases.ledger.count_usage import count_purchase
from app.usecases.ledger.post_differences import post_differences
from app.usecases.purchases.commands import RecordPurchase, RecordPurchaseResult


async def book_purchase(
    session: Session,
    *,
    context: CommandContext,
    command: RecordPurchase,
    customer: Customer,
    facts: PurchaseFacts,
    terms: Terms,
    source: str,
) -> tuple[Purchase, RecordPurchaseResult] | Problem:
    """Decide and book a new purchase.

    It is decided from the snapshot if it follows all known events, otherwise by a replay, which also books everything that it
    changes. `facts` are those that the rules see; the customer's account must be locked.
    """
    at = facts.occurred_at
    by_unit = await accounts_of(session, write_context=context, customer=customer, terms=terms)
    has_debt = any(account.balance.owed for account in by_unit.values())
    if not has_debt and await snapshot_path.can_apply_to_snapshot(session, customer=customer, terms=terms, at=at):
        decision = earning.earn(terms=terms, facts=facts)
        if not all(account.balance.has_room_for(decision, unit=account.unit) for account in by_unit.values()):
            return Problem(ProblemCode.AMOUNT_OUT_OF_RANGE, path=("purchase", "lines"))
        if not terms.tiers or not _may_change_tier(customer, decision=decision, terms=terms):
            customer_id = customer.requested_id or customer.id
            purchase = purchase_row(
                context=context, command=command, facts=facts, customer_id=customer_id, decision=decision, source=source
            )
            return await _book_from_snapshot(
                session,
                context=context,
                customer=customer,
                by_unit=by_unit,
                purchase=purchase,
                decision=decision,
                terms=terms,
            )
    return await _book_by_replay(
        session, context=context, command=command, customer=customer, facts=facts, terms=terms, source=source
    )


def _may_change_tier(customer: Customer, *, decision: Decision, terms: Terms) -> bool:
    """May a purchase change the tier? Whether it does takes a replay to find out."""
    before = customer.account.balance.qualifying
    after = before + earning.base_points(decision, terms=terms)
    return tier_of(after, terms=terms) != tier_of(before, terms=terms)


async def _book_from_snapshot(
    session: Session,
    *,
    context: CommandContext,
    customer: Customer,
    by_unit: Mapping[Unit, Account],
    purchase: Purchase,
    decision: Decision,
    terms: Terms,
) -> tuple[Purchase, RecordPurchaseResult]:
    """Book a purchase that follows all known events: an entry, and a lot if it earned something, in each unit."""
    account, at = customer.account, purchase.occurred_at
    gained = points_of_purchase(purchase.id, decision.points, at=at, terms=terms)
    qualifying, rollover_at = earning.base_points(decision, terms=terms), None
    if TierPeriod in terms.policy_clauses:
        (qualifying_points := QualifyingPoints()).add(qualifying, at=at, zone=terms.zone)
        rollover_at = qualifying_points.next_rollover(terms=terms, at=at)
    # A purchase that keeps older points alive postpones their expiry, which needs a new notice.
    rules = (await versions.units_and_rules_up_to(session, terms=terms)).activity_rules
    notice_start = earliest_notice_start(at, activity_rules=rules, zone=terms.zone) if rules else None
    await purchases.add(session, purchase=purchase)
    await count_purchase(session, context=context, purchase=purchase, terms=terms, decision=decision)
    # The scheduler schedules tier reviews, but may have passed over this wallet while it had no events.
    tiers_start_at = None if account.replayed_through else await snapshot_path.next_tier_terms_start(session, after=at)
    writer = AccountWriter(session=session, write_context=context, account=account, lots_before={})
    posting = Posting(PostingKey(EntryType.EARN, purchase.id), at, gained.draws, decision)
    entry = await writer.append(posting, lots_after=gained.lots, references=EntryReferences(purchase_id=purchase.id))
    account_after = await writer.store(
        lots_after=gained.lots,
        balance=account.balance.plus(replace(gained.balance, qualifying=qualifying)),
        replayed_through=at,
        next_change_at=earliest(account.next_change_at, gained.next_change_at, rollover_at, tiers_start_at),
        next_notice_at=earliest(account.next_notice_at, gained.next_notice_at, notice_start),
        terms_version=terms.version,
        digests=(purchases.row_digest(purchase),),
    )
    balances = {unit: other_account.balance for unit, other_account in by_unit.items() if other_account.entry_count}
    balances[Unit.POINTS] = account_after.balance
    if terms.stamp_clauses:
        balances[Unit.STAMPS] = await _book_stamps(
            session, context=context, account=by_unit[Unit.STAMPS], purchase=purchase, decision=decision, terms=terms
        )
    return purchase, RecordPurchaseResult(
        decision=decision,
        balances=balances,
        customer_id=customer.id,
        purchase_id=purchase.id,
        entry_id=entry.id,
        terms=terms,
    )


async def _book_stamps(
    session: Session, *, context: CommandContext, account: Account, purchase: Purchase, decision: Decision, terms: Terms
) -> Balance:
    """Book the stamps of a purchase, even if they are 0; returns the balance of stamps after it."""
    at, inventory = purchase.occurred_at, LotInventory()
    draws: tuple[Draw, ...] = ()
    if decision.stamps:
        draws = inventory.open(new_stamp_lot(purchase.id, decision.stamps, at=at, terms=terms), at=at)
    if not account.entry_count:
        account = await accounts.open_account(session, account=account)
    writer = AccountWriter(session=session, write_context=context, account=account, lots_before={})
    posting = Posting(PostingKey(EntryType.EARN, purchase.id), at, draws, decision)
    await writer.append(posting, lots_after=inventory.lots, references=EntryReferences(purchase_id=purchase.id))
    account_after = await writer.store(
        lots_after=inventory.lots, balance=account.balance.plus(inventory.balance(at=at))
    )
    return account_after.balance


async def _book_by_replay(
    session: Session,
    *,
    context: CommandContext,
    command: RecordPurchase,
    customer: Customer,
    facts: PurchaseFacts,
    terms: Terms,
    source: str,
) -> tuple[Purchase, RecordPurchaseResult] | Problem:
    """Replay the wallet with the purchase at its business time, and book all that this changes."""
    customer_id = customer.requested_id or customer.id
    event = PurchaseRecorded(
        context.new_id(), customer_id, command.tie_breaker(context.program.numbering, zone=facts.zone), facts, terms
    )
    replayed = await replay_wallet(
        session, account=customer.account, until=event.at, events=[NewEvent(event, customer_id=customer_id)]
    )
    state = replayed.wallet.purchases[event.id]
    if (
        any(balance.lifetime > MAX_POINTS for balance in replayed.balances.values())
        or state.decision.largest_amount() > MAX_POINTS
    ):
        return Problem(ProblemCode.AMOUNT_OUT_OF_RANGE, path=("purchase", "lines"))
    purchase = purchase_row(
        context=context,
        command=command,
        facts=state.facts,
        customer_id=customer_id,
        decision=state.decision,
        source=source,
        id=event.id,
    )
    await purchases.add(session, purchase=purchase)
    await count_purchase(session, context=context, purchase=purchase, terms=terms, decision=state.decision)
    entries = await post_differences(
        session,
        write_context=context,
        replayed=replayed,
        digests=(purchases.row_digest(purchase),),
        event_id=purchase.id,
    )
    return purchase, RecordPurchaseResult(
        decision=state.decision,
        balances=replayed.balances,
        customer_id=customer.id,
        purchase_id=purchase.id,
        entry_id=entries[PostingKey(EntryType.EARN, purchase.id)].id,
        terms=terms,
    )


def purchase_row(
    *,
    context: CommandContext,
    command: RecordPurchase,
    facts: PurchaseFacts,
    customer_id: str,
    decision: Decision,
    source: str,
    id: str | None = None,
) -> Purchase:
    """The row of a purchase with this decision."""
    if facts.rule_facts.own_budget_shares:
        facts = replace(facts, rule_facts=facts.rule_facts.with_common_budget_usage(decision.common_budget_usage()))
    return Purchase(
        id=id or context.new_id(),
        customer_id=customer_id,
        source=source,
        external_id=command.external_id,
        occurred_at=command.facts.occurred_at,
        recorded_at=context.now,
        total=command.facts.total(),
        earned_points=decision.points,
        terms_version=decision.terms_version,
        fingerprint=receipt_content.fingerprint(facts),
        facts=facts,
        facts_text=json_text(facts.to_data()),
        location_id=command.location_id,
        space=context.program.numbering.space(command.origin(zone=facts.zone)),
        completion=command.completion,
        actor=context.actor,
    )
