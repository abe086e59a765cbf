"""Admission of a receipt: is it new, and can it be recorded? Finds its customer, and the facts for the rules."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.customers.customer import Customer
from app.domain.problems import Problem, ProblemCode
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.receipt_numbers import OWN_SOURCE
from app.domain.terms.version import Terms
from app.store.customers import customers, own_wallet, rule_facts, tiers
from app.store.database.session import Session
from app.store.programs import locations
from app.store.purchases import purchases
from app.store.terms import budgets, versions
from app.usecases.command import CommandContext
from app.usecases.purchases.commands import ReceiptQuarantined, RecordPurchase, RecordPurchaseResult
from app.usecases.purchases.duplicates.pending_exchanges import pending_exchange_problem
from app.usecases.purchases.duplicates.quarantined import with_booked_time
from app.usecases.purchases.duplicates.receipts import earlier_receipt_result, receipt_problem
from app.usecases.purchases.quarantine_receipt import quarantine_purchase
from app.usecases.rewards.redemption_payments import payment_problem


@dataclass(frozen=True, slots=True)
class AdmittedReceipt:
    """A receipt that can be recorded: its customer, facts and terms, and whether pending refunds wait for it."""

    customer: Customer
    facts: PurchaseFacts
    terms: Terms
    has_pending_refunds: bool


async def admit(
    session: Session, *, context: CommandContext, command: RecordPurchase, pending_exchange_id: str | None = None
) -> AdmittedReceipt | RecordPurchaseResult | ReceiptQuarantined | Problem:
    """Check everything that a new receipt needs; a receipt that was recorded before gets its earlier result.

    The account of its customer is locked. `pending_exchange_id` is the pending exchange whose new receipt this is, if it is one.
    """
    if (problem := receipt_problem(context, states_time=command.states_time, facts=command.facts)) is not None:
        return problem
    facts: PurchaseFacts | None = command.facts
    if command.location_id is not None:
        facts = await locations.facts_at_location(session, facts=command.facts, location_id=command.location_id)
    if facts is None:
        return Problem(ProblemCode.LOCATION_NOT_FOUND, path=("purchase", "locationId"))
    customer = await customers.find(session, by=command.customer, lock=True)
    if customer is None:
        return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("customer",))
    problem = await own_wallet.problem(session, principal=context.principal, customer=customer, path=("customer",))
    if problem is not None:
        return problem
    recorded_purchases, has_pending_refunds, was_quarantined, in_pending_exchange = await purchases.lookup_receipt(
        session,
        source=OWN_SOURCE,
        number=command.external_id,
        origin=command.origin(zone=facts.zone),
        numbering=context.program.numbering,
    )
    if was_quarantined:
        command, facts, recorded_purchases = await with_booked_time(
            session, command=command, facts=facts, recorded_purchases=recorded_purchases
        )
    if recorded_purchases or command.completion != 1:
        earlier_result = await earlier_receipt_result(
            session, command=command, facts=facts, customer=customer, recorded_purchases=recorded_purchases
        )
        if earlier_result is not None:
            return earlier_result
    if in_pending_exchange and (
        exchange_problem := await pending_exchange_problem(
            session, context=context, command=command, zone=facts.zone, except_id=pending_exchange_id
        )
    ):
        return exchange_problem
    if was_quarantined or context.implausible_time(facts.occurred_at) is not None:
        quarantined = await quarantine_purchase(
            session, context=context, command=command, facts=facts, customer=customer
        )
        if quarantined is not None:
            return quarantined
    return await _admit_by_terms(session, facts=facts, customer=customer, has_pending_refunds=has_pending_refunds)


async def _admit_by_terms(
    session: Session, *, facts: PurchaseFacts, customer: Customer, has_pending_refunds: bool
) -> AdmittedReceipt | Problem:
    """Check that terms are in force and the payments are valid, and add the rule facts that these terms require."""
    in_force = await versions.in_force(session, at=facts.occurred_at)
    if in_force is None:
        return Problem(ProblemCode.NO_TERMS_IN_FORCE, path=("purchase", "occurredAt"))
    if facts.payments:
        problem = await payment_problem(session, facts=facts, customer=customer)
        if problem is not None:
            return problem
    if in_force.required_facts.tier:
        customer = await tiers.reload(session, customer=customer)
    if not in_force.required_facts.is_empty:
        facts = await rule_facts.with_rule_facts(session, customer=customer, terms=in_force, facts=facts)
    if in_force.budgets:
        facts = await budgets.with_budgets(session, customer_id=customer.id, terms=in_force, facts=facts, lock=True)
    return AdmittedReceipt(customer, facts, in_force, has_pending_refunds)
