"""Move a purchase that was recorded for the wrong customer to the right one: what it earned is clawed back, and earned there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.domain.amounts import MAX_POINTS
from app.domain.customers.customer import Customer, CustomerReference
from app.domain.customers.rule_facts import NO_RULE_FACTS
from app.domain.decisions import Decision
from app.domain.details import detail_of
from app.domain.ledger.entries import Entry, EntryType
from app.domain.problems import Problem, ProblemCode
from app.domain.programs.staff_limits import StaffBudget
from app.domain.purchases.purchase import Purchase
from app.domain.purchases.receipt_correction import ReceiptCorrection
from app.domain.purchases.receipt_numbers import OWN_SOURCE, ReceiptReference
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.domain.wallets.events import PurchaseRecorded, ReceiptCorrected
from app.domain.wallets.postings import PostingKey
from app.store.customers import customers, own_wallet, rule_facts, tiers
from app.store.database.codecs import json_text
from app.store.database.session import Session
from app.store.events.replay import NewCorrection, ReplayedWallet, replay_recorded, replay_wallet
from app.store.purchases import corrections, exchanges, purchases, receipt_references, refunds
from app.store.terms import versions
from app.usecases.command import CommandContext, use_case
from app.usecases.ledger.count_usage import with_remaining_budgets
from app.usecases.ledger.post_differences import DigestChanges, post_differences
from app.usecases.programs.staff_limits import budget_problem, has_staff_budget, points_carried
from app.usecases.results import DecidedResult, stored_as
from app.usecases.staff_reasons import reason_problem


@dataclass(frozen=True, slots=True)
class MovePurchase:
    """The purchase (by id or by receipt number), its right customer, and the reason."""

    purchase_id: str | None
    receipt: ReceiptReference | None
    customer: CustomerReference
    reason: str

    @property
    def receipts_to_lock(self) -> tuple[str, ...]:
        """The number of the receipt, if the purchase is given by its receipt."""
        return (self.receipt.number,) if self.receipt is not None else ()


@dataclass(frozen=True, slots=True)
class _Move:
    """A purchase that is moved: its customers, the terms that decide it, and its row before and after."""

    from_customer: Customer
    to_customer: Customer
    terms: Terms
    before: Purchase
    after: Purchase
    correction: ReceiptCorrection

    def with_staff_budget_usage(self, moved: Mapping[Unit, int]) -> _Move:
        """The move with the points and stamps that count towards a staff budget."""
        correction = replace(self.correction, counted_points=moved[Unit.POINTS], counted_stamps=moved[Unit.STAMPS])
        return replace(self, correction=correction)

    def with_clause_budgets_of(self, decision: Decision) -> _Move:
        """The move with what the purchase uses of clause budgets for its new customer; the rest of what it used stays used by the previous one."""
        recorded_facts = self.before.facts.rule_facts
        used, used_by_new_customer = dict(recorded_facts.common_budget_usage), dict(decision.budget_usage)
        retained = {
            key: used.get(key, 0) - used_by_new_customer.get(key, 0) for key, _ in recorded_facts.own_budget_shares
        }
        retained = {key: points for key, points in retained.items() if points}
        facts = replace(
            self.after.facts, rule_facts=self.after.facts.rule_facts.with_common_budget_usage(decision.budget_usage)
        )
        correction = replace(self.correction, retained_budget_usage_text=json_text(retained) if retained else None)
        return replace(self, after=replace(self.after, facts=facts), correction=correction)

    @property
    def leaving(self) -> NewCorrection:
        """The correction in the wallet that the purchase is moved from."""
        recorded_event = _purchase_event(self.before, facts_of=self.before, terms=self.terms)
        retained = self.correction.retained_budget_usage
        event = ReceiptCorrected(self.correction.id, self.before.id, self.before.occurred_at, recorded_event, retained)
        return NewCorrection(event, None, self.before.customer_id)

    @property
    def arriving(self) -> NewCorrection:
        """The correction in the wallet that the purchase is moved to."""
        moved_event = _purchase_event(self.before, facts_of=self.after, terms=self.terms)
        event = ReceiptCorrected(self.correction.id, self.before.id, self.before.occurred_at, None)
        return NewCorrection(event, moved_event, self.after.customer_id)


def _purchase_event(purchase: Purchase, *, facts_of: Purchase, terms: Terms) -> PurchaseRecorded:
    return PurchaseRecorded(
        purchase.id, facts_of.customer_id, purchase.tie_breaker, facts_of.facts, terms, facts_of.move_id or ""
    )


@stored_as("purchase_moved")
@dataclass(frozen=True, slots=True, kw_only=True)
class MovePurchaseResult(DecidedResult):
    """What the purchase earns for its right customer, with the entry, and the customer from whom it was moved.

    `clawback_entry_id` is the entry of that customer, None if nothing had been earned or the two share a wallet.
    """

    customer_id: str
    purchase_id: str
    entry_id: str | None
    from_customer_id: str
    clawback_entry_id: str | None


@use_case(MovePurchaseResult)
async def run(session: Session, *, context: CommandContext, command: MovePurchase) -> MovePurchaseResult | Problem:
    """Move a purchase, with everything that follows from it in both wallets.

    A purchase cannot be moved if goods were returned, if points paid part of it, or if it is the new receipt of an exchange.
    """
    if (problem := reason_problem(command.reason)) is not None:
        return problem
    purchase = await _find(session, context=context, command=command)
    if purchase is None:
        return Problem(ProblemCode.PURCHASE_NOT_FOUND, path=("purchase",))
    if isinstance(purchase, Problem):
        return purchase
    from_customer, to_customer = await customers.find_two(
        session, first=CustomerReference(purchase.customer_id), second=command.customer
    )
    if to_customer is None:
        return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("customer",))
    terms = await versions.version(session, number=purchase.terms_version)
    if from_customer is None or terms is None:
        raise LookupError(f"purchase {purchase.id} has no customer, or no terms")
    purchase = await purchases.reread(session, purchase=purchase)
    if from_customer.id == to_customer.id:
        return Problem(ProblemCode.SAME_CUSTOMER, path=("customer",))
    for customer, path in ((from_customer, ("purchase",)), (to_customer, ("customer",))):
        problem = await own_wallet.problem(session, principal=context.principal, customer=customer, path=path)
        if problem is not None:
            return problem
    if (problem := await _not_movable_problem(session, purchase=purchase)) is not None:
        return problem
    correction = ReceiptCorrection.of(
        purchase,
        id=context.new_id(),
        to_customer_id=_customer_id_of(to_customer),
        recorded_at=context.now,
        reason=command.reason,
        actor=context.actor,
    )
    after = await _purchase_of_new_customer(
        to_customer, from_customer=from_customer, session=session, purchase=purchase, terms=terms, correction=correction
    )
    move = _Move(from_customer, to_customer, terms, purchase, after, correction)
    return await _book_move(session, context=context, move=move)


async def _find(session: Session, *, context: CommandContext, command: MovePurchase) -> Purchase | Problem | None:
    if command.receipt is not None:
        return await receipt_references.find(
            session, source=OWN_SOURCE, by=command.receipt, numbering=context.program.numbering
        )
    return await purchases.by_id(session, purchase_id=command.purchase_id or "")


async def _not_movable_problem(session: Session, *, purchase: Purchase) -> Problem | None:
    """Why a purchase cannot be moved; None if it can."""
    if any(payment.redemption_id is not None for payment in purchase.facts.payments):
        return Problem(ProblemCode.NOT_MOVABLE, path=("purchase",), detail=detail_of("PAID_WITH_POINTS"))
    if await refunds.of_purchase(session, purchase_id=purchase.id):
        return Problem(ProblemCode.NOT_MOVABLE, path=("purchase",), detail=detail_of("PARTLY_RETURNED"))
    if await exchanges.refund_of(session, purchase_id=purchase.id) is not None:
        return Problem(ProblemCode.NOT_MOVABLE, path=("purchase",), detail=detail_of("FROM_EXCHANGE"))
    return None


def _customer_id_of(customer: Customer) -> str:
    """The customer (id) for whom the purchase is recorded: the one who was named, even if they were merged into another."""
    return customer.requested_id or customer.id


async def _purchase_of_new_customer(
    to_customer: Customer,
    *,
    from_customer: Customer,
    session: Session,
    purchase: Purchase,
    terms: Terms,
    correction: ReceiptCorrection,
) -> Purchase:
    """The purchase as a purchase of its new customer, before a decision on it."""
    if terms.required_facts.tier:
        to_customer = await tiers.reload(session, customer=to_customer)
    bare_facts = replace(purchase.facts, rule_facts=NO_RULE_FACTS)
    new_facts = await rule_facts.with_rule_facts(session, customer=to_customer, terms=terms, facts=bare_facts)
    facts = await with_remaining_budgets(session, customer_id=from_customer.id, purchase=purchase, facts=new_facts)
    return replace(purchase, customer_id=correction.to_customer_id, move_id=correction.id, facts=facts)


async def _book_move(session: Session, *, context: CommandContext, move: _Move) -> MovePurchaseResult | Problem:
    source, target, move = await _replay_both(session, move=move)
    state = target.wallet.purchases[move.before.id]
    if any(balance.lifetime > MAX_POINTS for balance in target.balances.values()):
        return Problem(ProblemCode.AMOUNT_OUT_OF_RANGE, path=("purchase",))
    if has_staff_budget(context):
        recorded_history, sold_at = source.recorded_history, move.before.occurred_at
        before = replay_recorded(recorded_history, versions=source.versions, events=[], until=sold_at)
        moved_points = points_carried(before.wallet.purchases[move.before.id].decision, state.decision)
        problem = await budget_problem(
            session, context=context, budget=StaffBudget.TRANSFERS, moved=moved_points, path=("purchase",)
        )
        if problem is not None:
            return problem
        move = move.with_staff_budget_usage(moved_points)
    counted_facts = state.facts.rule_facts.with_common_budget_usage(state.decision.budget_usage)
    facts = replace(state.facts, rule_facts=counted_facts)
    after = replace(move.after, earned_points=state.decision.points, facts=facts, facts_text=json_text(facts.to_data()))
    await purchases.correct(session, purchase=after)
    await corrections.add(session, correction=move.correction)
    correction_digest = corrections.row_digest(move.correction)
    from_rows = DigestChanges((correction_digest,), replaced=(purchases.row_digest(move.before),))
    to_rows = DigestChanges((correction_digest, purchases.row_digest(after)))
    clawback_entry_id, earn_entry_id = await _book_in_both_wallets(
        session, context=context, move=move, source=source, target=target, from_rows=from_rows, to_rows=to_rows
    )
    return MovePurchaseResult(
        decision=state.decision,
        balances=target.balances,
        customer_id=move.to_customer.id,
        purchase_id=after.id,
        entry_id=earn_entry_id,
        from_customer_id=move.from_customer.id,
        clawback_entry_id=clawback_entry_id,
        terms=move.terms,
    )


async def _replay_both(session: Session, *, move: _Move) -> tuple[ReplayedWallet, ReplayedWallet, _Move]:
    """Both wallets replayed with the purchase in its right place, and the move with its share of budgets.

    Both are the same wallet if the two customers share it.
    """
    from_account, to_account = move.from_customer.account, move.to_customer.account
    at, shared = move.before.occurred_at, from_account.id == to_account.id
    events = [move.leaving, move.arriving] if shared else [move.arriving]
    target = await replay_wallet(session, account=to_account, until=at, events=events)
    move = move.with_clause_budgets_of(target.wallet.purchases[move.before.id].decision)
    if shared:
        both = [move.leaving, move.arriving]
        target = replay_recorded(target.recorded_history, versions=target.versions, events=both, until=at)
        return target, target, move
    source = await replay_wallet(session, account=from_account, until=at, events=[move.leaving])
    return source, target, move


async def _book_in_both_wallets(
    session: Session,
    *,
    context: CommandContext,
    move: _Move,
    source: ReplayedWallet,
    target: ReplayedWallet,
    from_rows: DigestChanges,
    to_rows: DigestChanges,
) -> tuple[str | None, str | None]:
    """Book the changes in both wallets, with the digests of changed rows of each; returns the entries (ids) that claw back and earn, each None if there is none.

    A wallet that is shared now may have been two wallets at the time of the purchase.
    """
    at, event_id = move.before.occurred_at, move.correction.id
    posting_key = PostingKey(EntryType.EARN, move.before.id)
    from_id = source.history.account_id_at(at, customer_id=move.before.customer_id)
    to_id = target.history.account_id_at(at, customer_id=move.after.customer_id)
    if source is target:
        digest_changes = {from_id: from_rows | to_rows} if from_id == to_id else {from_id: from_rows, to_id: to_rows}
        new_entries = await post_differences(
            session, write_context=context, replayed=target, digest_changes=digest_changes, event_id=event_id
        )
        return None, _id(new_entries.get(posting_key))
    source_entries = await post_differences(
        session, write_context=context, replayed=source, digest_changes={from_id: from_rows}, event_id=event_id
    )
    target_entries = await post_differences(
        session, write_context=context, replayed=target, digest_changes={to_id: to_rows}, event_id=event_id
    )
    return _id(source_entries.get(posting_key)), _id(target_entries.get(posting_key))


def _id(entry: Entry | None) -> str | None:
    return entry.id if entry is not None else None
