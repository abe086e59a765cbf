"""Merge two customers who are one person: the survivor continues for both, for ever."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.customers.customer import Customer, CustomerReference
from app.domain.ledger.entries import Balance
from app.domain.problems import Problem, ProblemCode
from app.domain.units import Unit
from app.store.customers import customers, mergers, own_wallet, wallet_members
from app.store.database.session import Session
from app.store.ledger import entries
from app.usecases.command import CommandContext, balances_now, use_case
from app.usecases.customers.absorb_wallet import absorb_wallet
from app.usecases.results import CommandResult, stored_as
from app.usecases.staff_reasons import reason_problem


@dataclass(frozen=True, slots=True)
class MergeCustomers:
    """The customer who is merged, the survivor, and the reason."""

    merged: CustomerReference
    survivor: CustomerReference
    reason: str


@stored_as("customers_merged")
@dataclass(frozen=True, slots=True, kw_only=True)
class MergeCustomersResult(CommandResult):
    """The survivor with their balances, and the survivor's entry for the points of the merged customer."""

    customer_id: str
    balances: Mapping[Unit, Balance]
    entry_id: str | None


@use_case(MergeCustomersResult)
async def run(session: Session, *, context: CommandContext, command: MergeCustomers) -> MergeCustomersResult | Problem:
    """Move everything of the merged customer to the survivor. A repeated merger changes nothing and has the same result.

    Earlier events of the merged customer stay as they were decided, including those that arrive later.
    """
    if (problem := reason_problem(command.reason)) is not None:
        return problem
    merged, survivor = await customers.find_two(session, first=command.merged, second=command.survivor)
    if merged is None:
        return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("merged",))
    if survivor is None:
        return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("survivor",))
    if merged.requested_id is not None and merged.requested_id != survivor.requested_id:
        if merged.id != survivor.id:
            return Problem(ProblemCode.ALREADY_MERGED, path=("merged",))
        return await _earlier_result(session, merged=merged)
    if merged.id == survivor.id:
        return Problem(ProblemCode.SAME_CUSTOMER, path=("survivor",))
    for customer, path in ((merged, ("merged",)), (survivor, ("survivor",))):
        problem = await own_wallet.problem(session, principal=context.principal, customer=customer, path=path)
        if problem is not None:
            return problem
    wallet_id = merged.account.wallet_id
    if len((await wallet_members.of_wallets(session, wallet_ids=[wallet_id]))[wallet_id]) > 1:
        return Problem(ProblemCode.WALLET_SHARED, path=("merged",))
    absorption = await absorb_wallet(
        session, context=context, customer=merged, host=survivor, customer_replaced=True, reason=command.reason
    )
    if isinstance(absorption, Problem):
        return absorption
    replayed, entry = absorption
    return MergeCustomersResult(customer_id=survivor.id, balances=replayed.balances, entry_id=entry.id)


async def _earlier_result(session: Session, *, merged: Customer) -> MergeCustomersResult:
    """The result of an earlier merger; `merged` is the survivor, found by the id of the merged customer."""
    assert merged.requested_id is not None, "the customer was merged"
    merger = await mergers.of_customer(session, customer_id=merged.requested_id)
    if merger is None:
        raise LookupError(f"customer {merged.requested_id} was merged by nothing")
    entry = await entries.of_merger(session, merger_id=merger.id, wallet_id=merger.to_wallet_id)
    balances = await balances_now(session, customer=merged)
    return MergeCustomersResult(customer_id=merged.id, balances=balances, entry_id=entry)
