"""Execution of an import plan with the use cases of the till. Keys come from the receipts, so that a second run changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias, TypeVar

from app.domain.customers.customer import CustomerReference
from app.domain.problems import Problem, ProblemCode
from app.domain.programs.program import Program
from app.domain.purchases.receipt_numbers import ReceiptReference
from app.imports.plan import Buyer, Destination, Plan, Reason, Receipt, RejectionReason, Return
from app.queries.terms.published_terms import first_terms
from app.usecases.application import Application, fingerprint
from app.usecases.command import CLOCK_TOLERANCE, CommandType, UseCase
from app.usecases.customers import enrol_customer
from app.usecases.customers.enrol_customer import EnrolCustomer
from app.usecases.purchases import record_purchase, record_receipt, record_refund
from app.usecases.purchases.new_receipts import RecordPurchase
from app.usecases.purchases.new_refund import RecordRefund
from app.usecases.purchases.record_receipt import RecordMixedReceipt, RecordMixedReceiptResult
from app.usecases.purchases.results import RecordPurchaseResult, RecordRefundResult, RefundPending
from app.usecases.results import CommandResult, Execution, ResultType

T = TypeVar("T")
Refused: TypeAlias = dict[tuple[str, date | None], tuple[Reason, str | None]]

AT_ONCE = 16
"""Receipts recorded concurrently: one commit serves several, and a till beside them waits for no more."""


@dataclass(slots=True)
class Imported:
    """What a run recorded, and what it found recorded already."""

    customers: int = 0
    purchases: int = 0
    refunds: int = 0
    already_there: int = 0


async def destination_of(program: Program, *, application: Application) -> Destination:
    """The program as the destination of an import, as of now."""
    return Destination(
        currency=program.currency,
        zone=program.zone,
        region=program.region,
        terms_since=await application.query(first_terms, program_id=program.id),
        latest=application.now(program) + CLOCK_TOLERANCE,
        numbering=program.numbering,
    )


async def execute(plan: Plan, *, application: Application, program: Program, done: Callable[[int], None]) -> Imported:
    """Enrol the customers and record the receipts, each completely or not at all, in each customer's order of business time.

    `done` is called with the number of finished steps. A refused receipt is moved from the plan to its rejected
    records, and so are receipts that return goods of it, as its recorded lines may differ.
    """
    imported = Imported()
    for buyers in _concurrent_groups(plan.buyers(), whose=lambda buyer: buyer):
        await _all(_enrolled(buyer, imported=imported, application=application, program=program) for buyer in buyers)
        done(len(buyers))
    refused: Refused = {}
    for receipts in _concurrent_groups(plan.receipts, whose=lambda receipt: receipt.buyer):
        await _all(
            _settled(receipt, refused=refused, imported=imported, application=application, program=program)
            for receipt in receipts
        )
        done(len(receipts))
    plan.leave_out(refused)
    return imported


def _concurrent_groups(items: Iterable[T], *, whose: Callable[[T], Buyer]) -> Iterator[list[T]]:
    """The next items that may run concurrently: as long as no customer comes twice, whose order would be lost."""
    batch: dict[Buyer, T] = {}
    for item in items:
        buyer = whose(item)
        if buyer in batch or len(batch) == AT_ONCE:
            yield list(batch.values())
            batch = {}
        batch[buyer] = item
    if batch:
        yield list(batch.values())


async def _all(works: Iterable[Coroutine[None, None, None]]) -> None:
    """Run all of them concurrently; when one has failed, none is under way any more."""
    for outcome in await asyncio.gather(*works, return_exceptions=True):
        if outcome is not None:
            raise outcome


async def _settled(
    receipt: Receipt, *, refused: Refused, imported: Imported, application: Application, program: Program
) -> None:
    """Record a receipt and count the result, or note why it is refused."""
    if any((back.invoice, back.sold_on) in refused for back in receipt.returns):
        refused[receipt.known_as] = RejectionReason.SALE_LEFT_OUT, None
        return
    recorded = await _recorded(receipt, application=application, program=program)
    if isinstance(recorded, Problem):
        refused[receipt.known_as] = _reason(recorded), recorded.detail
    elif _was_there(recorded):
        imported.already_there += 1
    else:
        imported.purchases += receipt.facts is not None
        imported.refunds += len(receipt.returns)


def _reason(problem: Problem) -> ProblemCode:
    """The refusal in the terms of a file: keys are made here and come from the receipts."""
    if problem.code is ProblemCode.IDEMPOTENCY_KEY_REUSED:
        return ProblemCode.RECEIPT_DIFFERS
    return problem.code


async def _enrolled(buyer: Buyer, *, imported: Imported, application: Application, program: Program) -> None:
    """Enrol a customer; an existing one is left alone, and a refused one will have no purchases."""
    # Keys are stored for ever, so none contains an address, a telephone number or a name.
    known_by = fingerprint(buyer.kind.value, buyer.value)
    answer = await application.execute(
        enrol_customer.run,
        name="enrolCustomer",
        program=program,
        principal=None,
        key=f"import:enrolCustomer:{known_by}",
        payload=buyer.value,
        command=EnrolCustomer(identities=(buyer,), locale=None),
    )
    if isinstance(answer, Problem):
        imported.already_there += answer.code is ProblemCode.IDENTITY_TAKEN
    else:
        imported.already_there += answer.replayed
        imported.customers += not answer.replayed


async def _recorded(
    receipt: Receipt, *, application: Application, program: Program
) -> Execution[CommandResult] | Problem:
    """Record a receipt as a till would, or all its parts at once where there are several."""
    bought = _bought(receipt)
    returned = tuple(_returned(back, receipt=receipt) for back in receipt.returns)
    day = f"@{receipt.day}" if receipt.day is not None else ""

    async def execute(
        use_case: UseCase[CommandType, ResultType], command: CommandType, *, name: str, number: str, payload: object
    ) -> Execution[ResultType] | Problem:
        return await application.execute(
            use_case,
            name=name,
            program=program,
            principal=None,
            key=f"import:{name}:{number}{day}",
            payload=payload,
            command=command,
        )

    if bought is not None and not returned:
        payload = _sale_payload(receipt)
        return await execute(
            record_purchase.run, bought, name="recordPurchase", number=receipt.invoice, payload=payload
        )
    back_payloads = [_return_payload(back, receipt=receipt) for back in receipt.returns]
    if bought is None and len(returned) == 1:
        number = receipt.returns[0].receipt
        return await execute(
            record_refund.run, returned[0], name="recordRefund", number=number, payload=back_payloads[0]
        )
    return await execute(
        record_receipt.run,
        RecordMixedReceipt(bought, returned),
        name="recordReceipt",
        number=receipt.invoice,
        payload=[_sale_payload(receipt), back_payloads],
    )


def _was_there(recorded: Execution[CommandResult]) -> bool:
    """Was the receipt recorded before, in an earlier run or by a till?"""
    match recorded.result:
        case RecordPurchaseResult() | RecordRefundResult() | RefundPending() | RecordMixedReceiptResult() as result:
            return recorded.replayed or result.already_recorded
        case _:
            return recorded.replayed


def _sale_payload(receipt: Receipt) -> object:
    return {"customer": receipt.buyer.value, **receipt.facts.to_data()} if receipt.facts is not None else None


def _bought(receipt: Receipt) -> RecordPurchase | None:
    if receipt.facts is None:
        return None
    return RecordPurchase(
        customer=CustomerReference(receipt.buyer.value, receipt.buyer.kind),
        external_id=receipt.invoice,
        facts=receipt.facts,
    )


def _return_payload(back: Return, *, receipt: Receipt) -> object:
    return [receipt.buyer.value, back.invoice, back.line, str(back.quantity), receipt.at.isoformat()]


def _returned(back: Return, *, receipt: Receipt) -> RecordRefund:
    return RecordRefund(
        purchase_id=None,
        receipt=ReceiptReference(back.invoice, day=back.sold_on),
        lines={back.line: back.quantity},
        occurred_at=receipt.at,
        external_id=back.receipt,
        reason=None,
        fingerprint=fingerprint("refund", _return_payload(back, receipt=receipt)),
    )
