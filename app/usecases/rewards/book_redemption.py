"""Book a redemption or a hold: from the snapshot if that is enough, otherwise by a replay."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from app.domain.calendar import latest
from app.domain.customers.customer import Customer
from app.domain.decisions import Decision, DecisionOutcome
from app.domain.engine import redemption
from app.domain.engine.old_prices import OldPrices, RewardCharge
from app.domain.ledger.account import Account
from app.domain.ledger.entries import Balance, EntryType
from app.domain.ledger.lots import Lot
from app.domain.problems import Problem
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.receipt_numbers import PROGRAM_WIDE, ReceiptOrigin
from app.domain.rewards.redemption import Redemption, RedemptionState
from app.domain.rewards.reward import OUT_OF_STOCK, Reward
from app.domain.terms.clause import Clause
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.domain.wallets.events import HoldPlaced, RewardRedeemed
from app.domain.wallets.pending_points import pending_points_of_wallet
from app.domain.wallets.postings import Posting, PostingKey
from app.domain.wallets.wallet import Wallet
from app.store.database.codecs import json_text
from app.store.database.session import Session
from app.store.events import stored_old_prices
from app.store.events.replay import NewEvent, balance_of, replay_recorded, replay_wallet
from app.store.events.uses_on_hold import uses_on_hold
from app.store.ledger import lots
from app.store.rewards import redemptions, rewards
from app.usecases.command import CommandContext
from app.usecases.ledger.account_writer import AccountWriter, EntryReferences, stored_balances
from app.usecases.ledger.count_usage import count_clause_uses
from app.usecases.ledger.post_differences import post_differences
from app.usecases.rewards.commands import RedeemReward, RedeemRewardResult


@dataclass(frozen=True, slots=True)
class RedemptionRequest:
    """A requested reward, with the terms and the clause that price it, and the facts as the rules see them."""

    command: RedeemReward
    customer: Customer
    reward: Reward
    terms: Terms
    clause: Clause
    facts: PurchaseFacts

    @property
    def unit(self) -> Unit:
        """The unit in which the reward is paid."""
        return redemption.cost_effect_of(self.clause).unit

    @property
    def customer_id(self) -> str:
        """The id of the customer who redeems; if a merged customer was named, their id and not that of the survivor."""
        return self.customer.requested_id or self.customer.id


async def book_from_snapshot(
    session: Session, *, context: CommandContext, request: RedemptionRequest, by_unit: Mapping[Unit, Account]
) -> RedeemRewardResult | Problem:
    """Decide by the stored balance, and append one entry."""
    account, at = by_unit[request.unit], request.facts.occurred_at
    old_prices = None
    if request.unit is Unit.POINTS:
        old_prices = await stored_old_prices.read(session, customer=request.customer, in_force=request.terms, at=at)
    decision = redemption.redeem(
        terms=request.terms,
        clause=request.clause,
        facts=request.facts,
        available=account.balance.available,
        charge=old_prices.charge(request.reward.key) if old_prices is not None else None,
    )
    balances = stored_balances(by_unit)
    result = _result(request, decision=decision, balances=balances)
    if decision.outcome is DecisionOutcome.REFUSED:
        if account.balance.pending:  # only a replay says when these become available
            return await book_by_replay(session, context=context, request=request)
        return result
    if not await rewards.take_from_stock(session, reward=request.reward):
        return OUT_OF_STOCK
    new_redemption = _redemption(context=context, request=request, facts=request.facts, decision=decision)
    await _store(session, context=context, request=request, redemption=new_redemption)
    inventory = await lots.inventory(session, account_id=account.id)
    lots_before, cost = dict(inventory.lots), decision.amount(request.unit)
    draws = inventory.consume(new_redemption.id, cost, at=at, rank=_price_of_lots(old_prices, request=request))
    writer = AccountWriter(session=session, write_context=context, account=account, lots_before=lots_before)
    posting = Posting(PostingKey(EntryType.REDEEM, new_redemption.id), at, draws, decision)
    entry = await writer.append(
        posting, lots_after=inventory.lots, references=EntryReferences(redemption_id=new_redemption.id)
    )
    balance_after = replace(account.balance, available=account.balance.available - cost)
    points_account = request.customer.account
    if request.unit is not Unit.POINTS:
        await writer.store(lots_after=inventory.lots, balance=balance_after)
        writer = AccountWriter(session=session, write_context=context, account=points_account, lots_before={})
    # The state of replay is stored in the points account, whichever unit paid.
    await writer.store(
        lots_after=inventory.lots,
        balance=balance_after if request.unit is Unit.POINTS else points_account.balance,
        replayed_through=at,
        next_change_at=points_account.next_change_at,
        next_notice_at=points_account.next_notice_at,
        terms_version=request.terms.version,
        digests=(redemptions.row_digest(new_redemption),),
    )
    balances[request.unit] = balance_after
    return replace(result, balances=balances, entry_id=entry.id, redemption_id=new_redemption.id)


async def book_by_replay(
    session: Session, *, context: CommandContext, request: RedemptionRequest
) -> RedeemRewardResult | Problem:
    """Replay the wallet, decide by its balance at the time of the redemption and its balance now, and post the differences."""
    account, at = request.customer.account, request.facts.occurred_at
    before = await replay_wallet(session, account=account, until=at)
    wallet_then = before.wallet if account.all_events_before(at) else before.as_of(at, customer_id=request.customer_id)
    customer_id, terms = request.customer_id, request.terms
    held_uses = uses_on_hold(
        before.recorded_history, customer_id=customer_id, terms=terms, wallet=wallet_then, at=before.until
    )
    membership = wallet_then.memberships[customer_id]
    facts = membership.with_rule_facts(request.facts, terms=terms, held_uses=held_uses)
    balance = balance_of(before.wallet, at=before.until, unit=request.unit)
    available = min(wallet_then.unit_accounts[request.unit].inventory.available_points(at=at), balance.available)
    decision = redemption.redeem(
        terms=request.terms,
        clause=request.clause,
        facts=facts,
        available=available,
        owed=balance.owed,
        charge=_charge(wallet_then, request=request),
        activations=pending_points_of_wallet(before.wallet, terms=request.terms, at=before.until).activations_for(
            request.clause
        ),
    )
    result = _result(request, decision=decision, balances=before.balances)
    if decision.outcome is DecisionOutcome.REFUSED:
        return result
    if not await rewards.take_from_stock(session, reward=request.reward):
        return OUT_OF_STOCK
    new_redemption = _redemption(context=context, request=request, facts=facts, decision=decision)
    await _store(session, context=context, request=request, redemption=new_redemption)
    event = _new_event(request, redemption=new_redemption)
    replayed = replay_recorded(before.recorded_history, versions=before.versions, events=[event], until=at)
    entries = await post_differences(
        session,
        write_context=context,
        replayed=replayed,
        digests=(redemptions.row_digest(new_redemption),),
        event_id=new_redemption.id,
        decisions={new_redemption.id: decision},
    )
    entry = entries.get(PostingKey(EntryType.REDEEM, new_redemption.id))
    return replace(
        result,
        balances=replayed.balances,
        entry_id=entry.id if entry is not None else None,
        redemption_id=new_redemption.id,
    )


def _charge(wallet: Wallet, *, request: RedemptionRequest) -> RewardCharge | None:
    """What the reward costs if points of different age pay different prices; None if all pay the current price."""
    if request.unit is not Unit.POINTS:
        return None
    old_prices = wallet.old_prices(terms=request.terms, at=request.facts.occurred_at)
    return old_prices.charge(request.reward.key) if old_prices is not None else None


def _price_of_lots(old_prices: OldPrices | None, *, request: RedemptionRequest) -> Callable[[Lot], int] | None:
    """A function that gives the price that points of a lot pay; None if all points pay the current price."""
    if old_prices is None:
        return None
    current_price = redemption.cost_effect_of(request.clause).points
    return lambda lot: old_prices.price_of(lot, reward=request.reward.key, current_price=current_price)


def _new_event(request: RedemptionRequest, *, redemption: Redemption) -> NewEvent:
    if redemption.held_until is not None:
        hold_placed = HoldPlaced(
            id=redemption.id,
            at=redemption.occurred_at,
            points=redemption.points,
            expires_at=redemption.held_until,
            terms=request.terms,
            reward=request.reward.key,
        )
        return NewEvent(hold_placed, customer_id=request.customer_id)
    clauses = redemption.decision.applied_clause_keys()
    event = RewardRedeemed(
        redemption.id,
        request.customer_id,
        redemption.facts,
        request.terms,
        redemption.points,
        request.reward.key,
        clauses,
    )
    return NewEvent(event, customer_id=request.customer_id)


async def _store(
    session: Session, *, context: CommandContext, request: RedemptionRequest, redemption: Redemption
) -> None:
    """Store the redemption with its clause uses."""
    await redemptions.add(session, redemption=redemption)
    if redemption.state is not RedemptionState.HELD:
        await count_clause_uses(session, context=context, redemption=redemption, terms=request.terms)


def as_paid(redemption: Redemption, *, context: CommandContext) -> Redemption:
    """The redemption after it was paid for: handed over by a till, or issued to a customer who gets the reward later."""
    if context.is_self_service:
        return replace(redemption, state=RedemptionState.ISSUED, issued_at=context.now)
    return replace(redemption, state=RedemptionState.FULFILLED, fulfilled_at=context.now, fulfilled_by=context.actor)


def _result(request: RedemptionRequest, *, decision: Decision, balances: Mapping[Unit, Balance]) -> RedeemRewardResult:
    """The result of a request without a redemption: the decision, and the balances that it was based on."""
    return RedeemRewardResult(
        decision=decision,
        balances=balances,
        customer_id=request.customer.id,
        reward_id=request.reward.id,
        terms=request.terms,
    )


def _redemption(
    *, context: CommandContext, request: RedemptionRequest, facts: PurchaseFacts, decision: Decision
) -> Redemption:
    hold, origin = request.command.hold, ReceiptOrigin(facts.location, facts.occurred_at, facts.zone)
    # Not before the last known event, so that no hold ends before it began, whatever the till's clock showed.
    hold_starts_at = latest(facts.occurred_at, context.now, request.customer.account.replayed_through)
    new_redemption = Redemption(
        id=context.new_id(),
        customer_id=request.customer_id,
        reward_id=request.reward.id,
        state=RedemptionState.HELD,
        points=decision.amount(request.unit),
        occurred_at=facts.occurred_at,
        recorded_at=context.now,
        terms_version=decision.terms_version,
        facts=facts,
        decision=decision,
        facts_text=json_text(facts.to_data()),
        decision_text=json_text(decision.to_data()),
        held_until=hold_starts_at + hold.length if hold is not None else None,
        checkout=hold.checkout if hold is not None else None,
        space=context.program.numbering.space(origin) if hold is not None else PROGRAM_WIDE,
        actor=context.actor,
        source=context.sources[0],
    )
    return new_redemption if hold is not None else as_paid(new_redemption, context=context)
