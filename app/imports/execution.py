"""Execution of an import plan with the use cases of the till.

Idempotency keys are made from receipt numbers and customers, so that a second run changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias, TypeVar

from app.domain.customers.customer import CustomerReference
from app.domain.i18n.details import in_english
from app.domain.problems import Problem, ProblemCode
from app.domain.programs.program import Program
from app.domain.purchases.receipt_numbers import ReceiptReference
from app.imports.plan import (
    CustomerIdentity,
    FileReceipt,
    ImportRejection,
    ImportTarget,
    Plan,
    ReasonWithDetail,
    Return,
)
from app.queries.terms.published_terms import first_terms_start
from app.usecases.application import Application, fingerprint
from app.usecases.command import CLOCK_TOLERANCE, CommandType, UseCase
from app.usecases.customers import enrol_customer
from app.usecases.customers.enrol_customer import EnrolCustomer
from app.usecases.purchases import record_purchase, record_receipt, record_refund
from app.usecases.purchases.commands import (
    RecordPurchase,
    RecordPurchaseResult,
    RecordRefund,
    RecordRefundResult,
    RefundPending,
)
from app.usecases.purchases.record_receipt import RecordMixedReceipt, RecordMixedReceiptResult
from app.usecases.results import CommandResult, Execution, ResultType

T = TypeVar("T")
Rejections: TypeAlias = dict[tuple[str, date | None], ReasonWithDetail]
"""Why receipts were rejected on recording, by the keys of the receipts (`FileReceipt.key`)."""

CONCURRENT_RECEIPTS = 16
"""Receipts recorded concurrently: they share a commit, and a till waits at most for these."""


@dataclass(slots=True)
class ImportCounts:
    """How many customers, purchases and refunds a run recorded; how many receipts and customers were recorded before."""

    customers: int = 0
    purchases: int = 0
    refunds: int = 0
    already_recorded: int = 0


async def import_target(program: Program, *, application: Application) -> ImportTarget:
    """The program as the destination of an import, as of now."""
    return ImportTarget(
        currency=program.currency,
        zone=program.zone,
        region=program.region,
        terms_since=await application.query(first_terms_start, program_id=program.id),
        latest=application.now(program) + CLOCK_TOLERANCE,
        numbering=program.numbering,
    )


async def run_plan(
    plan: Plan, *, application: Application, program: Program, on_progress: Callable[[int], None]
) -> ImportCounts:
    """Enrol the customers and record the receipts, each completely or not at all, in each customer's order of business time.

    `on_progress` is called with the number of steps (customers and receipts) finished since the last call. A receipt that is
    rejected on recording is moved to the plan's rejected records. So are receipts that return its goods: they were matched
    with its lines in this file, and another receipt that is recorded under its number may have other lines.
    """
    counts = ImportCounts()
    for customers in _concurrent_groups(plan.customers(), customer_of=lambda customer: customer):
        await _run_all(
            _enrol(customer, counts=counts, application=application, program=program) for customer in customers
        )
        on_progress(len(customers))
    rejections: Rejections = {}
    for receipts in _concurrent_groups(plan.receipts, customer_of=lambda receipt: receipt.customer):
        await _run_all(
            _import_receipt(receipt, rejections=rejections, counts=counts, application=application, program=program)
            for receipt in receipts
        )
        on_progress(len(receipts))
    plan.reject(rejections)
    return counts


def _concurrent_groups(items: Iterable[T], *, customer_of: Callable[[T], CustomerIdentity]) -> Iterator[list[T]]:
    """The items in groups that may run concurrently: each customer at most once, to keep the order of a customer's receipts."""
    batch: dict[CustomerIdentity, T] = {}
    for item in items:
        customer = customer_of(item)
        if customer in batch or len(batch) == CONCURRENT_RECEIPTS:
            yield list(batch.values())
            batch = {}
        batch[customer] = item
    if batch:
        yield list(batch.values())


async def _run_all(recordings: Iterable[Coroutine[None, None, None]]) -> None:
    """Run all concurrently and, even if one fails, to their end; then raise the first error."""
    for outcome in await asyncio.gather(*recordings, return_exceptions=True):
        if outcome is not None:
            raise outcome


async def _import_receipt(
    receipt: FileReceipt, *, rejections: Rejections, counts: ImportCounts, application: Application, program: Program
) -> None:
    """Record a receipt and count the result, or note why it is rejected."""
    if any((returned.sold_receipt_number, returned.sold_on) in rejections for returned in receipt.returns):
        rejections[receipt.key] = ImportRejection.PURCHASE_REJECTED, None
        return
    execution = await _record(receipt, application=application, program=program)
    if isinstance(execution, Problem):
        rejections[receipt.key] = (
            _reason(execution),
            in_english(execution.detail) if execution.detail is not None else None,
        )
    elif _was_recorded_before(execution):
        counts.already_recorded += 1
    else:
        counts.purchases += receipt.facts is not None
        counts.refunds += len(receipt.returns)


def _reason(problem: Problem) -> ProblemCode:
    """The reason for a rejected receipt. As the idempotency key is made from its number, a reused key is a reused number."""
    if problem.code is ProblemCode.IDEMPOTENCY_KEY_REUSED:
        return ProblemCode.RECEIPT_DIFFERS
    return problem.code


async def _enrol(
    customer: CustomerIdentity, *, counts: ImportCounts, application: Application, program: Program
) -> None:
    """Enrol a customer; an existing one stays unchanged. If the customer cannot be enrolled, recording the purchases fails, too."""
    # Keys are stored for ever, so none contains an address, a telephone number or a name.
    digest = fingerprint(customer.kind.value, customer.value)
    execution = await application.execute(
        enrol_customer.run,
        name="enrolCustomer",
        program=program,
        principal=None,
        key=f"import:enrolCustomer:{digest}",
        fingerprint_input=customer.value,
        command=EnrolCustomer(identities=(customer,), locale=None),
    )
    if isinstance(execution, Problem):
        counts.already_recorded += execution.code is ProblemCode.IDENTITY_TAKEN
    else:
        counts.already_recorded += execution.repeated
        counts.customers += not execution.repeated


async def _record(
    receipt: FileReceipt, *, application: Application, program: Program
) -> Execution[CommandResult] | Problem:
    """Record a purchase or a refund as a till would; a receipt with several parts in one command."""
    purchase = _purchase_command(receipt)
    refunds = tuple(_refund_command(returned, receipt=receipt) for returned in receipt.returns)
    day = f"@{receipt.day}" if receipt.day is not None else ""

    async def record_command(
        use_case: UseCase[CommandType, ResultType],
        command: CommandType,
        *,
        name: str,
        number: str,
        fingerprint_input: object,
    ) -> Execution[ResultType] | Problem:
        return await application.execute(
            use_case,
            name=name,
            program=program,
            principal=None,
            key=f"import:{name}:{number}{day}",
            fingerprint_input=fingerprint_input,
            command=command,
        )

    if purchase is not None and not refunds:
        return await record_command(
            record_purchase.run,
            purchase,
            name="recordPurchase",
            number=receipt.receipt_number,
            fingerprint_input=_purchase_fingerprint_input(receipt),
        )
    refund_inputs = [_return_fingerprint_input(returned, receipt=receipt) for returned in receipt.returns]
    if purchase is None and len(refunds) == 1:
        number = receipt.returns[0].refund_number
        return await record_command(
            record_refund.run, refunds[0], name="recordRefund", number=number, fingerprint_input=refund_inputs[0]
        )
    return await record_command(
        record_receipt.run,
        RecordMixedReceipt(purchase, refunds),
        name="recordReceipt",
        number=receipt.receipt_number,
        fingerprint_input=[_purchase_fingerprint_input(receipt), refund_inputs],
    )


def _was_recorded_before(execution: Execution[CommandResult]) -> bool:
    """Was the receipt recorded before, in an earlier run or by a till?"""
    match execution.result:
        case RecordPurchaseResult() | RecordRefundResult() | RefundPending() | RecordMixedReceiptResult() as result:
            return execution.repeated or result.already_recorded
        case _:
            return execution.repeated


def _purchase_fingerprint_input(receipt: FileReceipt) -> object:
    return {"customer": receipt.customer.value, **receipt.facts.to_data()} if receipt.facts is not None else None


def _purchase_command(receipt: FileReceipt) -> RecordPurchase | None:
    if receipt.facts is None:
        return None
    return RecordPurchase(
        customer=CustomerReference(receipt.customer.value, receipt.customer.kind),
        external_id=receipt.receipt_number,
        facts=receipt.facts,
    )


def _return_fingerprint_input(returned: Return, *, receipt: FileReceipt) -> object:
    return [
        receipt.customer.value,
        returned.sold_receipt_number,
        returned.sold_line,
        str(returned.quantity),
        receipt.at.isoformat(),
    ]


def _refund_command(returned: Return, *, receipt: FileReceipt) -> RecordRefund:
    return RecordRefund(
        purchase_id=None,
        receipt=ReceiptReference(returned.sold_receipt_number, day=returned.sold_on),
        lines={returned.sold_line: returned.quantity},
        occurred_at=receipt.at,
        external_id=returned.refund_number,
        reason=None,
        fingerprint=fingerprint("refund", _return_fingerprint_input(returned, receipt=receipt)),
    )
