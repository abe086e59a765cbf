"""Store what purchases and redemptions count for, so that the next decision needs no replay."""

from __future__ import annotations

from dataclasses import replace

from app.domain.decisions import Decision
from app.domain.engine.usage import usage_of, uses_of
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.purchase import Purchase
from app.domain.rewards.redemption import Redemption
from app.domain.terms.version import Terms
from app.store.customers import stored_usage
from app.store.customers.stored_usage import Reduction
from app.store.database.codecs import json_value
from app.store.database.session import Session
from app.store.ledger import entries
from app.store.terms import budgets
from app.usecases.command import CommandContext


async def count_clause_uses(session: Session, *, context: CommandContext, redemption: Redemption, terms: Terms) -> None:
    """Store the uses of clauses in a redemption, if the terms need stored uses."""
    if not terms.required_facts.clauses_with_stored_uses:
        return
    clauses = dict.fromkeys(redemption.decision.applied_clause_keys(), 1)
    await stored_usage.add_uses(
        session,
        customer_id=redemption.customer_id,
        uses=uses_of(terms, facts=redemption.facts, times_by_clause=clauses),
        new_id=context.new_id,
        at=redemption.decision.decided_for,
    )


async def count_purchase(
    session: Session, *, context: CommandContext, purchase: Purchase, terms: Terms, decision: Decision
) -> None:
    """Store what a purchase counts for: clause uses, items, whether it is no visit, and budgets, which must be locked.

    Points out of the customer's own share of a budget reduce that share.
    """
    customer, at, new_id = purchase.customer_id, purchase.occurred_at, context.new_id
    usage = usage_of(terms=terms, facts=purchase.facts, decision=decision)
    if usage.uses:
        await stored_usage.add_uses(session, customer_id=customer, uses=usage.uses, new_id=new_id, at=at)
    if usage.items:
        await stored_usage.add_items(session, customer_id=customer, items=usage.items, new_id=new_id, at=at)
    if not usage.counts_as_visit:
        reduction = Reduction(purchase.id, at, no_visit=True, points=0)
        await stored_usage.set_reduction(session, customer_id=customer, reduction=reduction)
    if usage.budget_usage:
        await budgets.use(session, usage=decision.common_budget_usage())
    for clause, points in decision.own_budget_usage:
        await budgets.set_share(session, customer_id=customer, purchase_id=purchase.id, clause=clause, points=-points)


async def with_remaining_budgets(
    session: Session, *, customer_id: str, purchase: Purchase, facts: PurchaseFacts
) -> PurchaseFacts:
    """The facts of a corrected purchase, with what is left of each budget for it.

    What is left is what the purchase used when it was recorded, and no more: budgets follow the order of recording, and other
    purchases may have used the rest meanwhile. Points that came back and were used by a later purchase of the customer
    (`customer_id`, the survivor of a merger) are not given twice.
    """
    rule_facts = purchase.facts.rule_facts
    if not rule_facts.common_budgets_left:
        return facts
    stored_entry = await entries.of_purchase(session, purchase_id=purchase.id)
    if stored_entry is None:
        raise LookupError(f"purchase {purchase.id} has no entry")
    charged = dict(rule_facts.common_budget_usage)
    share = await budgets.shares_without_purchase(session, customer_id=customer_id, purchase_id=purchase.id)
    remaining = {
        clause: min(points, max(0, charged.get(clause, 0) + share.get(clause, 0)))
        for clause, points in Decision.from_data(json_value(stored_entry.entry.decision)).budget_usage
    }
    common_budgets_left = tuple((clause, remaining.get(clause, 0)) for clause, _ in rule_facts.common_budgets_left)
    own_budget_shares = tuple((clause, 0) for clause, _ in rule_facts.own_budget_shares)
    return replace(
        facts,
        rule_facts=replace(
            facts.rule_facts, common_budgets_left=common_budgets_left, own_budget_shares=own_budget_shares
        ),
    )
