"""Execution of an import plan with the use cases of the till. Keys come from the receipts, so that a second run changes nothing."""

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
from app.imports.plan import CustomerIdentity, FileReceipt, ImportTarget, Plan, RejectionCause, RejectionReason, Return
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
Rejections: TypeAlias = dict[tuple[str, date | None], tuple[RejectionCause, str | None]]

CONCURRENT_RECEIPTS = 16
"""Receipts recorded concurrently: they share a commit, and a till waits at most for these."""


@dataclass(slots=True)
class Imported:
    """How much a run recorded, and how much had been recorded before."""

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
) -> Imported:
    """Enrol the customers and record the receipts, each completely or not at all, in each customer's order of business time.

    `on_progress` is called with the number of finished steps. A receipt that is rejected on recording is moved to the plan's
    rejected records. So are receipts that return goods of it: they were matched with its lines in the file, from which
    the recorded ones may differ.
    """
    imported = Imported()
    for customers in _concurrent_groups(plan.customers(), customer_of=lambda customer: customer):
        await _all(
            _enrol(customer, imported=imported, application=application, program=program) for customer in customers
        )
        on_progress(len(customers))
    rejections: Rejections = {}
    for receipts in _concurrent_groups(plan.receipts, customer_of=lambda receipt: receipt.customer):
        await _all(
            _import_receipt(receipt, rejections=rejections, imported=imported, application=application, program=program)
            for receipt in receipts
        )
        on_progress(len(receipts))
    plan.reject(rejections)
    return imported


def _concurrent_groups(items: Iterable[T], *, customer_of: Callable[[T], CustomerIdentity]) -> Iterator[list[T]]:
    """The next items that may run concurrently: as long as no customer comes twice, whose order would be lost."""
    batch: dict[CustomerIdentity, T] = {}
    for item in items:
        customer = customer_of(item)
        if customer in batch or len(batch) == CONCURRENT_RECEIPTS:
            yield list(batch.values())
            batch = {}
        batch[customer] = item
    if batch:
        yield list(batch.values())


async def _all(recordings: Iterable[Coroutine[None, None, None]]) -> None:
    """Run all concurrently, to their end even where one fails, and raise the first error."""
    for outcome in await asyncio.gather(*recordings, return_exceptions=True):
        if outcome is not None:
            raise outcome


async def _import_receipt(
    receipt: FileReceipt, *, rejections: Rejections, imported: Imported, application: Application, program: Program
) -> None:
    """Record a receipt and count the result, or note why it is rejected."""
    if any((returned.receipt_number, returned.sold_on) in rejections for returned in receipt.returns):
        rejections[receipt.key] = RejectionReason.PURCHASE_REJECTED, None
        return
    execution = await _record(receipt, application=application, program=program)
    if isinstance(execution, Problem):
        rejections[receipt.key] = (
            _reason(execution),
            in_english(execution.detail) if execution.detail is not None else None,
        )
    elif _was_recorded_before(execution):
        imported.already_recorded += 1
    else:
        imported.purchases += receipt.facts is not None
        imported.refunds += len(receipt.returns)


def _reason(problem: Problem) -> ProblemCode:
    """The reason in the words of an import, whose idempotency keys are made from receipt numbers."""
    if problem.code is ProblemCode.IDEMPOTENCY_KEY_REUSED:
        return ProblemCode.RECEIPT_DIFFERS
    return problem.code


async def _enrol(customer: CustomerIdentity, *, imported: Imported, application: Application, program: Program) -> None:
    """Enrol a customer; an existing one stays unchanged. Where that is rejected, so are the customer's purchases."""
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
        imported.already_recorded += execution.code is ProblemCode.IDENTITY_TAKEN
    else:
        imported.already_recorded += execution.repeated
        imported.customers += not execution.repeated


async def _record(
    receipt: FileReceipt, *, application: Application, program: Program
) -> Execution[CommandResult] | Problem:
    """Record a receipt as a till would, or all its parts at once where there are several."""
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
        returned.receipt_number,
        returned.line,
        str(returned.quantity),
        receipt.at.isoformat(),
    ]


def _refund_command(returned: Return, *, receipt: FileReceipt) -> RecordRefund:
    return RecordRefund(
        purchase_id=None,
        receipt=ReceiptReference(returned.receipt_number, day=returned.sold_on),
        lines={returned.line: returned.quantity},
        occurred_at=receipt.at,
        external_id=returned.refund_number,
        reason=None,
        fingerprint=fingerprint("refund", _return_fingerprint_input(returned, receipt=receipt)),
    )
